"""The day's checklist at the HTTP border: tasks by visit, and what the open ones ask to be reported."""

from datetime import date

from pydantic import AwareDatetime, Field

from edge.api.schedule_schemas import AppointmentStatus, Disruption
from edge.api.schedule_stages import Interval
from edge.api.schemas import Identifier, Schema
from edge.schedule.orchestration.tasks import TaskState
from edge.schedule.orchestration.templates import Owner
from edge.schedule.orchestration.triggers import ProposalKind
from shared.events.catalogue.checklist import SkipReason


class ChecklistTask(Schema):
    """One task of a visit, by the time it is due."""

    id: Identifier
    title: str
    owner: Owner
    due_at: AwareDatetime
    due_minutes: int = Field(description="Minutes after the visit's start; negative before it.")
    state: TaskState
    waits_for: list[str] = Field(description="Titles of the tasks that come first.")
    by_itself: bool = Field(description="Done by what the box knows; nobody can undo it here.")
    reason: SkipReason | None = None
    marked_at: AwareDatetime | None = None


class ChecklistVisit(Interval):
    """A visit with its tasks."""

    appointment_id: Identifier
    client_name: str
    service: str
    status: AppointmentStatus
    provider: str
    room: str
    settled: int = Field(ge=0, description="Tasks done or skipped.")
    overdue: int = Field(ge=0)
    tasks: list[ChecklistTask]


class ReportProposal(Schema):
    """What seems to have happened; nothing is reported before somebody does."""

    kind: ProposalKind
    appointment_id: Identifier
    client_name: str
    service: str
    why: str
    disruption: Disruption | None = Field(default=None, description="To be reported; none where a status says it.")
    status: AppointmentStatus | None = None


class ChecklistDay(Schema):
    """A day's checklist."""

    day: date
    timezone: str
    now: AwareDatetime
    visits: list[ChecklistVisit] = Field(description="By their start.")
    proposals: list[ReportProposal]


class SkipTask(Schema):
    """Why a task is not done."""

    reason: SkipReason
