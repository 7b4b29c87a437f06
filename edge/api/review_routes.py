"""Routes about a professional's review."""

from typing import Annotated

from fastapi import APIRouter, Query, Request

from edge.api.permits import permits
from edge.api.ports import EdgePorts
from edge.api.review_schemas import (
    CorrectionsRequest,
    ReopenRequest,
    Review,
    ReviewQueue,
    ReviewStatistics,
    SignRequest,
    UndoRequest,
)
from edge.api.schemas import Identifier
from edge.staff.permissions import Action
from shared.http.errors import ERROR_RESPONSES


def review_router(ports: EdgePorts) -> APIRouter:
    """Return the routes under `/api/review` and `/api/captures/{id}/review`."""
    router = APIRouter(prefix="/api", responses=ERROR_RESPONSES)

    @router.get("/review/queue", operation_id="getReviewQueue", dependencies=permits(ports, Action.SEE_REVIEWS))
    def queue(signed: bool = False, limit: Annotated[int, Query(ge=1, le=200)] = 100) -> ReviewQueue:
        """Return what waits, most in need of a person first; with `signed`, what is signed."""
        return ports.review.queue(signed=signed, limit=limit)

    @router.get(
        "/review/statistics", operation_id="getReviewStatistics", dependencies=permits(ports, Action.SEE_STATISTICS)
    )
    def statistics() -> ReviewStatistics:
        return ports.review.statistics()

    _add_steps(router, ports)
    return router


def _add_steps(router: APIRouter, ports: EdgePorts) -> None:
    @router.get(
        "/captures/{capture_id}/review", operation_id="getReview", dependencies=permits(ports, Action.SEE_REVIEWS)
    )
    def review(capture_id: Identifier) -> Review:
        return ports.review.get(capture_id)

    @router.post(
        "/captures/{capture_id}/review/corrections",
        operation_id="correctReview",
        dependencies=permits(ports, Action.REVIEW),
        status_code=201,
    )
    def correct(capture_id: Identifier, what: CorrectionsRequest, request: Request) -> Review:
        return ports.review.correct(capture_id, what, ports.actors.actor(request.headers))

    @router.post(
        "/captures/{capture_id}/review/undo", operation_id="undoCorrection", dependencies=permits(ports, Action.REVIEW)
    )
    def undo(capture_id: Identifier, what: UndoRequest, request: Request) -> Review:
        return ports.review.undo(capture_id, what, ports.actors.actor(request.headers))

    @router.post(
        "/captures/{capture_id}/review/sign", operation_id="signReview", dependencies=permits(ports, Action.REVIEW)
    )
    def sign(capture_id: Identifier, what: SignRequest, request: Request) -> Review:
        signer = ports.actors.acting(request.headers, what.signer_id)
        return ports.review.sign(capture_id, signer, what.revision, ports.actors.actor(request.headers))

    @router.post(
        "/captures/{capture_id}/review/reopen", operation_id="reopenReview", dependencies=permits(ports, Action.REVIEW)
    )
    def reopen(capture_id: Identifier, what: ReopenRequest, request: Request) -> Review:
        return ports.review.reopen(capture_id, what, ports.actors.actor(request.headers))
