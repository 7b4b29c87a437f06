"""Who may sign a result: the clinic's file says it, by a skill."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from edge.schedule.registry import Registry

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


class RegistryLicences:
    """`Licences` from the clinic's file: providers with the skill `review`."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def signers(self) -> Sequence[Signer]:
        """Return everybody who may sign results."""
        return [Signer(item.id, item.name) for item in self._registry.providers if REVIEW_SKILL in item.skills]
