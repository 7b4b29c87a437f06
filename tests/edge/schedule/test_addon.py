"""The client of a visit wants something more: beside it, with the same people, and nobody moved unless it is urgent."""

import time
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edge.schedule.adjacency import ADD_ON_WAIT_MINUTES, TERM
from edge.schedule.asking import add_on_id, asking_in
from edge.schedule.checker import check_replan
from edge.schedule.demand import demands_of
from edge.schedule.domain import AddOn, Appointment, Outage, Plan, ResourceKind, Span, Status
from edge.schedule.errors import NotAllowed, UnknownName
from edge.schedule.ids import AppointmentId, ReplanId, ServiceId
from edge.schedule.registry import Registry
from edge.schedule.replan import SolverLimits, replan
from edge.schedule.replans import Replan
from tests.edge.schedule.paced import with_paces

QUICK = SolverLimits(seconds=0)
MORNING = 8 * 60


def added(clinic: Registry, day: Plan, wanted: AddOn, limits: SolverLimits = QUICK) -> Replan:
    return replan(clinic, day, wanted, ReplanId("r"), time.monotonic, limits)


def newcomer(answer: Replan) -> Appointment | None:
    new = [visit for key, visit in answer.plan.appointments.items() if key not in answer.facts.appointments]
    return new[0] if new else None


def alone(clinic: Registry, day: Plan, service: str = "consultation") -> tuple[Plan, Appointment]:
    """Return a day with one visit only."""
    visit = next(v for v in day.placed if v.service == service)
    return Plan(day.date, {visit.id: visit}), visit


def test_an_add_on_directly_follows_its_visit_with_the_same_provider_in_the_same_room(
    clinic: Registry, day: Plan
) -> None:
    rooms = tuple(room.model_copy(update={"turnover": 0}) for room in clinic.rooms)
    plan, visit = alone(clinic, day)
    quick = clinic.model_copy(update={"rooms": rooms})
    answer = added(quick, plan, AddOn(visit.start - 60, visit.id, ServiceId("follow-up")))
    new = newcomer(answer)
    assert new is not None
    assert (new.start, new.client, new.providers) == (visit.end, visit.client, visit.providers)
    assert new.stages[0].room == visit.stages[0].room
    assert (answer.moves, answer.after.terms[TERM]) == ((), 0)


def test_what_keeps_it_from_its_visit_is_counted_in_points(clinic: Registry, day: Plan) -> None:
    plan, visit = alone(clinic, day)
    busy = replace(visit, id=AppointmentId("next"), client=visit.client, stages=tuple(
        replace(stage, start=visit.end, end=visit.end + 5) for stage in visit.stages
    ))  # fmt: skip
    answer = added(clinic, plan.with_appointments(busy), AddOn(visit.end - 5, visit.id, ServiceId("follow-up")))
    new = newcomer(answer)
    assert new is not None
    assert new.start >= visit.end + 5
    assert answer.after.terms[TERM] > 0


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_an_add_on_is_beside_its_visit_and_moves_nobody_unless_urgent(
    clinic: Registry, day: Plan, data: st.DataObject
) -> None:
    visit = data.draw(st.sampled_from(day.placed))
    service = data.draw(st.sampled_from(clinic.services)).id
    urgent = data.draw(st.booleans())
    wanted = AddOn(MORNING, visit.id, service, urgent)
    answer = added(clinic, day, wanted)
    assert check_replan(clinic, answer.facts, answer.plan, wanted.at) == ()
    assert not answer.plan.unplaced
    if not urgent:
        assert answer.moves == ()
    assert answer.plan.appointments[visit.id] == visit
    new = newcomer(answer)
    if new is None:
        assert [item.appointment for item in answer.declined] == [add_on_id(day, visit.id)]
        return
    gap = max(new.start - visit.end, visit.start - new.end)
    assert 0 <= gap <= ADD_ON_WAIT_MINUTES
    own = [other for other in day.placed if other.client == visit.client]
    assert not any(Span(new.start, new.end).overlaps(Span(other.start, other.end)) for other in own)


def test_whoever_is_slow_may_serve_an_add_on_and_nobody_waits_longer_for_whoever_is_fast(
    clinic: Registry, day: Plan
) -> None:
    # Dr. Cedar takes 40 minutes for a consultation, and Dr. Laurel 25.
    unlike = with_paces(clinic, {"cedar": 135, "laurel": 75})
    peel = alone(clinic, day, "peel")[1]
    visit = replace(peel, stages=demands_of(unlike)[peel.service].stages(620, ("hazel", "treatment-1")))

    def had(**back: int) -> int | None:
        """Return how long the client waits where these two come back so many minutes after the visit."""
        out = (Outage(ReplanId("r"), ResourceKind.PROVIDER, name, Span(0, visit.end + n)) for name, n in back.items())
        plan = Plan(day.date, {visit.id: visit}, tuple(out))
        new = newcomer(added(unlike, plan, AddOn(600, visit.id, ServiceId("consultation"))))
        return None if new is None else new.start - visit.end

    assert had(cedar=25, laurel=400) == 25
    assert had(cedar=400, laurel=30) == 30
    assert had(cedar=35, laurel=35) is None


def test_a_second_add_on_gets_an_id_of_its_own_and_keeps_off_the_first(clinic: Registry, day: Plan) -> None:
    plan, visit = alone(clinic, day)
    wanted = AddOn(visit.start - 60, visit.id, ServiceId("follow-up"))
    once = added(clinic, plan, wanted).plan
    twice = added(clinic, once, wanted)
    first, second = newcomer(added(clinic, plan, wanted)), newcomer(twice)
    assert first is not None
    assert second is not None
    assert first.id != second.id
    assert not Span(first.start, first.end).overlaps(Span(second.start, second.end))


def test_what_is_over_or_unknown_gets_no_add_on(clinic: Registry, day: Plan) -> None:
    plan, visit = alone(clinic, day)
    over = plan.with_appointments(replace(visit, status=Status.DONE))
    for where, wanted, error in (
        (over, AddOn(0, visit.id, ServiceId("follow-up")), NotAllowed),
        (plan.with_appointments(replace(visit, stages=())), AddOn(0, visit.id, ServiceId("follow-up")), NotAllowed),
        (plan, AddOn(0, AppointmentId("nobody"), ServiceId("follow-up")), UnknownName),
        (plan, AddOn(0, visit.id, ServiceId("levitation")), UnknownName),
    ):
        with pytest.raises(error):
            added(clinic, where, wanted)


def test_the_request_brings_along_what_is_known_of_the_client(clinic: Registry, day: Plan) -> None:
    plan, visit = alone(clinic, day)
    known = replace(visit, show=0.7, tier="gold")
    asking = asking_in(clinic, plan.with_appointments(known), AddOn(0, visit.id, ServiceId("peel"), urgent=True))
    assert asking is not None
    assert (asking.request.show, asking.request.tier, asking.request.wish) == (0.7, "gold", visit.end)
    assert (asking.urgent, asking.anchor) == (True, visit.id)
