"""Routes about deleting a client: one person asks, another decides, and the hub's receipt proves it."""

from fastapi import APIRouter, Request
from fastapi.responses import Response

from edge.api.erasure_schemas import Erasure, ErasureApproval, ErasureRefusal, Erasures, NewErasure
from edge.api.permits import permits
from edge.api.ports import EdgePorts
from edge.api.schemas import Identifier
from edge.staff.permissions import Action
from shared.http.errors import ERROR_RESPONSES


def erasure_router(ports: EdgePorts) -> APIRouter:
    """Return the routes under `/api/erasures`."""
    router = APIRouter(prefix="/api/erasures", responses=ERROR_RESPONSES)
    asking, deciding = permits(ports, Action.ASK_ERASURE), permits(ports, Action.DECIDE_ERASURE)

    @router.get("", operation_id="listErasures", dependencies=asking)
    def erasures() -> Erasures:
        return ports.erasures.erasures()

    @router.post("", operation_id="requestErasure", dependencies=asking, status_code=201)
    def ask(new: NewErasure, request: Request) -> Erasure:
        return ports.erasures.request(new, ports.actors.acting(request.headers, new.person_id))

    @router.post("/{erasure_id}/approve", operation_id="approveErasure", dependencies=deciding)
    def approve(erasure_id: Identifier, what: ErasureApproval, request: Request) -> Erasure:
        return ports.erasures.approve(erasure_id, ports.actors.acting(request.headers, what.person_id))

    @router.post("/{erasure_id}/refuse", operation_id="refuseErasure", dependencies=deciding)
    def refuse(erasure_id: Identifier, what: ErasureRefusal, request: Request) -> Erasure:
        person = ports.actors.acting(request.headers, what.person_id)
        return ports.erasures.refuse(erasure_id, person, what.reason)

    @router.get(
        "/{erasure_id}/receipt",
        operation_id="getErasureReceipt",
        dependencies=asking,
        response_class=Response,
        responses={200: {"content": {"application/json": {"schema": {"type": "string", "format": "binary"}}}}},
    )
    def receipt(erasure_id: Identifier, request: Request) -> Response:
        text = ports.erasures.receipt(erasure_id, ports.actors.actor(request.headers))
        headers = {
            "Content-Disposition": f'attachment; filename="erasure-{erasure_id}.json"',
            "Cache-Control": "no-store",
        }
        return Response(text, media_type="application/json", headers=headers)

    return router
