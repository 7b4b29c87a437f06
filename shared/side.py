"""What `medspa verify`, `rebuild`, `keys` and `config` ask of a side, so that they work on box and hub alike."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from shared.events.chain import ChainReport


@dataclass(frozen=True, slots=True)
class LogReport:
    """One log that was walked; `name` says whose, by opaque id.

    `digest` covers what every aggregate of it has come to: box and hub show the same when they agree.
    """

    name: str
    report: ChainReport
    digest: str = ""


@dataclass(frozen=True, slots=True)
class ProjectionReport:
    """One projection that was rebuilt, with digests of its rows before and after."""

    name: str
    rows: int
    digest_before: str
    digest_after: str


@dataclass(frozen=True, slots=True)
class KeyReport:
    """One key that a side holds; never the key itself.

    `fingerprint` is empty for a key that never leaves its place, and `place` for one that is sealed under the root.
    """

    name: str
    purpose: str
    fingerprint: str
    generation: int = 1
    made_at: datetime | None = None
    place: str = ""


class Side(Protocol):
    """One side's answers; found by the entry point group `medspa.sides`, named as its configuration table."""

    @property
    def settings(self) -> type[Any]:
        """The pydantic model of the side's configuration table."""
        ...

    @property
    def verify(self) -> Callable[[Any], Sequence[LogReport]]:
        """Walk every log of this side."""
        ...

    @property
    def rebuild(self) -> Callable[[Any], Sequence[ProjectionReport]]:
        """Drop every projection and build it again from the log."""
        ...

    @property
    def keys(self) -> Callable[[Any], Sequence[KeyReport]]:
        """List the keys held."""
        ...
