"""The aggregate of the clinic's registry: commands in, event payloads out; events in, what counts as it stands.

Nothing is on record until somebody changes something: so long the clinic's file counts. The first change writes down
what the file said, so that taking it back gives exactly that.

A change counts from the moment it is made, or for the days from a date on. Changes stand one on the other in the order
in which they begin to count; what is made or taken back below one that is yet to come is carried into it.
"""

import datetime as dt
from collections.abc import Iterable, Sequence
from copy import copy
from typing import Final

from edge.schedule.changing.differences import differences
from edge.schedule.changing.document import FaultyDocument, digest_of, document_of, recorded, registry_of
from edge.schedule.changing.patches import patched
from edge.schedule.changing.revision import NOBODY, Revision, Trace
from edge.schedule.errors import BrokenFold, NotAllowed
from edge.schedule.registry import Registry
from shared.events.catalogue import clinic as said
from shared.events.payload import PayloadModel

AGGREGATE: Final = "clinic"
PURPOSE: Final = "registry"
MOST_AHEAD: Final = dt.timedelta(days=366)
MOST_TO_COME: Final = 12


class LaterChange(NotAllowed):
    """With what is asked for, a change that is yet to come would describe no clinic any more."""


class Revisions:
    """Every change of one clinic's registry.

    Attributes:
        made: the changes in the order in which they were made.
        version: how many payloads have been applied.
        file_digest: of the file as somebody last took it or left it; empty before the first change.
    """

    def __init__(self) -> None:
        self.made: list[Revision] = []
        self.version = 0
        self.file_digest = ""
        self._seed: Registry | None = None
        self._order: list[Revision] = []

    @classmethod
    def fold(cls, payloads: Iterable[PayloadModel]) -> "Revisions":
        """Return what payloads, in order, add up to."""
        revisions = cls()
        for payload in payloads:
            revisions.apply(payload, NOBODY)
        return revisions

    def with_payloads(self, payloads: Iterable[PayloadModel]) -> "Revisions":
        """Return what would count with some payloads more; this one stays as it is."""
        trial = copy(self)
        trial.made = [copy(one) for one in self.made]
        trial._order = in_order(trial.made)  # noqa: SLF001 - of this class
        for payload in payloads:
            trial.apply(payload, NOBODY)
        return trial

    def standing(self, today: dt.date) -> Revision | None:
        """The latest change that counts and was not taken back, or none."""
        return next((one for one in self._order if one.counts(today, today)), None)

    def to_come(self, today: dt.date) -> Sequence[Revision]:
        """Return the changes that stand and are yet to come, the first to count first."""
        return [one for one in reversed(self._order) if one.is_to_come(today)]

    def on(self, day: dt.date, today: dt.date) -> Registry | None:
        """Return what a day is planned with, or what counted at its end; none while the file counts."""
        found = next((one for one in self._order if one.counts(day, today)), None)
        return self._seed if found is None else found.registry

    def known(self) -> Iterable[Registry]:
        """Return every registry that ever counted by the log, or will."""
        return [*([self._seed] if self._seed is not None else []), *(one.registry for one in self.made)]

    def change(
        self, file: Registry, wanted: Registry, change: str, today: dt.date, valid_from: dt.date | None = None
    ) -> list[PayloadModel]:
        """Plan with another registry from now on, or from a date on; one that says the same gives no event.

        Args:
            file: what counts while nothing is on record.
            wanted: the new one.
            change: an id that was never used.
            today: the clinic's date.
            valid_from: the first day that is planned with it; none for now.

        Raises:
            NotAllowed: the date has passed or is too far away, or too much is yet to come.
            LaterChange: what is yet to come does not go with it.
        """
        starts = None if valid_from == today else valid_from
        if starts is not None and not today < starts <= today + MOST_AHEAD:
            raise NotAllowed("no_such_date", "choose a date from tomorrow on, at most a year ahead")
        if starts is not None and len(self.to_come(today)) >= MOST_TO_COME:
            raise NotAllowed("too_much_to_come", f"{MOST_TO_COME} changes are yet to come; take one of them back first")
        return self._changed(file, wanted, change, today, starts, None)

    def take_file(self, file: Registry, change: str, today: dt.date) -> list[PayloadModel]:
        """Plan with what the file says from now on; changes that are yet to come stay so.

        Raises:
            NotAllowed: it counts anyhow, or says what counts.
            LaterChange: what is yet to come does not go with it.
        """
        payloads = [] if self._seed is None else self._changed(file, file, change, today, None, digest_of(file))
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
        """Take back the latest change that counts, or one that is yet to come; idempotent by its id.

        Raises:
            NotAllowed: it is neither.
            LaterChange: what is yet to come does not go without it.
        """
        if any(one.undone for one in self.made if one.changed.change == change):
            return []
        self._undoable(change, today)
        return self._with_carried([said.RegistryChangeUndone(change=change, day=today)], today)

    def file_is_news(self, file: Registry, today: dt.date) -> bool:
        """Tell whether the file says something that nobody has decided on: neither what counts nor what was left."""
        counts = self.on(today, today)
        return counts is not None and file != counts and digest_of(file) != self.file_digest

    def apply(self, payload: PayloadModel, trace: Trace) -> None:
        """Take one event into account.

        Raises:
            BrokenFold: the event does not fit the events before it.
        """
        match payload:
            case said.RegistrySeeded(document=document, file_digest=digest) if self._seed is None:
                self._seed, self.file_digest = recorded(document), digest
            case said.RegistryChanged() if self._seed is not None:
                self._apply_change(payload, self._seed, trace)
            case said.RegistryCarried(change=name, document=document):
                self._find(name).registry = recorded(document)
            case said.RegistryChangeUndone(change=name, day=day):
                self._apply_undo(name, day, trace)
            case said.RegistryFileLeft(file_digest=digest) if self._seed is not None:
                self.file_digest = digest
            case _:
                raise BrokenFold("foreign_event", f"{payload.event_type} does not follow what is known of the clinic")
        self.version += 1

    def _apply_change(self, changed: said.RegistryChanged, seed: Registry, trace: Trace) -> None:
        registry = recorded(changed.document)
        # A clock that was put back does not bring a change below those that it was made on.
        before = max((one.begins for one in self.made if not one.planned), default=changed.day)
        begins = changed.valid_from if isinstance(changed, said.RegistryChangePlanned) else max(changed.day, before)
        below = self.on(begins, changed.day) or seed
        self.made.append(Revision(changed, below, registry, begins, trace))
        self._order = in_order(self.made)
        self.file_digest = changed.file_digest or self.file_digest

    def _apply_undo(self, name: str, day: dt.date, trace: Trace) -> None:
        try:
            undone = self._undoable(name, day)
        except NotAllowed as error:
            raise BrokenFold("not_latest", "an event takes back a change below others; repair the log") from error
        undone.undone_on, undone.undone_by = day, trace

    def _undoable(self, change: str, today: dt.date) -> Revision:
        latest = self.standing(today)
        for one in (*self.to_come(today), *([] if latest is None else [latest])):
            if one.changed.change == change:
                return one
        raise NotAllowed("not_latest", "only the latest change can be taken back; reload the page")

    def _find(self, change: str) -> Revision:
        for one in self.made:
            if one.changed.change == change:
                return one
        raise BrokenFold("unknown_change", "an event names a change that never was; repair the log")

    def _changed(
        self,
        file: Registry,
        wanted: Registry,
        change: str,
        today: dt.date,
        starts: dt.date | None,
        digest: str | None,
    ) -> list[PayloadModel]:
        counts = self.on(starts or today, today) or file
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
        if starts is not None:
            changed = said.RegistryChangePlanned(**dict(changed), valid_from=starts)
        if self._seed is not None:
            return self._with_carried([changed], today)
        return [said.RegistrySeeded(document=document_of(file), file_digest=digest_of(file)), changed]

    def _with_carried(self, payloads: list[PayloadModel], today: dt.date) -> list[PayloadModel]:
        """Return the payloads, and what each change that is yet to come holds after them where that differs."""
        trial = self.with_payloads(payloads)
        below, result = trial.on(today, today), list(payloads)
        for one in trial.to_come(today):
            if below is None:
                break
            carried = _carried(one, below)
            if carried != one.registry:
                result.append(said.RegistryCarried(change=one.changed.change, document=document_of(carried)))
            below = carried
        return result


def in_order(made: Iterable[Revision]) -> list[Revision]:
    """Return changes, the one on top of all first: by the day on which they begin, then as they were made."""
    numbered = sorted(enumerate(made), key=lambda item: (item[1].begins, item[0]), reverse=True)
    return [one for _, one in numbered]


def _carried(one: Revision, below: Registry) -> Registry:
    """Return what a change that is yet to come holds when it stands on `below`.

    Raises:
        LaterChange: its edits and `below` make no clinic.
    """
    edits = document_of(one.below), one.changed.document
    try:
        return registry_of(patched(document_of(below), *edits))
    except FaultyDocument as error:
        raise LaterChange(
            "later_change",
            f"the change from {one.begins.day} {one.begins:%B} on does not go with it ({error.sentence}); "
            "take that one back first",
        ) from error
