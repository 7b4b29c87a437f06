import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from cloud.bookings.desk import Wish
from cloud.storage.down import DownLog
from edge.schedule.book import ScheduleBook
from edge.schedule.online import OnlineDesk
from edge.sync.inbox import Handler
from shared.events.catalogue.system import BookingRequested, EventSetAside
from shared.events.envelope import Event, EventDraft
from shared.wire import medspa_pb2 as wire
from shared.wire.envelope import open_message, seal_message
from shared.wire.topics import DOWN, UP
from tests.edge.sync.rig import Rig, metric, refused
from tests.support.damage import flipped
from tests.support.hubs import LOCATION, TENANT, ZONE, eventually

pytestmark = [
    pytest.mark.system,
    # The embedded broker leaves connections that were reset to the garbage collector.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


def wish(service: str = "consultation", days: int = 7) -> Wish:
    start = (datetime.now(ZoneInfo(ZONE)) + timedelta(days=days)).replace(hour=8, minute=0, second=0, microsecond=0)
    return Wish(LOCATION, service, "Planted Name", None, start, start + timedelta(hours=10), "viewer")


def down_event(rig: Rig, event_type: str, payload: dict[str, object]) -> Event:
    """Write any event into the hub's log for the clinic."""
    with rig.hub.database.write(TENANT) as connection:
        log = DownLog(connection, TENANT)
        head = log.head_or_new(LOCATION, "0123456789abcdef")
        fields = {
            "id": rig.record.ids.new(), "tenant": TENANT, "location": LOCATION, "device": "hub", "epoch": head.epoch,
            "seq": head.seq + 1, "prev_hash": head.hash, "aggregate": f"strange/{head.seq}", "version": 1,
            "hlc": f"{head.seq + 1:016x}", "wall_time": datetime.now(ZoneInfo("UTC")).isoformat(),
            "clock_quality": "synchronised", "type": event_type, "schema_version": 1, "actor": "hub",
            "purpose": "test", "sensitivity": "operational", "payload": payload,
        }  # fmt: skip
        event = Event.seal_in_chain(fields)
        log.append(event)
    rig.hub.ingest.wake()
    return event


def set_aside(rig: Rig) -> list[str]:
    rows = rig.record.store.rows("SELECT body FROM events WHERE type = ?", (EventSetAside.event_type,))
    return [str(Event.from_body(body).fields.payload["reason"]) for (body,) in rows]


def test_every_event_arrives_once_with_the_same_hash(rig: Rig) -> None:
    rig.append(450)
    rig.link.start()
    rig.append(10)
    rig.wait_acknowledged()
    assert len(rig.log()) == 460
    assert rig.at_hub() == rig.log()
    assert (rig.link.status.refused, rig.link.status.fenced) == (0, None)


def test_a_network_cut_again_and_again_in_mid_stream_loses_and_doubles_nothing(rig: Rig) -> None:
    rig.link.start()
    eventually(lambda: rig.link.status.online)
    writing = threading.Thread(target=lambda: [rig.append(25) for _ in range(80)])
    writing.start()
    for cut in range(1, 4):
        eventually(lambda wanted=cut * 200: len(rig.at_hub()) >= wanted)
        rig.network.sever()
        eventually(lambda: not rig.link.status.online)
        rig.append(5)
        rig.network.restore()
        eventually(lambda: rig.link.status.online)
    writing.join()
    rig.wait_acknowledged()
    assert len(rig.log()) == 80 * 25 + 3 * 5
    assert rig.at_hub() == rig.log()
    assert rig.network.cuts == 3


@pytest.mark.parametrize("hub", ["mosquitto"], indirect=True)
def test_a_box_started_again_sends_only_what_was_not_acknowledged(rig: Rig) -> None:
    rig.append(30)
    rig.link.start()
    rig.wait_acknowledged()
    rig.link.stop()
    rig.append(3)
    assert rig.record.store.cursor("hub") is None or rig.record.store.cursor("hub").seq == 30
    before = metric(rig.hub, "medspa_hub_events_duplicate_total")
    second = type(rig.link)(
        rig.record.store,
        rig.link._protocol._inbox,
        type(rig.transport)(rig.transport._address, rig.transport._credentials),
        transport_key=rig.link._protocol._sealing._ring.held()[0],
        clock=rig.link._protocol._clock,
        snapshot=dict,
        software="test",
    )
    assert second.status.acknowledged_seq == 30
    second.start()
    eventually(lambda: second.status.acknowledged_seq == 33)
    second.stop()
    assert rig.at_hub() == rig.log()
    assert metric(rig.hub, "medspa_hub_events_duplicate_total") == before


def test_replayed_altered_and_foreign_batches_change_nothing_at_the_hub_and_are_counted(
    make_rig: Callable[..., Rig],
) -> None:
    rig, stranger = make_rig(), make_rig()
    rig.append(20)
    stranger.append(7)
    for box in (rig, stranger):
        box.link.start()
        box.wait_acknowledged()
    identity, key = rig.record.store.identity, rig.record.keys.transport()
    opened = [(data, open_message(data, TENANT, identity.device, UP, key)) for data in rig.transport.sent]
    batch, message = next((data, message) for data, message in opened if message.WhichOneof("kind") == "events")
    known = len(message.events.bodies)
    before = rig.at_hub()
    duplicates = metric(rig.hub, "medspa_hub_events_duplicate_total")
    refused_before = refused(rig.hub)
    down = seal_message(message, TENANT, identity.device, DOWN, key)
    foreign = next(data for data in stranger.transport.sent if len(data) > 1000)
    renamed = wire.SealedMessage.FromString(foreign)
    renamed.device = identity.device
    for data in (batch, flipped(batch), batch[:-5], down, foreign, renamed.SerializeToString(), b"\x00rubbish"):
        rig.transport.publish(data)

    def counted() -> bool:
        again = metric(rig.hub, "medspa_hub_events_duplicate_total") - duplicates
        return (refused(rig.hub) - refused_before, again) == (6, known)

    eventually(counted)
    assert rig.at_hub() == before == rig.log()
    assert stranger.at_hub() == stranger.log()
    rig.append(1)
    rig.wait_acknowledged()
    assert rig.at_hub() == rig.log()
    assert rig.link.status.fenced is None


def down_types(rig: Rig) -> set[str]:
    """Return the types of what came down."""
    return {Event.from_body(body).fields.type for (body,) in rig.record.store.rows("SELECT body FROM inbox")}


def test_replayed_altered_and_foreign_words_of_the_hub_change_nothing_on_the_box_and_are_counted(
    make_rig: Callable[..., Rig],
) -> None:
    rig, stranger = make_rig(), make_rig()
    for box in (rig, stranger):
        box.append(5)
        box.link.start()
        box.wait_acknowledged()
    rig.hub.desk.request(TENANT, wish())
    # The hub commits to its history once, as soon as there is any; what is counted here begins after that.
    eventually(lambda: {"booking.requested", "log.head_signed"} <= down_types(rig))
    rig.wait_acknowledged()
    identity, key = rig.record.store.identity, rig.record.keys.transport()

    def last(kind: str) -> bytes:
        for data in reversed(rig.transport.received):
            if open_message(data, TENANT, identity.device, DOWN, key).WhichOneof("kind") == kind:
                return data
        raise AssertionError(kind)

    ack, batch = last("ack"), last("events")
    former = wire.Message(ack=wire.Ack(session="of another connection", applied=wire.Position(epoch="0" * 16, seq=99)))
    log, applied = rig.log(), rig.record.store.rows("SELECT * FROM inbox")
    before = rig.link.status
    known = len(open_message(batch, TENANT, identity.device, DOWN, key).events.bodies)
    bad = (flipped(ack), flipped(batch), ack[:-1], rig.transport.sent[-1], stranger.transport.received[-1], b"\xff")
    for data in (*bad, ack, batch, seal_message(former, TENANT, identity.device, DOWN, key)):
        rig.down(data)
    eventually(lambda: rig.link.status.refused - before.refused == len(bad))
    eventually(lambda: rig.link.status.repeated - before.repeated == known + 1)
    assert (rig.log(), rig.record.store.rows("SELECT * FROM inbox")) == (log, applied)
    assert rig.link.status.acknowledged_seq == before.acknowledged_seq
    rig.append(1)
    rig.wait_acknowledged()
    assert rig.at_hub() == rig.log()


@pytest.mark.parametrize("hub", ["mosquitto"], indirect=True)
def test_what_the_box_cannot_use_is_set_aside_as_an_event_and_the_next_is_applied(rig: Rig) -> None:
    rig.link.start()
    eventually(lambda: rig.link.status.online)
    bad_day = BookingRequested(
        request="r", service="consultation", day="2026-02-31", earliest_minute=0, latest_minute=9
    )
    too_long = bad_day.model_copy(update={"request": "r" * 64, "day": "2036-03-03", "latest_minute": 1200})
    down_event(rig, "aliens.landed", {"where": "Planted Name"})
    down_event(rig, "booking.requested", {"request": 5})
    down_event(rig, "box.started", {"software": "x", "clean": True})
    down_event(rig, "booking.requested", bad_day.model_dump())
    down_event(rig, "booking.requested", too_long.model_dump())
    asked = rig.hub.desk.request(TENANT, wish())
    eventually(lambda: rig.request_state(asked.id)[0] == "accepted")
    reasons = set_aside(rig)
    own = [reason.partition(":")[0] for reason in reasons[-5:]]
    assert own == ["unknown_schema", "invalid_payload", "not_for_a_box", "not_understood", "not_understood"]
    assert "Planted" not in str(reasons)
    rig.wait_acknowledged()
    assert rig.at_hub() == rig.log()


def test_a_booking_request_is_answered_and_the_answer_reaches_the_hub(rig: Rig) -> None:
    rig.link.start()
    asked = rig.hub.desk.request(TENANT, wish())
    impossible = rig.hub.desk.request(TENANT, wish("unheard-of"))
    eventually(lambda: "tentative" not in {rig.request_state(item.id)[0] for item in (asked, impossible)})
    state, start, reason = rig.request_state(asked.id)
    assert (state, reason) == ("accepted", "")
    day = wish().wanted_from.date()
    visit = next(item for item in rig.book.day(day).plan.placed if item.id == f"online-{asked.id}")
    assert (visit.start, visit.client) == (start, f"online-{asked.id}")
    state, start, reason = rig.request_state(impossible.id)
    assert (state, start) == ("declined", None)
    assert "unheard-of" in reason


@pytest.mark.parametrize("hub", ["mosquitto"], indirect=True)
def test_requests_made_during_an_outage_are_answered_after_it(rig: Rig) -> None:
    rig.link.start()
    eventually(lambda: rig.link.status.online)
    rig.network.sever()
    eventually(lambda: not rig.link.status.online)
    asked = [rig.hub.desk.request(TENANT, wish()).id for _ in range(3)]
    assert {rig.request_state(item)[0] for item in asked} == {"tentative"}
    rig.network.restore()
    eventually(lambda: {rig.request_state(item)[0] for item in asked} == {"accepted"}, 40)
    rows = rig.record.store.rows("SELECT count(*) FROM events WHERE type = 'booking.answered'")
    answered = {
        Event.from_body(body).fields.payload["request"]
        for (body,) in rig.record.store.rows("SELECT body FROM events WHERE type = 'booking.answered'")
    }
    assert set(asked) <= answered
    assert rows[0][0] == len(answered)


@pytest.mark.parametrize("hub", ["mosquitto"], indirect=True)
def test_a_place_taken_while_a_request_is_decided_is_not_given_twice(make_rig: Callable[..., Rig]) -> None:
    tries: list[int] = []

    def handlers(book: ScheduleBook) -> dict[str, Handler]:
        def raced(event: Event) -> list[EventDraft]:
            drafts = OnlineDesk(book).answer(event)
            day = datetime.fromisoformat(event.fields.payload["day"]).date()
            if len(tries) < 2 and day == wish(days=9).wanted_from.date():
                tries.append(1)
                rival = event.fields.payload | {"request": f"rival-{len(tries)}"}
                schedule = book.day(day)
                wanted = BookingRequested.model_validate(rival)
                book._append(schedule, OnlineDesk(book)._decide(wanted, schedule)[0], "desk", "booking")
            return drafts

        return {BookingRequested.event_type: raced}

    rig = make_rig(handlers=handlers)
    rig.link.start()
    asked = rig.hub.desk.request(TENANT, wish(days=9))
    eventually(lambda: rig.request_state(asked.id)[0] == "accepted")
    plan = rig.book.day(wish(days=9).wanted_from.date()).plan
    assert {visit.id for visit in plan.placed} == {"online-rival-1", "online-rival-2", f"online-{asked.id}"}
    held = [(stage.room, stage.start) for visit in plan.placed for stage in visit.stages]
    people = [(stage.provider, stage.start) for visit in plan.placed for stage in visit.stages if stage.provider]
    assert (len(set(held)), len(set(people))) == (len(held), len(people))
