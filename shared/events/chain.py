"""The hash chain: how an edit, a swap, a removal or a lost tail becomes visible, and which event it was.

A log is a sequence of rows, each with a position, a body and a hash. Each body names the hash of the event
before it. The head, kept apart from the rows and authenticated by a key, says where the log ends.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from shared.events.envelope import GENESIS_HASH, Event, MalformedEvent, body_hash


class DamageKind(StrEnum):
    """What was done to a log."""

    CHANGED = "changed"
    SWAPPED = "swapped"
    REMOVED = "removed"
    CUT_OFF = "cut_off"


@dataclass(frozen=True, slots=True)
class Damage:
    """The first event of a log that is not as it was written."""

    kind: DamageKind
    epoch: str
    seq: int
    sentence: str


@dataclass(frozen=True, slots=True)
class LogRow:
    """One stored event: where it stands and what is stored there."""

    epoch: str
    seq: int
    body: bytes
    hash: str


@dataclass(frozen=True, slots=True)
class Head:
    """Where a log ends; `seq` 0 for an epoch without events, with the hash of the last event before it."""

    epoch: str
    seq: int
    hash: str


@dataclass(frozen=True, slots=True)
class ChainReport:
    """Result of walking a log.

    Attributes:
        length: events found intact before any damage.
        damage: the first damage, or None when the log is intact.
    """

    length: int
    damage: Damage | None

    @property
    def intact(self) -> bool:
        """Whether nothing was found wrong."""
        return self.damage is None


def verify_chain(rows: Iterable[LogRow], head: Head | None, *, whole: bool = True) -> ChainReport:
    """Walk one device's log, in order of position, and name the first damage.

    Epochs follow one another without a break in the chain; within an epoch `seq` counts from 1.

    Args:
        rows: the log in stored order.
        head: the authenticated end of the log, or None when the end is not known.
        whole: whether the rows begin with the log's first event; otherwise what comes before them is not judged.
    """
    previous: Event | None = None
    length = 0
    for row in rows:
        damage = _first_fault(row, previous, begins=whole or previous is not None)
        if damage is not None:
            return ChainReport(length, damage)
        previous = Event.from_body(row.body)
        length += 1
    return ChainReport(length, _tail_fault(previous, head))


def _first_fault(row: LogRow, previous: Event | None, *, begins: bool) -> Damage | None:
    expected_seq = 1 if begins else row.seq
    if previous is not None and previous.fields.epoch == row.epoch:
        expected_seq = previous.fields.seq + 1
    if row.seq != expected_seq:
        return _damage(DamageKind.REMOVED, row.epoch, expected_seq, f"the next one stored is {row.seq}")
    try:
        event = Event.from_body(row.body)
    except MalformedEvent:
        return _damage(DamageKind.CHANGED, row.epoch, row.seq, "its body is no event any more")
    if (event.fields.epoch, event.fields.seq) != (row.epoch, row.seq):
        place = f"event {event.fields.seq} stands in its place"
        return _damage(DamageKind.SWAPPED, row.epoch, row.seq, place)
    if body_hash(row.body) != row.hash:
        return _damage(DamageKind.CHANGED, row.epoch, row.seq, "its body no longer has the stored hash")
    expected_previous = previous.hash if previous is not None else GENESIS_HASH
    if begins and event.fields.prev_hash != expected_previous:
        if previous is None or previous.fields.epoch != row.epoch:
            return _damage(DamageKind.REMOVED, row.epoch, row.seq, "what came before its epoch is missing")
        before = previous.fields
        return _damage(DamageKind.CHANGED, before.epoch, before.seq, "its successor names another hash")
    return None


def _tail_fault(last: Event | None, head: Head | None) -> Damage | None:
    if head is None:
        return None
    seq, digest = (last.fields.seq, last.hash) if last is not None else (0, GENESIS_HASH)
    if head.seq == 0 and head.hash == digest:
        return None  # an epoch was begun and nothing is written in it yet
    same_epoch = last is None or last.fields.epoch == head.epoch
    if same_epoch and seq == head.seq and digest == head.hash:
        return None
    if same_epoch and seq == head.seq:
        return _damage(DamageKind.CHANGED, head.epoch, seq, "it is not the event the log ended with")
    if same_epoch and seq > head.seq:
        return _damage(DamageKind.CHANGED, head.epoch, head.seq + 1, "it was added behind the log's recorded end")
    missing = seq + 1 if same_epoch else 1
    return _damage(DamageKind.CUT_OFF, head.epoch, missing, f"the log once ended with event {head.seq}")


def _damage(kind: DamageKind, epoch: str, seq: int, detail: str) -> Damage:
    return Damage(kind, epoch, seq, f"event {seq} of epoch {epoch} was {kind.replace('_', ' ')}: {detail}")
