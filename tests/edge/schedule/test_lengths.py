"""What is booked keeps its length, whatever the clinic plans new visits with since."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edge.schedule.checker import Rule, check
from edge.schedule.demand import demands_of
from edge.schedule.domain import (
    Appointment,
    AppointmentRequest,
    Disruption,
    Plan,
    ProviderOut,
    Span,
    Stages,
    Status,
    WalkIn,
)
from edge.schedule.facts import with_facts
from edge.schedule.ids import AppointmentId, ReplanId, ServiceId
from edge.schedule.lengths import as_booked
from edge.schedule.payloads import visit_part
from edge.schedule.registry import Registry
from edge.schedule.replan import SolverLimits, replan
from edge.schedule.replans import Replan
from edge.schedule.schedule import Schedule
from shared.events.catalogue import schedule as said
from shared.ids import ClientId
from tests.edge.schedule.courses import DATE, with_rules

WALK_IN = AppointmentRequest(AppointmentId("new"), ClientId("c"), ServiceId("follow-up"), Span(540, 1140))
LIMITS = SolverLimits(seconds=0.05, workers=1, alternatives=True)


def planned_with(clinic: Registry, minutes: dict[ServiceId, int]) -> Registry:
    """Return the clinic with other lengths of each service's first stage."""
    services = tuple(
        service.model_copy(
            update={
                "stages": (service.stages[0].model_copy(update={"minutes": minutes[service.id]}), *service.stages[1:])
            }
        )
        if service.id in minutes
        else service
        for service in clinic.services
    )
    return clinic.model_copy(update={"services": services})


def lengths(visit: Appointment) -> list[int]:
    return [stage.end - stage.start for stage in visit.stages]


def booked(day: Plan) -> Schedule:
    """Return the aggregate of a day whose visits were booked as they are."""
    return Schedule.fold(day.date, [said.AppointmentBooked(day=day.date, visit=visit_part(v)) for v in day.placed])


def previewed(schedule: Schedule, registry: Registry, disruption: Disruption) -> Replan:
    return schedule.preview(registry, disruption, ReplanId("r"), lambda: 0.0, LIMITS)


def test_with_the_lengths_they_were_booked_with_nothing_is_changed(clinic: Registry, day: Plan) -> None:
    same = as_booked(clinic, day)
    assert same.registry is clinic
    assert same.plan is day


def test_a_visit_of_another_length_breaks_the_clinics_rules_and_not_its_own(clinic: Registry, day: Plan) -> None:
    new = planned_with(clinic, {ServiceId("consultation"): 40, ServiceId("follow-up"): 10})
    assert {violation.rule for violation in check(new, day)} == {Rule.STAGES}
    own = as_booked(new, day)
    assert check(own.registry, own.plan) == ()
    assert {visit.service for visit in day.placed} & {ServiceId("consultation"), ServiceId("follow-up")}
    assert not {visit.service for visit in own.plan.placed} & {ServiceId("consultation"), ServiceId("follow-up")}


def test_what_has_begun_or_lost_its_place_is_left_as_it_is(clinic: Registry, day: Plan) -> None:
    first, second, *_ = [visit for visit in day.placed if visit.service == "follow-up"]
    day = day.with_appointments(replace(first, status=Status.IN_PROGRESS), replace(second, stages=()))
    own = as_booked(planned_with(clinic, {ServiceId("follow-up"): 10}), day).plan
    assert own.appointments[first.id].service == own.appointments[second.id].service == "follow-up"


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    minutes=st.dictionaries(
        st.sampled_from(["consultation", "follow-up", "filler", "laser-hair", "peel", "hydra-facial"]).map(ServiceId),
        st.integers(1, 8).map(lambda steps: steps * 5),
        min_size=1,
    ),
    provider=st.integers(0, 5),
    at=st.integers(110, 180),
)
def test_a_replan_never_changes_the_length_of_what_is_booked(
    clinic: Registry, day: Plan, minutes: dict[ServiceId, int], provider: int, at: int
) -> None:
    new, schedule = planned_with(clinic, minutes), booked(day)
    out = ProviderOut(at * 5, clinic.providers[provider].id, Span(at * 5, 1140))
    answer = previewed(schedule, new, out)
    assert answer.facts == with_facts(new, schedule.plan, out, ReplanId("r"))
    for plan in (answer.plan, *(other.plan for other in answer.alternatives)):
        for visit in plan.placed:
            before = day.appointments[visit.id]
            assert (visit.service, lengths(visit)) == (before.service, lengths(before))
    assert all(move.service in {service.id for service in clinic.services} for move in answer.moves)
    own = as_booked(new, answer.plan)
    on_their_feet = [v for v in check(own.registry, own.plan) if v.rule is not Rule.OUTAGE]
    assert on_their_feet == []


def test_a_newcomer_among_them_gets_the_new_length(clinic: Registry, day: Plan) -> None:
    new, schedule = planned_with(clinic, {ServiceId("follow-up"): 25}), booked(day)
    answer = previewed(schedule, new, WalkIn(540, WALK_IN))
    assert answer.declined == ()
    assert lengths(answer.plan.appointments[WALK_IN.id]) == [25]
    others = {visit.id: visit for visit in answer.plan.placed if visit.id != WALK_IN.id}
    assert others == {visit.id: visit for visit in schedule.plan.placed}


def test_without_it_the_same_replan_would_lengthen_what_is_booked(clinic: Registry, day: Plan) -> None:
    new = planned_with(clinic, {service.id: 40 for service in clinic.services})
    out = ProviderOut(600, clinic.providers[2].id, Span(600, 1140))
    answer = replan(new, day, out, ReplanId("r"), lambda: 0.0, LIMITS)
    assert any(lengths(visit) != lengths(day.appointments[visit.id]) for visit in answer.plan.placed)


def test_a_replan_is_recorded_and_undone_after_the_lengths_have_changed(clinic: Registry, day: Plan) -> None:
    new, schedule = planned_with(clinic, {ServiceId("consultation"): 40, ServiceId("filler"): 20}), booked(day)
    before = schedule.plan
    out = ProviderOut(600, clinic.providers[0].id, Span(600, 1140))
    for payload in schedule.report_disruption(new, out, previewed(schedule, new, out), ReplanId("r")):
        schedule.apply(payload)
    assert schedule.plan != before
    longer = planned_with(new, {ServiceId("consultation"): 60})
    for payload in schedule.undo_replan(longer, ReplanId("r")):
        schedule.apply(payload)
    assert schedule.plan == before


@pytest.mark.parametrize("broken", ["off the grid", "other stages"])
def test_a_visit_that_no_service_could_be_is_left_to_the_checker(clinic: Registry, day: Plan, broken: str) -> None:
    visit = next(visit for visit in day.placed if visit.service == "consultation")
    (stage,) = visit.stages
    odd = replace(stage, end=stage.end + 2) if broken == "off the grid" else replace(stage, name="magic")
    plan = Plan(day.date, {visit.id: replace(visit, stages=(odd,))})
    own = as_booked(clinic, plan)
    assert own.plan is plan
    assert {violation.rule for violation in check(own.registry, own.plan)} == {Rule.STAGES}


@pytest.mark.parametrize("rule", [{"service": "peel", "days": 1}, {"category": "peel", "days": 1}])
def test_two_visits_of_other_lengths_are_still_what_the_clinics_rules_name(clinic: Registry, rule: Any) -> None:
    one, other = (
        Appointment(AppointmentId(name), ClientId("c"), ServiceId("peel"), Span(0, 1440), stages=stages)
        for name, stages in (("one", peel_of(clinic, 600)), ("other", peel_of(clinic, 900)))
    )
    apart = with_rules({"peel": {"apart": [rule]}})
    own = as_booked(planned_with(apart, {ServiceId("peel"): 5}), Plan(DATE, {one.id: one, other.id: other}))
    assert {visit.service for visit in own.plan.placed}.isdisjoint({"peel"})
    assert [violation.rule for violation in check(own.registry, own.plan)] == [Rule.APART]


def peel_of(clinic: Registry, start: int) -> Stages:
    return demands_of(clinic)[ServiceId("peel")].stages(start, ("hazel", "treatment-1"))
