"""A day's checklist in memory, behind the box's HTTP ports: the real rules on an invented day, with no store."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from types import SimpleNamespace
from typing import Any, cast
from zoneinfo import ZoneInfo

from edge.api.checklist_schemas import ChecklistDay
from edge.api.ports import Actor
from edge.faces.checklist import ChecklistDesk
from edge.schedule.demand import demands_of
from edge.schedule.domain import Appointment, Plan, Span, Status
from edge.schedule.ids import AppointmentId, ServiceId
from edge.schedule.orchestration.book import ChecklistBook, DayTasks
from edge.schedule.orchestration.checklist import Act, Checklist, find_task
from edge.schedule.orchestration.tasks import Known, Task, tasks_of
from edge.schedule.orchestration.triggers import triggers
from edge.schedule.registry import demo_registry
from shared.events.catalogue.checklist import SkipReason
from shared.events.payload import PayloadModel
from shared.ids import ClientId

ZONE = ZoneInfo("America/New_York")
NOW = datetime(2031, 3, 12, 16, 40, tzinfo=UTC).astimezone(ZONE)
VISITS = [
    ("Iris Bell", "follow-up", 11 * 60, ("cedar", "consult-1"), Status.DONE),
    ("Rosa Lind", "photofacial", 12 * 60 + 15, ("aspen", "aspen", "laser-1", "light-a"), Status.IN_PROGRESS),
    ("Lea Novak", "hydra-facial", 12 * 60 + 30, ("rowan", "treatment-1", "hydra-a"), Status.CONFIRMED),
    ("Ana Prieto", "wrinkle-relaxer", 12 * 60 + 50, ("laurel", "consult-2"), Status.ARRIVED),
    ("Noor Aziz", "peel", 13 * 60 + 30, ("hazel", "treatment-2"), Status.CONFIRMED),
    ("Tom Ash", "consultation", 14 * 60, ("cedar", "consult-1"), Status.CONFIRMED),
    ("Sam Okoro", "microneedling", 15 * 60, ("willow", "willow", "treatment-3", "pen-a"), Status.BOOKED),
]


@dataclass(frozen=True)
class Details:
    """What the register tells of a client."""

    name: str


class MemoryBook:
    """The checklists of one day, with nothing written down."""

    def __init__(self) -> None:
        registry = demo_registry()
        self.schedule = SimpleNamespace(
            registry=registry, registry_on=registry.on, zone=ZONE, now=lambda: NOW, today=NOW.date
        )
        demands = demands_of(registry)
        visits = []
        for number, (name, service, start, choice, status) in enumerate(VISITS, start=1):
            demand = demands[ServiceId(service)]
            stages, window = demand.stages(start, choice), Span(0, 24 * 60)
            ident, client = AppointmentId(f"v{number}"), ClientId(name)
            visits.append(Appointment(ident, client, ServiceId(service), window, status=status, stages=stages))
        self.plan = Plan(NOW.date(), {visit.id: visit for visit in visits})
        self.known = Known(
            frozenset(ClientId(name) for name in ("Iris Bell", "Rosa Lind", "Ana Prieto", "Tom Ash")),
            frozenset({ClientId("Iris Bell"), ClientId("Rosa Lind")}),
        )
        self.checklist = Checklist(NOW.date())

    def day(self, day: date) -> DayTasks:
        now = NOW.hour * 60 + NOW.minute
        plan = self.plan if day == self.plan.date else Plan(day)
        tasks = tasks_of(self.schedule.registry, plan, self.checklist.marks, self.known, now)
        return DayTasks(plan, tasks, triggers(plan, tasks, now), now)

    def version(self, day: date) -> str:
        return f"{day.isoformat()}.{self.checklist.version}"

    def do(self, day: date, appointment: str, task: str, by: str) -> None:
        self._decide(day, appointment, task, lambda item: self.checklist.do(item, self._act(by)))

    def skip(self, day: date, appointment: str, task: str, reason: SkipReason, by: str) -> None:
        self._decide(day, appointment, task, lambda item: self.checklist.skip(item, reason, self._act(by)))

    def reopen(self, day: date, appointment: str, task: str, by: str) -> None:
        self._decide(day, appointment, task, lambda item: self.checklist.reopen(item, self._act(by)))

    def _decide(self, day: date, appointment: str, task: str, what: Callable[[Task], list[PayloadModel]]) -> None:
        for payload in what(find_task(self.day(day).tasks, appointment, task)):
            self.checklist.apply(payload)

    @staticmethod
    def _act(by: str) -> Act:
        return Act(by, NOW.hour * 60 + NOW.minute)


class FakeChecklist:
    """The tablet's desk over that book; clients are called by their ids."""

    def __init__(self) -> None:
        self.book = MemoryBook()
        register = SimpleNamespace(get=lambda client: SimpleNamespace(details=Details(client)))
        self._desk = ChecklistDesk(cast("ChecklistBook", self.book), cast("Any", register))

    def day(self, day: date) -> ChecklistDay:
        return self._desk.day(day)

    def version(self, day: date) -> str:
        return self._desk.version(day)

    def do(self, day: date, appointment_id: str, task_id: str, actor: Actor) -> ChecklistDay:
        return self._desk.do(day, appointment_id, task_id, actor)

    def skip(self, day: date, appointment_id: str, task_id: str, reason: SkipReason, actor: Actor) -> ChecklistDay:
        return self._desk.skip(day, appointment_id, task_id, reason, actor)

    def reopen(self, day: date, appointment_id: str, task_id: str, actor: Actor) -> ChecklistDay:
        return self._desk.reopen(day, appointment_id, task_id, actor)
