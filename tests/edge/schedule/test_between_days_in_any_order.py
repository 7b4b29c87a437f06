"""In whatever order visits of several days are booked, moved and cancelled: nobody is booked too near or unprepared."""

import contextlib
import datetime as dt
from collections.abc import Callable, Iterator
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import edge.schedule.book
from edge.schedule.deciding_policy import Deciding, KindLimits, Mode
from edge.schedule.domain import (
    AddOn,
    Appointment,
    AppointmentRequest,
    Cancelled,
    Disruption,
    MoveWanted,
    ProviderOut,
    Span,
    Status,
    Urgent,
    WalkIn,
)
from edge.schedule.errors import NotAllowed
from edge.schedule.ids import AppointmentId, ProviderId, ReplanId, ServiceId
from edge.schedule.waitlist.domain import Channel, Entry, Window
from shared.ids import ClientId
from tests.edge.schedule.courses import with_rules
from tests.support.cleared import ClearedClinic, wish
from tests.support.records import open_box_record
from tests.support.replanning import replanned

Order = tuple[str, int, int, str]
SPAN, DAY_SECONDS = 4, 86_400
PEEL_APART, HAIR_APART = 3, 2
SERVICES = ("peel", "peel", "peel", "laser-hair", "microneedling", "consultation")
RULES = {
    "peel": {"apart": [{"service": "peel", "days": PEEL_APART}]},
    "laser-hair": {"apart": [{"category": "peel", "days": HAIR_APART}]},
    "microneedling": {"after": [{"category": "consultation", "at_least_days": 1, "at_most_days": 3}]},
}
WHO, DAY = st.sampled_from([0, 0, 0, 1]), st.integers(0, SPAN - 1)


def order(*kinds: str) -> st.SearchStrategy[Order]:
    return st.tuples(st.sampled_from(kinds), WHO, DAY, st.sampled_from(SERVICES))


ASK = order("book", "book", "ask", "urgent")
LOSE = order("cancel", "cancel", "leave")
ORDERS = st.lists(
    st.one_of(
        st.tuples(ASK),
        st.tuples(ASK, order("add", "move", "out")),
        st.tuples(ASK, LOSE, ASK, order("undo")),
        st.tuples(order("propose"), ASK, order("accept", "accept", "renew")),
        st.tuples(order("offer"), ASK, order("take")),
    ),
    min_size=2,
    max_size=6,
).map(lambda episodes: [one for episode in episodes for one in episode])
"""Single things, and turns that follow each other closely."""
FOUND_ANEW = {"out", "cancel", "leave", "move"}
"""Orders after which a replan may find those a place who wait for one; they were booked before."""


class Course:
    """Some days of the clinic with two clients."""

    def __init__(self, clinic: ClearedClinic, first: dt.date) -> None:
        self.clinic, self.book, self.first = clinic, clinic.book, first
        self.dates = [first + dt.timedelta(days=number) for number in range(SPAN)]
        self.clients = [clinic.record.new_client(name, consents=False) for name in ("Ada Canary", "Ben Canary")]
        self.numbers = count(1)

    def step(self, order: Order) -> None:
        kind, who, day, service = order
        client, date = self.clients[who], self.dates[day]
        steps: dict[str, Callable[[], object]] = {
            "book": lambda: self.book.book_day(date, [wish(self._name(), client, service)], "desk"),
            "ask": lambda: self._replanned(date, WalkIn(self._now(date), wish(self._name(), client, service))),
            "urgent": lambda: self._replanned(date, Urgent(self._now(date), wish(self._name(), client, service))),
            "add": lambda: self._of(day, lambda date, v: AddOn(self._now(date), v.id, ServiceId(service))),
            "cancel": lambda: self._of(day, lambda date, v: Cancelled(self._now(date), v.id)),
            "leave": lambda: self._leave(day),
            "move": lambda: self._of(day, lambda date, v: MoveWanted(self._now(date), v.id, 660 + 60 * len(service))),
            "out": lambda: self._replanned(date, ProviderOut(self._now(date), ProviderId("hazel"), Span(0, 900))),
            "undo": self._undo,
            "propose": lambda: self._propose(date, wish(self._name(), client, service)),
            "accept": lambda: self._decide(lambda name: self.book.accept(name, 0, "desk", lambda: None)),
            "renew": lambda: self._decide(lambda name: self.book.renew(name, "desk")),
            "offer": lambda: self._offer(client, date, service),
            "take": self._take,
        }
        with contextlib.suppress(NotAllowed):
            steps[kind]()

    def placed(self) -> dict[AppointmentId, tuple[int, Appointment]]:
        """Return the visits that have a place, with the number of their day."""
        plans = [self.book.day(date).plan for date in self.dates]
        return {visit.id: (number, visit) for number, plan in enumerate(plans) for visit in plan.placed}

    def known(self) -> set[AppointmentId]:
        """Return every visit that was booked and not cancelled, with a place or without."""
        return {visit.id for date in self.dates for visit in self.book.day(date).plan.active}

    def _now(self, date: dt.date) -> int:
        return self.book.minute(date)

    def _name(self) -> AppointmentId:
        return AppointmentId(f"{self.first}-{next(self.numbers)}")

    def _replanned(self, date: dt.date, disruption: Disruption) -> None:
        replanned(self.book, date, disruption)

    def _of(self, number: int, what: Callable[[dt.date, Appointment], Disruption]) -> None:
        for date, visit in self._any(number):
            self._replanned(date, what(date, visit))

    def _leave(self, number: int) -> None:
        for date, visit in self._any(number):
            self._cancel(date, visit.id)

    def _cancel(self, date: dt.date, name: AppointmentId) -> None:
        self.book.record(date, lambda day: day.change_status(name, Status.CANCELLED, 0), "desk", "care")

    def _propose(self, date: dt.date, request: AppointmentRequest) -> None:
        self.book.propose(date, WalkIn(self._now(date), request), "desk")

    def _any(self, number: int) -> list[tuple[dt.date, Appointment]]:
        """Return one of the visits that have a place, if any has."""
        there = sorted(self.placed().values(), key=lambda one: (one[0], one[1].id))
        return [(self.dates[there[number % len(there)][0]], there[number % len(there)][1])] if there else []

    def _undo(self) -> None:
        for date in self.dates:
            standing = [record for record in self.book.day(date).replans if not record.undone]
            for record in standing[-1:]:
                self.book.undo(ReplanId(record.reported.replan), "desk")

    def _decide(self, what: Callable[[ReplanId], object]) -> None:
        for name in [one.id for date in self.dates for one in self.book.day(date).proposals.open]:
            with contextlib.suppress(NotAllowed):
                what(name)

    def _offer(self, client: ClientId, date: dt.date, service: str) -> None:
        name, window = self.clinic.waitlist.new_id(), Window(date, date, Span(540, 1140))
        self.clinic.waitlist.add(Entry(name, client, ServiceId(service), (window,), self.book.now()), "desk")
        self.clinic.waitlist.offer(name, Channel.PHONE, "desk")

    def _take(self) -> None:
        for offer in self.clinic.waitlist.snapshot().state.live(self.book.now()):
            if offer.client in self.clients:
                self.clinic.waitlist.accept(offer.id, "desk")


def apart(one: Appointment, other: Appointment) -> int:
    both = {one.service, other.service}
    if both == {"peel"}:
        return PEEL_APART
    return HAIR_APART if both == {"peel", "laser-hair"} else 0


def prepares(number: int, visit: Appointment, other_number: int, other: Appointment) -> bool:
    return other.service in ("consultation", "follow-up") and 1 <= number - other_number <= 3


@pytest.fixture(scope="module")
def clinic(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClearedClinic]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(edge.schedule.book, "REPLAN_SECONDS", 0)
        record = open_box_record(tmp_path_factory.mktemp("box"))
        looked_at = Deciding(walk_in=KindLimits(at_least=Mode.SUGGEST))
        yield ClearedClinic(record, with_rules(RULES).model_copy(update={"deciding": looked_at}))
        record.store.close()


@given(ORDERS)
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_nobody_is_booked_too_near_or_unprepared_in_whatever_order_things_happen(
    clinic: ClearedClinic, orders: list[Order]
) -> None:
    clinic.record.clock.advance((SPAN + 1) * DAY_SECONDS)
    course = Course(clinic, clinic.book.today())
    for order in orders:
        before, known = course.placed(), course.known()
        course.step(order)
        after = course.placed()
        for name in after.keys() - before.keys():
            if order[0] in FOUND_ANEW and name in known:
                continue
            number, visit = after[name]
            others = [there for there in after.values() if there[1].client == visit.client and there[1] is not visit]
            assert all(abs(number - day) >= apart(visit, other) for day, other in others)
            if visit.service == "microneedling" and order[0] != "undo":
                assert any(prepares(number, visit, day, other) for day, other in others)
    rows = clinic.record.store.rows(
        "SELECT appointment, client, service FROM client_visits WHERE day BETWEEN ? AND ? AND active AND placed",
        (course.dates[0].isoformat(), course.dates[-1].isoformat()),
    )
    assert set(rows) == {(name, visit.client, visit.service) for name, (_, visit) in course.placed().items()}
    assert len(rows) == len(course.placed())
