"""The link's thread outlives what it cannot handle, and a box that was let in again is heard of by itself."""

import queue
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from edge.record import PROJECTIONS
from edge.store.events import HUB_CURSOR
from edge.store.hub_life import HubLife
from edge.store.refill import LogRefill
from edge.sync.hub_log import HUB_DEVICE
from edge.sync.inbox import Inbox
from edge.sync.link import SyncLink
from edge.sync.mqtt import Incoming, Signal
from shared.events.catalogue import complete_catalogue
from shared.events.catalogue.system import BookingRequested, BoxStarted
from shared.events.envelope import GENESIS_HASH, Event, EventDraft
from shared.sync.position import Position
from shared.wire import medspa_pb2 as wire
from shared.wire.envelope import open_message, seal_message
from shared.wire.topics import DOWN, UP
from tests.support.hubs import eventually
from tests.support.records import BoxRecord, open_box_record

KEY = bytes(32)
HUB_EPOCH = "0123456789abcdef"


class WireInMemory:
    """A transport whose other end is the test."""

    def __init__(self) -> None:
        self.inbox: queue.Queue[Incoming] = queue.Queue(64)
        self.sent: queue.Queue[bytes] = queue.Queue()
        self.underway = 0

    def start(self) -> None:
        self.inbox.put(Incoming(Signal.CONNECTED))

    def publish(self, data: bytes) -> None:
        self.sent.put(data)

    def waiting(self) -> int:
        return self.underway

    def stop(self) -> None:
        """Nothing to disconnect."""


class Hub:
    """The test's end of the link."""

    def __init__(self, box: BoxRecord, answer: Callable[[Event], Any]) -> None:
        self.box, self.transport = box, WireInMemory()
        handlers = {BookingRequested.event_type: answer}
        self.link = SyncLink(
            box.store,
            Inbox(box.store, complete_catalogue(), handlers),
            self.transport,
            transport_key=KEY,
            clock=box.clock,
            snapshot=dict,
            software="test",
        )
        self.link.start()

    def hear(self, kind: str) -> Any:
        identity = self.box.store.identity
        while True:
            data = self.transport.sent.get(timeout=10)
            message = open_message(data, identity.tenant, identity.device, UP, KEY)
            if message.WhichOneof("kind") == kind:
                return getattr(message, kind)

    def say(self, message: wire.Message) -> None:
        identity = self.box.store.identity
        data = seal_message(message, identity.tenant, identity.device, DOWN, KEY)
        self.transport.inbox.put(Incoming(Signal.MESSAGE, data))

    def greet(
        self, session: str, epoch: str = HUB_EPOCH, life: str = "", known: tuple[wire.Position, ...] = ()
    ) -> None:
        head = wire.Position(epoch=epoch, seq=1)
        self.say(wire.Message(hello=wire.Hello(session=session, head=head, hub_epoch=life, known=known)))

    def ask_for_a_booking(self, session: str = "hub-1") -> None:
        identity = self.box.store.identity
        payload = BookingRequested(
            request="r1", service="facial", day="2026-03-02", earliest_minute=600, latest_minute=700
        )
        event = Event.seal_in_chain(
            {
                "id": self.box.ids.new(), "tenant": identity.tenant, "location": identity.location,
                "device": HUB_DEVICE, "epoch": HUB_EPOCH, "seq": 1, "prev_hash": GENESIS_HASH,
                "aggregate": "booking/r1", "version": 1, "hlc": "0" * 16, "wall_time": "2026-03-01T09:00:00+00:00",
                "clock_quality": "synchronised", "type": payload.event_type, "schema_version": 1, "actor": "hub",
                "purpose": "booking", "sensitivity": "operational", "payload": payload.model_dump(mode="json"),
            }
        )  # fmt: skip
        batch = wire.EventBatch(session=session, epoch=HUB_EPOCH, first_seq=1, bodies=[event.body])
        self.say(wire.Message(events=batch))

    def acknowledge_up_to(self, session: str, position: Position, life: str = "", fences: int = 0) -> None:
        ack = wire.Ack(session=session, applied=position.to_wire(), hub_epoch=life, fences=fences)
        self.say(wire.Message(ack=ack))

    def acknowledge(self, session: str, fenced: str = "") -> None:
        position = wire.Position(epoch=self.box.store.head().epoch, seq=0)
        self.say(wire.Message(ack=wire.Ack(session=session, applied=position, fenced=bool(fenced), reason=fenced)))


@pytest.fixture
def box(tmp_path: Path) -> Iterator[BoxRecord]:
    record = open_box_record(tmp_path)
    yield record
    record.store.close()


def test_a_failure_nobody_foresaw_neither_ends_the_link_nor_stops_our_own_events(box: BoxRecord) -> None:
    asked: queue.Queue[Event] = queue.Queue()

    def break_down(event: Event) -> Any:
        asked.put(event)
        raise LookupError

    hub = Hub(box, break_down)
    hub.acknowledge(hub.hear("hello").session)
    hub.greet("hub-1")
    hub.ask_for_a_booking()
    asked.get(timeout=10)
    box.store.append([EventDraft("box/box-1", BoxStarted(software="1", clean=True), "box", "operation")])
    assert hub.hear("events").first_seq == 1
    hub.link.stop()


def test_a_fenced_box_that_a_person_lets_in_again_goes_on_without_a_restart(box: BoxRecord) -> None:
    hub = Hub(box, lambda _event: ())
    box.store.append([EventDraft("box/box-1", BoxStarted(software="1", clean=True), "box", "operation")])
    first = hub.hear("hello").session
    hub.acknowledge(first, fenced="another box uses its identity")
    deadline = time.monotonic() + 10
    while hub.link.status.fenced is None and time.monotonic() < deadline:
        time.sleep(0.01)
    box.clock.advance(31)
    again = hub.hear("hello").session
    assert again != first
    hub.acknowledge(again)
    assert hub.hear("events").first_seq == 1
    assert hub.link.status.fenced is None
    hub.link.stop()


def test_what_a_slow_link_still_carries_is_not_sent_a_second_time(box: BoxRecord) -> None:
    hub = Hub(box, lambda _event: ())
    hub.transport.underway = 1
    hub.acknowledge(hub.hear("hello").session)
    box.store.append([EventDraft("box/box-1", BoxStarted(software="1", clean=True), "box", "operation")])
    assert hub.hear("events").first_seq == 1
    for _ in range(5):
        box.clock.advance(4)
        hub.hear("now")  # the link has looked at the clock
    assert hub.link.status.resent == 0
    hub.transport.underway = 0
    box.clock.advance(6)
    assert hub.hear("events").first_seq == 1
    assert hub.link.status.resent == 1
    hub.link.stop()


@pytest.mark.req("I-08", "F-05")
def test_a_greeting_of_the_hub_that_comes_a_session_late_does_not_silence_its_log(box: BoxRecord) -> None:
    hub = Hub(box, lambda _event: ())
    hub.acknowledge(hub.hear("hello").session)
    hub.greet("hub-2")
    hub.greet("hub-1")  # sent before the other one, and overtaken by it
    assert [hub.hear("ack").session for _ in range(2)] == ["hub-2", "hub-1"]
    hub.ask_for_a_booking("hub-2")
    answer = hub.hear("ack")
    assert (answer.session, answer.applied.seq) == ("hub-2", 1)
    hub.link.stop()


@pytest.mark.req("I-08", "F-05")
def test_a_box_that_is_sent_a_log_it_was_not_greeted_for_asks_for_a_greeting(box: BoxRecord) -> None:
    hub = Hub(box, lambda _event: ())
    first = hub.hear("hello").session
    hub.acknowledge(first)
    hub.greet("hub-0", "f" * 16)
    hub.hear("ack")
    box.clock.advance(4)
    hub.ask_for_a_booking("hub-1")
    again = hub.hear("hello").session
    assert again != first
    hub.acknowledge(again)
    hub.greet("hub-1")
    hub.ask_for_a_booking("hub-1")
    eventually(lambda: box.store.rows("SELECT count(*) FROM inbox") == [(1,)])
    hub.link.stop()


@pytest.mark.req("P-4", "I-08", "I-17", "F-13")
@pytest.mark.parametrize("uploader_first", [False, True], ids=["link hears it", "uploader heard it before"])
def test_an_idle_box_refills_a_hub_that_was_restored_behind_a_living_broker(
    box: BoxRecord, *, uploader_first: bool
) -> None:
    hub = Hub(box, lambda _event: ())
    box.store.append([EventDraft("box/box-1", BoxStarted(software="1", clean=True), "box", "operation")])
    first = hub.hear("hello").session
    hub.acknowledge(first)
    hub.hear("events")
    head = box.store.head()
    applied = wire.Ack(session=first, applied=head.to_wire(), hub_epoch="a" * 16)
    hub.say(wire.Message(ack=applied))
    eventually(lambda: hub.link.status.acknowledged == head)
    if uploader_first:
        HubLife(box.store).heard("b" * 16)
    hub.greet("hub-2", life="b" * 16)  # another life, which knows nothing of the box's log and waits for it
    hub.hear("ack")
    box.clock.advance(4)
    again = hub.hear("hello").session
    assert again != first
    hub.acknowledge(again)
    assert hub.hear("events").first_seq == 1
    hub.link.stop()


@pytest.mark.req("P-4", "I-08", "I-17", "F-05", "F-13")
def test_what_arrives_late_from_before_the_hub_was_restored_is_handed_back(box: BoxRecord) -> None:
    hub = Hub(box, lambda _event: ())
    first = hub.hear("hello").session
    hub.acknowledge(first)
    known = (wire.Position(epoch=HUB_EPOCH), wire.Position(epoch="f" * 16))
    hub.greet("hub-2", "f" * 16, known=known)
    hub.greet("hub-1", known=known)  # for the former epoch, overtaken by the other one
    hub.ask_for_a_booking("hub-0")  # said before the hub was restored
    eventually(lambda: box.store.rows("SELECT count(*) FROM inbox") == [(1,)])
    box.clock.advance(4)
    again = hub.hear("hello").session
    assert again != first
    hub.acknowledge(again)
    hub.greet("hub-3", "f" * 16, known=known)
    back = hub.hear("hand_back")
    assert (back.epoch, back.first_seq, len(back.bodies)) == (HUB_EPOCH, 1, 1)
    hub.link.stop()


@pytest.mark.req("P-5", "I-18", "F-14")
@pytest.mark.parametrize("seq", [1, 9], ids=["another event at its place", "log ends before it"])
def test_a_box_that_is_told_of_an_event_it_has_not_says_so_and_sends_nothing(box: BoxRecord, seq: int) -> None:
    hub = Hub(box, lambda _event: ())
    box.store.append([EventDraft("box/box-1", BoxStarted(software="1", clean=True), "box", "operation")])
    first = hub.hear("hello")
    assert not first.HasField("applied")
    known = Position(box.store.head().epoch, seq, "f" * 64)
    for _ in range(3):  # as often as the hub may have to say it
        hub.acknowledge_up_to(first.session, known, fences=2)
        again = hub.hear("hello")
        assert (again.session, again.applied.seq, again.applied.hash, again.fences) == (first.session, seq, "f" * 64, 2)
        assert again.head.seq == 1
        box.clock.advance(4)
    assert box.store.cursor(HUB_CURSOR) is None
    hub.acknowledge(first.session, fenced="the log ends at 1")
    eventually(lambda: hub.link.status.fenced is not None)
    assert hub.link.status.sent == 0
    hub.link.stop()


@pytest.mark.req("P-4", "I-17", "F-13")
@pytest.mark.parametrize("restarts", [True, False], ids=["box connects anew", "hub behind a living broker"])
def test_every_epoch_is_offered_to_a_restored_hub_also_when_the_last_was_never_acknowledged(
    box: BoxRecord, restarts: bool
) -> None:
    box.store.append([EventDraft("box/box-1", BoxStarted(software="1", clean=True), "box", "operation")] * 3)
    former = box.store.head()
    LogRefill(box.store._database, PROJECTIONS, box.keys.log_head()).begin_epoch()
    box.store.append([EventDraft("box/box-1", BoxStarted(software="1", clean=True), "box", "operation")])
    last = box.store.head()
    assert (last.epoch != former.epoch, former.seq) == (True, 3)
    hub = Hub(box, lambda _event: ())
    hub.acknowledge_up_to(hub.hear("hello").session, former, "a" * 16)
    asked = hub.hear("hello")
    assert asked.head.epoch == last.epoch
    hub.acknowledge_up_to(asked.session, Position(last.epoch), "a" * 16)
    eventually(lambda: hub.link.status.acknowledged == Position(last.epoch))
    if restarts:
        hub.link.stop()
        hub = Hub(box, lambda _event: ())
        anew = hub.hear("hello")
    else:
        hub.acknowledge_up_to(asked.session, Position(last.epoch), "b" * 16)
        anew = hub.hear("hello")
    assert anew.head.epoch == former.epoch
    hub.acknowledge_up_to(anew.session, Position(former.epoch), "b" * 16)
    assert (hub.hear("events").first_seq, hub.link.status.acknowledged) == (1, Position(former.epoch))
    hub.link.stop()
