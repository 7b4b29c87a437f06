"""Box and hub with their real records, protocol and databases; only the broker is left out."""

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pytest

from cloud.bookings.slots import Purchase
from cloud.storage.hub_epoch import begin_life
from edge.schedule.book import ScheduleBook
from edge.schedule.booking import synthesise_day
from edge.schedule.checker import check
from edge.schedule.errors import NotAllowed
from edge.schedule.leases import Lease
from edge.schedule.lending import LendingPolicy
from edge.schedule.registry import demo_registry
from edge.schedule.slot_desk import SlotDesk
from edge.schedule.slot_doubts import Doubt
from edge.store.hub_life import HubLife
from shared.events.catalogue.slots import SlotExpired, SlotReturned, SlotSold
from shared.http.errors import Conflict
from tests.support.clocks import ManualClock
from tests.support.servers import free_port
from tests.support.stepped import TENANT, SteppedBox, SteppedHub, sqlite_files, stepped_hub

pytestmark = pytest.mark.req("P-2", "P-4", "I-07", "I-08", "I-17", "F-13", "F-23")
TODAY = dt.date(2026, 3, 2)
TOMORROW = TODAY + dt.timedelta(days=1)
POLICY = LendingPolicy(per_service=2, services=frozenset({"consultation"}), days_ahead=1)  # type: ignore[arg-type]


class Clinic:
    """A box that lends, and its hub."""

    def __init__(self, hub: SteppedHub, folder: Path, clock: ManualClock) -> None:
        self.hub, self.clock = hub, clock
        self.box = SteppedBox(hub, folder / "box", "one", clock)
        record = self.box.record
        self.book = ScheduleBook(record.store, demo_registry(), record.ids, clock, "UTC")
        self.slots = SlotDesk(self.book, POLICY, HubLife(record.store).epoch, clock, record.ids)
        self.box.inbox._handlers.update(
            {
                SlotSold.event_type: self.slots.answer_sold,
                SlotReturned.event_type: self.slots.answer_returned,
                SlotExpired.event_type: self.slots.answer_expired,
            }
        )
        self.meet()

    def meet(self) -> None:
        self.box.connect()
        self.box.talk(self.hub, self.clock)

    def buy(self, lease: str, order: str) -> None:
        self.hub.desk.sell(TENANT, Purchase(lease, order, "Planted Name", None, "viewer"))


@pytest.fixture
def clinic(tmp_path: Path) -> Iterator[Clinic]:
    clock = ManualClock()
    with stepped_hub(sqlite_files(tmp_path / "hub"), clock, ("one",), free_port()) as hub:
        made = Clinic(hub, tmp_path, clock)
        yield made
        made.box.record.clients.close()
        made.box.record.store.close()


def test_a_slot_sold_while_the_box_is_cut_off_is_a_visit_there_when_the_network_is_back(clinic: Clinic) -> None:
    assert clinic.slots.top_up() == 4
    assert clinic.slots.top_up() == 0
    clinic.box.talk(clinic.hub, clinic.clock)
    free = clinic.hub.desk.slots.free(TENANT)
    assert sorted(lease.slot.lease for lease in free) == sorted(
        lent.lease.id for day in (TODAY, TOMORROW) for lent in clinic.slots.lent(day)
    )
    chosen = next(lease.slot for lease in free if lease.slot.day == TOMORROW)
    clinic.buy(chosen.lease, "order-1")
    with pytest.raises(Conflict):
        clinic.buy(chosen.lease, "order-2")
    # The clinic, which knows nothing of it, books all it can around what it has lent.
    clinic.book.book_day(TOMORROW, synthesise_day(clinic.book.registry, TOMORROW, 3, 90), "desk")
    clinic.meet()
    plan = clinic.book.day(TOMORROW).plan
    visit = plan.appointments[f"online-{chosen.lease}"]  # type: ignore[index]
    assert (visit.start, visit.end) == (chosen.start, chosen.end)
    assert check(clinic.book.registry, plan) == ()
    clinic.box.talk(clinic.hub, clinic.clock)
    (sale,) = clinic.hub.desk.slots.sold(TENANT)
    assert (sale.outcome, sale.start) == ("booked", chosen.start)


def test_a_recalled_slot_is_the_clinics_again_after_the_hubs_word_and_is_not_lent_a_second_time(clinic: Clinic) -> None:
    clinic.slots.top_up()
    lease = clinic.slots.lent(TOMORROW)[0].lease
    clinic.slots.recall(TOMORROW, lease.id, "urgent", "desk")
    clinic.slots.recall(TOMORROW, lease.id, "urgent", "desk")
    clinic.box.talk(clinic.hub, clinic.clock)
    assert lease.visit in clinic.book.day(TOMORROW).plan.lent
    assert clinic.hub.desk.slots.settle(TENANT) == 1
    clinic.meet()
    assert lease.visit not in clinic.book.day(TOMORROW).plan.lent
    clinic.clock.advance(3600)
    clinic.slots.top_up()
    assert lease.visit.stages not in [lent.lease.visit.stages for lent in clinic.slots.lent(TOMORROW)]


def test_a_restored_hub_sells_nothing_of_before_and_a_person_gives_up_what_is_in_doubt(
    clinic: Clinic,
) -> None:
    clinic.slots.top_up()
    clinic.box.talk(clinic.hub, clinic.clock)
    old = [lent.lease for lent in clinic.slots.lent(TOMORROW)]
    with pytest.raises(NotAllowed):
        clinic.slots.release(TOMORROW, old[0].id, "desk")
    with clinic.hub.database.directory() as connection:
        begin_life(connection, 0)
    with stepped_hub(clinic.hub.files, clinic.clock, ("one",), free_port()) as restored:
        clinic.hub = restored
        _sells_only_what_is_lent_anew(clinic, old)


def _sells_only_what_is_lent_anew(clinic: Clinic, old: list[Lease]) -> None:
    assert clinic.hub.desk.slots.free(TENANT) == []
    clinic.meet()
    assert {lent.doubt for lent in clinic.slots.lent(TOMORROW)} == {Doubt.HUB_RESTORED}
    clinic.slots.top_up()
    clinic.box.talk(clinic.hub, clinic.clock)
    free = {lease.slot.lease for lease in clinic.hub.desk.slots.free(TENANT)}
    assert free
    assert free.isdisjoint(lease.id for lease in old)
    clinic.slots.release(TOMORROW, old[0].id, "desk")
    assert old[0].visit not in clinic.book.day(TOMORROW).plan.lent
    assert old[1].visit in clinic.book.day(TOMORROW).plan.lent
    assert check(clinic.book.registry, clinic.book.day(TOMORROW).plan) == ()


def test_what_a_person_gave_up_while_the_hub_was_not_heard_is_told_by_its_next_words(clinic: Clinic) -> None:
    clinic.slots.top_up()
    clinic.box.talk(clinic.hub, clinic.clock)
    sold, unsold = [lent.lease for lent in clinic.slots.lent(TODAY)]
    clinic.buy(sold.id, "order-1")
    clinic.slots.reach_by(lambda: False)
    clinic.clock.advance((unsold.until - clinic.clock.wall()).total_seconds())
    for lease in (sold, unsold):
        clinic.slots.release(TODAY, lease.id, "manager", Doubt.HUB_NOT_HEARD)
    assert {one.outcome for one in clinic.slots.given_up(TODAY)} == {"released"}
    assert clinic.hub.desk.slots.settle(TENANT) == 1
    clinic.meet()
    fates = {one.lease.id: one.outcome for one in clinic.slots.given_up(TODAY)}
    assert fates == {sold.id: "booked", unsold.id: "expired"}
    assert f"online-{sold.id}" in clinic.book.day(TODAY).plan.appointments
    assert check(clinic.book.registry, clinic.book.day(TODAY).plan) == ()
    clinic.box.talk(clinic.hub, clinic.clock)
    assert clinic.hub.desk.slots.sold(TENANT)[0].outcome == "booked"
