"""Sends each clinic's log down to its boxes, by the same rules as a box sends its own up.

A box is led through the epochs of its clinic's log in order: the next one is greeted when it has all of one.
"""

import json
import secrets
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Final

from pydantic import TypeAdapter

from cloud.storage.database import Database
from cloud.storage.devices import DeviceRepository, DeviceState
from cloud.storage.down import DownLog
from cloud.storage.down_links import BoxAddress, DownLinkRows
from cloud.storage.hub_epoch import hub_life
from shared.clock import Clock
from shared.ids import LocationId, TenantId
from shared.sync import sender
from shared.sync.position import Position
from shared.wire import medspa_pb2 as wire

SessionSource = Callable[[], str]
_HELLO_AGAIN_SECONDS: Final = 3.0


@dataclass(frozen=True, slots=True)
class _Link:
    location: LocationId
    box_session: str
    epoch: str
    state: sender.SenderState
    greeted_at: float
    version: int = 0


_READER: Final = TypeAdapter(_Link)


class DownLinks:
    """The sending half towards every box; what is known of each is shared by all threads and processes of the hub.

    When two act for one box at the same time, one of them comes too late and says nothing.
    """

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
        self._links = DownLinkRows(database, hub_life(database).epoch)

    def greet(self, box: BoxAddress, box_session: str) -> list[wire.Message]:
        """Answer a box's greeting with the hub's own; the same box session keeps the same hub session."""
        known = self._load(box)
        if known is None or known.box_session != box_session:
            location = self._location(box)
            if location is None:
                self._links.drop(box)
                return []
            first = self._ends(box.tenant, location)[0]
            known = self._begin(location, box_session, first.epoch)
        return self._hello(box, known)

    def greet_again(self, box: BoxAddress) -> list[wire.Message]:
        """Greet a box as before, after something about the log has changed; nobody is greeted who was not."""
        link = self._load(box)
        return [] if link is None else self._hello(box, link)

    def start_over(self, tenant: TenantId, location: LocationId, but: BoxAddress) -> None:
        """Lead every other box of a clinic through the log anew: a former epoch has grown."""
        for box in self.boxes():
            link = self._load(box) if box.tenant == tenant and box != but else None
            if link is not None and link.location == location:
                self.forget(box)

    def _begin(self, location: LocationId, box_session: str, epoch: str) -> _Link:
        return _Link(location, box_session, epoch, sender.SenderState(session=self._new_session()), float("-inf"))

    def _hello(self, box: BoxAddress, link: _Link) -> list[wire.Message]:
        if not self._store(box, link, replace(link, greeted_at=self._now())):
            return []
        ends = self._ends(box.tenant, link.location)
        hello = wire.Hello(
            session=link.state.session,
            head=next(end for end in ends if end.epoch == link.epoch).to_wire(),
            known=[end.to_wire() for end in ends],
        )
        return [wire.Message(hello=hello)]

    def knows(self, box: BoxAddress) -> bool:
        """Tell whether this box was greeted."""
        return self._load(box) is not None

    def acknowledge(self, box: BoxAddress, ack: wire.Ack) -> None:
        """Take note of how far a box has applied its clinic's log; idempotent, other sessions are ignored."""
        link = self._load(box)
        if link is None or ack.session != link.state.session:
            return
        applied = Position.from_wire(ack.applied)
        ends = self._ends(box.tenant, link.location)
        end = next((item for item in ends if item.epoch == applied.epoch), None)
        if applied.epoch != link.epoch or end is None:
            return
        if applied.seq > end.seq:
            if end == ends[-1]:
                return
            applied = end  # of a former epoch the box may remember more than a restored hub; it hands that back
        word = sender.Acknowledgement(ack.session, applied, ack.fenced, ack.reason)
        state = sender.on_acknowledgement(link.state, word, self._now())
        if not self._store(box, link, replace(link, state=state)):
            return
        if state.acknowledged is not None and state.acknowledged != link.state.acknowledged:
            with self._database.write(box.tenant) as connection:
                DownLog(connection, box.tenant).set_applied(box.device, state.acknowledged)

    def due(self, box: BoxAddress) -> list[wire.Message]:
        """Return the batches to send to a box now, or the greeting that is due."""
        link = self._load(box)
        if link is None:
            return []
        now = self._now()
        if link.state.acknowledged is None:
            # The greeting or its answer was lost: without another one nothing would ever go down.
            return self._hello(box, link) if now - link.greeted_at >= _HELLO_AGAIN_SECONDS else []
        ends = self._ends(box.tenant, link.location)
        place = next(index for index, end in enumerate(ends) if end.epoch == link.epoch)
        if link.state.acknowledged.seq >= ends[place].seq and place + 1 < len(ends):
            return self._hello(box, self._begin(link.location, link.box_session, ends[place + 1].epoch))
        return self._batches(box, link, ends[place], now)

    def _batches(self, box: BoxAddress, link: _Link, end: Position, now: float) -> list[wire.Message]:
        state = sender.on_tick(link.state, now)
        if sender.next_range(state, end.seq) is not None and self._location(box) != link.location:
            # Revoked or fenced meanwhile, perhaps by another process: it is told nothing more.
            self.forget(box)
            return []
        messages: list[wire.Message] = []
        while (wanted := sender.next_range(state, end.seq)) is not None:
            first_seq, limit = wanted
            with self._database.read(box.tenant) as connection:
                bodies = DownLog(connection, box.tenant).bodies(link.location, end.epoch, first_seq, limit)
            bodies = sender.fit(bodies)
            batch = wire.EventBatch(session=state.session, epoch=end.epoch, first_seq=first_seq, bodies=bodies)
            messages.append(wire.Message(events=batch))
            state = sender.on_sent(state, first_seq + len(bodies) - 1, now)
        return messages if self._store(box, link, replace(link, state=state)) else []

    def forget(self, box: BoxAddress) -> None:
        """Stop sending to a box."""
        self._links.drop(box)

    def boxes(self) -> list[BoxAddress]:
        """Return every box that was greeted."""
        return list(self._links.boxes())

    def _load(self, box: BoxAddress) -> _Link | None:
        stored = self._links.get(box)
        if stored is None:
            return None
        link = replace(_READER.validate_python(json.loads(stored.text)), version=stored.version)
        # Wall time, since processes share no other. Where it was set back, nobody knows how long ago that was, and each
        # time-out is over: to begin it anew at each look would mean to wait until the old time comes round again.
        now, long_ago = self._now(), float("-inf")
        since = link.state.waiting_since if link.state.waiting_since <= now else long_ago
        greeted_at = link.greeted_at if link.greeted_at <= now else long_ago
        return replace(link, state=replace(link.state, waiting_since=since), greeted_at=greeted_at)

    def _store(self, box: BoxAddress, before: _Link, after: _Link) -> bool:
        """Store a change; False when another thread or process was first."""
        if before.version == 0:
            self._links.begin(box, json.dumps(asdict(after)))
            return True
        return before == after or self._links.change(box, json.dumps(asdict(after)), before.version)

    def _now(self) -> float:
        return self._clock.wall().timestamp()

    def _location(self, box: BoxAddress) -> LocationId | None:
        with self._database.read(box.tenant) as connection:
            record = DeviceRepository(connection, box.tenant).get(box.device)
        return record.location if record is not None and record.state is DeviceState.ACTIVE else None

    def _ends(self, tenant: TenantId, location: LocationId) -> list[Position]:
        with self._database.read(tenant) as connection:
            ends = DownLog(connection, tenant).ends(location)
        if ends:
            return ends
        with self._database.write(tenant) as connection:
            DownLog(connection, tenant).head_or_new(location, self._new_epoch())
            return DownLog(connection, tenant).ends(location)
