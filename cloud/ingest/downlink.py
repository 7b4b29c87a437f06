"""Sends each clinic's log down to its boxes, by the same rules as a box sends its own up."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass

from cloud.storage.database import Database
from cloud.storage.devices import DeviceRepository, DeviceState
from cloud.storage.down import DownLog
from shared.clock import Clock
from shared.ids import DeviceId, LocationId, TenantId
from shared.sync import sender
from shared.sync.position import Position
from shared.wire import medspa_pb2 as wire

SessionSource = Callable[[], str]


@dataclass(frozen=True, slots=True)
class BoxAddress:
    """One device of one tenant."""

    tenant: TenantId
    device: DeviceId


@dataclass(frozen=True, slots=True)
class _Link:
    location: LocationId
    box_session: str
    head: Position
    state: sender.SenderState


class DownLinks:
    """The sending half towards every box; used by one thread only."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        new_epoch: SessionSource = lambda: secrets.token_hex(8),
        new_session: SessionSource = lambda: secrets.token_hex(8),
    ) -> None:
        self._database = database
        self._clock = clock
        self._new_epoch = new_epoch
        self._new_session = new_session
        self._links: dict[BoxAddress, _Link] = {}

    def greet(self, box: BoxAddress, box_session: str) -> list[wire.Message]:
        """Answer a box's greeting with the hub's own; the same box session keeps the same hub session."""
        known = self._links.get(box)
        if known is None or known.box_session != box_session:
            location = self._location(box)
            if location is None:
                self._links.pop(box, None)
                return []
            state = sender.SenderState(session=self._new_session())
            self._links[box] = known = _Link(location, box_session, self._head(box.tenant, location), state)
        hello = wire.Hello(session=known.state.session, head=known.head.to_wire())
        return [wire.Message(hello=hello)]

    def knows(self, box: BoxAddress) -> bool:
        """Tell whether this box was greeted since the hub started."""
        return box in self._links

    def acknowledge(self, box: BoxAddress, ack: wire.Ack) -> None:
        """Take note of how far a box has applied its clinic's log; idempotent, other sessions are ignored."""
        link = self._links.get(box)
        if link is None or ack.session != link.state.session:
            return
        applied = Position.from_wire(ack.applied)
        if applied.epoch != link.head.epoch or applied.seq > self._head(box.tenant, link.location).seq:
            return
        word = sender.Acknowledgement(ack.session, applied, ack.fenced, ack.reason)
        state = sender.on_acknowledgement(link.state, word, self._clock.monotonic())
        self._links[box] = _Link(link.location, link.box_session, link.head, state)
        if state.acknowledged is not None and state.acknowledged != link.state.acknowledged:
            with self._database.write(box.tenant) as connection:
                DownLog(connection, box.tenant).set_applied(box.device, state.acknowledged)

    def due(self, box: BoxAddress) -> list[wire.Message]:
        """Return the batches to send to a box now."""
        link = self._links.get(box)
        if link is None:
            return []
        now = self._clock.monotonic()
        state = sender.on_tick(link.state, now)
        head = self._head(box.tenant, link.location)
        if sender.next_range(state, head.seq) is not None and self._location(box) != link.location:
            # Revoked or fenced meanwhile, perhaps by another process: it is told nothing more.
            self.forget(box)
            return []
        messages: list[wire.Message] = []
        while (wanted := sender.next_range(state, head.seq)) is not None:
            first_seq, limit = wanted
            with self._database.read(box.tenant) as connection:
                bodies = DownLog(connection, box.tenant).bodies(link.location, head.epoch, first_seq, limit)
            bodies = sender.fit(bodies)
            batch = wire.EventBatch(session=state.session, epoch=head.epoch, first_seq=first_seq, bodies=bodies)
            messages.append(wire.Message(events=batch))
            state = sender.on_sent(state, first_seq + len(bodies) - 1, now)
        self._links[box] = _Link(link.location, link.box_session, head, state)
        return messages

    def forget(self, box: BoxAddress) -> None:
        """Stop sending to a box."""
        self._links.pop(box, None)

    def boxes(self) -> list[BoxAddress]:
        """Return every box greeted since the start."""
        return list(self._links)

    def _location(self, box: BoxAddress) -> LocationId | None:
        with self._database.read(box.tenant) as connection:
            record = DeviceRepository(connection, box.tenant).get(box.device)
        return record.location if record is not None and record.state is DeviceState.ACTIVE else None

    def _head(self, tenant: TenantId, location: LocationId) -> Position:
        with self._database.read(tenant) as connection:
            head = DownLog(connection, tenant).head(location)
        if head is not None:
            return head
        with self._database.write(tenant) as connection:
            return DownLog(connection, tenant).head_or_new(location, self._new_epoch())
