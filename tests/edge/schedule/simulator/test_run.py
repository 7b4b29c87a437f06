"""What must hold in every draw of a simulated day."""

import time
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edge.schedule.booking import plan_day, synthesise_day
from edge.schedule.checker import check
from edge.schedule.domain import Appointment, Outage, Plan, ResourceKind, Span, Status
from edge.schedule.entries import Lunch
from edge.schedule.errors import NotAllowed
from edge.schedule.ids import ReplanId
from edge.schedule.registry import Provider, Registry, Room, Unit
from edge.schedule.simulator.behaviour import Behaviour
from edge.schedule.simulator.outcome import MEASURES, Outcome
from edge.schedule.simulator.run import simulate
from tests.edge.schedule.shadowed import DATE
from tests.edge.schedule.simulated import used_twice

SLOW = settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
UPSET = Behaviour(provider_absent=0.2, device_fault=0.2)


def planned(clinic: Registry, seed: int, visits: int = 60) -> Plan:
    return plan_day(clinic, synthesise_day(clinic, DATE, seed, visits), DATE)


def stage_of(plan: Plan, outcome: Outcome, column: int) -> tuple[Appointment, int]:
    name, number = outcome.stages[column]
    return plan.appointments[name], number


@SLOW
@given(seed=st.integers(0, 10_000))
def test_a_day_without_chance_is_the_plan_itself(clinic: Registry, seed: int) -> None:
    plan = planned(clinic, seed, visits=90)
    outcome = simulate(clinic, plan, Behaviour.certain(), seed, draws=2)
    stages = [plan.appointments[name].stages[number] for name, number in outcome.stages]
    assert (outcome.begins == [stage.start for stage in stages]).all()
    assert (outcome.ends == [stage.end for stage in stages]).all()
    assert outcome.served.all()
    assert not outcome.wait.any()
    assert not outcome.overtime.any()


@SLOW
@given(seed=st.integers(0, 10_000))
def test_the_same_seed_gives_the_same_days_and_another_seed_others(clinic: Registry, seed: int) -> None:
    plan = planned(clinic, 1)
    one, two, other = (simulate(clinic, plan, seed=number, draws=20) for number in (seed, seed, seed + 1))
    for name in ("arrivals", "begins", "ends", "wait", "overtime", "idle", "revenue"):
        assert np.array_equal(getattr(one, name), getattr(two, name), equal_nan=True)
    assert not np.array_equal(one.begins, other.begins, equal_nan=True)


@SLOW
@given(seed=st.integers(0, 10_000))
def test_nothing_begins_before_its_client_and_its_time_and_stages_follow_each_other(
    clinic: Registry, seed: int
) -> None:
    plan = planned(clinic, seed)
    outcome = simulate(clinic, plan, UPSET, seed, draws=40)
    for column in range(len(outcome.stages)):
        visit, number = stage_of(plan, outcome, column)
        begins = outcome.begins[:, column]
        if number == 0:
            here = outcome.arrivals[:, outcome.visits.index(visit.id)]
            earliest = np.maximum(here, visit.start)
        else:
            earliest = outcome.ends[:, column - 1]
        treated = ~np.isnan(begins)
        assert (begins[treated] >= earliest[treated] - 1e-9).all()


@SLOW
@given(seed=st.integers(0, 10_000))
def test_nobody_and_nothing_serves_two_visits_at_once_and_rests_are_kept(clinic: Registry, seed: int) -> None:
    plan = planned(clinic, seed)
    outcome = simulate(clinic, plan, UPSET, seed, draws=5)
    for draw in range(outcome.draws):
        assert list(used_twice(clinic, plan, outcome, draw)) == []


@SLOW
@given(seed=st.integers(0, 10_000), few=st.floats(0, 0.4), more=st.floats(0.02, 0.5))
def test_more_no_shows_never_lower_the_idle_time_that_is_expected(
    clinic: Registry, seed: int, few: float, more: float
) -> None:
    plan = planned(clinic, seed)
    low, high = (
        simulate(clinic, plan, Behaviour(no_show=rate, cancellation=0), seed, draws=200) for rate in (few, few + more)
    )
    assert high.figures()["idle"].mean >= low.figures()["idle"].mean
    assert (high.came <= low.came).all()


def test_every_client_is_served_turned_away_or_absent_and_each_brings_the_price(clinic: Registry) -> None:
    priced = clinic.model_copy(
        update={"services": tuple(s.model_copy(update={"price": 100.0}) for s in clinic.services)}
    )
    outcome = simulate(priced, planned(clinic, 3), UPSET, draws=300)
    counts = outcome.served.sum(axis=1) + outcome.turned_away.sum(axis=1) + (~outcome.came).sum(axis=1)
    assert (counts == len(outcome.visits)).all()
    assert (outcome.revenue == 100 * outcome.served.sum(axis=1)).all()
    assert not (outcome.served & ~outcome.came).any()
    assert np.isnan(outcome.wait[~outcome.came]).all()


def test_the_figures_drawn_are_those_asked_for(clinic: Registry, day: Plan) -> None:
    world = Behaviour(grace_minutes=240)
    outcome = simulate(clinic, day, world, draws=4000)
    absent = (~outcome.came).mean()
    assert absent == pytest.approx(world.no_show + world.late_cancellation, abs=0.01)
    starts = np.array([day.appointments[name].start for name in outcome.visits])
    early = (outcome.arrivals < starts)[outcome.came].mean()
    assert early == pytest.approx(0.844, abs=0.01)
    lengths = outcome.ends - outcome.begins
    for column, (name, number) in enumerate(outcome.stages):
        stage = day.appointments[name].stages[number]
        real, minutes = lengths[:, column][~np.isnan(lengths[:, column])], stage.end - stage.start
        assert real.mean() == pytest.approx(minutes, rel=0.04)
        spread = world.unattended_cv if stage.provider is None else world.duration_cv
        assert real.std() / real.mean() == pytest.approx(spread, rel=0.15)


def test_a_client_whose_chance_is_known_is_drawn_with_it_and_one_who_is_here_is_certain(
    clinic: Registry, day: Plan
) -> None:
    doubtful, here = day.placed[3], day.placed[4]
    plan = day.with_appointments(replace(doubtful, show=0.3), replace(here, show=0.3, status=Status.ARRIVED))
    outcome = simulate(clinic, plan, Behaviour(grace_minutes=240), draws=3000)
    came = dict(zip(outcome.visits, outcome.came.mean(axis=0), strict=True))
    assert came[doubtful.id] == pytest.approx(0.3, abs=0.03)
    assert came[here.id] == 1


def test_one_visit_less_leaves_the_luck_of_all_others_as_it_was(clinic: Registry, day: Plan) -> None:
    gone = day.placed[7]
    fewer = day.with_appointments(replace(gone, status=Status.CANCELLED))
    whole, less = (simulate(clinic, plan, draws=50) for plan in (day, fewer))
    kept = [column for column, name in enumerate(whole.visits) if name != gone.id]
    assert np.array_equal(whole.arrivals[:, kept], less.arrivals, equal_nan=True)
    assert np.array_equal(whole.came[:, kept], less.came)


def test_what_is_out_of_order_is_waited_for_and_who_waits_too_long_goes_home(clinic: Registry, day: Plan) -> None:
    visit = next(a for a in day.placed if a.stages[-1].device is not None and a.start < 12 * 60)
    device = visit.stages[-1].device
    assert device is not None

    def out_for(minutes: int) -> Outcome:
        stage = next(s for s in visit.stages if s.device is not None)
        span = Span(stage.start, stage.start + minutes)
        outage = Outage(ReplanId("out"), ResourceKind.DEVICE, device, span)
        return simulate(clinic, replace(day, outages=(outage,)), Behaviour.certain(), draws=1)

    assert out_for(20).wait[0, out_for(20).visits.index(visit.id)] == pytest.approx(20)
    whole_day = Outage(ReplanId("out"), ResourceKind.ROOM, visit.stages[0].room, Span(0, 24 * 60))
    closed = simulate(clinic, replace(day, outages=(whole_day,)), Behaviour.certain(), draws=1)
    assert closed.turned_away[0, closed.visits.index(visit.id)]


def test_a_lunch_is_eaten_where_the_plan_leaves_it(clinic: Registry) -> None:
    lunch = Lunch(start=11 * 60, end=15 * 60, minutes=30)
    hungry = clinic.model_copy(
        update={"providers": tuple(p.model_copy(update={"breaks": (), "lunch": lunch}) for p in clinic.providers)}
    )
    plan = planned(hungry, 5, visits=90)
    assert check(hungry, plan) == ()
    certain = simulate(hungry, plan, Behaviour.certain(), draws=1)
    assert not certain.wait.any()
    worked = sum(s.end - s.start for a in plan.placed for s in a.stages if s.provider is not None)
    shifts = sum(p.shift.end - p.shift.start for p in hungry.providers)
    assert certain.idle.sum() == shifts - worked - 30 * len(hungry.providers)


def test_an_empty_day_has_figures_too(clinic: Registry) -> None:
    figures = simulate(clinic, Plan(DATE), Behaviour.certain(), draws=10).figures()
    assert set(figures) == set(MEASURES)
    assert figures["wait"].mean == figures["served"].mean == figures["revenue"].mean == 0


def test_a_plan_of_two_days_counts_each_shift(clinic: Registry) -> None:
    plan = planned(clinic, 2)
    midnight = 24 * 60
    tomorrow = [
        replace(
            a,
            id=type(a.id)(f"{a.id}-2"),
            window=Span(a.window.start + midnight, a.window.end + midnight),
            stages=tuple(replace(s, start=s.start + midnight, end=s.end + midnight) for s in a.stages),
        )
        for a in plan.placed
    ]
    twice = replace(plan, days=2).with_appointments(*tomorrow)
    one, two = (simulate(clinic, p, Behaviour.certain(), draws=1) for p in (plan, twice))
    assert not two.wait.any()
    assert two.idle.sum() == 2 * one.idle.sum()


def test_a_thousand_draws_of_an_80_visit_day_take_less_than_a_second_of_one_core(clinic: Registry) -> None:
    def twins(entries: Sequence[Provider | Room | Unit]) -> tuple[Provider | Room | Unit, ...]:
        return (*entries, *(entry.model_copy(update={"id": f"{entry.id}-b"}) for entry in entries))

    double = clinic.model_copy(
        update={
            "providers": twins(clinic.providers),
            "rooms": twins(clinic.rooms),
            "devices": twins(clinic.devices),
        }
    )
    plan = planned(double, 1, visits=80)
    assert len(plan.placed) == 80
    begin = time.process_time()
    simulate(double, plan, draws=1000)
    assert time.process_time() - begin < 1


@pytest.mark.parametrize("draws", [0, 100_001])
def test_too_few_or_too_many_draws_are_refused(clinic: Registry, day: Plan, draws: int) -> None:
    with pytest.raises(NotAllowed, match="draws"):
        simulate(clinic, day, draws=draws)
