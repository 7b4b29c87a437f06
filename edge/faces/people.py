"""Who works at the clinic, as far as the pages must name them: by the clinic's file, or by who can sign in."""

from collections.abc import Mapping
from typing import Protocol

from edge.schedule.registry import ClinicSource
from edge.staff.sign_in import SignIn


class People(Protocol):
    """The people who may ask for something and decide on it."""

    def present(self) -> Mapping[str, str]:
        """Return the names of those who may do so now, by id."""
        ...

    def names(self) -> Mapping[str, str]:
        """Return the names of everybody who may have done so, by id."""
        ...


class FilePeople:
    """Without sign-in: the providers of the clinic's registry."""

    def __init__(self, clinic: ClinicSource) -> None:
        self._clinic = clinic

    def present(self) -> Mapping[str, str]:
        """Return the names of the providers of now."""
        return self._clinic.current().everybody()

    def names(self) -> Mapping[str, str]:
        """Return the names of the providers of now and before."""
        return self._clinic.everybody()


class SignedInPeople:
    """With sign-in: the staff; those of the clinic's file keep their names where they acted before."""

    def __init__(self, sign_in: SignIn, former: People) -> None:
        self._sign_in = sign_in
        self._former = former

    def present(self) -> Mapping[str, str]:
        """Return the names of those who can sign in."""
        return {item.id: item.name for item in self._sign_in.people()}

    def names(self) -> Mapping[str, str]:
        """Return the names of the staff of now and before."""
        return {**self._former.names(), **self._sign_in.names()}
