"""The aggregate of the clinic's registry: commands in, event payloads out; events in, what counts as it stands.

Nothing is on record until somebody changes something: so long the clinic's file counts. The first change writes down
what the file said, so that taking it back gives exactly that.
"""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from edge.schedule.changing.differences import differences
from edge.schedule.changing.document import digest_of, document_of, registry_of
from edge.schedule.errors import BrokenFold, NotAllowed
from edge.schedule.registry import Registry
from shared.events.catalogue import clinic as said
from shared.events.payload import PayloadModel

AGGREGATE: Final = "clinic"
PURPOSE: Final = "registry"


@dataclass(frozen=True, slots=True)
class Trace:
    """Who recorded an event, and when."""

    actor: str
    at: dt.datetime


_NOBODY: Final = Trace("", dt.datetime.min.replace(tzinfo=dt.UTC))


@dataclass(slots=True)
class Revision:
    """One change of the registry, and whether it was taken back."""

    changed: said.RegistryChanged
    registry: Registry
    by: Trace
    undone: bool = False
    undone_by: Trace | None = None


class Revisions:
    """Every change of one clinic's registry.

    Attributes:
        made: the changes, oldest first.
        version: how many payloads have been applied.
        file_digest: of the file as somebody last took it or left it; empty before the first change.
    """

    def __init__(self) -> None:
        self.made: list[Revision] = []
        self.version = 0
        self.file_digest = ""
        self._seed: Registry | None = None
        self._days: list[tuple[dt.date, Registry]] = []

    @classmethod
    def fold(cls, payloads: Iterable[PayloadModel]) -> "Revisions":
        """Return what payloads, in order, add up to."""
        revisions = cls()
        for payload in payloads:
            revisions.apply(payload, _NOBODY)
        return revisions

    @property
    def standing(self) -> Revision | None:
        """The latest change that was not taken back, or none."""
        return next((one for one in reversed(self.made) if not one.undone), None)

    @property
    def registry(self) -> Registry | None:
        """What counts by the log, or none while the file counts."""
        return self.standing.registry if self.standing is not None else self._seed

    def on(self, day: dt.date) -> Registry | None:
        """Return what counted at the end of a day, or none while the file counts."""
        counted = [registry for date, registry in self._days if date <= day]
        return counted[-1] if counted else self._seed

    def known(self) -> Iterable[Registry]:
        """Return every registry that ever counted by the log."""
        return [*([self._seed] if self._seed is not None else []), *(one.registry for one in self.made)]

    def change(self, file: Registry, wanted: Registry, change: str, today: dt.date) -> list[PayloadModel]:
        """Plan with another registry from now on; one that says the same gives no event.

        Args:
            file: what counts while nothing is on record.
            wanted: the new one.
            change: an id that was never used.
            today: the clinic's date.
        """
        return self._changed(file, wanted, change, today, None)

    def take_file(self, file: Registry, change: str, today: dt.date) -> list[PayloadModel]:
        """Plan with what the file says from now on.

        Raises:
            NotAllowed: it counts anyhow, or says what counts.
        """
        payloads = self._changed(file, file, change, today, digest_of(file)) if self._seed is not None else []
        if not payloads:
            raise NotAllowed("file_counts", "the clinic plans with what its file says; there is nothing to take over")
        return payloads

    def leave_file(self, file: Registry) -> list[PayloadModel]:
        """Keep what counts although the file differs; idempotent by what the file says."""
        digest = digest_of(file)
        if self._seed is None or digest == self.file_digest:
            return []
        return [said.RegistryFileLeft(file_digest=digest)]

    def undo(self, change: str, today: dt.date) -> list[PayloadModel]:
        """Take the latest change back; idempotent by its id.

        Raises:
            NotAllowed: it is not the latest that stands.
        """
        if any(one.undone for one in self.made if one.changed.change == change):
            return []
        self.before(change)
        return [said.RegistryChangeUndone(change=change, day=today)]

    def before(self, change: str) -> Registry:
        """Return what would count without the latest change.

        Raises:
            NotAllowed: it is not the latest that stands.
        """
        latest, seed = self.standing, self._seed
        if seed is None or latest is None or latest.changed.change != change:
            raise NotAllowed("not_latest", "only the latest change can be taken back; reload the page")
        left = [one for one in self.made if not one.undone and one is not latest]
        return left[-1].registry if left else seed

    def file_is_news(self, file: Registry) -> bool:
        """Tell whether the file says something that nobody has decided on: neither what counts nor what was left."""
        return self.registry is not None and file != self.registry and digest_of(file) != self.file_digest

    def apply(self, payload: PayloadModel, trace: Trace) -> None:
        """Take one event into account.

        Raises:
            BrokenFold: the event does not fit the events before it.
        """
        match payload:
            case said.RegistrySeeded(document=document, file_digest=digest) if self._seed is None:
                self._seed, self.file_digest = registry_of(document), digest
            case said.RegistryChanged() if self._seed is not None:
                self._apply_change(payload, trace)
            case said.RegistryChangeUndone(change=name, day=day):
                self._apply_undo(name, day, trace)
            case said.RegistryFileLeft(file_digest=digest) if self._seed is not None:
                self.file_digest = digest
            case _:
                raise BrokenFold("foreign_event", f"{payload.event_type} does not follow what is known of the clinic")
        self.version += 1

    def _apply_change(self, changed: said.RegistryChanged, trace: Trace) -> None:
        registry = registry_of(changed.document)
        self.made.append(Revision(changed, registry, trace))
        self.file_digest = changed.file_digest or self.file_digest
        self._days.append((changed.day, registry))

    def _apply_undo(self, name: str, day: dt.date, trace: Trace) -> None:
        latest = self.standing
        if latest is None or latest.changed.change != name:
            raise BrokenFold("not_latest", "an event takes back a change that is not the latest; repair the log")
        latest.undone, latest.undone_by = True, trace
        now = self.registry
        if now is not None:
            self._days.append((day, now))

    def _changed(
        self, file: Registry, wanted: Registry, change: str, today: dt.date, digest: str | None
    ) -> list[PayloadModel]:
        counts = self.registry if self.registry is not None else file
        sentences = differences(counts, wanted)
        if not sentences:
            return []
        changed = said.RegistryChanged(
            change=change,
            day=today,
            origin="tablet" if digest is None else "file",
            document=document_of(wanted),
            sentences=sentences,
            file_digest=digest,
        )
        if self._seed is not None:
            return [changed]
        return [said.RegistrySeeded(document=document_of(file), file_digest=digest_of(file)), changed]
