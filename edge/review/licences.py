"""Who may sign a result: the clinic's file says it, by a skill; with sign-in, whoever a manager made a provider."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from edge.schedule.registry import ClinicSource
from edge.staff.permissions import PERMITTED, Action
from edge.staff.sign_in import SignIn

REVIEW_SKILL: Final = "review"


@dataclass(frozen=True, slots=True)
class Signer:
    """Somebody licensed to sign results."""

    id: str
    name: str


class Licences(Protocol):
    """Tells who may sign."""

    def signers(self) -> Sequence[Signer]:
        """Return everybody who may sign results now."""
        ...

    def names(self) -> Mapping[str, str]:
        """Return the names of everybody who may have signed, by id."""
        ...


class RegistryLicences:
    """`Licences` from the clinic's registry: providers with the skill `review`."""

    def __init__(self, clinic: ClinicSource) -> None:
        self._clinic = clinic

    def signers(self) -> Sequence[Signer]:
        """Return everybody who may sign results."""
        providers = self._clinic.current().providers
        return [Signer(item.id, item.name) for item in providers if REVIEW_SKILL in item.skills]

    def names(self) -> Mapping[str, str]:
        """Return the names of the providers of now and before."""
        return self._clinic.everybody()


class StaffLicences:
    """`Licences` with sign-in: people whose role lets them review, since only who is signed in can sign."""

    def __init__(self, sign_in: SignIn, former: Licences) -> None:
        """Keep who works here, and who signed before there was sign-in."""
        self._sign_in = sign_in
        self._former = former

    def signers(self) -> Sequence[Signer]:
        """Return everybody who may sign results."""
        return [Signer(item.id, item.name) for item in self._sign_in.people() if Action.REVIEW in PERMITTED[item.role]]

    def names(self) -> Mapping[str, str]:
        """Return the names of the staff, and of those who signed before."""
        return {**self._former.names(), **self._sign_in.names()}
