"""Clinics in which somebody waits in vain, and the same where what was told to be in the way is no longer so."""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from hypothesis import strategies as st

from edge.schedule.blockers import Blocker, Obstacle
from edge.schedule.clearing import OnRecord
from edge.schedule.domain import Appointment, PastVisit, Plan, Span
from edge.schedule.ids import AppointmentId, ServiceId
from edge.schedule.other_days import history_of
from edge.schedule.registry import Registry, demo_registry
from edge.schedule.waitlist.asking import Asking, Bar, Reason
from edge.schedule.waitlist.clinic import Clinic, Overview
from edge.schedule.waitlist.domain import Channel, Entry, EntryId, EntryState, Offer, OfferId, OfferState, Place, Window
from edge.schedule.waitlist.places import Freed
from edge.schedule.waitlist.rules import OfferRules
from edge.schedule.waitlist.waitlist import Waitlist
from shared.ids import ClientId
from tests.edge.schedule.courses import CLEARANCES, with_rules
from tests.edge.schedule.paced import with_paces
from tests.edge.schedule.waitlist.conftest import DATE, ZONE, clock
from tests.edge.schedule.whynot import random_day, strict, without_causes

TOMORROW = DATE + dt.timedelta(days=1)
ALL_DAY = Span(0, 1440)


@dataclass(frozen=True, repr=False)
class World:
    """A clinic at one moment, and one entry.

    Attributes:
        has: the client's visits on days that are not planned here.
        offers: places on offer to others, and what this client was offered before.
    """

    registry: Registry
    plans: Mapping[dt.date, Plan]
    entry: Entry
    now: dt.datetime
    has: tuple[tuple[dt.date, ServiceId], ...] = ()
    cleared: frozenset[str] = frozenset()
    offers: tuple[Offer, ...] = ()
    rules: OfferRules = field(default_factory=lambda: OfferRules(quiet_from=0, quiet_until=0))

    def __repr__(self) -> str:
        """Say only who waits: the days are long."""
        return f"World({self.entry}, now={self.now:%d %H:%M}, has={self.has}, cleared={sorted(self.cleared)})"

    @property
    def clinic(self) -> Clinic:
        return Clinic(self.registry, self.rules, record=OnRecord(lambda client, day: self.cleared, self._history))

    @property
    def waitlist(self) -> Waitlist:
        made = Waitlist()
        made.state.put_entry(self.entry, EntryState.WAITING)
        for offer in self.offers:
            made.state.put_offer(offer)
        return made

    @property
    def view(self) -> Overview:
        return Overview(self.clinic, self.waitlist, self.plans, self.now)

    def asking(self, date: dt.date, near: Freed | None = None) -> Asking:
        view = self.view
        return Asking(view.clinic, view.waitlist, view.gaps(date), self.entry, self.now, near)

    def _history(self, client: ClientId, service: ServiceId, day: dt.date) -> tuple[PastVisit, ...]:
        if client != self.entry.client:
            return ()
        here = [(date, a.service) for date, plan in self.plans.items() for a in plan.placed if a.client == client]
        others = [PastVisit(name, (day - date).days) for date, name in (*self.has, *here) if date != day]
        return history_of(self.registry, service, others)

    # --- what is no longer so ---------------------------------------------------------------------------
    def without(self, date: dt.date, reasons: Iterable[Reason]) -> "World":
        """Return the same clinic where what these reasons name is no longer so."""
        changed = self
        for reason in reasons:
            obstacle = reason.obstacle
            changed = changed._without_bar(date, reason) if obstacle is None else changed._without(date, obstacle)
        return changed

    def _without_bar(self, date: dt.date, reason: Reason) -> "World":
        match reason.kind:
            case Bar.TOO_LATE:
                early = dt.datetime.combine(DATE - dt.timedelta(days=1), dt.time(23, 50), ZONE)
                return replace(self, entry=replace(self.entry, travel=0, notice=0), now=max(early, clock(0, 0)))
            case Bar.OFFERED_BEFORE | Bar.NOT_NOW:
                mine = self.entry.client
                return replace(self, offers=tuple(one for one in self.offers if one.client != mine))
            case Bar.OTHER_DAY:
                window = Window(date, date, self.registry.hours.span)
                return replace(self, entry=replace(self.entry, windows=(*self.entry.windows, window)))
        raise AssertionError(f"nothing can be done about {reason.kind}")

    def _without(self, date: dt.date, obstacle: Obstacle) -> "World":
        match obstacle.kind:
            case Blocker.WINDOW:
                window = Window(date, date, ALL_DAY)
                return replace(self, entry=replace(self.entry, windows=(window,)))
            case Blocker.NOT_CLEARED:
                return replace(self, cleared=self.cleared | {obstacle.pool})
            case Blocker.NOT_PREPARED:
                return replace(self, registry=self._prepared(obstacle.pool))
            case Blocker.TOO_NEAR if obstacle.past is not None:
                there = date - dt.timedelta(days=obstacle.past.days_ago)
                return self._without_own(there, obstacle.past.service)
        if not obstacle.causes:
            assert obstacle.visits
            return self._without_visits(date, obstacle.visits)
        changed = self._without_visits(date, [cause.visit for cause in obstacle.causes if cause.visit is not None])
        registry, plan = without_causes(obstacle, changed.registry, changed.plans[date])
        return replace(changed, registry=registry, plans={**changed.plans, date: plan})

    def _without_visits(self, date: dt.date, names: Iterable[AppointmentId]) -> "World":
        gone, plan = set(names), self.plans[date]
        kept = {key: visit for key, visit in plan.appointments.items() if key not in gone}
        lent = tuple(visit for visit in plan.lent if visit.id not in gone)
        offers = tuple(one for one in self.offers if one.appointment not in gone)
        return replace(self, plans={**self.plans, date: replace(plan, appointments=kept, lent=lent)}, offers=offers)

    def _without_own(self, date: dt.date, service: ServiceId) -> "World":
        changed = replace(self, has=tuple(one for one in self.has if one != (date, service)))
        if date not in self.plans:
            return changed
        mine = self.entry.client
        visits = [a.id for a in self.plans[date].placed if (a.client, a.service) == (mine, service)]
        return changed._without_visits(date, visits)

    def _prepared(self, named: str) -> Registry:
        """Return the clinic where the entry's service does not ask for these visits before it."""
        services = tuple(
            one.model_copy(update={"after": tuple(rule for rule in one.after if rule.named != named)})
            if one.id == self.entry.service
            else one
            for one in self.registry.services
        )
        return self.registry.model_copy(update={"services": services})


UNLIKE = with_paces(
    strict(),
    {"cedar": 135, "laurel": 75, "aspen": 88, "willow": 121},
    {"aspen": {"laser-hair": 135}, "willow": {"peel": 75}},
)
CLINICS = (demo_registry(), strict(), with_rules(), UNLIKE, with_paces(with_rules(), {"cedar": 121, "laurel": 88}))


@st.composite
def worlds(draw: st.DrawFn, *, displaced: bool = False) -> World:
    """Return a clinic of two days, crowded to different degrees, in which somebody waits.

    If `displaced`, booked visits may be without a place as well: what becomes free then goes to them first.
    """
    number = draw(st.integers(0, len(CLINICS) - 1))
    registry = CLINICS[number]
    plans = {DATE: random_day(registry, draw(st.integers(1, 4)))}
    plans[TOMORROW] = replace(random_day(registry, draw(st.integers(1, 4))), date=TOMORROW)
    for date, plan in plans.items():
        plans[date] = _disturbed(draw, plan, displaced=displaced)
    now = clock(draw(st.sampled_from([0, 8, 9, 12, 16])), draw(st.sampled_from([0, 2, 30])))
    entry = _entry(draw, registry, plans[DATE])
    services = st.sampled_from([one.id for one in registry.services])
    days = st.sampled_from([-9, -6, -1, 2, 4]).map(lambda ahead: DATE + dt.timedelta(days=ahead))
    has = tuple(draw(st.lists(st.tuples(days, services), max_size=2, unique_by=lambda one: one[0])))
    cleared = frozenset(draw(st.sampled_from([CLEARANCES, CLEARANCES, CLEARANCES[:1], ()])))
    world = World(registry, plans, entry, now, has, cleared)
    return replace(world, offers=tuple(_offers(draw, world)))


def _disturbed(draw: st.DrawFn, plan: Plan, *, displaced: bool) -> Plan:
    """Lend a visit's place to the hub, or take a visit's place from it."""
    visits = list(plan.placed)
    if visits and draw(st.booleans()):
        lent = draw(st.sampled_from(visits))
        rest = {key: visit for key, visit in plan.appointments.items() if key != lent.id}
        held = replace(lent, client=ClientId("client-of-the-hub"))
        plan = replace(plan, appointments=rest, lent=(held,))
    if not displaced:
        return replace(plan, appointments={visit.id: visit for visit in plan.placed})
    visits = list(plan.placed)
    if visits and draw(st.booleans()):
        lost: Appointment = draw(st.sampled_from(visits))
        plan = plan.with_appointments(replace(lost, stages=(), window=ALL_DAY))
    return plan


def _entry(draw: st.DrawFn, registry: Registry, plan: Plan) -> Entry:
    service = draw(st.sampled_from(registry.services))
    windows = []
    for _ in range(draw(st.integers(1, 2))):
        first, days = draw(st.sampled_from([DATE, TOMORROW])), draw(st.integers(0, 1))
        start = draw(st.sampled_from(range(510, 1000, 5)))
        end = min(1140, start + service.minutes + draw(st.sampled_from([0, 30, 90, 630])))
        windows.append(Window(first, first + dt.timedelta(days=days), Span(start, max(end, start + 5))))
    clients = [ClientId("who-waits"), ClientId("who-waits"), *(visit.client for visit in plan.placed)]
    return Entry(
        EntryId("waits"),
        draw(st.sampled_from(clients)),
        service.id,
        tuple(windows),
        clock(0) - dt.timedelta(days=3),
        draw(st.sampled_from([None, None, *(one.id for one in registry.providers)])),
        None,
        draw(st.sampled_from([0, 0, 45])),
        draw(st.sampled_from([0, 0, 120])),
        None,
        messages=True,
    )


def _offers(draw: st.DrawFn, world: World) -> Iterable[Offer]:
    """Yield a place that is on offer to somebody else, and one that this client did not take, where there are any."""
    services = draw(st.sampled_from(world.registry.services))
    suits = (Window(DATE, TOMORROW, world.registry.hours.span),)
    other = replace(world.entry, id=EntryId("other"), client=ClientId("other"), service=services.id, windows=suits)
    for entry, state in ((other, OfferState.OPEN), (world.entry, OfferState.DECLINED)):
        if not draw(st.booleans()):
            continue
        date = draw(st.sampled_from([DATE, TOMORROW]))
        places = list(world.view.gaps(date).places(entry))
        if places:
            yield _offer(entry, draw(st.sampled_from(places)), state)


def _offer(entry: Entry, place: Place, state: OfferState) -> Offer:
    made, name = clock(0) - dt.timedelta(days=1), OfferId(f"offer-{entry.id}")
    ends = made + dt.timedelta(days=9)
    return Offer(name, entry.id, entry.client, entry.service, place, made, ends, Channel.MESSAGE, "", state=state)
