"""The sync protocol as laws: whatever the network does, the receiver ends with the sender's log, once."""

import random
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.events.envelope import GENESIS_HASH, Event
from shared.sync import receiver, sender
from shared.sync.position import Position
from tests.shared.events.test_chain_and_clock import EPOCH, log

pytestmark = pytest.mark.req("P-2", "I-04", "I-05")


@dataclass
class Hub:
    """Applies what the receiver says; remembers every application to catch a second one."""

    applied: Position = field(default_factory=lambda: Position(EPOCH))
    events: list[Event] = field(default_factory=list)
    duplicates: int = 0

    def hash_at(self, seq: int) -> str | None:
        return self.events[seq - 1].hash if 1 <= seq <= len(self.events) else None

    def take(self, first_seq: int, bodies: list[bytes]) -> receiver.Verdict:
        verdict = receiver.judge_batch(self.applied, first_seq, bodies, self.hash_at, "d")
        if isinstance(verdict, receiver.Fresh):
            self.events += verdict.events
            self.applied = verdict.applied
            self.duplicates += verdict.duplicates
        return verdict


@given(st.integers(0, 400), st.integers(0, 2**32), st.floats(0, 0.6))
@settings(max_examples=40, deadline=None)
def test_lossy_duplicating_reordering_network_delivers_every_event_once(length: int, seed: int, loss: float) -> None:
    events, hub, chance = log(length), Hub(), random.Random(seed)
    state, now = sender.SenderState("s"), 0.0
    state = sender.on_acknowledgement(state, sender.Acknowledgement("s", hub.applied), now)
    wire: list[tuple[int, list[bytes]]] = []
    for _ in range(2000):
        now += 1.0
        state = sender.on_tick(state, now)
        while (wanted := sender.next_range(state, length)) is not None:
            first, limit = wanted
            limit = min(limit, 1 + chance.randrange(50))
            bodies = sender.fit([event.body for event in events[first - 1 : first - 1 + limit]])
            state = sender.on_sent(state, first + len(bodies) - 1, now)
            copies = 0 if chance.random() < loss else 1 + (chance.random() < 0.2)
            wire += [(first, bodies)] * copies
        chance.shuffle(wire)
        for _ in range(len(wire)):
            hub.take(*wire.pop())
            if chance.random() >= loss:
                state = sender.on_acknowledgement(state, sender.Acknowledgement("s", hub.applied), now)
        if state.acknowledged is not None and state.acknowledged.seq == length:
            break
    assert [event.hash for event in hub.events] == [event.hash for event in events]


def test_sender_says_nothing_before_the_receiver_has_spoken() -> None:
    assert sender.next_range(sender.SenderState("s"), 10) is None


def test_window_bounds_what_is_in_flight() -> None:
    state = sender.on_acknowledgement(sender.SenderState("s"), sender.Acknowledgement("s", Position(EPOCH)), 0)
    batches = 0
    while (wanted := sender.next_range(state, 10_000)) is not None:
        state = sender.on_sent(state, wanted[0] + wanted[1] - 1, 0)
        batches += 1
    assert batches == sender.MAX_IN_FLIGHT


def test_receiver_that_went_back_is_sent_the_missing_events_again() -> None:
    state = sender.on_acknowledgement(sender.SenderState("s"), sender.Acknowledgement("s", Position(EPOCH, 90, "h")), 0)
    assert sender.next_range(state, 100) == (91, 10)
    state = sender.on_acknowledgement(state, sender.Acknowledgement("s", Position(EPOCH, 40, "h")), 0)
    assert sender.next_range(state, 100) == (41, 60)


def test_acknowledgement_of_another_connection_is_ignored() -> None:
    state = sender.on_acknowledgement(sender.SenderState("s"), sender.Acknowledgement("s", Position(EPOCH, 90, "h")), 0)
    replayed = sender.Acknowledgement("old", Position(EPOCH, 0, GENESIS_HASH))
    assert sender.on_acknowledgement(state, replayed, 0) == state


def test_fenced_sender_stops() -> None:
    word = sender.Acknowledgement("s", Position(EPOCH), fenced=True, reason="another log")
    state = sender.on_acknowledgement(sender.SenderState("s"), word, 0)
    assert state.fenced == "another log"
    assert sender.next_range(state, 10) is None


def test_silence_makes_the_sender_start_again_at_the_last_acknowledged_event() -> None:
    state = sender.on_acknowledgement(sender.SenderState("s"), sender.Acknowledgement("s", Position(EPOCH)), 0)
    state = sender.on_sent(state, 200, 0)
    assert sender.on_tick(state, sender.ACK_TIMEOUT_SECONDS - 0.1) == state
    state = sender.on_tick(state, sender.ACK_TIMEOUT_SECONDS)
    assert sender.next_range(state, 300) == (1, 200)
    assert state.resends == 1


@given(st.lists(st.integers(1, 200_000), min_size=1, max_size=20))
def test_batches_stay_under_their_size_unless_one_event_alone_is_larger(sizes: list[int]) -> None:
    bodies = [b"x" * size for size in sizes]
    fitted = sender.fit(bodies)
    assert fitted == bodies[: len(fitted)]
    assert len(fitted) == 1 or sum(map(len, fitted)) <= sender.MAX_BATCH_BYTES


def test_gap_names_the_missing_event_and_applies_nothing() -> None:
    events, hub = log(10), Hub()
    hub.take(1, [events[0].body])
    assert hub.take(5, [events[4].body]) == receiver.Gap(2)
    assert hub.applied.seq == 1


def test_log_that_differs_anywhere_is_a_fork_and_applies_nothing() -> None:
    events, other = log(6), log(6)
    hub = Hub()
    hub.take(1, [event.body for event in events[:3]])
    forged = Event.seal_in_chain(events[2].fields.model_dump(mode="json") | {"actor": "mallory"})
    assert isinstance(hub.take(3, [forged.body]), receiver.Fork)
    assert isinstance(hub.take(4, [events[4].body]), receiver.Fork)
    assert isinstance(hub.take(4, [other[3].body, b"rubbish"]), receiver.Fork)
    assert hub.applied.seq == 3


def test_hello_is_a_fork_only_of_a_box_that_was_told_of_an_event_and_has_it_not() -> None:
    hub = Hub()
    hub.take(1, [event.body for event in log(5)])
    behind = Position(EPOCH, 4, hub.hash_at(4) or "")
    assert receiver.judge_hello(behind, None, hub.hash_at) is None
    assert isinstance(receiver.judge_hello(behind, hub.applied, hub.hash_at), receiver.Fork)
    assert receiver.judge_hello(behind, Position(EPOCH, 5, "of another hub"), hub.hash_at) is None
    assert receiver.judge_hello(behind, Position("another", 5, hub.applied.hash), hub.hash_at) is None
    other = receiver.judge_hello(Position(EPOCH, 9, "y"), hub.applied, hub.hash_at)
    assert isinstance(other, receiver.Fork)
    assert other.seq == 5
