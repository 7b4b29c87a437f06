"""Routes about slots lent to online booking; the day holds what is lent."""

from datetime import date

from fastapi import APIRouter, Request

from edge.api.permits import permits
from edge.api.ports import EdgePorts
from edge.api.schedule_schemas import ScheduleDay
from edge.api.schemas import Identifier
from edge.staff.permissions import Action


def add_slot_routes(router: APIRouter, ports: EdgePorts) -> None:
    """Add the routes under `/api/schedule/slots`."""
    changes = permits(ports, Action.CHANGE_SCHEDULE)

    @router.post("/slots/{day}/{slot_id}/recall", operation_id="recallSlot", dependencies=changes)
    def recall(day: date, slot_id: Identifier, request: Request) -> ScheduleDay:
        """Ask the hub for a slot; it stays held until the hub has answered. Asking again has no effect."""
        return ports.schedule.recall(day, slot_id, ports.actors.actor(request.headers))
