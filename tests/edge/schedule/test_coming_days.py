"""Days of their own as one plan and back: what a roll moves on it is what each day's stream says."""

import datetime as dt
import random
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edge.schedule.booking import next_slots, plan_day, synthesise_day
from edge.schedule.checker import check
from edge.schedule.coming_days import ComingDay, ComingDays, coming_days, tell_roll
from edge.schedule.domain import DAY_MINUTES, Appointment, Outage, PastVisit, ResourceKind, Span, Status
from edge.schedule.durations import LogNormal
from edge.schedule.estimates import Length, before, calibrated
from edge.schedule.horizon import Roll, roll
from edge.schedule.horizon_situation import Horizon
from edge.schedule.ids import AppointmentId, ReplanId, ServiceId
from edge.schedule.lengths import as_booked
from edge.schedule.payloads import visit_part
from edge.schedule.registry import Registry, demo_registry
from edge.schedule.schedule import Schedule
from shared.events.catalogue import schedule as said
from shared.ids import ClientId
from tests.edge.schedule.courses import with_rules

DATE = dt.date(2026, 11, 23)
CLINIC = demo_registry()
LIMITS = Horizon(budget=6, threshold=1, frozen_minutes=0, seconds=0.06, workers=1)
slowly = settings(max_examples=10, suppress_health_check=[HealthCheck.too_slow])


def lived(seed: int, number: int) -> Schedule:
    """A day as its events tell it: full, thinned by cancellations, some clients told, somebody without a place."""
    chance, date = random.Random(f"{seed}-{number}"), DATE + dt.timedelta(days=number)
    full = plan_day(CLINIC, synthesise_day(CLINIC, date, seed, 16), date)
    day = Schedule(date)
    for visit in full.placed:
        status = chance.choice([Status.BOOKED, Status.BOOKED, Status.CONFIRMED, Status.CANCELLED])
        day.apply(said.AppointmentBooked(day=date, visit=visit_part(replace(visit, status=status))))
    for waits in full.unplaced[:1]:
        day.apply(said.AppointmentBooked(day=date, visit=visit_part(waits)))
    return day


def longer(clinic: Registry) -> Registry:
    """The clinic after it has learnt that consultations take half as long again."""
    consultation = clinic.services[0]
    length = Length(LogNormal(consultation.minutes * 1.5, 0.1), 50)
    return calibrated(clinic, {consultation.id: replace(before(clinic, consultation), length=length)})


def kept_on(day: Schedule) -> tuple[Appointment, ...]:
    """A place of the day that is kept for somebody who is not booked."""
    (asks,) = synthesise_day(CLINIC, day.plan.date, 99, 1)
    anywhen = replace(asks, id=AppointmentId("kept"), client=ClientId("of-kept"), window=CLINIC.hours.span)
    return tuple(Appointment.of(anywhen, offer.stages) for offer in next_slots(CLINIC, day.plan, anywhen, 0, count=1))


def in_one_plan(clinic: Registry, days: Sequence[Schedule], kept: Sequence[tuple[Appointment, ...]]) -> ComingDays:
    return coming_days(clinic, [ComingDay(day.plan, day.version, held) for day, held in zip(days, kept, strict=True)])


def rolled(coming: ComingDays) -> Roll:
    return roll(coming.booked.registry, coming.booked.plan, (), 0, LIMITS)


@slowly
@given(st.integers(0, 10_000), st.booleans())
def test_a_roll_moves_nobody_who_was_told_breaks_no_rule_and_can_be_undone_day_by_day(seed: int, learnt: bool) -> None:
    clinic = longer(CLINIC) if learnt else CLINIC
    days = [lived(seed, number) for number in range(3)]
    plans, kept = [day.plan for day in days], [kept_on(day) for day in days]
    coming = in_one_plan(clinic, days, kept)
    assert coming.left_out == ()
    found = rolled(coming)
    for day, old, held in zip(days, plans, kept, strict=True):
        moves, replan = coming.told(found, day.plan.date), ReplanId(f"night-{day.plan.date}")
        for payload in tell_roll(day.plan.date, replan, moves, found, 1.0):
            day.apply(payload)
        own = as_booked(clinic, day.plan.with_appointments(*held))
        assert check(own.registry, own.plan) == ()
        for visit in old.appointments.values():
            new = day.plan.appointments[visit.id]
            assert replace(new, stages=visit.stages) == visit
            if visit.placed and visit.status is not Status.BOOKED:
                assert new == visit
            if visit.placed:
                assert [s.end - s.start for s in new.stages] == [s.end - s.start for s in visit.stages]
        changed = [name for name, visit in old.appointments.items() if day.plan.appointments[name] != visit]
        assert sorted(changed) == sorted(move.appointment for move in moves)
        for payload in day.undo_replan(clinic, replan):
            day.apply(payload)
        assert day.plan == old


def test_some_of_these_days_can_be_made_better_and_each_move_is_told_to_its_own_day() -> None:
    moved = 0
    for seed in range(3):
        days = [lived(seed, number) for number in range(3)]
        coming = in_one_plan(CLINIC, days, [(), (), ()])
        found = rolled(coming)
        told = [move for day in days for move in coming.told(found, day.plan.date)]
        assert len(told) == len(found.moves) + len(found.placed)
        assert all(0 <= stage.start < stage.end <= DAY_MINUTES for move in told for stage in move.after)
        moved += len(told)
    assert moved > 0


def test_what_stands_in_a_days_way_stands_in_the_plans_way_at_its_day() -> None:
    first, second = lived(1, 0), lived(1, 1)
    out = Outage(ReplanId("r"), ResourceKind.ROOM, "consult-1", Span(1150, 1200))
    visit = replace(second.plan.placed[0], wish=700, history=(PastVisit(ServiceId("peel"), 5),))
    second.plan = replace(second.plan.with_appointments(visit), outages=(out,))
    plan = in_one_plan(CLINIC, [first, second], [(), kept_on(second)]).booked.plan
    there = plan.appointments[visit.id]
    assert (plan.date, plan.days) == (DATE, 2)
    assert (there.start, there.wish) == (visit.start + DAY_MINUTES, 700 + DAY_MINUTES)
    assert there.window == Span(visit.window.start + DAY_MINUTES, visit.window.end + DAY_MINUTES)
    assert there.history == (PastVisit(ServiceId("peel"), 4),)
    assert plan.outages == (replace(out, span=Span(1150 + DAY_MINUTES, 1200 + DAY_MINUTES)),)
    assert [held.start // DAY_MINUTES for held in plan.lent] == [1]


def test_what_the_plan_holds_itself_is_in_no_visits_history_but_for_what_has_to_come_before() -> None:
    first, second = lived(1, 0), lived(1, 1)
    hers, later = first.plan.placed[0], replace(second.plan.placed[0], client=first.plan.placed[0].client)
    rules = {"apart": [{"service": hers.service, "days": 1}]}
    before = (PastVisit(hers.service, 1), PastVisit(ServiceId("filler"), 1), PastVisit(hers.service, 3))
    second.plan = replace(second.plan, appointments={later.id: replace(later, history=before)})
    first.plan = replace(first.plan, appointments={hers.id: replace(hers, history=(PastVisit(later.service, -1),))})

    def histories(rules: dict[str, Any], *days: Schedule) -> list[tuple[PastVisit, ...]]:
        plan = in_one_plan(with_rules({later.service: rules}), days, [() for _ in days]).booked.plan
        return [plan.appointments[name].history for name in (hers.id, later.id) if name in plan.appointments]

    other = (PastVisit(ServiceId("filler"), 0), PastVisit(hers.service, 2))
    assert histories(rules, first, second) == [(), other]
    relied = {**rules, "after": [{"service": hers.service}]}
    assert histories(relied, first, second) == [(), (PastVisit(hers.service, 0), *other)]
    first.plan = first.plan.with_appointments(replace(hers, status=Status.CANCELLED))
    assert histories(rules, first, second)[1] == (PastVisit(hers.service, 0), *other)


def test_a_day_that_goes_with_no_day_before_it_is_left_out_alone() -> None:
    days = [lived(2, number) for number in range(3)]
    visit = days[1].plan.placed[0]
    days[1].plan = days[1].plan.with_appointments(replace(visit, id=AppointmentId("twice"), client=ClientId("other")))
    coming = in_one_plan(CLINIC, days, [(), (), ()])
    assert coming.left_out == (DATE + dt.timedelta(days=1),)
    assert {a.start // DAY_MINUTES for a in coming.booked.plan.placed} == {0, 2}
    assert coming.booked.plan.days == 3


def test_a_visit_of_a_service_that_the_clinic_no_longer_offers_keeps_its_day_out() -> None:
    days = [lived(3, number) for number in range(2)]
    gone = days[0].plan.placed[0].service
    services = tuple(service for service in CLINIC.services if service.id != gone)
    coming = in_one_plan(CLINIC.model_copy(update={"services": services}), days, [(), ()])
    assert DATE in coming.left_out
