"""Routes about visits compared with each other, and about similar cases."""

from typing import Annotated

from fastapi import APIRouter, Header, Query, Request
from fastapi.responses import Response

from edge.api.permits import permits
from edge.api.ports import EdgePorts
from edge.api.progress_schemas import Comparison, SimilarCases, Timeline
from edge.api.schemas import Identifier
from edge.staff.permissions import Action
from shared.http.errors import ERROR_RESPONSES

_Purpose = Annotated[str, Header(alias="X-Purpose", min_length=3, max_length=80, pattern=r"^[a-z_]+$")]
_JPEG = {"image/jpeg": {"schema": {"type": "string", "format": "binary"}}}


def progress_router(ports: EdgePorts) -> APIRouter:
    """Return the routes of the progress page."""
    router = APIRouter(prefix="/api", responses=ERROR_RESPONSES)

    @router.get(
        "/clients/{client_id}/timeline", operation_id="getTimeline", dependencies=permits(ports, Action.SEE_PROGRESS)
    )
    def timeline(client_id: Identifier) -> Timeline:
        return ports.progress.timeline(client_id)

    @router.get(
        "/captures/{capture_id}/compare/{other_id}",
        operation_id="compareCaptures",
        dependencies=permits(ports, Action.SEE_PROGRESS),
    )
    def compare(capture_id: Identifier, other_id: Identifier, request: Request) -> Comparison:
        return ports.progress.compare(capture_id, other_id, ports.actors.actor(request.headers))

    @router.get(
        "/captures/{capture_id}/aligned/{other_id}/image",
        operation_id="getAlignedImage",
        dependencies=permits(ports, Action.READ_PHOTO),
        response_class=Response,
        responses={200: {"content": _JPEG}},
    )
    def aligned(capture_id: Identifier, other_id: Identifier, purpose: _Purpose, request: Request) -> Response:
        """Return the other photograph laid onto this one, of this one's size."""
        actor = ports.actors.actor(request.headers)
        return _picture(ports.progress.aligned(capture_id, other_id, purpose, actor))

    _add_similar(router, ports)
    return router


def _add_similar(router: APIRouter, ports: EdgePorts) -> None:
    @router.get(
        "/captures/{capture_id}/similar", operation_id="findSimilar", dependencies=permits(ports, Action.SEE_PROGRESS)
    )
    def similar(
        capture_id: Identifier, request: Request, limit: Annotated[int, Query(ge=1, le=50)] = 8
    ) -> SimilarCases:
        return ports.progress.similar(capture_id, limit, ports.actors.actor(request.headers))

    @router.get(
        "/captures/{capture_id}/similar/{found_id}/image",
        operation_id="getSimilarImage",
        dependencies=permits(ports, Action.READ_PHOTO),
        response_class=Response,
        responses={200: {"content": _JPEG}},
    )
    def similar_image(capture_id: Identifier, found_id: Identifier, purpose: _Purpose, request: Request) -> Response:
        """Return a small picture of a capture that was found, while its client allows that."""
        actor = ports.actors.actor(request.headers)
        return _picture(ports.progress.similar_image(capture_id, found_id, purpose, actor))


def _picture(jpeg: bytes) -> Response:
    return Response(jpeg, media_type="image/jpeg", headers={"Cache-Control": "no-store"})
