"""The hub sells what boxes have lent: once, at once, in time, and only what a box that still knows it confirms."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from cloud.bookings.leases import LeaseState
from cloud.bookings.slots import Purchase, SlotSales
from cloud.ingest.handback import apply_down
from cloud.portal.ports import Viewer
from cloud.portal.schemas import NewSlotSale
from cloud.queries.ports import BookingQueries
from cloud.side import rebuild_tenant
from cloud.storage.database import Database
from cloud.storage.down import DownLog
from cloud.storage.hub_epoch import begin_life, hub_life
from cloud.storage.parked import ParkedEvents
from cloud.storage.tables import booking_contacts, down_log, slot_leases
from shared.events.envelope import Event
from shared.http.errors import Conflict, NotFound
from shared.ids import LocationId, TenantId, Uuid7Source
from tests.cloud.conftest import HubParts, assemble
from tests.support.box import FakeBox

pytestmark = pytest.mark.req("P-2", "P-4", "I-17", "F-13", "F-14", "F-23")
LUMEN = TenantId("lumen")
# Ten o'clock in Vienna, two days after the clocks of these tests begin.
TEN = datetime(2026, 3, 4, 9, 0, tzinfo=UTC)


def slot(lease: str = "lease-1", start: int = 600, room: str = "room-1") -> dict[str, object]:
    stage = {"name": "care", "start": start, "end": start + 30, "provider": f"p-{room}", "room": room, "device": None}
    return {"lease": lease, "day": "2026-03-04", "service": "consultation", "stages": [stage]}


def say(hub: HubParts, box: FakeBox, kind: str, payload: dict[str, object]) -> None:
    box.record(kind, payload, "schedule:2026-03-04")
    last = len(box.log)
    assert hub.ack(box, box.batch(last, last)).applied.seq == last


def lend(hub: HubParts, box: FakeBox, lease: str = "lease-1", until: datetime | None = None, **place: object) -> None:
    life = hub_life(hub.database).epoch
    until = until or TEN - timedelta(hours=1)
    grant = {"slot": slot(lease, **place), "hub_epoch": life, "until": until.isoformat()}  # type: ignore[arg-type]
    say(hub, box, "slot.leased", grant)


def buy(lease: str = "lease-1", order: str = "order-1") -> Purchase:
    return Purchase(lease, order, "Planted Name", "0664 planted", "viewer")


def words(hub: HubParts) -> list[Event]:
    query = select(down_log.c.body).order_by(down_log.c.seq)
    with hub.database.read(LUMEN) as connection:
        return [Event.from_body(body) for body in connection.execute(query).scalars()]


def refused(hub: HubParts, purchase: Purchase) -> str:
    with pytest.raises(Conflict) as error:
        hub.desk.sell(LUMEN, purchase)
    return error.value.code


def test_a_lent_slot_is_sold_at_once_and_the_sale_goes_down_with_nobodys_name(hub: HubParts) -> None:
    box = hub.box()
    lend(hub, box)
    assert [lease.slot.lease for lease in hub.desk.slots.free(LUMEN)] == ["lease-1"]
    assert hub.desk.sell(LUMEN, buy()).state is LeaseState.SOLD
    assert hub.desk.slots.free(LUMEN) == []
    (word,) = words(hub)
    assert (word.fields.type, word.fields.payload["slot"]["lease"]) == ("slot.sold", "lease-1")
    with hub.database.read(LUMEN) as connection:
        rows = [connection.execute(select(table)).all() for table in (down_log, slot_leases, booking_contacts)]
    assert all(len(found) == 1 for found in rows)
    assert b"lanted" not in repr(rows).encode()


def test_an_order_repeated_after_a_lost_answer_buys_once_and_another_one_nothing(hub: HubParts) -> None:
    lend(hub, hub.box())
    first = hub.desk.sell(LUMEN, buy())
    assert hub.desk.sell(LUMEN, buy()) == first
    assert refused(hub, buy(order="order-2")) == "slot_sold"
    assert len(words(hub)) == 1
    with pytest.raises(NotFound):
        hub.desk.sell(LUMEN, buy("lease-9"))


@pytest.mark.parametrize("until", [None, TEN - timedelta(hours=30)])
def test_nothing_is_sold_from_the_end_of_the_lease_on_and_the_box_is_told_once(
    hub: HubParts, until: datetime | None
) -> None:
    lend(hub, hub.box(), until=until)
    end = until or TEN - timedelta(hours=1)
    hub.clock.advance((end - hub.clock.wall()).total_seconds() - 1)
    assert len(hub.desk.slots.free(LUMEN)) == 1
    assert hub.desk.slots.settle(LUMEN) == 0
    hub.clock.advance(1)
    assert hub.desk.slots.free(LUMEN) == []
    assert refused(hub, buy()) == "slot_expired"
    assert (hub.desk.slots.settle(LUMEN), hub.desk.slots.settle(LUMEN)) == (1, 0)
    assert [event.fields.type for event in words(hub)] == ["slot.expired"]
    assert refused(hub, buy()) == "slot_ended"


def test_an_hour_before_its_start_a_slot_is_not_sold_whatever_its_lease_says(hub: HubParts) -> None:
    lend(hub, hub.box(), until=TEN + timedelta(days=3000))
    hub.clock.advance((TEN - timedelta(minutes=59) - hub.clock.wall()).total_seconds())
    assert refused(hub, buy()) == "slot_expired"


def test_a_renewed_lease_lasts_longer_and_a_late_older_one_changes_nothing(hub: HubParts) -> None:
    box = hub.box()
    lend(hub, box, until=hub.clock.wall() + timedelta(hours=1))
    for hours in (20, 2):
        until = (hub.clock.wall() + timedelta(hours=hours)).isoformat()
        say(hub, box, "slot.renewed", {"lease": "lease-1", "day": "2026-03-04", "until": until})
    hub.clock.advance(19 * 3600)
    assert hub.desk.sell(LUMEN, buy()).state is LeaseState.SOLD


@pytest.mark.parametrize("sold_first", [True, False])
def test_a_slot_that_the_clinic_asks_for_is_returned_unless_it_was_sold(hub: HubParts, sold_first: bool) -> None:
    box = hub.box()
    lend(hub, box)
    if sold_first:
        hub.desk.sell(LUMEN, buy())
    asked = {"lease": "lease-1", "day": "2026-03-04", "reason": "urgent"}
    say(hub, box, "slot.recall_requested", asked)
    assert refused(hub, buy(order="order-2")) == ("slot_sold" if sold_first else "slot_ended")
    hub.desk.slots.settle(LUMEN)
    assert [event.fields.type for event in words(hub)] == ["slot.sold" if sold_first else "slot.returned"]


def test_a_restored_hub_sells_no_grant_of_its_former_life_and_says_nothing_of_it(hub: HubParts) -> None:
    box = hub.box()
    lend(hub, box)
    with hub.database.directory() as connection:
        begin_life(connection, 0)
    assert hub.desk.slots.free(LUMEN) == []
    assert refused(hub, buy()) == "slot_unconfirmed"
    hub.clock.advance(10 * 24 * 3600)
    assert hub.desk.slots.settle(LUMEN) == 0
    hub.clock.advance(-10 * 24 * 3600)
    lend(hub, box, "lease-2", start=700)
    assert hub.desk.sell(LUMEN, buy("lease-2")).state is LeaseState.SOLD


def test_a_sale_handed_back_before_its_grant_comes_again_is_sold_all_the_same(hub: HubParts) -> None:
    box = hub.box()
    lend(hub, box)
    hub.desk.sell(LUMEN, buy())
    (word,) = words(hub)
    before = hub.desk.slots.sold(LUMEN)
    with hub.database.write(LUMEN) as connection:
        connection.execute(slot_leases.delete())
        apply_down(connection, LUMEN, [word])
        apply_down(connection, LUMEN, [word])
    assert refused(hub, buy(order="order-2")) == "slot_sold"
    rebuild_tenant(hub.database, LUMEN)
    assert hub.desk.slots.sold(LUMEN) == before


def test_a_box_that_begins_its_log_anew_voids_what_it_lent_before_unless_it_was_sold(hub: HubParts) -> None:
    box = hub.box()
    lend(hub, box)
    lend(hub, box, "lease-2", start=700)
    hub.desk.sell(LUMEN, buy())
    box.restart_epoch()
    hub.tell(box, box.hello())
    box.record("box.started", {"software": "t", "clean": True})
    assert hub.ack(box, box.batch(1, 1)).applied.seq == 1
    assert refused(hub, buy("lease-2", "order-2")) == "slot_unconfirmed"
    hub.desk.slots.settle(LUMEN)
    assert [event.fields.type for event in words(hub)] == ["slot.sold", "slot.returned"]


def test_a_place_lent_again_by_a_box_that_forgot_it_is_not_sold_beside_a_sale_the_box_has_not_heard_of(
    hub: HubParts,
) -> None:
    box = hub.box()
    lend(hub, box)
    hub.desk.sell(LUMEN, buy())
    lend(hub, box, "lease-2", start=615)
    lend(hub, box, "lease-3", start=615, room="room-2")
    assert [lease.slot.lease for lease in hub.desk.slots.free(LUMEN)] == ["lease-3"]
    assert refused(hub, buy("lease-2", "order-2")) == "slot_sold"


def test_a_fenced_or_revoked_box_has_nothing_sold(hub: HubParts) -> None:
    box = hub.box()
    lend(hub, box)
    hub.enrolment.revoke(LUMEN, box.device, "stolen")
    assert refused(hub, buy()) == "slot_unconfirmed"


@pytest.mark.parametrize("outcome", ["booked", "waiting"])
def test_what_the_box_made_of_a_sale_is_shown_and_survives_a_rebuild(hub: HubParts, outcome: str) -> None:
    box = hub.box()
    lend(hub, box)
    hub.desk.sell(LUMEN, buy())
    start = 600 if outcome == "booked" else None
    closed = {"lease": "lease-1", "day": "2026-03-04", "outcome": outcome, "appointment": "online-lease-1",
              "start": start, "reason": "because"}  # fmt: skip
    say(hub, box, "slot.closed", closed)
    (sale,) = hub.desk.slots.sold(LUMEN)
    assert (sale.outcome, sale.start, sale.reason) == (outcome, start, "because")
    assert all(report.digest_before == report.digest_after for report in rebuild_tenant(hub.database, LUMEN))


@pytest.mark.parametrize("outcome", ["lapsed", "released"])
def test_a_slot_that_the_clinic_gave_up_is_not_sold(hub: HubParts, outcome: str) -> None:
    box = hub.box()
    lend(hub, box)
    say(hub, box, "slot.closed", {"lease": "lease-1", "day": "2026-03-04", "outcome": outcome})
    assert refused(hub, buy()) == "slot_ended"
    assert hub.desk.slots.settle(LUMEN) == 0


def test_a_word_about_a_slot_that_was_never_lent_or_is_another_clinics_is_set_aside(hub: HubParts) -> None:
    box = hub.box()
    say(hub, box, "slot.recall_requested", {"lease": "lease-9", "day": "2026-03-04", "reason": ""})
    with hub.database.read(LUMEN) as connection:
        (head,) = ParkedEvents(connection, LUMEN).heads()
    assert head.type == "slot.recall_requested"


def test_two_hub_processes_never_sell_one_slot_twice(open_database: Callable[[], Database], tmp_path: Path) -> None:
    hub = assemble(open_database(), tmp_path)
    box = hub.box()
    for number in range(6):
        lend(hub, box, f"lease-{number}", start=600 + 40 * number)
    sellers = [SlotSales(open_database(), hub.keys, hub.clock, Uuid7Source(hub.clock), lambda: None) for _ in range(3)]
    sold: list[tuple[str, str]] = []
    barrier = threading.Barrier(len(sellers))

    def sell(seller: SlotSales, name: str) -> None:
        for number in range(6):
            barrier.wait(30)
            try:
                seller.sell(LUMEN, buy(f"lease-{number}", f"{name}-{number}"))
            except Conflict:
                continue
            sold.append((f"lease-{number}", name))

    threads = [threading.Thread(target=sell, args=(seller, f"s{n}")) for n, seller in enumerate(sellers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(lease for lease, _ in sold) == [f"lease-{number}" for number in range(6)]
    with hub.database.read(LUMEN) as connection:
        ends = DownLog(connection, LUMEN).ends(LocationId("lumen-one"))
    assert sum(end.seq for end in ends) == 6


def test_the_portal_shows_what_can_be_bought_sells_it_and_shows_what_became_of_it(hub: HubParts) -> None:
    viewer, queries = Viewer("v", "V", "lumen"), BookingQueries(hub.database, hub.desk)
    lend(hub, hub.box())
    (free,) = queries.slots(viewer).free
    assert (free.id, free.location_id, free.service) == ("lease-1", "lumen-one", "consultation")
    # ten o'clock in Vienna, in March
    assert (free.starts_at, free.ends_at) == (TEN, TEN + timedelta(minutes=30))
    made = queries.sell("lease-1", NewSlotSale(order="order-1", client_name="Planted Name"), viewer)
    assert (made.outcome, made.sold_at, made.reason) == ("sold", hub.clock.wall(), None)
    shown = queries.slots(viewer)
    assert (shown.free, shown.sold) == ([], [made])
