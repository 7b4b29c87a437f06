"""What open tasks ask to be reported, and that nothing is reported by itself."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.schedule.domain import Appointment, Late, NoShow, Overrun, Plan, RoomDown, Span, Status
from edge.schedule.ids import AppointmentId, ReplanId, RoomId
from edge.schedule.orchestration.tasks import Known, Mark, tasks_of
from edge.schedule.orchestration.triggers import Proposal, ProposalKind, triggers
from edge.schedule.replan import SolverLimits, replan
from tests.edge.schedule.orchestration.test_tasks import CLINIC, visit

V = AppointmentId("v")


def proposed(booked: Appointment, now: int, *done: str) -> tuple[Proposal, ...]:
    plan = Plan(dt.date(2026, 11, 23), {booked.id: booked})
    marks = {(booked.id, name): Mark("desk", 0) for name in done}
    return triggers(plan, tasks_of(CLINIC, plan, marks, Known(), now), now)


@pytest.mark.parametrize(
    ("now", "kind", "disruption"),
    [
        (609, None, None),
        (610, ProposalKind.NOT_ARRIVED, Late(610, V, 15)),
        (622, ProposalKind.NOT_ARRIVED, Late(622, V, 25)),
        (630, ProposalKind.MISSING, NoShow(630, V)),
    ],
)
def test_a_client_who_is_not_here_ten_minutes_after_the_start_is_proposed_late_then_missing(
    now: int, kind: ProposalKind | None, disruption: object
) -> None:
    found = proposed(visit(600, status=Status.CONFIRMED), now, "prep", "room")
    assert [(item.kind, item.disruption) for item in found] == ([] if kind is None else [(kind, disruption)])
    assert all("Booked for 10:00" in item.why for item in found)


def test_a_client_who_was_ticked_off_as_here_is_not_proposed_late() -> None:
    assert proposed(visit(600, status=Status.CONFIRMED), 640, "arrival", "prep", "room") == ()


def test_a_preparation_that_is_not_done_delays_the_start_by_what_it_still_takes() -> None:
    here = visit(600, status=Status.ARRIVED)
    assert proposed(here, 580, "room") == ()
    (proposal,) = proposed(here, 588, "room")
    assert (proposal.kind, proposal.disruption) == (ProposalKind.NOT_PREPARED, Late(588, V, 10))
    assert proposal.why == "'Numbing cream applied' is open and takes 20 minutes: the start at 10:00 slips by 10."
    assert proposed(here, 588, "room", "prep") == ()


def test_a_room_that_is_not_ready_at_the_start_is_proposed_out_for_a_while() -> None:
    here = visit(600, status=Status.ARRIVED)
    assert proposed(here, 599, "prep") == ()
    (proposal,) = proposed(here, 601, "prep")
    assert (proposal.kind, proposal.disruption) == (
        ProposalKind.ROOM_NOT_READY,
        RoomDown(601, RoomId("consult-1"), Span(601, 620)),
    )


def test_a_visit_that_goes_on_past_its_end_is_proposed_as_an_overrun() -> None:
    under_way = visit(600, status=Status.IN_PROGRESS)
    assert proposed(under_way, 629) == ()
    (proposal,) = proposed(under_way, 631)
    assert (proposal.kind, proposal.disruption) == (ProposalKind.STILL_UNDER_WAY, Overrun(631, V, 10))
    assert proposed(visit(600, status=Status.DONE), 700) == ()


@given(st.sampled_from(list(Status)), st.integers(500, 800), st.sets(st.sampled_from(["prep", "room", "arrival"])))
def test_each_visit_has_one_proposal_at_most_and_the_replan_takes_it_as_it_is(
    status: Status, now: int, done: set[str]
) -> None:
    booked = visit(600, status=status)
    found = proposed(booked, now, *done)
    assert len(found) <= 1
    for item in found:
        assert "c" not in item.why.split()
        plan = Plan(dt.date(2026, 11, 23), {booked.id: booked})
        answer = replan(CLINIC, plan, item.disruption, ReplanId("r"), lambda: 0.0, SolverLimits(seconds=0))
        assert answer.plan.appointments
