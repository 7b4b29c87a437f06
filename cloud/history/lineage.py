"""Which parts of a device's epochs continue an event that the device still has."""

from collections.abc import Sequence
from dataclasses import dataclass

from cloud.storage.log import EpochRecord
from shared.errors import Rejected


class NotContinued(Rejected):
    """The device's last event is not one that its log goes on from here."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """Events of one epoch, `first` and `last` included; empty when `last` is smaller."""

    epoch: str
    first: int
    last: int


def stretches(epochs: Sequence[EpochRecord], epoch: str, after: int) -> list[Stretch]:
    """Return the way from an event to the end of the device's log, oldest first.

    Events of an epoch behind the one that a later epoch continues are not on it: a person once let the box go on
    without them.

    Args:
        epochs: what is applied of each epoch of the device, oldest first.
        epoch: the epoch of the last event that the device has; empty for none.
        after: its place.

    Returns:
        Nothing of an event that is not known here: the device is ahead.

    Raises:
        NotContinued: the event is known here and is not on the way.
    """
    way = _way(epochs)
    if not epoch:
        return way
    if all(record.applied.epoch != epoch or record.applied.seq < after for record in epochs):
        return []
    at = next((number for number, part in enumerate(way) if part.epoch == epoch), None)
    if at is None or after > way[at].last:
        raise NotContinued(
            "history_not_continued",
            "the log held here does not go on from the box's last event: restore without the hub and readmit the box",
        )
    return [Stretch(epoch, after + 1, way[at].last), *way[at + 1 :]]


def _way(epochs: Sequence[EpochRecord]) -> list[Stretch]:
    by_name = {record.applied.epoch: record for record in epochs}
    way: list[Stretch] = []
    record = epochs[-1] if epochs else None
    last = record.applied.seq if record is not None else 0
    while record is not None and len(way) < len(epochs):
        way.append(Stretch(record.applied.epoch, 1, last))
        last = record.parent_seq
        record = by_name.get(record.parent_epoch)
    return way[::-1]
