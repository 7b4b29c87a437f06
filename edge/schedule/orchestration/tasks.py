"""A day's tasks, derived from plan, templates, marks and facts: a visit that moves takes its tasks along."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, assert_never

from edge.schedule.domain import Appointment, Plan, Status
from edge.schedule.ids import AppointmentId
from edge.schedule.orchestration.templates import Anchor, Fact, TaskTemplate, default_checklist
from edge.schedule.registry import Registry
from edge.schedule.services import Service
from shared.events.catalogue.checklist import SkipReason
from shared.ids import ClientId

_HERE: Final = frozenset({Status.ARRIVED, Status.IN_PROGRESS, Status.DONE})


class TaskState(StrEnum):
    """How a task stands."""

    PENDING = "pending"
    DONE = "done"
    SKIPPED = "skipped"
    OVERDUE = "overdue"

    @property
    def settled(self) -> bool:
        """Whether nothing is left to do."""
        return self in (TaskState.DONE, TaskState.SKIPPED)


@dataclass(frozen=True, slots=True)
class Mark:
    """That somebody did a task or skipped it; `at` is the minute of the visit's day."""

    by: str
    at: int
    skipped: SkipReason | None = None


Marks = Mapping[tuple[AppointmentId, str], Mark]


@dataclass(frozen=True, slots=True)
class Known:
    """What the box knows of the day's clients: who consented, and who was photographed on this day."""

    consented: frozenset[ClientId] = frozenset()
    photographed: frozenset[ClientId] = frozenset()


@dataclass(frozen=True, slots=True)
class Task:
    """One task of one visit.

    Attributes:
        due: minute of the plan by which it is to be done.
        waits_for: titles of the tasks that have to be settled first.
        by_itself: completed by what the box knows, not by hand.
        mark: who did or skipped it, if somebody did by hand.
    """

    appointment: AppointmentId
    template: TaskTemplate
    due: int
    state: TaskState
    waits_for: tuple[str, ...]
    by_itself: bool
    mark: Mark | None


def checklist_of(service: Service) -> tuple[TaskTemplate, ...]:
    """Return the templates of a service: its own, or those of its kind of treatment."""
    return service.checklist or default_checklist(service.category, (stage.name for stage in service.stages))


def tasks_of(registry: Registry, plan: Plan, marks: Marks, known: Known, now: int) -> tuple[Task, ...]:
    """Return the tasks of every visit that has a time, by the time they are due."""
    tasks = [
        task
        for visit in plan.placed
        for task in _of_visit(checklist_of(registry.service(visit.service)), visit, marks, known, now)
    ]
    return tuple(sorted(tasks, key=lambda task: (task.due, task.appointment, task.template.id)))


def _of_visit(
    templates: tuple[TaskTemplate, ...], visit: Appointment, marks: Marks, known: Known, now: int
) -> list[Task]:
    told = {template.id: _completes(template, visit, known) for template in templates}
    settled = {name for name, by_itself in told.items() if by_itself or (visit.id, name) in marks}
    titles = {template.id: template.title for template in templates}
    tasks: list[Task] = []
    for template in templates:
        due = (visit.start if template.anchor is Anchor.START else visit.end) + template.due
        mark = marks.get((visit.id, template.id))
        waits = tuple(titles[name] for name in template.after if name not in settled)
        state = _state(mark, due, now, by_itself=told[template.id])
        tasks.append(Task(visit.id, template, due, state, waits, told[template.id], mark))
    return tasks


def _state(mark: Mark | None, due: int, now: int, *, by_itself: bool) -> TaskState:
    if by_itself or (mark is not None and mark.skipped is None):
        return TaskState.DONE
    if mark is not None:
        return TaskState.SKIPPED
    return TaskState.OVERDUE if now > due else TaskState.PENDING


def _completes(template: TaskTemplate, visit: Appointment, known: Known) -> bool:
    """Tell whether what the box knows completes a task: its fact, or that the visit has begun without it."""
    if template.holds_start and visit.status.begun:
        return True
    match template.done_by:
        case None:
            return False
        case Fact.CONFIRMED:
            return visit.status is Status.CONFIRMED or visit.status in _HERE
        case Fact.ARRIVED:
            return visit.status in _HERE
        case Fact.CONSENTED:
            return visit.client in known.consented
        case Fact.PHOTOGRAPHED:
            return visit.client in known.photographed
        case unknown:
            assert_never(unknown)
