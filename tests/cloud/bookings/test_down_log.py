from datetime import timedelta

import pytest
from sqlalchemy import select

from cloud.bookings.desk import Wish
from cloud.portal.ports import Viewer
from cloud.queries.ports import BookingQueries
from cloud.storage.down import DownLog
from cloud.storage.down_links import BoxAddress
from cloud.storage.tables import booking_contacts, booking_requests, down_log
from shared.events.envelope import Event
from shared.http.errors import NotFound, Refused
from shared.ids import LocationId
from shared.sync.position import Position
from shared.sync.receiver import Fresh, judge_batch
from shared.sync.sender import ACK_TIMEOUT_SECONDS
from shared.wire import medspa_pb2 as wire
from tests.cloud.conftest import HubParts
from tests.support.box import START, FakeBox


def ask(hub: HubParts, hours: float = 24, length: float = 1, service: str = "Consultation") -> str:
    start = START + timedelta(hours=hours)
    wish = Wish(
        LocationId("lumen-one"), service, "Planted Name", "0664 planted", start, start + timedelta(hours=length), "v"
    )
    return hub.desk.request(hub.box().tenant, wish).id


def greet(hub: HubParts, box: FakeBox, session: str = "s1") -> wire.Hello:
    return next(answer.hello for answer in hub.tell(box, box.hello(session)) if answer.WhichOneof("kind") == "hello")


def acknowledge(hub: HubParts, box: FakeBox, session: str, applied: Position) -> list[wire.EventBatch]:
    ack = wire.Message(ack=wire.Ack(session=session, applied=applied.to_wire()))
    return [answer.events for answer in hub.tell(box, ack)]


def due(hub: HubParts, box: FakeBox) -> list[wire.EventBatch]:
    return [message.events for message in hub.links.due(BoxAddress(box.tenant, box.device))]


def test_requests_go_down_in_order_as_a_chain_the_box_can_check(hub: HubParts) -> None:
    box = hub.box()
    asked = [ask(hub) for _ in range(3)]
    hello = greet(hub, box)
    batches = acknowledge(hub, box, hello.session, Position(hello.head.epoch))
    assert len(batches) == 1
    start = Position(hello.head.epoch)
    verdict = judge_batch(start, batches[0].first_seq, list(batches[0].bodies), lambda _seq: None, "hub")
    assert isinstance(verdict, Fresh)
    assert [event.fields.payload["request"] for event in verdict.events] == asked
    assert verdict.events[0].fields.hlc < verdict.events[1].fields.hlc < verdict.events[2].fields.hlc


def test_nothing_goes_down_before_the_box_has_said_how_far_it_is(hub: HubParts) -> None:
    box = hub.box()
    ask(hub)
    greet(hub, box)
    assert due(hub, box) == []


def test_a_box_that_has_everything_is_sent_nothing_and_what_comes_later_at_once(hub: HubParts) -> None:
    box = hub.box()
    ask(hub)
    hello = greet(hub, box)
    assert acknowledge(hub, box, hello.session, Position.from_wire(hello.head)) == []
    ask(hub)
    assert [batch.first_seq for batch in due(hub, box)] == [2]


def test_what_is_not_acknowledged_is_sent_again(hub: HubParts) -> None:
    box = hub.box()
    ask(hub)
    hello = greet(hub, box)
    acknowledge(hub, box, hello.session, Position(hello.head.epoch))
    assert due(hub, box) == []
    hub.clock.advance(ACK_TIMEOUT_SECONDS + 1)
    again = due(hub, box)
    assert [batch.first_seq for batch in again] == [1]
    applied = Position(hello.head.epoch, 1, Event.from_body(again[0].bodies[0]).hash)
    acknowledge(hub, box, hello.session, applied)
    hub.clock.advance(ACK_TIMEOUT_SECONDS + 1)
    assert due(hub, box) == []
    with hub.database.read(box.tenant) as connection:
        assert DownLog(connection, box.tenant).applied(box.device) == applied


def test_a_greeting_repeated_in_one_session_keeps_the_hubs_session(hub: HubParts) -> None:
    box = hub.box()
    first, again, other = greet(hub, box, "s1"), greet(hub, box, "s1"), greet(hub, box, "s2")
    assert first.session == again.session != other.session


def test_an_acknowledgement_from_beyond_the_log_is_not_believed(hub: HubParts) -> None:
    box = hub.box()
    ask(hub)
    hello = greet(hub, box)
    assert acknowledge(hub, box, hello.session, Position(hello.head.epoch, 99, "f" * 64)) == []
    assert len(acknowledge(hub, box, hello.session, Position(hello.head.epoch))) == 1


def test_a_device_revoked_meanwhile_is_sent_nothing_more(hub: HubParts) -> None:
    box = hub.box()
    hello = greet(hub, box)
    acknowledge(hub, box, hello.session, Position(hello.head.epoch))
    hub.enrolment.revoke(box.tenant, box.device, "stolen")
    ask(hub)
    assert due(hub, box) == []
    assert not hub.links.knows(BoxAddress(box.tenant, box.device))


def test_a_box_that_speaks_to_a_restarted_hub_is_greeted_anew(hub: HubParts) -> None:
    box = hub.box()
    ask(hub)
    box.record("box.stopped", {})
    kinds = [answer.WhichOneof("kind") for answer in hub.tell(box, box.batch(1, 1))]
    assert kinds == ["hello", "ack"]


@pytest.mark.parametrize(("accepted", "state"), [(True, "accepted"), (False, "declined")])
def test_the_boxs_answer_settles_the_request(hub: HubParts, accepted: bool, state: str) -> None:
    box, request = hub.box(), ask(hub)
    answer = {"request": request, "accepted": accepted, "start_minute": 615 if accepted else None, "reason": "because"}
    box.record("booking.answered", answer, "booking/x")
    hub.ack(box, box.batch(1, 1))
    shown = BookingQueries(hub.database, hub.desk).requests(Viewer("v", "V", "lumen")).items[0]
    assert (shown.id, shown.state, shown.reason) == (request, state, "because")
    assert (shown.starts_at is not None) is accepted
    if shown.starts_at is not None:
        # a quarter past ten in Vienna, in March
        assert shown.starts_at.strftime("%H:%M %z") == "09:15 +0000"


def test_who_asked_is_in_no_event_and_lies_sealed_in_the_database(hub: HubParts) -> None:
    ask(hub)
    with hub.database.read(hub.box().tenant) as connection:
        rows = [connection.execute(select(table)).all() for table in (down_log, booking_requests, booking_contacts)]
    assert all(len(found) == 1 for found in rows)
    assert b"lanted" not in repr(rows).encode()


@pytest.mark.parametrize(
    ("hours", "length", "service", "code"),
    [
        (24, 1, "Something else", "service_not_offered"),
        (-5, 1, "Consultation", "window_passed"),
        (24, 30, "Consultation", "more_than_a_day"),
    ],
)
def test_wishes_that_cannot_be_met_are_refused_with_the_reason(
    hub: HubParts, hours: float, length: float, service: str, code: str
) -> None:
    with pytest.raises(Refused) as refused:
        ask(hub, hours, length, service)
    assert refused.value.code == code


def test_a_window_may_end_at_midnight_of_the_clinic(hub: HubParts) -> None:
    # 09:00 UTC is 10:00 in Vienna in March; fourteen hours later the clinic's day ends.
    ask(hub, 24, 14)
    with hub.database.read(hub.box().tenant) as connection:
        row = connection.execute(select(booking_requests)).one()
    assert (row.day, row.earliest_minute, row.latest_minute) == ("2026-03-03", 600, 1440)


def test_an_unknown_clinic_is_refused(hub: HubParts) -> None:
    start = START + timedelta(days=1)
    wish = Wish(LocationId("nowhere"), "Consultation", "N", None, start, start + timedelta(hours=1), "v")
    with pytest.raises(NotFound):
        hub.desk.request(hub.box().tenant, wish)
