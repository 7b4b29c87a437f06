"""Which epoch may follow which: a restored or copied box is noticed here."""

from collections.abc import Sequence

from cloud.storage.log import EpochRecord, EventLog
from shared.events.envelope import GENESIS_HASH, Event
from shared.ids import DeviceId
from shared.sync.position import Position
from shared.sync.receiver import Fork


def continues(first: Event, epochs: Sequence[EpochRecord], log: EventLog, *, may_restart: bool) -> EpochRecord | Fork:
    """Judge the first event of an epoch that is new here.

    It must be the start of the device's first log, or continue the last event known of the latest epoch. One
    that continues an earlier event comes from a restored copy: it needs a person's permission.

    Returns:
        The epoch's record, its position not yet set, or why the device is fenced.
    """
    start = Position(first.fields.epoch)
    if first.fields.prev_hash == GENESIS_HASH and not epochs:
        return EpochRecord(start, 1, "", 0)
    place = log.place_of(DeviceId(first.fields.device), first.fields.prev_hash)
    latest = epochs[-1].applied if epochs else None
    if latest is not None and place == (latest.epoch, latest.seq):
        return EpochRecord(start, len(epochs) + 1, latest.epoch, latest.seq)
    if not may_restart:
        return Fork(1, "the log continues from another place than its known end: the box was restored or copied")
    epoch, seq = place if place is not None else ("", 0)
    return EpochRecord(start, len(epochs) + 1, epoch, seq)


def is_continued(record: EpochRecord, epochs: Sequence[EpochRecord]) -> EpochRecord | Fork:
    """Refuse new events in an epoch that another one has taken over from: two boxes are one device."""
    if record.ordinal < len(epochs):
        return Fork(record.applied.seq + 1, "the log goes on in two epochs at once: two boxes use one identity")
    return record
