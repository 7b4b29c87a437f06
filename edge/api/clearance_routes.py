"""Routes about what licensed professionals confirm of a visit's client."""

from fastapi import APIRouter, Request

from edge.api.clearance_schemas import NewClearance, VisitClearances, WithdrawnClearance
from edge.api.permits import permits
from edge.api.ports import EdgePorts
from edge.api.schemas import Identifier
from edge.staff.permissions import Action
from shared.http.errors import ERROR_RESPONSES


def clearance_router(ports: EdgePorts) -> APIRouter:
    """Return the routes under `/api/schedule/appointments/{id}/clearances`."""
    router = APIRouter(prefix="/api/schedule/appointments/{appointment_id}/clearances", responses=ERROR_RESPONSES)
    clears = permits(ports, Action.CLEAR_CLIENT)

    @router.get("", operation_id="getClearances", dependencies=permits(ports, Action.SEE_SCHEDULE))
    def clearances(appointment_id: Identifier) -> VisitClearances:
        return ports.clearances.of_visit(appointment_id)

    @router.post("", operation_id="giveClearance", dependencies=clears)
    def give(appointment_id: Identifier, new: NewClearance, request: Request) -> VisitClearances:
        """Confirm one; what is confirmed already gets the new last day."""
        person = ports.actors.acting(request.headers, new.person_id)
        return ports.clearances.give(appointment_id, new, person)

    @router.post("/withdraw", operation_id="withdrawClearance", dependencies=clears)
    def withdraw(appointment_id: Identifier, what: WithdrawnClearance, request: Request) -> VisitClearances:
        person = ports.actors.acting(request.headers, what.person_id)
        return ports.clearances.withdraw(appointment_id, what, person)

    return router
