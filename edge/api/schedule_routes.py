"""Routes about the clinic's day."""

from datetime import date

from fastapi import APIRouter, Request

from edge.api.permits import permits
from edge.api.ports import Authorise, EdgePorts
from edge.api.proposal_routes import add_proposal_routes
from edge.api.schedule_schemas import ScheduleDay, StatusChange
from edge.api.schemas import Identifier
from edge.api.slot_routes import add_slot_routes
from edge.staff.permissions import Action
from shared.http.errors import ERROR_RESPONSES


def schedule_router(ports: EdgePorts) -> APIRouter:
    """Return the routes under `/api/schedule`."""
    router = APIRouter(prefix="/api/schedule", responses=ERROR_RESPONSES)

    def manager(request: Request) -> Authorise:
        """Return what asks, only where it is needed, whether the sender may decide what is left to a manager."""
        return lambda: ports.actors.permit(request.headers, Action.DECIDE_SCHEDULE, by_hand=True)

    @router.get("", operation_id="getScheduleDay", dependencies=permits(ports, Action.SEE_SCHEDULE))
    def day(day: date | None = None) -> ScheduleDay:
        """One day; without `day`, today in the clinic's time zone."""
        return ports.schedule.day(day or ports.schedule.today())

    @router.post(
        "/appointments/{appointment_id}/status",
        operation_id="setAppointmentStatus",
        dependencies=permits(ports, Action.CHANGE_SCHEDULE),
    )
    def set_status(appointment_id: Identifier, change: StatusChange, request: Request) -> ScheduleDay:
        actor = ports.actors.actor(request.headers)
        return ports.schedule.set_status(appointment_id, change.status, actor)

    @router.post(
        "/replans/{replan_id}/undo", operation_id="undoReplan", dependencies=permits(ports, Action.CHANGE_SCHEDULE)
    )
    def undo(replan_id: Identifier, request: Request) -> ScheduleDay:
        return ports.schedule.undo(replan_id, ports.actors.actor(request.headers))

    add_proposal_routes(router, ports, manager)
    add_slot_routes(router, ports)
    return router
