"""A desk for lent slots, where nothing is lent."""

from edge.schedule.book import ScheduleBook
from edge.schedule.lending import LendingPolicy
from edge.schedule.slot_desk import SlotDesk
from tests.support.records import BoxRecord


def lending_nothing(book: ScheduleBook, record: BoxRecord) -> SlotDesk:
    """Return a desk that lends no slot of a schedule."""
    return SlotDesk(book, LendingPolicy(per_service=0), lambda: "life-1", record.clock, record.ids)
