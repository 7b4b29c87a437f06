"""A device is used only where it may stand, by whoever plans, and who was placed elsewhere by hand is moved."""

import datetime as dt
from dataclasses import replace

import pytest

from edge.schedule.booking import plan_day, synthesise_day
from edge.schedule.checker import Rule, check, check_replan
from edge.schedule.demand import demands_of
from edge.schedule.domain import Plan, RoomDown, Span
from edge.schedule.engine.search import SearchPlan
from edge.schedule.ids import ReplanId, RoomId, ServiceId
from edge.schedule.planning import asked, plan_requests
from edge.schedule.registry import Registry
from edge.schedule.replan import SolverLimits, replan

DATE = dt.date(2026, 11, 23)
HOMES = {"laser-a": ("laser-1",), "laser-b": ("laser-2",), "hydra-a": ("treatment-2", "treatment-3")}


@pytest.fixture
def fixed(clinic: Registry) -> Registry:
    """Return the clinic with devices that cannot be pushed everywhere."""
    devices = tuple(d.model_copy(update={"rooms": HOMES.get(d.id, ())}) for d in clinic.devices)
    return clinic.model_copy(update={"devices": devices})


def pairs(plan: Plan) -> set[tuple[str, str]]:
    return {(s.device, s.room) for visit in plan.placed for s in visit.stages if s.device in HOMES}


def test_both_planners_use_devices_only_where_they_may_stand(fixed: Registry) -> None:
    wishes = synthesise_day(fixed, DATE, 5, 70)
    searched = plan_requests(asked(fixed, Plan(DATE), wishes), SearchPlan(0.3))
    for plan in (plan_day(fixed, wishes, DATE), searched):
        assert check(fixed, plan) == ()
        assert len(pairs(plan)) >= 3
        assert all(room in HOMES[device] for device, room in pairs(plan))


def test_a_service_has_one_form_for_each_place_its_devices_may_stand_in(clinic: Registry, fixed: Registry) -> None:
    service = ServiceId("laser-hair")
    assert len(demands_of(clinic)[service].forms) == 1
    assert {(form[1], form[2]) for form in demands_of(fixed)[service].forms} == {
        (("laser-1",), ("laser-a",)),
        (("laser-2",), ("laser-b",)),
    }


def test_a_device_in_a_wrong_room_is_named_and_moved_at_the_next_replan(fixed: Registry) -> None:
    day = plan_day(fixed, synthesise_day(fixed, DATE, 5, 40), DATE)
    visit = next(v for v in day.placed if v.service == "laser-hair" and v.stages[0].room == "laser-1")
    wrong = tuple(replace(stage, room=RoomId("laser-2")) for stage in visit.stages)
    others = {key: v for key, v in day.appointments.items() if all(s.room != "laser-2" for s in v.stages)}
    plan = Plan(DATE, {**others, visit.id: replace(visit, stages=wrong)})
    assert {v.rule for v in check(fixed, plan)} == {Rule.STANDS}
    at = fixed.hours.start - 60
    answer = replan(
        fixed,
        plan,
        RoomDown(at, RoomId("consult-1"), Span(at, at + 5)),
        ReplanId("r"),
        lambda: 0.0,
        SolverLimits(0.05, 1),
    )
    assert check_replan(fixed, answer.facts, answer.plan, at) == ()
    (move,) = answer.moves
    assert (move.appointment, move.after[0].room) == (visit.id, "laser-1")
    assert "rules do not allow its former place" in move.reason.sentence
