"""The checklists on record: folds a day's marks from the log, and appends what somebody does about a task."""

import datetime as dt
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from edge.schedule.book import ScheduleBook
from edge.schedule.domain import Plan
from edge.schedule.errors import NotAllowed
from edge.schedule.ids import AppointmentId
from edge.schedule.orchestration.checklist import Act, Checklist, find_task
from edge.schedule.orchestration.tasks import Known, Task, tasks_of
from edge.schedule.orchestration.triggers import Proposal, triggers
from edge.store.events import SqlcipherEventStore
from shared.events.aggregates import in_order, payload_of
from shared.events.catalogue import checklist as said
from shared.events.payload import Catalogue, PayloadModel
from shared.ids import ClientId

_KEPT_DAYS = 8


class FactsPort(Protocol):
    """Tells what the box knows of clients that completes a task by itself."""

    def consented(self, client: ClientId) -> bool:
        """Return whether the client allows the record of the treatment now."""
        ...

    def photographed(self, client: ClientId, day: dt.date) -> bool:
        """Return whether a photograph of the client was stored on this day, in the clinic's time zone."""
        ...


@dataclass(frozen=True, slots=True)
class DayTasks:
    """A day as its checklist sees it; `now` is in minutes of that day, before and after it, too."""

    plan: Plan
    tasks: tuple[Task, ...]
    proposals: tuple[Proposal, ...]
    now: int


class ChecklistBook:
    """The checklists of every day; safe to share by threads."""

    def __init__(self, store: SqlcipherEventStore, schedule: ScheduleBook, facts: FactsPort) -> None:
        self.schedule = schedule
        self._store = store
        self._facts = facts
        self._catalogue = Catalogue(said.PAYLOADS)
        self._days: dict[dt.date, Checklist] = {}
        self._lock = threading.RLock()

    def day(self, date: dt.date) -> DayTasks:
        """Return a day's tasks as they stand, and what should be reported; proposals are of today only."""
        with self._lock:
            plan, now = self.schedule.day(date).plan, self._minute(date)
            marks = self._folded(date).marks
            tasks = tasks_of(self.schedule.registry_on(date), plan, marks, self._known(plan), now)
        today = date == self.schedule.today()
        return DayTasks(plan, tasks, triggers(plan, tasks, now) if today else (), now)

    def version(self, date: dt.date) -> str:
        """Return what changes whenever `day` may answer otherwise: all it tells is derived from the log and the minute.

        Taken before `day` it is at most older than the answer, and then the day is told once more than needed.
        """
        head = self._store.head()
        return f"{date.isoformat()}.{self._minute(date)}.{head.epoch}.{head.seq}"

    def do(self, date: dt.date, appointment: AppointmentId, task: str, by: str) -> None:
        """Record that a task is done; raises as `Checklist.do`, or `UnknownName`."""
        self._decide(date, appointment, task, by, lambda day, item, act: day.do(item, act))

    def skip(self, date: dt.date, appointment: AppointmentId, task: str, reason: said.SkipReason, by: str) -> None:
        """Record that a task is not done; raises as `Checklist.skip`, or `UnknownName`."""
        self._decide(date, appointment, task, by, lambda day, item, act: day.skip(item, reason, act))

    def reopen(self, date: dt.date, appointment: AppointmentId, task: str, by: str) -> None:
        """Take a mark back; raises as `Checklist.reopen`, or `UnknownName`."""
        self._decide(date, appointment, task, by, lambda day, item, act: day.reopen(item, act))

    def _decide(
        self,
        date: dt.date,
        appointment: AppointmentId,
        task: str,
        by: str,
        decide: Callable[[Checklist, Task, Act], list[PayloadModel]],
    ) -> None:
        with self._lock:
            found = find_task(self.day(date).tasks, appointment, task)
            day, at = self._folded(date), self._minute(date)
            if abs(at) > said.FARTHEST_MINUTES:
                raise NotAllowed("day_too_far", "tasks are marked within a month of their day; check the date")
            payloads = decide(day, found, Act(by, at))
            if payloads:
                self._store.append(in_order(day.aggregate, day.version, payloads, by, "care"))

    def _folded(self, date: dt.date) -> Checklist:
        day = self._days.setdefault(date, Checklist(date))
        for event in self._store.stream(day.aggregate, day.version):
            day.apply(payload_of(event, self._catalogue))
        while len(self._days) > _KEPT_DAYS:
            del self._days[min(self._days)]
        return day

    def _known(self, plan: Plan) -> Known:
        clients = {visit.client for visit in plan.placed}
        return Known(
            frozenset(client for client in clients if self._facts.consented(client)),
            frozenset(client for client in clients if self._facts.photographed(client, plan.date)),
        )

    def _minute(self, date: dt.date) -> int:
        now = self.schedule.now()
        return (now.date() - date).days * 24 * 60 + now.hour * 60 + now.minute
