"""The receiving half: what an arriving batch means, given what was already applied.

Pure: the caller applies the events and stores the new position in one transaction, then acknowledges.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from shared.events.envelope import Event, MalformedEvent
from shared.sync.position import Position


@dataclass(frozen=True, slots=True)
class Fresh:
    """Events to apply, in order, with the position that results; and how many were known already."""

    events: tuple[Event, ...]
    applied: Position
    duplicates: int


@dataclass(frozen=True, slots=True)
class Gap:
    """Events before these are missing: acknowledge the old position, the sender will go back."""

    missing_seq: int


@dataclass(frozen=True, slots=True)
class Fork:
    """The sender's log contradicts what was applied: another event at a known place. Fence it."""

    seq: int
    reason: str


Verdict = Fresh | Gap | Fork
HashAt = Callable[[int], str | None]


def judge_hello(head: Position, told: Position | None, hash_at: HashAt) -> Fork | None:
    """Judge a sender's greeting.

    Its head alone proves nothing: the greeting may come late, from a log that has grown since. So the sender is told
    the last event of its log that is known here, and only one that answers that its log has no such event is behind, or
    another one.

    Args:
        head: the end of the sender's log.
        told: the event that is known here and not there, as the sender repeats it; None in a first greeting.
        hash_at: returns the hash applied at a `seq` of the head's epoch, or None.

    Returns:
        A fork when the sender has not the event that it was told of, else None.
    """
    if told is None or told.epoch != head.epoch or hash_at(told.seq) != told.hash:
        return None
    if head.seq < told.seq:
        return Fork(head.seq, f"the log ends at {head.seq} but {told.seq} events of it are known here")
    return Fork(told.seq, f"event {told.seq} is another one than the one known here")


def read_batch(bodies: Iterable[bytes]) -> list[Event | MalformedEvent]:
    """Read a batch's events; a body that is none is kept as its error, for `judge_events` to name its place."""
    return [_read(body) for body in bodies]


def judge_batch(applied: Position, first_seq: int, bodies: Sequence[bytes], hash_at: HashAt, device: str) -> Verdict:
    """Decide what a batch means, as `judge_events` does with the events read."""
    return judge_events(applied, first_seq, read_batch(bodies), hash_at, device)


def judge_events(
    applied: Position, first_seq: int, arrived: Sequence[Event | MalformedEvent], hash_at: HashAt, device: str
) -> Verdict:
    """Decide what a batch means. Applying the result any number of times gives the same log.

    A batch that is wrong anywhere is a fork as a whole: nothing of it is applied.
    """
    if first_seq > applied.seq + 1:
        return Gap(applied.seq + 1)
    fresh: list[Event] = []
    previous, duplicates = applied, 0
    for seq, event in enumerate(arrived, start=first_seq):
        if isinstance(event, MalformedEvent):
            return Fork(seq, f"event {seq} is malformed: {event.sentence}")
        fields = event.fields
        if (fields.device, fields.epoch, fields.seq) != (device, applied.epoch, seq):
            return Fork(seq, f"event {seq} says it belongs elsewhere")
        if seq <= applied.seq:
            if hash_at(seq) != event.hash:
                return Fork(seq, f"event {seq} is another one than the one known here")
            duplicates += 1
            continue
        # The first event of an epoch may continue a former epoch, whose end need not be known here.
        if seq > 1 and fields.prev_hash != previous.hash:
            return Fork(seq, f"event {seq} does not continue event {seq - 1}")
        fresh.append(event)
        previous = Position(applied.epoch, seq, event.hash)
    return Fresh(tuple(fresh), previous, duplicates)


def _read(body: bytes) -> Event | MalformedEvent:
    try:
        return Event.from_body(body)
    except MalformedEvent as error:
        return error
