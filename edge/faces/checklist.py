"""The day's checklist, for the pages: tasks by visit, with names opened by the box, and proposals to confirm."""

import datetime as dt
from typing import Final

from edge.api import checklist_schemas as shown
from edge.api import schedule_schemas as sched
from edge.api.ports import Actor
from edge.clients.register import ClientRegister
from edge.consent.desk import ConsentDesk
from edge.faces.day_view import shown_status
from edge.faces.schedule import client_name
from edge.schedule import domain
from edge.schedule.ids import AppointmentId
from edge.schedule.orchestration.book import ChecklistBook
from edge.schedule.orchestration.tasks import Task, TaskState
from edge.schedule.orchestration.triggers import Proposal
from edge.visits.library import CaptureLibrary
from shared.events.catalogue.checklist import SkipReason
from shared.ids import ClientId
from shared.vocabulary import ConsentPurpose

_LATEST: Final = 20
"""Captures of one client looked through for today's: they come newest first."""


class BoxFacts:
    """What consents and captures on this box complete."""

    def __init__(self, consent: ConsentDesk, library: CaptureLibrary, zone: dt.tzinfo) -> None:
        self._consent = consent
        self._library = library
        self._zone = zone

    def consented(self, client: ClientId) -> bool:
        """Return whether the client allows the record of the treatment now."""
        return ConsentPurpose.TREATMENT_RECORD in self._consent.granted(client)

    def photographed(self, client: ClientId, day: dt.date) -> bool:
        """Return whether a photograph of the client was stored on this day."""
        latest = self._library.latest(client, _LATEST)
        return any(capture.taken_at.astimezone(self._zone).date() == day for capture in latest)


class ChecklistDesk:
    """The checklist as the tablet shows and marks it."""

    def __init__(self, book: ChecklistBook, register: ClientRegister) -> None:
        self._book = book
        self._register = register

    def day(self, day: dt.date) -> shown.ChecklistDay:
        """Return one day."""
        found = self._book.day(day)
        schedule = self._book.schedule
        return shown.ChecklistDay(
            day=day,
            timezone=str(schedule.zone),
            now=schedule.now(),
            visits=[
                self._visit(day, visit, [task for task in found.tasks if task.appointment == visit.id])
                for visit in found.plan.placed
            ],
            proposals=[self._proposal(day, proposal) for proposal in found.proposals],
        )

    def version(self, day: dt.date) -> str:
        """Return what changes whenever the day may be shown otherwise."""
        return self._book.version(day)

    def do(self, day: dt.date, appointment_id: str, task_id: str, actor: Actor) -> shown.ChecklistDay:
        """Record that a task is done."""
        self._book.do(day, AppointmentId(appointment_id), task_id, actor.id)
        return self.day(day)

    def skip(
        self, day: dt.date, appointment_id: str, task_id: str, reason: SkipReason, actor: Actor
    ) -> shown.ChecklistDay:
        """Record that a task is not done, and why."""
        self._book.skip(day, AppointmentId(appointment_id), task_id, reason, actor.id)
        return self.day(day)

    def reopen(self, day: dt.date, appointment_id: str, task_id: str, actor: Actor) -> shown.ChecklistDay:
        """Take a mark back."""
        self._book.reopen(day, AppointmentId(appointment_id), task_id, actor.id)
        return self.day(day)

    def _visit(self, day: dt.date, visit: domain.Appointment, tasks: list[Task]) -> shown.ChecklistVisit:
        registry = self._book.schedule.registry_on(day)
        return shown.ChecklistVisit(
            appointment_id=visit.id,
            client_name=client_name(self._register, visit.client),
            service=registry.service(visit.service).name,
            status=shown_status(visit.status),
            provider=", ".join(registry.provider(name).name for name in visit.providers),
            room=", ".join(dict.fromkeys(registry.room(stage.room).name for stage in visit.stages)),
            starts_at=self._at(day, visit.start),
            ends_at=self._at(day, visit.end),
            settled=sum(task.state.settled for task in tasks),
            overdue=sum(task.state is TaskState.OVERDUE for task in tasks),
            tasks=[self._task(day, visit, task) for task in tasks],
        )

    def _task(self, day: dt.date, visit: domain.Appointment, task: Task) -> shown.ChecklistTask:
        mark = task.mark
        return shown.ChecklistTask(
            id=task.template.id,
            title=task.template.title,
            owner=task.template.owner,
            due_at=self._at(day, task.due),
            due_minutes=task.due - visit.start,
            state=task.state,
            waits_for=list(task.waits_for),
            by_itself=task.by_itself,
            reason=mark.skipped if mark is not None and task.state is TaskState.SKIPPED else None,
            marked_at=self._at(day, mark.at) if mark is not None else None,
        )

    def _proposal(self, day: dt.date, proposal: Proposal) -> shown.ReportProposal:
        visit, what = proposal.appointment, proposal.disruption
        disruption: sched.Disruption | None = None
        match what:
            case domain.Late() | domain.Overrun():
                disruption = sched.RunsLate(appointment_id=visit.id, minutes=min(240, what.minutes))
            case domain.RoomDown():
                starts, ends = self._at(day, what.span.start), self._at(day, what.span.end)
                disruption = sched.RoomOut(room_id=what.room, starts_at=starts, ends_at=ends, reason="Not ready")
            case _:
                pass
        return shown.ReportProposal(
            kind=proposal.kind,
            appointment_id=visit.id,
            client_name=client_name(self._register, visit.client),
            service=self._book.schedule.registry_on(day).service(visit.service).name,
            why=proposal.why,
            disruption=disruption,
            status=sched.AppointmentStatus.NO_SHOW if isinstance(what, domain.NoShow) else None,
        )

    def _at(self, day: dt.date, minute: int) -> dt.datetime:
        midnight = dt.datetime.combine(day, dt.time(), self._book.schedule.zone)
        return (midnight + dt.timedelta(minutes=minute)).astimezone(dt.UTC)
