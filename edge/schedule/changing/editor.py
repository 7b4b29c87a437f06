"""Changes the registry with the days on record in view: shows whom a change would hurt, and asks before it does."""

import datetime as dt
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from edge.schedule.book import ScheduleBook
from edge.schedule.changing.book import RegistryBook, Timeline
from edge.schedule.changing.differences import differences
from edge.schedule.changing.document import document_of, registry_of
from edge.schedule.changing.harm import Hurt, Planned, hurt, needed
from edge.schedule.changing.patches import patched
from edge.schedule.changing.revisions import LaterChange
from edge.schedule.errors import NotAllowed
from edge.schedule.registry import Registry

_MOST_NAMED: Final = 5


@dataclass(frozen=True, slots=True)
class Draft:
    """What somebody has edited, and for when.

    Attributes:
        document: what it says now.
        drafted_on: the day whose registry it was made of; none for today's.
        valid_from: the first day that is to be planned with it; none for now.
    """

    document: Mapping[str, Any]
    drafted_on: dt.date | None = None
    valid_from: dt.date | None = None


class InUse(NotAllowed):
    """Something would be removed that visits to come use."""


class NotConfirmed(NotAllowed):
    """Visits would stand without what they need, and whoever asks has not said to have seen each of them."""


@dataclass(frozen=True, slots=True)
class Effect:
    """What a change would do.

    Attributes:
        sentences: what differs; empty where nothing does.
        needed: what cannot be removed, or does not go with what is yet to come; then nothing else is told.
        hurt: visits that would stand in conflict until their day is replanned; nobody is dropped.
    """

    sentences: tuple[str, ...]
    needed: tuple[str, ...] = ()
    hurt: tuple[Hurt, ...] = ()


class RegistryEditor:
    """What people do with the registry; safe to share by threads.

    It holds the schedule's lock: nobody is booked between the look at the days and the change.
    """

    def __init__(self, registry: RegistryBook, schedule: ScheduleBook, lent: Collection[str] = ()) -> None:
        """Keep the collaborators; `lent` services are named by the configuration and cannot be removed."""
        self.book = registry
        self.schedule = schedule
        self._lent = lent
        self._listeners: list[Callable[[], None]] = []

    def on_change(self, listener: Callable[[], None]) -> None:
        """Call `listener` after each change, while nobody can book; it must not raise."""
        self._listeners.append(listener)

    def check(self, draft: Draft) -> Effect:
        """Return what planning with a draft would do; nothing is recorded.

        Raises:
            FaultyDocument: it describes no clinic.
            NotAllowed: as `RegistryBook.change`.
        """
        return self._effect_of(self._wanted(draft), draft.valid_from)

    def check_undo(self, change: str) -> Effect:
        """Return what taking a change back would do; raises as `RegistryBook.undo`."""
        return self._effect(lambda: self.book.without_change(change))

    def check_file(self) -> Effect:
        """Return what taking the clinic's file over would do.

        Raises:
            NotAllowed: it cannot be read.
        """
        return self._effect_of(self._file(), None)

    def save(self, draft: Draft, version: int, confirmed: Collection[str], actor: str) -> bool:
        """Plan with a draft from now, or from its date on; tell whether it differs.

        What was planned before for a date up to the draft's stays: the draft's edits are made on it.

        Args:
            draft: what is wanted.
            version: of the registry that was decided on.
            confirmed: ids of those it may hurt.
            actor: who decides.

        Raises:
            FaultyDocument, InUse, NotConfirmed: nothing was recorded.
            NotAllowed: as `RegistryBook.change`.
        """
        with self.schedule.exclusively():
            wanted = self._wanted(draft)
            self._refuse(self._effect_of(wanted, draft.valid_from), confirmed)
            return self._told(self.book.change(wanted, version, actor, draft.valid_from))

    def undo(self, change: str, version: int, confirmed: Collection[str], actor: str) -> bool:
        """Take a change back; raises as `save` and `RegistryBook.undo`."""
        with self.schedule.exclusively():
            self._refuse(self.check_undo(change), confirmed)
            return self._told(self.book.undo(change, version, actor))

    def take_file(self, version: int, confirmed: Collection[str], actor: str) -> bool:
        """Plan with the clinic's file from now on; raises as `save` and `RegistryBook.take_file`."""
        with self.schedule.exclusively():
            self._refuse(self.check_file(), confirmed)
            return self._told(self.book.take_file(version, actor))

    def _told(self, changed: bool) -> bool:
        for listener in self._listeners if changed else ():
            listener()
        return changed

    def _file(self) -> Registry:
        file = self.book.file
        if file.registry is None:
            raise NotAllowed("file_unreadable", f"the clinic's file cannot be taken over: {file.fault}")
        return file.registry

    def _wanted(self, draft: Draft) -> Registry:
        """Return the registry that a draft asks for: its edits, on what counts on its first day."""
        wanted, today = registry_of(draft.document), self.schedule.today()
        made_of, counts = self.book.on(draft.drafted_on or today), self.book.on(draft.valid_from or today)
        if made_of == counts:
            return wanted
        return registry_of(patched(document_of(counts), document_of(made_of), document_of(wanted)))

    def _effect_of(self, wanted: Registry, valid_from: dt.date | None) -> Effect:
        if not differences(self.book.on(valid_from or self.schedule.today()), wanted):
            return Effect(())
        return self._effect(lambda: self.book.with_change(wanted, valid_from), valid_from)

    def _effect(self, wanted: Callable[[], Timeline], first: dt.date | None = None) -> Effect:
        """Return what another timeline would do; `first` is the day from which on it is asked for, where that is known.

        Raises:
            NotAllowed: as `RegistryBook.change`.
        """
        with self.schedule.exclusively():
            try:
                timeline = wanted()
            except LaterChange as error:
                return Effect((), (error.sentence,))
            sentences = self._sentences(timeline, first)
            if not sentences:
                return Effect(())
            days = [day for day in self._days(timeline) if day.before != day.after]
            gone = (*(item.sentence for item in needed(days)), *self._unlent(timeline))
            if gone:
                return Effect(sentences, gone)
            return Effect(sentences, (), tuple(one for day in days for one in hurt(day)))

    def _sentences(self, timeline: Timeline, first: dt.date | None) -> tuple[str, ...]:
        """Return what differs on the first day that is planned otherwise."""
        days = [first] if first is not None else [begins for begins, _ in self._parts(timeline)]
        told = (differences(self.book.on(day), timeline.on(day)) for day in days)
        return next((sentences for sentences in told if sentences), ())

    def _parts(self, timeline: Timeline) -> list[tuple[dt.date, Registry]]:
        """Return the days on which either timeline goes over to another registry, with the new one."""
        begins = {day for day, _ in timeline.parts} | {one.begins for one in self.book.to_come()}
        return [(day, timeline.on(day)) for day in sorted(begins)]

    def _days(self, timeline: Timeline) -> Iterator[Planned]:
        for date in self.schedule.days_from(self.schedule.today()):
            day = self.schedule.day(date)
            yield Planned(day, self.book.on(date), timeline.on(date), self.schedule.minute(date))

    def _unlent(self, timeline: Timeline) -> Iterator[str]:
        names = {service.id: service.name for one in self.book.ahead() for service in one.services}
        for _, registry in timeline.parts:
            for name in names.keys() - {service.id for service in registry.services}:
                if name in self._lent:
                    yield f"{names.pop(name)} cannot be removed: the box's configuration lends it to online booking"

    def _refuse(self, effect: Effect, confirmed: Collection[str]) -> None:
        if effect.needed:
            raise InUse("in_use", "; ".join(effect.needed[:_MOST_NAMED]))
        unseen = [one for one in effect.hurt if one.id not in confirmed]
        if unseen:
            visits = "1 visit" if len(unseen) == 1 else f"{len(unseen)} visits"
            raise NotConfirmed(
                "confirm_first", f"{visits} would stand without what they need; look at them, then confirm"
            )
