"""What somebody who waits is told of what is in the way."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import replace

import pytest

from edge.schedule.clearing import OnRecord
from edge.schedule.demand import demands_of
from edge.schedule.domain import Outage, PastVisit, Plan, ProviderOut, ResourceKind, Span
from edge.schedule.errors import NotAllowed
from edge.schedule.ids import AppointmentId, ProviderId, ReplanId, ServiceId
from edge.schedule.other_days import history_of, reach_of
from edge.schedule.registry import Registry
from edge.schedule.waitlist.clinic import Clinic, Overview
from edge.schedule.waitlist.domain import Channel, Entry, EntryId, Offer, OfferId, OfferState, Place, Window
from edge.schedule.waitlist.due import due, offer_now
from edge.schedule.waitlist.rules import OfferRules
from edge.schedule.waitlist.waitlist import Waitlist
from edge.schedule.waitlist.why import Why, why_nothing, why_text
from shared.ids import ClientId
from tests.edge.schedule.courses import with_rules
from tests.edge.schedule.paced import with_paces
from tests.edge.schedule.waitlist.conftest import DATE, Bench, clock, wish
from tests.edge.schedule.waitlist.test_offers import freed_visit, report


def out(plan: Plan, *providers: str) -> Plan:
    """Return a day on which these are away all day."""
    away = tuple(Outage(ReplanId("r"), ResourceKind.PROVIDER, one, Span(0, 1440)) for one in providers)
    return replace(plan, outages=(*plan.outages, *away))


class Told:
    """One entry that waits at a clinic, and what its client has on other days."""

    def __init__(self, registry: Registry, has: Mapping[dt.date, str] | None = None, cleared: str = "") -> None:
        self.has = {day: ServiceId(name) for day, name in (has or {}).items()}
        record = OnRecord(lambda client, day: frozenset(cleared.split()), self._history)
        self.clinic = Clinic(registry, OfferRules(), record=record)

    def _history(self, client: ClientId, service: ServiceId, day: dt.date) -> tuple[PastVisit, ...]:
        others = [PastVisit(name, (day - date).days) for date, name in self.has.items() if date != day]
        registry = self.clinic.on(day)
        return history_of(registry, service, others) if reach_of(registry, service) is not None else ()

    def whys(self, entry: Entry, *plans: Plan, now: dt.datetime | None = None) -> tuple[Why, ...]:
        days = {plan.date: plan for plan in plans}
        for number in range(self.clinic.rules.horizon_days + 1):
            date = DATE + dt.timedelta(days=number)
            days.setdefault(date, Plan(date))
        return why_nothing(Overview(self.clinic, Waitlist(), days, now or clock(8, 30)), entry)

    def text(self, entry: Entry, *plans: Plan, now: dt.datetime | None = None) -> str:
        return why_text(self.whys(entry, *plans, now=now))


def day(number: int) -> dt.date:
    return DATE + dt.timedelta(days=number)


def whys(bench: Bench, name: str, now: dt.datetime) -> str:
    plans = {date: one.plan for date, one in bench.days.items()}
    return why_text(
        why_nothing(Overview(bench.clinic, bench.waitlist, plans, now), bench.waitlist.entry(EntryId(name)))
    )


def test_where_something_suits_nothing_is_in_the_way(clinic: Registry) -> None:
    assert Told(clinic).whys(wish("a", days=3)) == ()
    # One free day is enough, however full the others are.
    assert Told(clinic).whys(wish("a", days=1), out(Plan(DATE), "cedar", "laurel")) == ()


def test_who_is_busy_or_away_is_told_at_the_start_where_least_is_in_the_way(bench: Bench) -> None:
    bench.book("taken", 10 * 60 + 10, "cedar")
    bench.add(wish("a", first=9, last=11))
    assert whys(bench, "a", clock(8)) == ""
    bench.book("earlier", 9 * 60 + 20, "cedar")
    bench.book("also", 10 * 60 + 15, "laurel")
    assert whys(bench, "a", clock(8)) == (
        "23 November, 09:00: No provider with the consult skill is free 09:00-09:30: "
        "Dr. Cedar has Skin consultation 09:20-09:50; Dr. Laurel works 10:00-19:00."
    )


def test_a_rule_between_days_is_told_with_the_day_from_which_it_allows_the_visit() -> None:
    twice = with_rules({"laser-hair": {"apart": [{"service": "laser-hair", "days": 14}]}})
    said = "Laser hair removal needs 14 days between it and Laser hair removal on 18 November"
    waits = wish("a", "laser-hair", days=3)
    assert Told(twice, {day(-5): "laser-hair"}).text(waits) == (
        f"23 November to 26 November: {said}; on 2 December at the earliest."
    )
    assert Told(twice, {day(-5): "laser-hair"}).whys(waits)[0].days == tuple(day(number) for number in range(4))
    # A visit that is booked for later counts as well, and its own day is not the earliest.
    assert "on 2 December; on 16 December at the earliest." in Told(twice, {day(9): "laser-hair"}).text(waits)
    assert Told(twice, {day(-12): "laser-hair"}).whys(waits) == ()


def test_of_some_days_a_rule_and_of_others_the_day_itself_is_in_the_way(clinic: Registry) -> None:
    twice = with_rules({"laser-hair": {"apart": [{"service": "laser-hair", "days": 14}]}})
    closed = out(Plan(day(2)), *(provider.id for provider in clinic.providers))
    told = Told(twice, {day(-12): "laser-hair"}).whys(wish("a", "laser-hair", days=2), closed)
    assert [(why.days, why.start) for why in told] == [((day(0), day(1)), None), ((day(2),), 540)]
    assert "on 25 November at the earliest" in told[0].reasons[0].sentence
    assert "Dr. Cedar is out" in told[1].reasons[0].sentence


def test_a_visit_that_has_to_come_before_is_told_and_from_when_it_prepares_one() -> None:
    after = with_rules({"filler": {"after": [{"service": "consultation", "at_least_days": 3}]}})
    said = "23 November to 26 November: Dermal filler needs Skin consultation before it, at least 3 days"
    assert Told(after).text(wish("a", "filler", days=3)) == f"{said}."
    assert Told(after, {day(1): "consultation"}).text(wish("a", "filler", days=3)) == (
        f"{said}; on 27 November at the earliest."
    )
    assert Told(after, {day(0): "consultation"}).whys(wish("a", "filler", days=3)) == ()


def test_a_service_that_ends_on_a_day_to_come_is_possible_before_it_or_on_no_day() -> None:
    twice = with_rules({"laser-hair": {"apart": [{"service": "laser-hair", "days": 14}]}})
    without = twice.model_copy(update={"services": tuple(one for one in twice.services if one.id != "laser-hair")})
    said = "23 November to 26 November: Laser hair removal needs 14 days between it and Laser hair removal on"

    def text(had: int, ends: int) -> str:
        told = Told(twice, {day(had): "laser-hair"})
        told.clinic = replace(told.clinic, planned_on=lambda date: twice if date < day(ends) else without)
        return told.text(wish("a", "laser-hair", days=3))

    assert text(-5, 9) == f"{said} 18 November."
    assert text(-5, 10) == f"{said} 18 November; on 2 December at the earliest."


def test_a_visit_of_a_service_that_only_later_days_have_is_in_the_way_of_no_day_before() -> None:
    rules = {"laser-hair": {"apart": [{"service": "laser-hair", "days": 7}, {"service": "peel", "days": 2}]}}
    later = with_rules(rules)
    fewer = later.model_copy(update={"services": tuple(one for one in later.services if one.id != "peel")})
    told = Told(later, {day(-3): "laser-hair", day(4): "peel"})
    told.clinic = replace(told.clinic, planned_on=lambda date: fewer if date < day(5) else later)
    assert told.text(wish("a", "laser-hair")).endswith("on 20 November; on 27 November at the earliest.")


def test_each_clearance_that_is_missing_is_told() -> None:
    cleared = with_rules({"filler": {"clearances": ["x", "y"]}})
    said = "Dermal filler needs the clearance {}, which no licensed professional has given."
    told = Told(cleared).text(wish("a", "filler", days=1))
    assert told == f"23 November to 24 November: {said.format('x')} {said.format('y')}"
    assert Told(cleared, cleared="x").text(wish("a", "filler")) == f"23 November: {said.format('y')}"
    assert Told(cleared, cleared="x y").whys(wish("a", "filler")) == ()


def test_the_clients_own_other_visit_is_told_with_its_time(bench: Bench) -> None:
    bench.book("own", 9 * 60, "cedar")
    own = replace(wish("a", "follow-up", first=9), client=ClientId("own"))
    nine = replace(own, windows=(replace(own.windows[0], hours=Span(540, 570)),))
    bench.add(nine)
    assert whys(bench, "a", clock(8)) == "23 November, 09:00: The client is at Skin consultation 09:00-09:30."


def test_what_is_lent_to_online_booking_is_told_so(clinic: Registry) -> None:
    bench = Bench(clinic)
    lent = bench.book("lent", 9 * 60, "cedar")
    held = bench.day.plan.appointments[lent]
    nine = replace(wish("a").windows[0], hours=Span(540, 570))
    told = Told(clinic).text(replace(wish("a"), windows=(nine,)), replace(Plan(DATE), lent=(held,)))
    assert "Dr. Cedar is held for online booking 09:00-09:30" in told


def test_a_place_that_is_on_offer_to_somebody_else_is_told_so_and_names_nobody(bench: Bench) -> None:
    bench.add(wish("first", first=10, last=11, preferred=ProviderId("cedar")))
    bench.book("other", 10 * 60, "laurel")
    freed_visit(bench)
    bench.record(due(bench.clinic, bench.waitlist, bench.days, clock(8, 30), bench.new_id))
    ten = replace(wish("second").windows[0], hours=Span(600, 630))
    bench.add(replace(wish("second"), windows=(ten,)))
    told = whys(bench, "second", clock(8, 31))
    assert "Dr. Cedar is on offer to somebody 10:00-10:30" in told
    assert "first" not in told


def test_a_place_that_a_booked_visit_needs_first_is_told_so(bench: Bench) -> None:
    bench.book("stays", 600, "cedar")
    bench.book("lost", 600, "laurel")
    report(bench, ProviderOut(540, ProviderId("laurel"), Span(600, 1140)))
    bench.cancel(AppointmentId("stays"))
    ten = replace(wish("a").windows[0], hours=Span(600, 630))
    bench.add(replace(wish("a"), windows=(ten,)))
    assert "Dr. Cedar is kept for a booked visit without a place 10:00-10:30" in whys(bench, "a", clock(9))


def test_what_leaves_the_client_too_little_time_is_told_with_what_it_takes(bench: Bench) -> None:
    bench.add(wish("a", first=9, last=10, travel=45, notice=120))
    assert whys(bench, "a", clock(8, 30)) == (
        "23 November, 09:00: It is too late to offer 09:00: the client needs 45 minutes to get here, 2 hours of notice"
        " and 5 minutes to answer."
    )


def test_a_time_that_the_client_did_not_take_is_not_offered_again_and_told_so(bench: Bench) -> None:
    ten = replace(wish("a").windows[0], hours=Span(600, 630))
    bench.add(replace(wish("a"), windows=(ten,)))
    bench.record(
        offer_now(bench.clinic, bench.waitlist, bench.days, EntryId("a"), Channel.MESSAGE, clock(8, 30), bench.new_id)
    )
    bench.record(bench.waitlist.decline(OfferId("offer-1"), clock(8, 31)))
    assert whys(bench, "a", clock(8, 32)) == (
        "23 November, 10:00: The client was offered 10:00-10:30 before and did not take it."
    )


def unlike(bench: Bench) -> Bench:
    """Return the bench where Dr. Cedar takes 40 minutes for a consultation, and Dr. Laurel 25."""
    bench.clinic = replace(bench.clinic, registry=with_paces(bench.clinic.registry, {"cedar": 135, "laurel": 75}))
    return bench


def declined(bench: Bench, name: str, start: int, provider: str) -> None:
    """Let an entry have been offered a place from a minute on, and not have taken it."""
    entry = bench.waitlist.entry(EntryId(name))
    demand = demands_of(bench.clinic.registry)[entry.service]
    stages = demand.stages(start, (provider, "consult-1"))
    place, made = Place(DATE, Span(540, 1140), stages), clock(7).astimezone(dt.UTC)
    before = Offer(OfferId("before"), entry.id, entry.client, entry.service, place, made, clock(9), Channel.PHONE, "")
    bench.waitlist.state.put_offer(replace(before, state=OfferState.DECLINED))


def test_a_time_that_was_not_taken_is_in_the_way_of_whoever_would_take_as_long_as_that(bench: Bench) -> None:
    nine = replace(wish("a").windows[0], hours=Span(540, 580))
    unlike(bench).add(replace(wish("a"), windows=(nine,)))
    declined(bench, "a", 575, "cedar")
    bench.day.plan = out(bench.day.plan, "laurel")
    assert whys(bench, "a", clock(8)) == (
        "23 November, 09:00: The client was offered 09:35-10:15 before and did not take it."
    )


def test_whoever_is_fast_enough_serves_before_a_time_that_was_not_taken(bench: Bench) -> None:
    eleven = replace(wish("a", preferred=ProviderId("cedar")).windows[0], hours=Span(660, 700))
    unlike(bench).add(replace(wish("a", preferred=ProviderId("cedar")), windows=(eleven,)))
    declined(bench, "a", 690, "cedar")
    bench.book("next", 685, "laurel")
    assert whys(bench, "a", clock(8)) == ""
    bench.record(
        offer_now(bench.clinic, bench.waitlist, bench.days, EntryId("a"), Channel.MESSAGE, clock(8, 30), bench.new_id)
    )
    (offer,) = bench.waitlist.state.open()
    assert (offer.place.span, offer.place.providers) == (Span(660, 685), {"laurel"})


@pytest.mark.parametrize(
    ("first", "last", "at", "said"),
    [
        (0, 0, 20, "No time is left in the hours that suit; widen them."),
        (9, 12, 9, "Places are offered 6 days ahead, and the next day that suits is 2 December."),
        (0, 12, 9, ""),
    ],
)
def test_days_that_are_over_or_too_far_ahead_are_told(
    clinic: Registry, first: int, last: int, at: int, said: str
) -> None:
    entry = replace(wish("a"), windows=(Window(day(first), day(last), Span(540, 1140)),))
    assert Told(clinic).text(entry, now=clock(at)) == said


def test_a_service_that_the_clinic_no_longer_has_is_told(clinic: Registry) -> None:
    fewer = clinic.model_copy(update={"services": tuple(one for one in clinic.services if one.id != "peel")})
    assert Told(fewer).text(wish("a", "peel")) == "The clinic no longer offers this service; change the entry."


def test_no_more_than_three_stretches_of_days_are_told_one_by_one(clinic: Registry) -> None:
    full = [out(Plan(day(number)), "cedar", "laurel") for number in range(6)]
    told = Told(clinic).whys(wish("a", days=5), *full)
    assert [why.days for why in told] == [(day(0),), (day(1),), (day(2),)]


def test_an_offer_by_hand_is_refused_with_what_is_in_the_way(bench: Bench) -> None:
    bench.book("own", 9 * 60, "cedar")
    nine = replace(wish("a").windows[0], hours=Span(540, 570))
    bench.add(replace(wish("a"), windows=(nine,)))
    with pytest.raises(NotAllowed, match=r"within the next 6 days\. 23 November, 09:00: No provider with the consult"):
        offer_now(bench.clinic, bench.waitlist, bench.days, EntryId("a"), Channel.MESSAGE, clock(8, 30), bench.new_id)
