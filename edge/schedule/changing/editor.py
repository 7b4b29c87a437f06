"""Changes the registry with the days on record in view: shows whom a change would hurt, and asks before it does."""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from edge.schedule.book import ScheduleBook
from edge.schedule.changing.book import RegistryBook
from edge.schedule.changing.differences import differences
from edge.schedule.changing.document import registry_of
from edge.schedule.changing.harm import Hurt, hurt, needed
from edge.schedule.errors import NotAllowed
from edge.schedule.registry import Registry
from edge.schedule.schedule import Schedule

_MOST_NAMED: Final = 5


class InUse(NotAllowed):
    """Something would be removed that visits to come use."""


class NotConfirmed(NotAllowed):
    """Visits would stand without what they need, and whoever asks has not said to have seen each of them."""


@dataclass(frozen=True, slots=True)
class Effect:
    """What a change would do.

    Attributes:
        sentences: what differs; empty where nothing does.
        needed: what cannot be removed; then nothing else is told.
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

    def check(self, document: Mapping[str, Any]) -> Effect:
        """Return what planning with a document would do; nothing is recorded.

        Raises:
            FaultyDocument: it describes no clinic.
        """
        return self._effect(registry_of(document))

    def check_undo(self, change: str) -> Effect:
        """Return what taking the latest change back would do; raises as `RegistryBook.before`."""
        return self._effect(self.book.before(change))

    def check_file(self) -> Effect:
        """Return what taking the clinic's file over would do.

        Raises:
            NotAllowed: it cannot be read.
        """
        return self._effect(self._file())

    def save(self, document: Mapping[str, Any], version: int, confirmed: Collection[str], actor: str) -> bool:
        """Plan with a document from now on; tell whether it differs. `confirmed` are the ids of those it may hurt.

        Raises:
            FaultyDocument, InUse, NotConfirmed: nothing was recorded.
            NotAllowed: as `RegistryBook.change`.
        """
        wanted = registry_of(document)
        with self.schedule.exclusively():
            self._refuse(self._effect(wanted), confirmed)
            return self._told(self.book.change(wanted, self.schedule.today(), version, actor))

    def undo(self, change: str, version: int, confirmed: Collection[str], actor: str) -> bool:
        """Take the latest change back; raises as `save` and `RegistryBook.undo`."""
        with self.schedule.exclusively():
            if self.book.standing() == change:
                self._refuse(self.check_undo(change), confirmed)
            return self._told(self.book.undo(change, self.schedule.today(), version, actor))

    def take_file(self, version: int, confirmed: Collection[str], actor: str) -> bool:
        """Plan with the clinic's file from now on; raises as `save` and `RegistryBook.take_file`."""
        with self.schedule.exclusively():
            self._refuse(self.check_file(), confirmed)
            return self._told(self.book.take_file(self.schedule.today(), version, actor))

    def _told(self, changed: bool) -> bool:
        for listener in self._listeners if changed else ():
            listener()
        return changed

    def _file(self) -> Registry:
        file = self.book.file
        if file.registry is None:
            raise NotAllowed("file_unreadable", f"the clinic's file cannot be taken over: {file.fault}")
        return file.registry

    def _effect(self, wanted: Registry) -> Effect:
        with self.schedule.exclusively():
            counts = self.book.current()
            sentences = differences(counts, wanted)
            if not sentences:
                return Effect(())
            days = list(self._days())
            gone = tuple(item.sentence for item in needed(counts, wanted, days)) + tuple(self._unlent(counts, wanted))
            if gone:
                return Effect(sentences, gone)
            found = (one for day in days for one in hurt(counts, wanted, day.plan, self.schedule.minute(day.plan.date)))
            return Effect(sentences, (), tuple(found))

    def _days(self) -> Iterator[Schedule]:
        for date in self.schedule.days_from(self.schedule.today()):
            yield self.schedule.day(date)

    def _unlent(self, counts: Registry, wanted: Registry) -> Iterator[str]:
        kept = {service.id for service in wanted.services}
        for service in counts.services:
            if service.id in self._lent and service.id not in kept:
                yield f"{service.name} cannot be removed: the box's configuration lends it to online booking"

    def _refuse(self, effect: Effect, confirmed: Collection[str]) -> None:
        if effect.needed:
            raise InUse("in_use", "; ".join(effect.needed[:_MOST_NAMED]))
        unseen = [one for one in effect.hurt if one.id not in confirmed]
        if unseen:
            visits = "1 visit" if len(unseen) == 1 else f"{len(unseen)} visits"
            raise NotConfirmed(
                "confirm_first", f"{visits} would stand without what they need; look at them, then confirm"
            )
