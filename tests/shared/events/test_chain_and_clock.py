"""Hash chain, hybrid clock, envelope and sealing as laws."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.crypto.aead import CannotOpen, new_key
from shared.events.catalogue import complete_catalogue
from shared.events.catalogue.client import ClientRegistered
from shared.events.chain import Head, LogRow, verify_chain
from shared.events.envelope import (
    GENESIS_HASH,
    MAX_BODY_BYTES,
    Event,
    HashMismatch,
    MalformedEvent,
    canonical_json,
)
from shared.events.hlc import ClockTooFarAhead, HybridClock, Timestamp
from shared.events.payload import InvalidPayload, UnknownSchema
from shared.events.sealing import close_payload, open_payload
from shared.ids import Uuid7Source
from tests.support.clocks import ManualClock

EPOCH = "00000000000000aa"


def fields(seq: int, previous: str, **changes: Any) -> dict[str, Any]:
    base = {
        "id": f"00000000-0000-7000-8000-{seq:012x}",
        "tenant": "t", "location": "l", "device": "d", "epoch": EPOCH, "seq": seq, "prev_hash": previous,
        "aggregate": "a/1", "version": seq, "hlc": f"{seq:016x}", "wall_time": "2026-03-02T09:00:00+00:00",
        "clock_quality": "free_running", "type": "box.stopped", "schema_version": 1, "actor": "x",
        "purpose": "p", "sensitivity": "operational", "client": None, "payload": {},
    }  # fmt: skip
    return base | changes


def log(length: int) -> list[Event]:
    events: list[Event] = []
    for seq in range(1, length + 1):
        events.append(Event.seal_in_chain(fields(seq, events[-1].hash if events else GENESIS_HASH)))
    return events


def rows(events: list[Event]) -> list[LogRow]:
    return [LogRow(event.fields.epoch, event.fields.seq, event.body, event.hash) for event in events]


def head(events: list[Event]) -> Head:
    return Head(EPOCH, len(events), events[-1].hash if events else GENESIS_HASH)


@given(st.integers(0, 12))
def test_untouched_log_is_intact_at_any_length(length: int) -> None:
    events = log(length)
    report = verify_chain(rows(events), head(events))
    assert report.intact
    assert report.length == length


@given(st.data(), st.integers(1, 10))
def test_any_flipped_byte_is_found_at_its_event(data: st.DataObject, length: int) -> None:
    events = log(length)
    seq = data.draw(st.integers(1, length))
    where = data.draw(st.integers(0, len(events[seq - 1].body) - 1))
    body = bytearray(events[seq - 1].body)
    body[where] ^= 1
    stored = rows(events)
    stored[seq - 1] = LogRow(EPOCH, seq, bytes(body), events[seq - 1].hash)
    damage = verify_chain(stored, head(events)).damage
    assert damage is not None
    assert damage.seq == seq


@given(st.data(), st.integers(2, 10))
def test_rehashed_edit_is_found_by_its_successor_or_the_head(data: st.DataObject, length: int) -> None:
    events = log(length)
    seq = data.draw(st.integers(1, length))
    edited = Event.seal_in_chain(json.loads(events[seq - 1].body) | {"actor": "mallory"})
    stored = rows(events)
    stored[seq - 1] = LogRow(EPOCH, seq, edited.body, edited.hash)
    damage = verify_chain(stored, head(events)).damage
    assert damage is not None
    assert (damage.kind, damage.seq) == ("changed", seq)


@given(st.data(), st.integers(1, 10))
def test_lost_tail_and_lost_middle_are_told_apart(data: st.DataObject, length: int) -> None:
    events = log(length)
    seq = data.draw(st.integers(1, length))
    stored = [row for row in rows(events) if row.seq != seq]
    damage = verify_chain(stored, head(events)).damage
    assert damage is not None
    assert (damage.kind, damage.seq) == ("cut_off" if seq == length else "removed", seq)


def test_new_epoch_continues_the_chain_of_the_former_one() -> None:
    events = log(3)
    later = Event.seal_in_chain(fields(1, events[-1].hash, epoch="00000000000000bb", version=4))
    stored = [*rows(events), *rows([later])]
    assert verify_chain(stored, Head("00000000000000bb", 1, later.hash)).intact
    loose = Event.seal_in_chain(fields(1, GENESIS_HASH, epoch="00000000000000bb", version=4))
    assert not verify_chain([*rows(events), *rows([loose])], Head("00000000000000bb", 1, loose.hash)).intact


def test_unknown_field_survives_a_round_trip() -> None:
    event = Event.seal_in_chain(fields(1, GENESIS_HASH, from_the_future={"a": 1}))
    again = Event.from_body(event.body, event.hash)
    assert again.body == event.body
    assert again.fields.model_extra == {"from_the_future": {"a": 1}}


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"{}", b"\xff\xfe", b'{"seq": NaN}', b"[" * 5000, canonical_json(fields(0, GENESIS_HASH))],
)
def test_bytes_that_are_no_event_are_refused(body: bytes) -> None:
    with pytest.raises(MalformedEvent):
        Event.from_body(body)


def test_event_over_the_size_limit_or_with_nan_or_another_hash_is_refused() -> None:
    with pytest.raises(MalformedEvent, match="event_too_large"):
        Event.seal_in_chain(fields(1, GENESIS_HASH, payload={"x": "y" * MAX_BODY_BYTES}))
    with pytest.raises(MalformedEvent, match="not_json"):
        Event.seal_in_chain(fields(1, GENESIS_HASH, payload={"x": float("nan")}))
    with pytest.raises(HashMismatch):
        Event.from_body(log(1)[0].body, "0" * 64)


@given(st.lists(st.integers(-(10**6), 10**6), max_size=40))
def test_timestamps_only_grow_whatever_the_wall_clock_does(jumps: list[int]) -> None:
    clock = ManualClock()
    hybrid = HybridClock(clock)
    issued = [hybrid.tick()]
    for jump in jumps:
        clock.jump_wall(jump / 1000)
        issued.append(hybrid.tick())
    assert issued == sorted(set(issued))
    texts = [str(item) for item in issued]
    assert texts == sorted(texts)
    assert [Timestamp.parse(text) for text in texts] == issued


@given(st.integers(-(10**6), 10**6))
def test_tick_comes_after_every_observed_timestamp(offset: int) -> None:
    clock = ManualClock()
    hybrid = HybridClock(clock)
    remote = Timestamp(int(clock.wall().timestamp() * 1000) + offset, 7)
    hybrid.observe(remote)
    assert hybrid.tick() > remote


def test_peer_a_year_ahead_cannot_drag_the_clock_along() -> None:
    clock = ManualClock()
    hybrid = HybridClock(clock)
    far = int((clock.wall() + timedelta(days=365)).timestamp() * 1000)
    with pytest.raises(ClockTooFarAhead):
        hybrid.observe(Timestamp(far, 0))
    assert hybrid.tick().milliseconds < far


def test_counter_overflow_within_one_millisecond_moves_to_the_next() -> None:
    clock = ManualClock(datetime(2026, 1, 1, tzinfo=UTC))
    last = Timestamp(int(clock.wall().timestamp() * 1000), 0xFFFF)
    assert HybridClock(clock, last).tick() == Timestamp(last.milliseconds + 1, 0)


def test_ids_are_version_7_and_ordered_by_time() -> None:
    clock = ManualClock()
    source = Uuid7Source(clock)
    first = source.new()
    clock.advance(1)
    second = source.new()
    assert first < second
    assert first[14] == "7"
    assert first[19] in "89ab"


@given(st.text(min_size=1, max_size=120), st.text(max_size=200))
def test_sealed_fields_come_back_and_never_stand_in_clear(name: str, note: str) -> None:
    key = new_key()
    payload = ClientRegistered(name=name, note=note)
    closed = close_payload(payload, "event-1", key)
    assert not payload.sealed_fields() & closed.keys()
    assert ClientRegistered.model_validate(open_payload(closed, "event-1", key)) == payload
    with pytest.raises(CannotOpen):
        open_payload(closed, "event-2", key)


def test_catalogue_names_what_is_wrong_with_a_payload_and_never_its_value() -> None:
    catalogue = complete_catalogue()
    with pytest.raises(UnknownSchema):
        catalogue.check("no.such", 1, {})
    with pytest.raises(InvalidPayload, match="sealed_field_in_clear"):
        catalogue.check("client.registered", 1, {"name": "Ada Canary"})
    with pytest.raises(InvalidPayload) as refusal:
        catalogue.check("client.registered", 1, {"tone_monk": "Canary"})
    assert "tone_monk" in str(refusal.value)
    assert "Canary" not in str(refusal.value)
    catalogue.check("client.registered", 1, {"sealed": "x", "tone_monk": 3})
