"""Slots lent to online booking, as the board shows them, with who gave which of them up."""

import datetime as dt
from collections.abc import Mapping
from typing import Final

from edge.api.slot_schemas import GivenUpSlot, LentSlot, LentSlots, LentState, SlotDoubt, SlotFate
from edge.faces.people import People
from edge.faces.stages import shown_stages
from edge.schedule.book import ScheduleBook
from edge.schedule.ids import ServiceId
from edge.schedule.leases import SOLD_OUTCOMES
from edge.schedule.slot_desk import GivenUpSlot as GivenUp
from edge.schedule.slot_desk import LentSlot as Lent
from edge.schedule.slot_desk import SlotDesk
from edge.schedule.slot_doubts import Doubt
from edge.schedule.slot_history import SlotHistory, SlotWords
from shared.slots import OVER_AFTER, last_sale, moment

_NOTHING: Final = SlotWords()
_SHOWN: Final[Mapping[Doubt, SlotDoubt]] = {
    Doubt.HUB_RESTORED: SlotDoubt.HUB_RESTORED,
    Doubt.HUB_NOT_HEARD: SlotDoubt.HUB_NOT_HEARD,
    Doubt.GIVEN_UP_BEFORE: SlotDoubt.GIVEN_UP_BEFORE,
}
MEANT: Final = {there: here for here, there in _SHOWN.items()}


class SlotView:
    """Shows the lent slots of a day."""

    def __init__(self, book: ScheduleBook, slots: SlotDesk, history: SlotHistory, people: People | None) -> None:
        """Keep the collaborators; without `people` nobody who gave a slot up is named."""
        self._book = book
        self._slots = slots
        self._history = history
        self._people = people

    def ahead(self) -> LentSlots:
        """Return what is lent of today and the days to come, and what was given up of it, earliest first."""
        days = self._history.days(self._book.today())
        return LentSlots(
            lent=[slot for day in days for slot in self.lent(day)],
            given_up=[slot for day in days for slot in self.given_up(day)],
        )

    def lent(self, day: dt.date) -> list[LentSlot]:
        """Return what is lent of a day, earliest first."""
        found = self._slots.lent(day)
        words = self._history.of(day) if any(one.doubt is not None for one in found) else {}
        return [self._lent(one, words.get(one.lease.id, _NOTHING)) for one in found]

    def given_up(self, day: dt.date) -> list[GivenUpSlot]:
        """Return what was given up of a day, earliest first."""
        found = self._slots.given_up(day)
        words = self._history.of(day) if found else {}
        return [self._given_up(one, words.get(one.lease.id, _NOTHING)) for one in found]

    def _lent(self, one: Lent, words: SlotWords) -> LentSlot:
        visit, lease = one.lease.visit, one.lease
        starts = self._at(one.day, visit.start)
        until = last_sale(starts, lease.until)
        return LentSlot(
            id=lease.id,
            day=one.day,
            starts_at=starts,
            ends_at=self._at(one.day, visit.end),
            service=self._service(one.day, visit.service),
            stages=shown_stages(visit.stages, lambda minute: self._at(one.day, minute)),
            until=until,
            state=_state(one),
            doubt=None if one.doubt is None else _SHOWN[one.doubt],
            doubt_since=_since(one, words, until),
            held_until=starts + OVER_AFTER,
        )

    def _given_up(self, one: GivenUp, words: SlotWords) -> GivenUpSlot:
        visit, released = one.lease.visit, words.released
        return GivenUpSlot(
            id=one.lease.id,
            day=one.day,
            starts_at=self._at(one.day, visit.start),
            ends_at=self._at(one.day, visit.end),
            service=self._service(one.day, visit.service),
            given_up_at=None if released is None else released.at,
            given_up_by="" if released is None else self._name(released.by),
            fate=_fate(one.outcome),
            stays_because=one.stays_because,
        )

    def _at(self, day: dt.date, minute: int) -> dt.datetime:
        return moment(day, minute, self._book.zone)

    def _service(self, day: dt.date, name: ServiceId) -> str:
        return next((one.name for one in self._book.registry_on(day).services if one.id == name), name)

    def _name(self, actor: str) -> str:
        return self._people.names().get(actor, "") if self._people is not None else ""


def _state(lent: Lent) -> LentState:
    if lent.doubt is not None:
        return LentState.IN_DOUBT
    return LentState.ASKED_BACK if lent.lease.recalled else LentState.LENT


def _since(one: Lent, words: SlotWords, until: dt.datetime) -> dt.datetime | None:
    match one.doubt:
        case None:
            return None
        case Doubt.HUB_NOT_HEARD:
            return until
        case Doubt.HUB_RESTORED:
            word = words.doubted
        case Doubt.GIVEN_UP_BEFORE:
            word = words.held_again
    return None if word is None else word.at


def _fate(outcome: str) -> SlotFate:
    if outcome in SOLD_OUTCOMES:
        return SlotFate.SOLD
    return SlotFate.NOT_KNOWN if outcome == "released" else SlotFate.NOT_SOLD
