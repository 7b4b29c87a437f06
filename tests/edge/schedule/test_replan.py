import time
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edge.schedule.checker import check_replan
from edge.schedule.domain import (
    AppointmentRequest,
    Cancelled,
    DeviceDown,
    Disruption,
    Late,
    NoShow,
    Overrun,
    Plan,
    ProviderOut,
    RoomDown,
    Span,
    Status,
    Urgent,
    WalkIn,
)
from edge.schedule.errors import NotAllowed, UnknownName
from edge.schedule.ids import AppointmentId, ProviderId, ReplanId, ServiceId
from edge.schedule.registry import Registry
from edge.schedule.replan import SolverLimits, replan
from edge.schedule.replans import ForcedBy, Replan, SolverStatus
from shared.ids import ClientId

QUICK = SolverLimits(seconds=0)
SEARCH = SolverLimits(seconds=1.0)


def answer(clinic: Registry, day: Plan, disruption: Disruption, limits: SolverLimits = QUICK) -> Replan:
    return replan(clinic, day, disruption, ReplanId("r"), time.monotonic, limits)


@st.composite
def disruptions(draw: st.DrawFn, clinic: Registry, day: Plan) -> tuple[Plan, Disruption]:
    at = draw(st.integers(102, 225)) * 5
    visit = draw(st.sampled_from(day.placed))
    length = draw(st.integers(1, 60)) * 5
    kind = draw(st.integers(0, 8))
    begun = {
        a.id: replace(a, status=Status.IN_PROGRESS if a.end > at else Status.DONE) for a in day.placed if a.start <= at
    }
    now = day.with_appointments(*begun.values())
    service = draw(st.sampled_from(clinic.services)).id
    request = AppointmentRequest(AppointmentId("new"), ClientId("c"), service, Span(at, min(1440, at + 60 + length)))
    if kind in (3, 5, 6) and visit.id in begun:
        kind = 4
    if kind == 4:
        under_way = [a for a in now.placed if a.status is Status.IN_PROGRESS]
        if not under_way:
            kind = 0
        else:
            visit = draw(st.sampled_from(under_way))
    outage = Span(at, at + length)
    choices: list[Disruption] = [
        ProviderOut(at, draw(st.sampled_from(clinic.providers)).id, outage),
        RoomDown(at, draw(st.sampled_from(clinic.rooms)).id, outage),
        DeviceDown(at, draw(st.sampled_from(clinic.devices)).id, outage),
        Late(at, visit.id, min(60, length)),
        Overrun(at, visit.id, min(60, length)),
        Cancelled(at, visit.id),
        NoShow(at, visit.id),
        WalkIn(at, request),
        Urgent(at, request),
    ]
    return now, choices[kind]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_repair_breaks_a_hard_constraint_or_moves_what_is_frozen(
    clinic: Registry, day: Plan, data: st.DataObject
) -> None:
    now, disruption = data.draw(disruptions(clinic, day))
    result = answer(clinic, now, disruption)
    assert check_replan(clinic, result.facts, result.plan, disruption.at) == ()
    assert result.after <= result.before
    assert {m.appointment for m in result.moves}.isdisjoint(a.id for a in result.facts.placed if a.status.begun)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), seed=st.integers(1, 2**31 - 1))
def test_no_search_finds_what_is_proven_impossible(clinic: Registry, day: Plan, data: st.DataObject, seed: int) -> None:
    now, disruption = data.draw(disruptions(clinic, day))
    proven = answer(clinic, now, disruption, SolverLimits(seconds=0.8))
    other = answer(clinic, now, disruption, SolverLimits(seconds=0.2, seed=seed))
    if proven.proven_first_level:
        assert other.after.first_level >= proven.after.first_level
    if proven.cost_bound is not None and other.after.first_level == proven.after.first_level:
        assert other.after.cost >= proven.cost_bound
    assert (proven.status is SolverStatus.OPTIMAL) == (
        proven.cost_bound is not None and proven.cost_bound >= proven.after.cost
    )


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_the_search_is_never_worse_than_the_repair_and_as_valid(
    clinic: Registry, day: Plan, data: st.DataObject
) -> None:
    now, disruption = data.draw(disruptions(clinic, day))
    quick = answer(clinic, now, disruption)
    searched = answer(clinic, now, disruption, SolverLimits(seconds=0.5))
    assert check_replan(clinic, searched.facts, searched.plan, disruption.at) == ()
    assert searched.after <= quick.after


def test_a_sick_provider_leaves_nobody_behind_and_every_move_says_why(clinic: Registry, day: Plan) -> None:
    out = ProviderOut(13 * 60, ProviderId("laurel"), Span(13 * 60, 19 * 60))
    result = answer(clinic, day, out, SolverLimits(seconds=10))
    assert result.after.dropped == 0 < result.before.dropped
    assert answer(clinic, day, out).after.dropped > 0
    forced = [m for m in result.moves if any(s.provider == "laurel" and s.end > 13 * 60 for s in m.before)]
    assert forced
    for move in forced:
        assert move.reason.forced_by is ForcedBy.PROVIDER_OUT
        assert move.reason.constraint == "provider:laurel 13:00-19:00"
        assert move.reason.sentence.startswith("Dr. Laurel is out from 13:00; ")
        assert not any(s.provider == "laurel" for s in move.after)


def test_a_reason_names_a_true_cause(clinic: Registry, day: Plan) -> None:
    out = RoomDown(10 * 60, clinic.rooms[4].id, Span(10 * 60, 19 * 60))
    result = answer(clinic, day, out, SEARCH)
    assert result.moves
    for move in result.moves:
        stays = replace(result.plan.appointments[move.appointment], stages=move.before)
        broken = check_replan(clinic, result.facts, result.plan.with_appointments(stays), out.at)
        assert any(move.appointment in violation.appointments for violation in broken)
        if move.reason.forced_by is ForcedBy.GIVES_WAY:
            other = move.reason.constraint.removeprefix("appointment:")
            assert any({move.appointment, other} == set(violation.appointments) for violation in broken)


def test_a_cancellation_moves_nobody(clinic: Registry, day: Plan) -> None:
    result = answer(clinic, day, Cancelled(540, day.placed[30].id), SEARCH)
    assert (result.moves, result.status) == ((), SolverStatus.NOTHING_TO_DO)
    assert result.plan.appointments[day.placed[30].id].status is Status.CANCELLED


def test_a_walk_in_moves_nobody_and_an_urgent_request_drops_nobody(clinic: Registry, day: Plan) -> None:
    wish = AppointmentRequest(AppointmentId("new"), ClientId("c"), ServiceId("filler"), Span(14 * 60, 15 * 60 + 30))
    walked = answer(clinic, day, WalkIn(13 * 60, wish), SEARCH)
    assert walked.moves == ()
    urgent = answer(clinic, day, Urgent(13 * 60, wish), SEARCH)
    assert urgent.after.dropped == 0
    assert urgent.after <= urgent.before


def test_a_late_client_is_not_planned_before_the_arrival(clinic: Registry, day: Plan) -> None:
    visit = day.placed[25]
    result = answer(clinic, day, Late(visit.start - 10, visit.id, 12))
    moved = result.plan.appointments[visit.id]
    assert moved.start >= visit.start + 15
    assert result.by_id[visit.id].reason.forced_by is ForcedBy.CLIENT_LATE


def test_an_overrun_pushes_only_who_is_in_its_way(clinic: Registry, day: Plan) -> None:
    visit = day.placed[20]
    begun = day.with_appointments(replace(visit, status=Status.IN_PROGRESS))
    result = answer(clinic, begun, Overrun(visit.end - 5, visit.id, 30), SEARCH)
    assert result.facts.appointments[visit.id].end == visit.end + 30
    assert result.plan.appointments[visit.id] == result.facts.appointments[visit.id]


def test_a_disruption_that_cannot_be_is_refused(clinic: Registry, day: Plan) -> None:
    with pytest.raises(UnknownName):
        answer(clinic, day, ProviderOut(600, ProviderId("nobody"), Span(600, 700)))
    with pytest.raises(UnknownName):
        answer(clinic, day, Cancelled(600, AppointmentId("none")))
    with pytest.raises(NotAllowed, match="begun"):
        answer(clinic, day, Overrun(600, day.placed[0].id, 10))
    with pytest.raises(NotAllowed, match="later than"):
        answer(clinic, day, ProviderOut(600, ProviderId("cedar"), Span(700, 700)))
