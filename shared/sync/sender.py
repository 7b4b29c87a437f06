"""The sending half: a cursor over a log, moved only by the receiver's acknowledgement.

Several batches may be in flight; when acknowledgements stop coming, sending resumes at the last acknowledged
event. Nothing here does I/O: the caller passes time in, reads events and publishes.
"""

from dataclasses import dataclass, replace
from typing import Final

from shared.sync.position import Position

MAX_BATCH_EVENTS: Final = 200
MAX_BATCH_BYTES: Final = 256 * 1024
# A backlog goes in larger batches: each costs the receiver one commit.
MAX_BULK_EVENTS: Final = 1000
MAX_BULK_BYTES: Final = 768 * 1024
MAX_IN_FLIGHT: Final = 8
ACK_TIMEOUT_SECONDS: Final = 5.0
# Several batches in flight report the same gap; one answer to it is enough.
GAP_SECONDS: Final = 1.0


@dataclass(frozen=True, slots=True)
class SenderState:
    """What the sender knows.

    Attributes:
        session: id of this connection; acknowledgements of another one are ignored.
        acknowledged: how far the receiver has applied this log, by its own word; None until it has spoken.
        sent_seq: last event put on the wire in this session.
        batch_ends: last `seq` of each batch in flight, in order.
        waiting_since: monotonic seconds of the last progress while something is in flight.
        fenced: why the receiver refuses this log, or None.
        resends: times that sending had to resume at the acknowledged event.
        lacking: the event of this log that the receiver knows and the log has not; else None.
        fences: how often the receiver has fenced this log, by its last word about that; None when it says nothing.
    """

    session: str
    acknowledged: Position | None = None
    sent_seq: int = 0
    batch_ends: tuple[int, ...] = ()
    waiting_since: float = 0.0
    fenced: str | None = None
    resends: int = 0
    lacking: Position | None = None
    fences: int | None = None


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """The receiver's word after its commit; with `gap` it misses events before those it was sent.

    `fences` is how often it has fenced this log, where it says so.
    """

    session: str
    applied: Position
    fenced: bool = False
    reason: str = ""
    gap: bool = False
    fences: int | None = None


def on_acknowledgement(state: SenderState, ack: Acknowledgement, now: float) -> SenderState:
    """Take note of how far the receiver is; also when it went *back* (it was restored: send again).

    Idempotent: the same acknowledgement twice changes nothing.
    """
    if ack.session != state.session:
        return state
    if ack.fenced:
        return replace(state, fenced=ack.reason or "fenced by the receiver", batch_ends=())
    if ack.fences is not None:
        state = replace(state, fences=ack.fences)
    applied = ack.applied
    first_word = state.acknowledged is None
    went_back = state.acknowledged is not None and applied.seq < state.acknowledged.seq
    if first_word or went_back:
        return replace(state, acknowledged=applied, sent_seq=applied.seq, batch_ends=(), waiting_since=now, fenced=None)
    if ack.gap and applied == state.acknowledged and now - state.waiting_since >= GAP_SECONDS:
        return rewind(state, now)
    progressed = state.acknowledged is None or applied.seq > state.acknowledged.seq
    return replace(
        state,
        acknowledged=applied,
        sent_seq=max(state.sent_seq, applied.seq),
        batch_ends=tuple(end for end in state.batch_ends if end > applied.seq),
        waiting_since=now if progressed else state.waiting_since,
    )


def on_lacking(state: SenderState, lacking: Position, fences: int | None) -> SenderState:
    """Take note that the receiver knows an event of this log that is not in it: nothing is sent, a person must look.

    The log is that of a restored or copied box. It is for the receiver to fence it, once it is told so.
    """
    return replace(state, acknowledged=None, batch_ends=(), lacking=lacking, fences=fences)


def on_tick(state: SenderState, now: float) -> SenderState:
    """Fall back to the acknowledged event when acknowledgements have stopped coming."""
    return state if now - state.waiting_since < ACK_TIMEOUT_SECONDS else rewind(state, now)


def rewind(state: SenderState, now: float) -> SenderState:
    """Resume at the acknowledged event: what is in flight is lost or of no use."""
    if not state.batch_ends or state.acknowledged is None:
        return state
    return replace(
        state,
        sent_seq=state.acknowledged.seq,
        batch_ends=(),
        waiting_since=now,
        resends=state.resends + 1,
    )


def next_range(state: SenderState, head_seq: int, most: int = MAX_BATCH_EVENTS) -> tuple[int, int] | None:
    """Return the first `seq` to send and how many events at most, or None when there is nothing to do."""
    if state.acknowledged is None or state.fenced is not None or len(state.batch_ends) >= MAX_IN_FLIGHT:
        return None
    if state.sent_seq >= head_seq:
        return None
    return state.sent_seq + 1, min(most, head_seq - state.sent_seq)


def on_sent(state: SenderState, last_seq: int, now: float) -> SenderState:
    """Take note that a batch up to `last_seq` was put on the wire."""
    return replace(
        state,
        sent_seq=last_seq,
        batch_ends=(*state.batch_ends, last_seq),
        waiting_since=state.waiting_since if state.batch_ends else now,
    )


def fit(bodies: list[bytes], most_bytes: int = MAX_BATCH_BYTES) -> list[bytes]:
    """Return the leading bodies that fit one batch; always at least one."""
    total = 0
    for count, body in enumerate(bodies):
        total += len(body)
        if count and total > most_bytes:
            return bodies[:count]
    return bodies
