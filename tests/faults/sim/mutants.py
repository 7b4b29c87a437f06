"""Ten defects that somebody could plant in the protocol; each must be caught by the invariant it breaks."""

import re
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from typing import Any
from unittest.mock import patch

import cloud.ingest.intake
import edge.clients.erasure
import edge.store.pruner
import edge.sync.inbox
import shared.sync.receiver
from cloud.ingest.downlink import BoxAddress
from cloud.ingest.service import Arrived, IngestService
from cloud.storage.projections import Projections
from edge.store.database import Connection
from edge.store.events import DOWN_CURSOR, write_cursor
from edge.sync.link import SyncLink
from edge.sync.mqtt import Incoming, Signal
from edge.sync.protocol import LinkProtocol
from shared.crypto.aead import CannotOpen
from shared.errors import Rejected
from shared.events.envelope import Event, body_hash
from shared.events.hlc import HybridClock, Timestamp
from shared.ids import DeviceId
from shared.sync.position import Position
from shared.sync.receiver import Fork, Fresh, Gap, HashAt, Verdict, judge_batch, judge_events
from shared.wire import medspa_pb2 as wire
from shared.wire.envelope import open_message
from shared.wire.topics import UP, parse_topic


@dataclass(frozen=True)
class Mutant:
    """One planted defect.

    Attributes:
        name: what is wrong.
        plant: patches the production code while its context lasts.
        troubles: the faults that bring it to light.
        caught_by: ids of the invariants that may name it first.
    """

    name: str
    plant: Callable[[], AbstractContextManager[Any]]
    troubles: Sequence[str]
    caught_by: frozenset[str]


def _acknowledge_before_commit() -> AbstractContextManager[Any]:
    real = IngestService._handle

    def handle(self: IngestService, work: Arrived) -> None:
        try:
            tenant, device, channel = parse_topic(work.topic)
            key = self._handler._keys.transport(tenant, device)
            batch = open_message(work.payload, tenant, device, UP, key).events if channel == UP else wire.EventBatch()
        except (Rejected, CannotOpen):
            batch = wire.EventBatch()
        if batch.bodies:
            last = Position(batch.epoch, batch.first_seq + len(batch.bodies) - 1, body_hash(batch.bodies[-1]))
            ack = wire.Message(ack=wire.Ack(session=batch.session, applied=last.to_wire()))
            self._send(BoxAddress(tenant, device), [ack])
        real(self, work)

    return patch.object(IngestService, "_handle", handle)


def _cursor_moved_early() -> AbstractContextManager[Any]:
    real = LinkProtocol._send_events

    def send_events(self: LinkProtocol, now: float) -> None:
        real(self, now)
        sent = self._store.read(self._state.sent_seq - 1, 1)
        if sent:
            fields = sent[0].fields
            self._cursor.move(Position(fields.epoch, fields.seq, sent[0].hash))

    return patch.object(LinkProtocol, "_send_events", send_events)


def _duplicate_applied() -> AbstractContextManager[Any]:
    def judge(applied: Position, first_seq: int, bodies: Sequence[bytes], hash_at: HashAt, device: str) -> Verdict:
        verdict = judge_batch(applied, first_seq, bodies, hash_at, device)
        if isinstance(verdict, Fresh):
            return Fresh(tuple(Event.from_body(body) for body in bodies), verdict.applied, 0)
        return verdict

    def record(connection: Connection, event: Event, reason: str | None) -> None:
        fields = event.fields
        connection.execute(
            "INSERT OR REPLACE INTO inbox VALUES (?, ?, ?, ?, ?, ?)",
            (fields.epoch, fields.seq, fields.id, event.hash, event.body, reason),
        )
        write_cursor(connection, DOWN_CURSOR, Position(fields.epoch, fields.seq, event.hash))

    return _both(
        patch.object(shared.sync.receiver, "judge_batch", judge), patch.object(edge.sync.inbox, "_record", record)
    )


def _gap_ignored() -> AbstractContextManager[Any]:
    def judge(applied: Position, first_seq: int, arrived: Any, hash_at: HashAt, device: str) -> Verdict:
        verdict = judge_events(applied, first_seq, arrived, hash_at, device)
        events = [item for item in arrived if isinstance(item, Event)]
        if isinstance(verdict, Gap) and events:
            before = Position(applied.epoch, first_seq - 1, events[0].fields.prev_hash)
            return judge_events(before, first_seq, arrived, hash_at, device)
        return verdict

    return patch.object(cloud.ingest.intake, "judge_events", judge)


def _fork_merged() -> AbstractContextManager[Any]:
    def judge(applied: Position, first_seq: int, arrived: Any, hash_at: HashAt, device: str) -> Verdict:
        verdict = judge_events(applied, first_seq, arrived, hash_at, device)
        if not isinstance(verdict, Fork):
            return verdict
        events = tuple(item for item in arrived if isinstance(item, Event) and item.fields.seq > applied.seq)
        end = Position(applied.epoch, events[-1].fields.seq, events[-1].hash) if events else applied
        return Fresh(events, end, len(arrived) - len(events))

    return _both(
        patch.object(cloud.ingest.intake, "judge_events", judge),
        patch.object(cloud.ingest.intake, "judge_hello", lambda *_: None),
    )


def _parked_event_blocks_others() -> AbstractContextManager[Any]:
    real = Projections.parked_heads

    def parked_heads(self: Projections, device: DeviceId, aggregates: Sequence[str]) -> dict[str, str]:
        rows = [row for row in self.rows("parked") if device in row]
        return dict.fromkeys(aggregates, str(rows[0][1])) if rows else real(self, device, aggregates)

    return patch.object(Projections, "parked_heads", parked_heads)


def _lost_wake_up() -> AbstractContextManager[Any]:
    real = SyncLink.step

    def step(self: SyncLink, incoming: Incoming) -> float:
        return 0.0 if incoming.signal is Signal.WAKE else real(self, incoming)

    return patch.object(SyncLink, "step", step)


def _clock_used_for_order() -> AbstractContextManager[Any]:
    return patch.object(HybridClock, "_after", lambda self, _last: Timestamp(self._wall(), 0))


def _prune_before_durable() -> AbstractContextManager[Any]:
    anything = re.sub(r"images\.confirmed = 1.*?''\)", "1", edge.store.pruner._HELD)
    return _both(
        patch.object(edge.store.pruner, "_HELD", anything),
        patch.object(edge.store.pruner, "_STILL_KEPT", "SELECT 1 FROM images WHERE name = ?"),
    )


def _tombstone_forgotten() -> AbstractContextManager[Any]:
    return patch.object(edge.clients.erasure, "_erased", lambda _store: [])


class _Both:
    def __init__(self, *patches: AbstractContextManager[Any]) -> None:
        self._patches = patches

    def __enter__(self) -> None:
        for item in self._patches:
            item.__enter__()

    def __exit__(self, *error: Any) -> None:
        for item in self._patches:
            item.__exit__(*error)


_both = partial(_Both)

MUTANTS = (
    Mutant("acknowledge before commit", _acknowledge_before_commit, ("hub dies", "lossy"), frozenset({"I-06"})),
    Mutant("cursor moved early", _cursor_moved_early, ("lossy", "one way"), frozenset({"I-06"})),
    Mutant("duplicate applied", _duplicate_applied, ("lossy", "broker"), frozenset({"I-04", "I-07"})),
    # Where what is missing is the beginning of an epoch, what follows it is refused for good.
    Mutant("gap ignored", _gap_ignored, ("lossy",), frozenset({"I-05", "I-08"})),
    Mutant("fork merged", _fork_merged, ("clone", "forged"), frozenset({"I-18"})),
    Mutant("prune before durable", _prune_before_durable, ("room", "unplug"), frozenset({"I-06"})),
    Mutant("tombstone forgotten", _tombstone_forgotten, ("deletion", "keys restored"), frozenset({"P-8"})),
    Mutant("parked event blocking others", _parked_event_blocks_others, ("poison",), frozenset({"I-10"})),
    Mutant("lost wake-up", _lost_wake_up, ("wake-up", "clear up"), frozenset({"I-08"})),
    Mutant("clock used for order", _clock_used_for_order, ("clock",), frozenset({"I-11"})),
)
