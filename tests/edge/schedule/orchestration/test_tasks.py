"""A day's tasks: where they come from, when they are due, what completes them."""

import datetime as dt
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.schedule.demand import demands_of
from edge.schedule.domain import Appointment, Plan, Span, Status
from edge.schedule.errors import InvalidClinic
from edge.schedule.ids import AppointmentId, ServiceId
from edge.schedule.orchestration.tasks import Known, Mark, Task, TaskState, checklist_of, tasks_of
from edge.schedule.orchestration.templates import Owner, TaskTemplate, checked, default_checklist
from edge.schedule.registry import Registry, demo_registry, parse_registry
from shared.events.catalogue.checklist import SkipReason
from shared.ids import ClientId
from shared.vocabulary import TreatmentCategory

CLINIC = demo_registry()
DATE = dt.date(2026, 11, 23)
CHOICES = {"peel": ("hazel", "treatment-1"), "wrinkle-relaxer": ("cedar", "consult-1")}


def visit(start: int = 600, service: str = "wrinkle-relaxer", status: Status = Status.BOOKED) -> Appointment:
    stages = demands_of(CLINIC)[ServiceId(service)].stages(start, CHOICES[service])
    day = Span(0, 1440)
    return Appointment(AppointmentId("v"), ClientId("c"), ServiceId(service), day, status=status, stages=stages)


def tasks(
    booked: Appointment, now: int = 0, marks: dict[str, Mark] | None = None, known: Known | None = None
) -> dict[str, Task]:
    plan = Plan(DATE, {booked.id: booked})
    by_visit = {(booked.id, name): mark for name, mark in (marks or {}).items()}
    return {task.template.id: task for task in tasks_of(CLINIC, plan, by_visit, known or Known(), now)}


@given(st.integers(9 * 12, 16 * 12), st.integers(-24 * 12, 12))
def test_a_visit_that_moves_takes_the_times_of_its_tasks_along(cell: int, by: int) -> None:
    start = cell * 5
    before, after = tasks(visit(start)), tasks(visit(start + by * 5))
    assert {name: task.due + by * 5 for name, task in before.items()} == {n: task.due for n, task in after.items()}


def test_tasks_come_by_their_time_and_follow_the_end_where_they_say_so() -> None:
    found = tasks(visit(600))
    assert [task.due for task in found.values()] == sorted(task.due for task in found.values())
    assert (found["reminder"].due, found["prep"].due, found["follow-up"].due) == (600 - 1440, 580, 625 + 15)


@pytest.mark.parametrize(
    ("status", "done"),
    [
        (Status.BOOKED, set()),
        (Status.CONFIRMED, {"reminder"}),
        (Status.ARRIVED, {"reminder", "arrival"}),
        (Status.IN_PROGRESS, {"reminder", "arrival", "prep", "room"}),
        (Status.DONE, {"reminder", "arrival", "prep", "room"}),
    ],
)
def test_how_far_a_visit_has_come_completes_tasks_by_itself(status: Status, done: set[str]) -> None:
    assert {name for name, task in tasks(visit(status=status)).items() if task.by_itself} == done


def test_consent_and_a_photograph_of_the_day_complete_their_tasks_for_that_client_only() -> None:
    mine = frozenset({ClientId("c")})
    found = tasks(visit(), known=Known(mine, mine))
    assert found["forms"].state is found["photographs"].state is TaskState.DONE
    others = tasks(visit(), known=Known(frozenset({ClientId("d")})))
    assert others["forms"].state is TaskState.PENDING


def test_a_task_waits_until_what_comes_before_is_done_or_skipped() -> None:
    assert tasks(visit())["photographs"].waits_for == ("Forms and consent signed", "Client is here")
    skipped = tasks(visit(), marks={"forms": Mark("desk", 0, SkipReason.DONE_ELSEWHERE)})
    assert skipped["photographs"].waits_for == ("Client is here",)
    assert skipped["prep"].waits_for == ()


@given(st.integers(0, 1440))
def test_a_task_is_overdue_after_its_time_and_never_when_it_is_settled(now: int) -> None:
    marks = {"payment": Mark("desk", 0), "room": Mark("desk", 0, SkipReason.NOT_NEEDED)}
    found = tasks(visit(), now, marks)
    assert found["payment"].state is TaskState.DONE
    assert found["room"].state is TaskState.SKIPPED
    assert (found["prep"].state is TaskState.OVERDUE) == (now > 580)
    assert found["prep"].state in (TaskState.OVERDUE, TaskState.PENDING)


def test_who_is_not_coming_or_has_no_time_has_no_tasks() -> None:
    assert tasks(visit(status=Status.CANCELLED)) == tasks(visit(status=Status.NO_SHOW)) == {}
    assert tasks(replace(visit(), stages=())) == {}


@pytest.mark.parametrize("category", list(TreatmentCategory))
def test_every_kind_of_treatment_has_a_checklist_that_can_be_kept(category: TreatmentCategory) -> None:
    found = default_checklist(category, ["treatment"])
    assert checked(found) == found
    assert {"reminder", "forms", "payment", "room", "photographs", "follow-up"} <= {task.id for task in found}
    assert {task.owner for task in found} == set(Owner)


def test_what_a_stage_of_the_visit_sees_to_is_not_asked_for_before_it() -> None:
    services = {service.id: service for service in CLINIC.services}
    assert "prep" not in {task.id for task in checklist_of(services[ServiceId("microneedling")])}
    assert "prep" in {task.id for task in checklist_of(services[ServiceId("wrinkle-relaxer")])}


FILE = """
clinic = "Riverside"
hours = {{ start = "08:00", end = "18:00" }}
providers = [{{ id = "a", name = "A", skills = ["s"], shift = {{ start = "08:00", end = "18:00" }} }}]
rooms = [{{ id = "r", name = "R", type = "t" }}]

[[services]]
id = "x"
name = "X"
category = "laser"
stages = [{{ name = "x", minutes = 30, skill = "s", room = "t" }}]
{}
"""
TASK = """
[[services.checklist]]
id = "cream"
title = "Numbing cream"
owner = "provider"
due = -30
takes = 30
holds_start = true
"""


def clinic_with(checklist: str) -> Registry:
    return parse_registry(FILE.format(checklist))


def test_a_service_with_a_checklist_of_its_own_has_that_and_nothing_else() -> None:
    (service,) = clinic_with(TASK).services
    assert [task.id for task in checklist_of(service)] == ["cream"]


@pytest.mark.parametrize(
    ("checklist", "said"),
    [
        (TASK + TASK, "the id 'cream' is used twice"),
        (TASK + 'after = ["tea"]', "checklist.cream.after: there is no task 'tea'"),
        (TASK + 'after = ["cream"]', "cream wait for each other"),
        (TASK.replace("-30", "10"), "due before it"),
        (TASK.replace("holds_start = true", ""), "`takes` is only for what holds the start"),
        (TASK.replace("takes = 30", "").replace("holds_start", "readies_room"), "add `holds_start = true`"),
        (TASK.replace("provider", "nobody"), "services.0.checklist.0.owner"),
        (TASK + "colour = 1", "services.0.checklist.0.colour: Extra inputs"),
    ],
)
def test_a_checklist_that_is_wrong_is_refused_with_the_task_and_what_to_do(checklist: str, said: str) -> None:
    with pytest.raises(InvalidClinic) as caught:
        clinic_with(checklist)
    assert said in caught.value.sentence


def test_two_tasks_that_wait_for_each_other_are_named() -> None:
    one = TaskTemplate(id="a", title="A", owner=Owner.CLIENT, due=0, after=("b",))
    with pytest.raises(ValueError, match="a, b wait for each other"):
        checked([one, TaskTemplate(id="b", title="B", owner=Owner.CLIENT, due=0, after=("a",))])
