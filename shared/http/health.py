"""`/healthz`, `/readyz` and `/metrics`, the same on both sides."""

from collections.abc import Callable, Mapping

from fastapi import APIRouter
from fastapi.responses import JSONResponse, Response
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4


def health_router(parts: Callable[[], Mapping[str, bool]], metrics: CollectorRegistry) -> APIRouter:
    """Return the three routes.

    Args:
        parts: tells for each part the process needs whether it works now; called on a worker thread.
        metrics: the registry to print.
    """
    router = APIRouter(include_in_schema=False)

    @router.get("/healthz")
    async def healthz() -> dict[str, str]:
        return {"status": "alive"}

    @router.get("/readyz")
    def readyz() -> JSONResponse:
        now = dict(parts())
        ready = all(now.values())
        return JSONResponse({"ready": ready, "parts": now}, status_code=200 if ready else 503)

    @router.get("/metrics")
    def prometheus() -> Response:
        return Response(generate_latest(metrics), media_type=CONTENT_TYPE_PLAIN_0_0_4)

    return router
