"""The box's end of the protocol, without a thread: our log up, the hub's log down.

`handle` takes in what happened on the transport, `pump` sends what is due; `link.py` calls both from its thread, a
simulation from its virtual clock.
"""

import contextlib
import json
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import structlog

from edge.store.events import SqlcipherEventStore
from edge.store.hub_life import HubLife
from edge.sync.backfill import BulkOutlet
from edge.sync.cursor import HubCursor
from edge.sync.hub_log import HubLog
from edge.sync.inbox import Inbox
from edge.sync.mqtt import Incoming, Outlet, Signal
from edge.sync.sealing import KeyRing, LinkSealing
from edge.sync.status import LinkStatus
from edge.sync.ways import Ways
from shared.clock import Clock
from shared.crypto.aead import CannotOpen
from shared.errors import Rejected, Retryable
from shared.sync import sender
from shared.sync.position import Position, place_of
from shared.sync.route import RouteState
from shared.wire import medspa_pb2 as wire

_HELLO_AGAIN_SECONDS: Final = 3.0
_NOW_EVERY_SECONDS: Final = 2.0
_FENCED_HELLO_SECONDS: Final = 30.0


class LinkProtocol:
    """The state of one link; used by one thread only, but for `status`."""

    def __init__(
        self,
        store: SqlcipherEventStore,
        inbox: Inbox,
        outlet: Outlet,
        *,
        transport_key: bytes | KeyRing,
        clock: Clock,
        snapshot: Callable[[], Mapping[str, Any]],
        software: str,
        bulk: BulkOutlet | None = None,
    ) -> None:
        """Keep the collaborators.

        Args:
            store: the log to send.
            inbox: applies the hub's log.
            outlet: where messages go.
            transport_key: seals every message; a ring where it may change.
            clock: for time-outs and the times people see.
            snapshot: returns the clinic's present state for the hub, without personal data.
            software: version of this software.
            bulk: where batches go instead while many wait; what comes back there goes through `handle`, too.
        """
        self._store = store
        self._inbox = inbox
        self._outlet = outlet
        self._ways = Ways(outlet, bulk)
        self._sealing = LinkSealing(store.identity, transport_key)
        self._clock = clock
        self._snapshot = snapshot
        self._software = software
        self._log = structlog.get_logger()
        self._state = sender.SenderState(session="")
        self._connected = False
        self._life = HubLife(store)
        self._hub_log = HubLog(inbox, self._life, self._send)
        self._hello_at = self._now_at = float("-inf")
        self._cursor = HubCursor(store)
        self._epochs: Sequence[Position] = store.epochs()
        self._at = 0
        self._status = LinkStatus(False, clock.wall(), acknowledged=self._cursor.position)

    @property
    def status(self) -> LinkStatus:
        """The link now."""
        return self._status

    @property
    def route(self) -> RouteState:
        """Which transport batches take now."""
        return self._ways.state

    def handle(self, incoming: Incoming) -> None:
        """Take in what happened on the transport.

        Raises:
            NotConnected: an answer could not be sent; its receiver will ask again.
            Retryable: the disk refuses or is slow; nothing of it was applied, and it comes again.
        """
        if incoming.signal is Signal.CONNECTED:
            self._connected = True
            self._epochs = self._store.epochs()
            self._begin(0)
        elif incoming.signal is Signal.DISCONNECTED:
            self._connected = False
            self._ways.close()
            self._set_online(online=False)
        elif incoming.signal is Signal.BULK_LOST:
            self._state = self._ways.bulk_lost(self._state, self._clock.monotonic())
        elif incoming.signal is Signal.MESSAGE:
            self._receive(incoming.data)

    def _receive(self, data: bytes) -> None:
        try:
            message = self._sealing.open(data)
        except (Rejected, CannotOpen) as error:
            self._status = replace(self._status, refused=self._status.refused + 1)
            self._log.warning("message_refused", code=error.code)
            return
        match message.WhichOneof("kind"):
            case "ack":
                self._on_ack(message.ack)
            case "hello":
                self._hub_log.greeted(message.hello)
            case "events":
                self._count_repeated(self._hub_log.take(message.events))
            case "resend":
                self._send_again(message.resend)
            case other:
                self._log.info("message_ignored", kind=str(other))

    def _on_ack(self, ack: wire.Ack) -> None:
        if ack.session != self._state.session:
            self._count_repeated(1)
            return
        if self._life.heard(ack.hub_epoch) and self._at > 0:
            self._begin(0)  # restored, and asked about the last epoch only
            return
        applied, fences = Position.from_wire(ack.applied), ack.fences if ack.HasField("fences") else None
        if not ack.fenced and self._lacks(applied):
            self._told_of_lacking(applied, fences)
            return
        word = sender.Acknowledgement(ack.session, applied, ack.fenced, ack.reason, ack.gap, fences)
        self._state = sender.on_acknowledgement(self._state, word, self._clock.monotonic())
        acknowledged = self._state.acknowledged
        if acknowledged is not None and not ack.fenced:
            self._go_on(acknowledged)
        self._status = replace(
            self._status,
            last_acknowledged_at=self._clock.wall(),
            acknowledged=self._cursor.position,
            fenced=self._state.fenced,
            duplicates=self._status.duplicates + ack.duplicates,
        )
        self._set_online(online=not ack.fenced)
        if ack.fenced:
            self._log.error("box_fenced", epoch=ack.applied.epoch, seq=ack.applied.seq)

    def _lacks(self, applied: Position) -> bool:
        """Tell whether the hub's first word names an event of the last epoch that is not in this log.

        Of a former epoch it may have more: a restored box has left it before its end.
        """
        end = self._end()
        if self._at + 1 < len(self._epochs) or self._state.acknowledged is not None or applied.epoch != end.epoch:
            return False
        if applied.seq > end.seq:
            return True
        here = self._store.rows("SELECT hash FROM events WHERE epoch = ? AND seq = ?", (end.epoch, applied.seq))
        return bool(here) and here[0][0] != applied.hash

    def _told_of_lacking(self, lacking: Position, fences: int | None) -> None:
        """Answer that the log has no such event, at once and then now and then, until the hub has fenced this box."""
        if (lacking, fences) != (self._state.lacking, self._state.fences):
            self._hello_at = float("-inf")
            self._log.error("log_lacks_event", epoch=lacking.epoch, seq=lacking.seq)
        self._state = sender.on_lacking(self._state, lacking, fences)

    def _go_on(self, acknowledged: Position) -> None:
        """Take note of how far the hub is, and turn to the epoch that is due: one after the other, oldest first."""
        before = self._cursor.position
        if self._at > 0 and before is not None and before.epoch == acknowledged.epoch and before.seq > acknowledged.seq:
            # The hub was restored: what it lost of this epoch it may have lost of those before.
            self._cursor.move(Position(self._epochs[0].epoch))
            self._begin(0)
            return
        complete = self._at + 1 < len(self._epochs) and acknowledged.seq >= self._epochs[self._at].seq
        # That a former epoch is complete at the hub, as it was, is no step back.
        stays = complete and place_of(before, self._epochs) > self._at
        if acknowledged != before and not stays:
            self._cursor.move(acknowledged)
        if complete:
            self._begin(self._at + 1)

    def _begin(self, at: int) -> None:
        """Greet for one of the log's epochs next, as a new session."""
        self._at = at
        self._state = sender.SenderState(session=secrets.token_hex(8), resends=self._state.resends)
        self._hello_at = float("-inf")
        self._hub_log.must_ask = False

    def _end(self) -> Position:
        """Return the end of the epoch that is being sent; only the last one grows."""
        return self._store.head() if self._at + 1 == len(self._epochs) else self._epochs[self._at]

    def _send_again(self, wanted: wire.Resend) -> None:
        """Send events that the hub's copy has lost; it asks again for what does not fit one message."""
        most = min(wanted.count, sender.MAX_BATCH_EVENTS)
        bodies = sender.fit(self._store.bodies(wanted.first_seq - 1, most, wanted.epoch))
        if bodies:
            resent = wire.EventBatch(epoch=wanted.epoch, first_seq=wanted.first_seq, bodies=bodies)
            self._send(wire.Message(resent=resent))

    def pump(self) -> None:
        """Send what is due now; to be called after each `handle`, after each append and every now and then.

        Raises:
            NotConnected: there is no connection; what was due still is.
            Retryable: the log cannot be read now.
        """
        now = self._clock.monotonic()
        if self._connected:
            self._send_due(now)
        self._cursor.store(now)

    def _send_due(self, now: float) -> None:
        if self._state.fenced is not None:
            # A person may let the box in again at any time: ask anew, as a new session, now and then.
            if now - self._hello_at >= _FENCED_HELLO_SECONDS:
                self._begin(0)
                self._say_hello(now)
            return
        if self._hub_log.must_ask and now - self._hello_at >= _HELLO_AGAIN_SECONDS:
            self._begin(0)
        if self._state.acknowledged is None:
            if now - self._hello_at >= _HELLO_AGAIN_SECONDS:
                self._say_hello(now)
            return
        if now - self._now_at >= _NOW_EVERY_SECONDS:
            self._now_at = now
            text = json.dumps(self._snapshot()).encode()
            self._send(wire.Message(now=wire.Now(session=self._state.session, json=text)))
        self._hub_log.hand_back(now)
        if not self._hub_log.comes_first:
            self._send_events(now)

    def _say_hello(self, now: float) -> None:
        self._hello_at = now
        hello = wire.Hello(session=self._state.session, head=self._end().to_wire(), software=self._software)
        if self._state.lacking is not None:
            hello.applied.CopyFrom(self._state.lacking.to_wire())
        if self._state.fences is not None:
            hello.fences = self._state.fences
        self._send(wire.Message(hello=hello))

    def _send_events(self, now: float) -> None:
        before = self._state.resends
        end = self._end()
        behind = end.seq - (self._state.acknowledged.seq if self._state.acknowledged else 0)
        self._state = self._ways.prepare(self._state, behind, now)
        if self._state.resends != before:
            self._status = replace(self._status, resent=self._state.resends)
        while (wanted := sender.next_range(self._state, end.seq, self._ways.most_events)) is not None:
            first_seq, limit = wanted
            bodies = sender.fit(self._store.bodies(first_seq - 1, limit, end.epoch), self._ways.most_bytes)
            batch = wire.EventBatch(session=self._state.session, epoch=end.epoch, first_seq=first_seq, bodies=bodies)
            if self._state.fences is not None:
                batch.fences = self._state.fences
            self._ways.publish(self._sealing.seal(wire.Message(events=batch)))
            self._state = sender.on_sent(self._state, first_seq + len(bodies) - 1, now)
            self._status = replace(self._status, sent=self._status.sent + len(bodies))

    def close(self) -> None:
        """Store the cursor and leave the bulk transport; the broker's connection is its owner's."""
        self._ways.close()
        with contextlib.suppress(Retryable):  # on a full disk the next start sends again what the hub has
            self._cursor.store(float("inf"))

    def _send(self, message: wire.Message) -> None:
        self._outlet.publish(self._sealing.seal(message))

    def _count_repeated(self, count: int) -> None:
        if count:
            self._status = replace(self._status, repeated=self._status.repeated + count)

    def _set_online(self, *, online: bool) -> None:
        if online != self._status.online:
            self._status = replace(self._status, online=online, since=self._clock.wall())
