"""Routes about what is proposed for the clinic's day, and why a time is not possible."""

from collections.abc import Callable
from datetime import UTC
from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import AwareDatetime

from edge.api.permits import permits
from edge.api.ports import Authorise, EdgePorts
from edge.api.proposal_schemas import Choice, Pin, Proposal, WhyNot
from edge.api.schedule_schemas import DisruptionRequest, ScheduleDay
from edge.api.schemas import Identifier
from edge.staff.permissions import Action


def add_proposal_routes(router: APIRouter, ports: EdgePorts, manager: Callable[[Request], Authorise]) -> None:
    """Add the routes under `/api/schedule/proposals` and the question why a time is not possible.

    Accepting is the desk's; an answer that the clinic's policy leaves to a manager asks `manager` besides.
    """
    changes, sees = permits(ports, Action.CHANGE_SCHEDULE), permits(ports, Action.SEE_SCHEDULE)

    @router.post("/proposals", operation_id="proposeReplan", dependencies=changes, status_code=201)
    def propose(what: DisruptionRequest, request: Request) -> Proposal:
        """Replan the day: carried out where the clinic's policy allows it, a proposal otherwise."""
        return ports.schedule.propose(what, ports.actors.actor(request.headers))

    @router.post("/proposals/{proposal_id}/accept", operation_id="acceptProposal", dependencies=changes)
    def accept(proposal_id: Identifier, which: Choice, request: Request) -> ScheduleDay:
        actor = ports.actors.actor(request.headers)
        return ports.schedule.accept(proposal_id, which.choice, actor, manager(request))

    @router.post("/proposals/{proposal_id}/reject", operation_id="rejectProposal", dependencies=changes)
    def reject(proposal_id: Identifier, request: Request) -> ScheduleDay:
        return ports.schedule.reject(proposal_id, ports.actors.actor(request.headers))

    @router.post("/proposals/{proposal_id}/renew", operation_id="renewProposal", dependencies=changes, status_code=201)
    def renew(proposal_id: Identifier, request: Request) -> Proposal:
        """Work it out again on the day as it is now."""
        return ports.schedule.renew(proposal_id, ports.actors.actor(request.headers))

    @router.post("/proposals/{proposal_id}/edit", operation_id="editProposal", dependencies=changes, status_code=201)
    def edit(proposal_id: Identifier, pin: Pin, request: Request) -> Proposal:
        """Plan it again around one visit that is put somewhere."""
        return ports.schedule.edit(proposal_id, pin, ports.actors.actor(request.headers))

    @router.get("/appointments/{appointment_id}/why-not", operation_id="whyNot", dependencies=sees)
    def why_not(
        appointment_id: Identifier,
        starts_at: AwareDatetime,
        provider_id: Annotated[Identifier | None, Query()] = None,
    ) -> WhyNot:
        return ports.schedule.why_not(appointment_id, starts_at.astimezone(UTC), provider_id)
