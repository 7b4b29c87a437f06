"""Whatever is given, withdrawn, booked and replanned in whatever order: nobody gets a place without being cleared."""

import contextlib
import datetime as dt
from collections.abc import Callable, Iterator
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import edge.schedule.book
from edge.schedule.clearing import carried
from edge.schedule.conditions import missing
from edge.schedule.deciding_policy import Deciding, KindLimits, Mode
from edge.schedule.domain import Appointment, Cancelled, Plan, ProviderOut, Span, Status, Urgent, WalkIn
from edge.schedule.errors import NotAllowed
from edge.schedule.ids import AppointmentId, ProviderId, ReplanId
from shared.ids import ClientId
from shared.vocabulary import ClearanceWithdrawal
from tests.support.cleared import FREE, NURSE, PATCH, TODAY, ClearedClinic, asking, wish
from tests.support.records import open_box_record
from tests.support.replanning import replanned

Order = tuple[str, object, object, object]
SERVICES = ("laser-hair", "laser-resurfacing", "consultation")
PEOPLE = st.integers(0, 1)
NAMES = st.sampled_from([FREE, FREE, PATCH])
GIVE = st.tuples(st.just("give"), PEOPLE, NAMES, st.sampled_from([None, None, -1, 0, 5]))
WITHDRAW = st.tuples(st.just("withdraw"), PEOPLE, NAMES, st.sampled_from(ClearanceWithdrawal))
BOOK = st.tuples(st.just("book"), PEOPLE, st.sampled_from(SERVICES), st.none())
ASK = st.tuples(st.just("ask"), PEOPLE, st.sampled_from(SERVICES), st.booleans())
OUT = st.tuples(st.just("out"), st.sampled_from(["cedar", "laurel", "willow", "aspen"]), st.none(), st.none())
VISIT = st.tuples(st.sampled_from(["cancel", "begin"]), st.integers(0, 5), st.none(), st.none())
PROPOSE = st.tuples(st.just("propose"), PEOPLE, st.sampled_from(SERVICES), st.none())
UNDO, ACCEPT, RENEW = (
    st.tuples(st.just(kind), st.none(), st.none(), st.none()) for kind in ("undo", "accept", "renew")
)
CLEARED = [("give", who, name, None) for who in (0, 1) for name in (FREE, PATCH)]
BOOKED = [("book", 0, "laser-hair", None), ("book", 1, "laser-resurfacing", None)]
BEGUN = st.sampled_from([[], CLEARED, CLEARED + BOOKED, CLEARED + BOOKED])
"""How a day begins: most rules are about what was given, and booked, before."""
CHANGE, REPLAN = st.one_of(GIVE, WITHDRAW, WITHDRAW), st.one_of(OUT, VISIT, ASK)
ORDERS = st.lists(
    st.one_of(
        st.tuples(st.one_of(CHANGE, BOOK, REPLAN, PROPOSE, UNDO, ACCEPT, RENEW)),
        st.tuples(CHANGE, REPLAN, UNDO),
        st.tuples(REPLAN, CHANGE, UNDO),
        st.tuples(PROPOSE, CHANGE, ACCEPT),
        st.tuples(BOOK, CHANGE, REPLAN, CHANGE, REPLAN),
    ),
    min_size=1,
    max_size=5,
).map(lambda episodes: [order for episode in episodes for order in episode])
"""What happens then: single things, and turns that follow each other closely."""


class Course:
    """One day of the clinic with two clients, and what the planner placed by the last step."""

    def __init__(self, clinic: ClearedClinic, date: dt.date) -> None:
        self.clinic, self.date = clinic, date
        self.clients = [clinic.record.new_client(name, consents=False) for name in ("Ada Canary", "Ben Canary")]
        self.numbers = count(1)

    @property
    def plan(self) -> Plan:
        return self.clinic.book.day(self.date).plan

    def step(self, order: Order) -> bool:
        """Do one thing, and tell whether the planner looked at the whole day."""
        kind, who, what, how = order
        steps: dict[str, Callable[[], bool]] = {
            "give": lambda: self._give(self._client(who), str(what), how),
            "withdraw": lambda: self._withdraw(self._client(who), str(what), ClearanceWithdrawal(str(how))),
            "book": lambda: self._book(self._client(who), str(what)),
            "ask": lambda: self._ask(self._client(who), str(what), urgent=bool(how)),
            "out": lambda: self._out(ProviderId(str(who))),
            "cancel": lambda: self._report_cancelled(int(str(who))),
            "begin": lambda: self._begin(int(str(who))),
            "undo": self._undo,
            "propose": lambda: self._propose(self._client(who), str(what)),
            "accept": self._accept,
            "renew": self._renew,
        }
        return steps[kind]()

    def lacking(self, visit: Appointment) -> list[str]:
        """Return the clearances that a visit's client lacks, by the record and not by what the visit carries."""
        registry, desk = self.clinic.book.registry, self.clinic.desk
        holds = desk.confirmed(visit.client, self.date)
        return [name for name in registry.service(visit.service).clearances if name not in holds]

    def _client(self, who: object) -> ClientId:
        return self.clients[int(str(who))]

    def _give(self, client: ClientId, name: str, ahead: object) -> bool:
        until = None if ahead is None else self.date + dt.timedelta(days=int(str(ahead)))
        self.clinic.desk.give(client, name, until, NURSE)
        return False

    def _withdraw(self, client: ClientId, name: str, reason: ClearanceWithdrawal) -> bool:
        self.clinic.desk.withdraw(client, name, reason, NURSE)
        return False

    def _book(self, client: ClientId, service: str) -> bool:
        self.clinic.book.book_day(self.date, [wish(self._name(), client, service)], "desk")
        return False

    def _ask(self, client: ClientId, service: str, *, urgent: bool) -> bool:
        request = wish(self._name(), client, service)
        replanned(self.clinic.book, self.date, Urgent(0, request) if urgent else WalkIn(0, request))
        return True

    def _out(self, provider: ProviderId) -> bool:
        replanned(self.clinic.book, self.date, ProviderOut(0, provider, Span(600, 900)))
        return True

    def _report_cancelled(self, number: int) -> bool:
        visit = self._visit(number)
        if visit is None:
            return False
        replanned(self.clinic.book, self.date, Cancelled(0, visit.id))
        return True

    def _begin(self, number: int) -> bool:
        visit = self._visit(number)
        if visit is not None and visit.placed:
            self.clinic.book.change_status(visit.id, Status.IN_PROGRESS, "desk")
        return False

    def _undo(self) -> bool:
        standing = [record for record in self.clinic.book.day(self.date).replans if not record.undone]
        if standing:
            with contextlib.suppress(NotAllowed):
                self.clinic.book.undo(ReplanId(standing[-1].reported.replan), "desk")
        return False

    def _propose(self, client: ClientId, service: str) -> bool:
        self.clinic.book.propose(self.date, WalkIn(0, wish(self._name(), client, service)), "desk")
        return False

    def _accept(self) -> bool:
        for record in self.clinic.book.day(self.date).proposals.open[-1:]:
            with contextlib.suppress(NotAllowed):
                self.clinic.book.accept(record.id, 0, "desk", lambda: None)
                return True
        return False

    def _renew(self) -> bool:
        for record in list(self.clinic.book.day(self.date).proposals.records.values())[-1:]:
            with contextlib.suppress(NotAllowed):
                self.clinic.book.renew(record.id, "desk")
        return False

    def _visit(self, number: int) -> Appointment | None:
        open_ = [visit for visit in self.plan.active if not visit.status.begun]
        return open_[number % len(open_)] if open_ else None

    def _name(self) -> AppointmentId:
        return AppointmentId(f"{self.date}-{next(self.numbers)}")


@pytest.fixture(scope="module")
def clinic(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClearedClinic]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(edge.schedule.book, "REPLAN_SECONDS", 0)
        record = open_box_record(tmp_path_factory.mktemp("box"))
        proposing = asking().model_copy(update={"deciding": Deciding(walk_in=KindLimits(at_least=Mode.SUGGEST))})
        yield ClearedClinic(record, proposing)
        record.store.close()


DAYS = count(2)


@given(BEGUN, ORDERS)
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_nobody_is_placed_without_every_clearance_in_whatever_order_things_happen(
    clinic: ClearedClinic, begun: list[Order], orders: list[Order]
) -> None:
    course = Course(clinic, TODAY + dt.timedelta(days=next(DAYS)))
    for order in [*begun, *orders]:
        before = course.plan.appointments
        replanned = course.step(order)
        for visit in course.plan.appointments.values():
            if visit.status.begun:
                continue
            registry, confirmed = clinic.book.registry, clinic.desk.confirmed
            assert visit.cleared == carried(registry, confirmed, visit.client, visit.service, course.date)
            assert missing(registry.service(visit.service), visit) == course.lacking(visit)
            had_place = visit.id in before and before[visit.id].placed and before[visit.id].status.active
            if visit.placed and visit.status.active and (replanned or not had_place):
                assert course.lacking(visit) == []
