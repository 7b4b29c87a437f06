"""Routes about the day's checklist."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Header, Request, Response

from edge.api.checklist_schemas import ChecklistDay, SkipTask
from edge.api.permits import permits
from edge.api.ports import EdgePorts
from edge.api.schemas import Identifier
from edge.staff.permissions import Action
from shared.http.errors import ERROR_RESPONSES


def checklist_router(ports: EdgePorts) -> APIRouter:
    """Return the routes under `/api/checklist`."""
    router = APIRouter(prefix="/api/checklist", responses=ERROR_RESPONSES)
    change = permits(ports, Action.CHANGE_SCHEDULE)

    @router.get(
        "",
        operation_id="getChecklist",
        dependencies=permits(ports, Action.SEE_SCHEDULE),
        response_model=ChecklistDay,
        responses={304: {"description": "The day is as it was told with this tag."}},
    )
    def day(
        response: Response, day: date | None = None, if_none_match: Annotated[str | None, Header(max_length=200)] = None
    ) -> ChecklistDay | Response:
        """One day; without `day`, today in the clinic's time zone. A page that names the tag it has gets only news."""
        date = day or ports.schedule.today()
        tag = {"ETag": f'"{ports.checklist.version(date)}"'}
        if if_none_match == tag["ETag"]:
            return Response(status_code=304, headers=tag)
        response.headers.update(tag)
        return ports.checklist.day(date)

    @router.post("/{day}/{appointment_id}/{task_id}/done", operation_id="doTask", dependencies=change)
    def done(day: date, appointment_id: Identifier, task_id: Identifier, request: Request) -> ChecklistDay:
        return ports.checklist.do(day, appointment_id, task_id, ports.actors.actor(request.headers))

    @router.post("/{day}/{appointment_id}/{task_id}/skip", operation_id="skipTask", dependencies=change)
    def skip(
        day: date, appointment_id: Identifier, task_id: Identifier, what: SkipTask, request: Request
    ) -> ChecklistDay:
        actor = ports.actors.actor(request.headers)
        return ports.checklist.skip(day, appointment_id, task_id, what.reason, actor)

    @router.post("/{day}/{appointment_id}/{task_id}/reopen", operation_id="reopenTask", dependencies=change)
    def reopen(day: date, appointment_id: Identifier, task_id: Identifier, request: Request) -> ChecklistDay:
        return ports.checklist.reopen(day, appointment_id, task_id, ports.actors.actor(request.headers))

    return router
