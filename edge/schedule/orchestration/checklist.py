"""The aggregate of one day's checklist: what was done, skipped and reopened by hand, folded from the log."""

import datetime as dt
from dataclasses import dataclass

from edge.schedule.errors import BrokenFold, NotAllowed, UnknownName
from edge.schedule.ids import AppointmentId
from edge.schedule.orchestration.tasks import Mark, Task
from shared.events.catalogue import checklist as said
from shared.events.payload import PayloadModel


@dataclass(frozen=True, slots=True)
class Act:
    """Who does something about a task, and the minute of the visit's day."""

    by: str
    at: int


class Checklist:
    """One day's marks.

    Attributes:
        marks: what was done or skipped, by visit and task.
        version: how many payloads have been applied.
    """

    def __init__(self, date: dt.date) -> None:
        self.date = date
        self.marks: dict[tuple[AppointmentId, str], Mark] = {}
        self.version = 0

    @property
    def aggregate(self) -> str:
        """Name of the event stream of this day."""
        return f"checklist:{self.date.isoformat()}"

    def do(self, task: Task, act: Act) -> list[PayloadModel]:
        """Record that a task is done; one that is done already gives no event.

        Raises:
            NotAllowed: another task has to be settled first, or it was skipped.
        """
        if task.by_itself or (task.mark is not None and task.mark.skipped is None):
            return []
        self._open(task)
        if task.waits_for:
            first = " and ".join(task.waits_for)
            raise NotAllowed("task_waits", f"{task.template.title!r} waits for {first!r}; do or skip that first")
        return [said.TaskDone(day=self.date, appointment=task.appointment, task=task.template.id, by=act.by, at=act.at)]

    def skip(self, task: Task, reason: said.SkipReason, act: Act) -> list[PayloadModel]:
        """Record that a task is not done and why; one skipped for this reason already gives no event.

        Raises:
            NotAllowed: it is done.
        """
        if task.mark is not None and task.mark.skipped is reason:
            return []
        if task.by_itself:
            raise NotAllowed("task_done", f"{task.template.title!r} is done; there is nothing to skip")
        self._open(task)
        return [
            said.TaskSkipped(
                day=self.date,
                appointment=task.appointment,
                task=task.template.id,
                reason=reason,
                by=act.by,
                at=act.at,
            )
        ]

    def reopen(self, task: Task, act: Act) -> list[PayloadModel]:
        """Take a mark back; a task that is open gives no event.

        Raises:
            NotAllowed: what the box knows completed it, which nobody can take back here.
        """
        if task.mark is None and task.by_itself:
            raise NotAllowed("task_done_by_itself", f"{task.template.title!r} was done by itself and stays done")
        if task.mark is None:
            return []
        return [
            said.TaskReopened(day=self.date, appointment=task.appointment, task=task.template.id, by=act.by, at=act.at)
        ]

    def apply(self, payload: PayloadModel) -> None:
        """Take one event of this day into account.

        Raises:
            BrokenFold: the event is none of a checklist, or reopens what was not marked.
        """
        match payload:
            case said.TaskDone():
                self.marks[AppointmentId(payload.appointment), payload.task] = Mark(payload.by, payload.at)
            case said.TaskSkipped():
                mark = Mark(payload.by, payload.at, payload.reason)
                self.marks[AppointmentId(payload.appointment), payload.task] = mark
            case said.TaskReopened():
                if self.marks.pop((AppointmentId(payload.appointment), payload.task), None) is None:
                    raise BrokenFold("not_marked", "an event reopens a task that was never marked; repair the log")
            case _:
                raise BrokenFold("foreign_event", f"{payload.event_type} does not belong to a checklist")
        self.version += 1

    @staticmethod
    def _open(task: Task) -> None:
        if task.mark is not None:
            how = "done" if task.mark.skipped is None else "skipped"
            raise NotAllowed("task_settled", f"{task.template.title!r} is {how} already; undo that first")


def find_task(tasks: tuple[Task, ...], appointment: str, task: str) -> Task:
    """Return one task of the day, or raise `UnknownName`."""
    for item in tasks:
        if (item.appointment, item.template.id) == (appointment, task):
            return item
    raise UnknownName("unknown_task", f"the day has no task {task!r} of visit {appointment!r}; reload it")
