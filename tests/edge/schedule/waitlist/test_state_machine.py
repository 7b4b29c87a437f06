"""Whatever happens in whatever order: no place is promised twice, nobody is bothered too often, no rule is broken."""

import datetime as dt
import random
import time
from collections import Counter
from itertools import count
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, event, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from edge.schedule.booking import synthesise_day
from edge.schedule.checker import check
from edge.schedule.domain import AppointmentRequest, Cancelled, Plan, ProviderOut, Span, Status, WalkIn
from edge.schedule.errors import NotAllowed
from edge.schedule.ids import AppointmentId, ProviderId, ReplanId, ServiceId
from edge.schedule.registry import demo_registry
from edge.schedule.replan import SolverLimits
from edge.schedule.schedule import Schedule
from edge.schedule.waitlist.clinic import Clinic, minute_of
from edge.schedule.waitlist.domain import Channel, Entry, EntryId, EntryState, Offer, OfferState, Window
from edge.schedule.waitlist.due import due, offer_now
from edge.schedule.waitlist.places import standing
from edge.schedule.waitlist.rules import OfferRules
from edge.schedule.waitlist.waitlist import Waitlist
from shared.events.payload import PayloadModel
from shared.ids import ClientId

ZONE = ZoneInfo("Europe/Vienna")
DATE = dt.date(2026, 11, 23)
DATES = (DATE, DATE + dt.timedelta(days=1))
REGISTRY = demo_registry()
CLINIC = Clinic(REGISTRY, OfferRules(per_day=2, per_week=3))
SERVICES = [service.id for service in REGISTRY.services]
PROVIDERS = [provider.id for provider in REGISTRY.providers]
QUICK = SolverLimits(seconds=0, alternatives=0)
WHICH = st.integers(0, 10_000)


class WaitlistMachine(RuleBasedStateMachine):
    """A clinic of two days, its waitlist, and a clock."""

    def __init__(self) -> None:
        super().__init__()
        self.days = {date: Schedule(date) for date in DATES}
        self.waitlist = Waitlist()
        self.told: list[PayloadModel] = []
        self.now = dt.datetime.combine(DATE, dt.time(8, 30), ZONE)
        self.numbers = count(1)

    def new_id(self) -> str:
        return f"id-{next(self.numbers)}"

    def record(self, payloads: list[PayloadModel]) -> None:
        for payload in payloads:
            self.waitlist.apply(payload)
            self.told.append(payload)

    def put(self, day: Schedule, payloads: list[PayloadModel]) -> None:
        for payload in payloads:
            day.apply(payload)

    def held(self, day: Schedule) -> list[Offer]:
        return list(standing(REGISTRY, day.plan, self.waitlist.state.live(self.now)))

    @initialize(seed=st.integers(0, 50))
    def open(self, seed: int) -> None:
        for date, day in self.days.items():
            clients = [ClientId(f"c{number}") for number in range(200)]
            self.put(day, day.book_day(REGISTRY, synthesise_day(REGISTRY, date, seed, 45, clients)))
        chance = random.Random(seed)
        for client in range(7):
            messages, travel = client != 3, chance.choice([0, 20, 45])
            self.somebody_waits(client, chance.choice(SERVICES), 9 * 60, 600, travel, 0, messages, None)
        for _ in range(6):
            self.a_visit_is_cancelled(chance.randrange(100), chance.choice(DATES), replanned=False)
        self.what_is_due_is_done()

    @rule(
        client=st.integers(0, 6), service=st.sampled_from(SERVICES), first=st.integers(9 * 60, 15 * 60),
        length=st.integers(120, 600), travel=st.integers(0, 60), notice=st.sampled_from([0, 0, 30, 300]),
        messages=st.sampled_from([True, True, True, False]), preferred=st.sampled_from([None, *PROVIDERS]),
    )  # fmt: skip
    def somebody_waits(
        self, client: int, service: str, first: int, length: int, travel: int, notice: int,
        messages: bool, preferred: ProviderId | None,
    ) -> None:  # fmt: skip
        hours = Span(first // 5 * 5, min(19 * 60, (first + length) // 5 * 5))
        entry = Entry(
            EntryId(self.new_id()), ClientId(f"waits-{client}"), ServiceId(service), (Window(*DATES, hours),),
            self.now, preferred, None, travel, notice, None, messages,
        )  # fmt: skip
        try:
            self.record(self.waitlist.add(REGISTRY, CLINIC.rules, entry, self.now))
        except NotAllowed:
            assert entry.id not in self.waitlist.state.entries

    @rule(minutes=st.sampled_from([1, 5, 19, 20, 21, 60, 780]))
    def time_passes(self, minutes: int) -> None:
        self.now += dt.timedelta(minutes=minutes)

    @rule()
    def what_is_due_is_done(self) -> None:
        made = due(CLINIC, self.waitlist, self.days, self.now, self.new_id)
        self.record(made)
        event(f"due: {len(made)} events")
        assert due(CLINIC, self.waitlist, self.days, self.now, self.new_id) == []
        assert all(offer.live(self.now) for offer in self.waitlist.state.open())

    @rule(which=WHICH, date=st.sampled_from(DATES), replanned=st.booleans())
    def a_visit_is_cancelled(self, which: int, date: dt.date, replanned: bool) -> None:
        day = self.days[date]
        visits = [visit for visit in day.plan.placed if not visit.status.begun]
        if not visits:
            return
        visit = visits[which % len(visits)]
        if not replanned:
            self.put(day, day.change_status(visit.id, Status.CANCELLED, minute_of(date, self.now)))
            return
        self.replan(day, Cancelled(minute_of(date, self.now), visit.id))

    @rule(who=st.sampled_from(PROVIDERS), date=st.sampled_from(DATES), start=st.integers(9, 17))
    def a_provider_is_out(self, who: ProviderId, date: dt.date, start: int) -> None:
        self.replan(self.days[date], ProviderOut(minute_of(date, self.now), who, Span(start * 60, start * 60 + 90)))

    @rule(which=WHICH, accepted=st.booleans())
    def the_provider_of_an_offer_is_out(self, which: int, accepted: bool) -> None:
        offer = self.offer(which)
        if offer is None or not offer.live(self.now):
            return
        who, day = min(offer.place.providers), self.days[offer.place.day]
        self.replan(day, ProviderOut(minute_of(offer.place.day, self.now), who, offer.place.span))
        assert offer not in self.held(day)
        if accepted:
            self.an_offer_is_accepted(which, twice=False)

    def replan(self, day: Schedule, disruption: Cancelled | ProviderOut) -> None:
        name = ReplanId(self.new_id())
        answer = day.preview(REGISTRY, disruption, name, time.monotonic, QUICK)
        self.put(day, day.report_disruption(REGISTRY, disruption, answer, name))

    @rule(service=st.sampled_from(SERVICES), date=st.sampled_from(DATES), walks_in=st.booleans())
    def somebody_else_books(self, service: str, date: dt.date, walks_in: bool) -> None:
        """What is on offer before is free for its client afterwards."""
        day = self.days[date]
        before = self.held(day)
        held = [offer.visit() for offer in before]
        name, now = AppointmentId(self.new_id()), minute_of(date, self.now)
        wish = AppointmentRequest(name, ClientId(name), ServiceId(service), Span(540, 1140))
        if walks_in:
            replan = ReplanId(self.new_id())
            answer = day.preview(REGISTRY, WalkIn(now, wish), replan, time.monotonic, QUICK, held)
            self.put(day, day.report_disruption(REGISTRY, WalkIn(now, wish), answer, replan))
            assert day.plan == answer.plan
        else:
            self.put(day, day.decide_request(REGISTRY, wish, now, held))
        assert self.held(day) == before

    @rule(which=WHICH, twice=st.booleans())
    def an_offer_is_accepted(self, which: int, twice: bool) -> None:
        offer = self.offer(which)
        if offer is None:
            return
        day = self.days[offer.place.day]
        if offer.state is not OfferState.OPEN and offer.state is not OfferState.ACCEPTED:
            with pytest.raises(NotAllowed):
                self.waitlist.accept(REGISTRY, day.plan, offer.id, self.now)
            return
        if offer.state is OfferState.OPEN and self.now >= offer.expires_at:
            with pytest.raises(NotAllowed, match="expired"):
                self.waitlist.accept(REGISTRY, day.plan, offer.id, self.now)
            return
        answer = self.waitlist.accept(REGISTRY, day.plan, offer.id, self.now)
        self.put(day, list(answer.visit))
        self.record(list(answer.waitlist))
        after = self.waitlist.offer(offer.id)
        event(f"answered: {after.state}")
        if after.state is OfferState.ACCEPTED:
            assert day.plan.appointments[offer.appointment].client == offer.client
            assert self.waitlist.state.states[offer.entry] is EntryState.BOOKED
        else:
            assert (after.state, answer.visit) == (OfferState.SUPERSEDED, ())
        if twice and after.state is OfferState.ACCEPTED:
            again = self.waitlist.accept(REGISTRY, day.plan, offer.id, self.now)
            assert (again.visit, again.waitlist) == ((), ())

    @rule(which=WHICH)
    def an_offer_is_declined(self, which: int) -> None:
        offer = self.offer(which)
        if offer is None or not offer.live(self.now):
            return
        self.record(self.waitlist.decline(offer.id, self.now))
        assert self.waitlist.decline(offer.id, self.now) == []

    @rule(which=WHICH, channel=st.sampled_from(list(Channel)))
    def an_offer_is_made_by_hand(self, which: int, channel: Channel) -> None:
        names = list(self.waitlist.state.entries)
        if not names:
            return
        before = len(self.waitlist.state.offers)
        try:
            made = offer_now(
                CLINIC, self.waitlist, self.days, names[which % len(names)], channel, self.now, self.new_id
            )
        except NotAllowed:
            return
        self.record(made)
        assert len(self.waitlist.state.offers) == before + 1

    @rule(which=WHICH, back=st.booleans())
    def an_entry_is_withdrawn(self, which: int, back: bool) -> None:
        names = [entry.id for entry in self.waitlist.state.waiting()]
        if not names:
            return
        name = names[which % len(names)]
        self.record(self.waitlist.withdraw(name))
        assert self.waitlist.withdraw(name) == []
        assert not any(offer.entry == name for offer in self.waitlist.state.open())
        if back:
            self.record(self.waitlist.restore(name))

    def offer(self, which: int) -> Offer | None:
        names = list(self.waitlist.state.offers)
        return self.waitlist.offer(names[-1 - which % min(3, len(names))]) if names else None

    @invariant()
    def no_two_live_offers_share_a_resource_at_a_time(self) -> None:
        for date in DATES:
            live = [offer.visit() for offer in self.waitlist.state.live(self.now) if offer.place.day == date]
            assert check(REGISTRY, Plan(date).with_appointments(*live)) == ()

    @invariant()
    def every_day_can_be_carried_out(self) -> None:
        assert [check(REGISTRY, day.plan) for day in self.days.values()] == [(), ()]

    @invariant()
    def nobody_is_bothered_too_often_or_at_night(self) -> None:
        made = [(offer.client, offer.made_at.astimezone(ZONE)) for offer in self.waitlist.state.offers.values()]
        assert not any(CLINIC.rules.quiet(at) for _, at in made)
        assert max(Counter((client, at.date()) for client, at in made).values(), default=0) <= CLINIC.rules.per_day
        assert max(Counter(client for client, _ in made).values(), default=0) <= CLINIC.rules.per_week
        live = Counter(offer.client for offer in self.waitlist.state.live(self.now))
        assert max(live.values(), default=0) <= 1

    @invariant()
    def every_offer_leaves_time_to_come(self) -> None:
        for offer in self.waitlist.state.offers.values():
            entry = self.waitlist.entry(offer.entry)
            midnight = dt.datetime.combine(offer.place.day, dt.time(), ZONE)
            start = midnight + dt.timedelta(minutes=offer.place.start)
            leaves = dt.timedelta(minutes=entry.travel + entry.notice)
            assert offer.made_at < offer.expires_at <= start.astimezone(dt.UTC) - leaves

    def teardown(self) -> None:
        again = Waitlist.fold(type(payload).model_validate(payload.model_dump(mode="json")) for payload in self.told)
        assert again.version == self.waitlist.version == len(self.told)
        assert (again.state.entries, again.state.states) == (self.waitlist.state.entries, self.waitlist.state.states)
        ends = {name: (offer.state, offer.place) for name, offer in self.waitlist.state.offers.items()}
        assert {name: (offer.state, offer.place) for name, offer in again.state.offers.items()} == ends


WaitlistMachine.TestCase.settings = settings(
    max_examples=8, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)
)
TestWaitlist = WaitlistMachine.TestCase
