"""Desks for lent slots, and the board that shows them."""

from edge.faces.people import People
from edge.faces.schedule import ScheduleDesk
from edge.faces.slots import SlotView
from edge.schedule.book import ScheduleBook
from edge.schedule.lending import LendingPolicy
from edge.schedule.slot_desk import SlotDesk
from edge.schedule.slot_history import SlotHistory
from tests.support.records import BoxRecord


def lending_nothing(book: ScheduleBook, record: BoxRecord) -> SlotDesk:
    """Return a desk that lends no slot of a schedule."""
    return SlotDesk(book, LendingPolicy(per_service=0), lambda: "life-1", record.clock, record.ids)


def board_of(
    book: ScheduleBook, record: BoxRecord, slots: SlotDesk | None = None, people: People | None = None
) -> ScheduleDesk:
    """Return the board of a schedule; nothing is lent unless `slots` lends it."""
    slots = slots or lending_nothing(book, record)
    return ScheduleDesk(book, record.register, slots, SlotView(book, slots, SlotHistory(record.store), people))
