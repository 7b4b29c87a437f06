"""Puts the box's HTTP surface together: routes, checks, pages."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from fastapi import APIRouter, FastAPI

from edge.api.checklist_routes import checklist_router
from edge.api.clearance_routes import clearance_router
from edge.api.erasure_routes import erasure_router
from edge.api.kiosk_socket import kiosk_router
from edge.api.ports import EdgePorts
from edge.api.progress_routes import progress_router
from edge.api.registry_routes import registry_router
from edge.api.review_routes import review_router
from edge.api.routes import edge_router
from edge.api.schedule_routes import schedule_router
from edge.api.sign_in_routes import sign_in_router
from edge.api.waitlist_routes import waitlist_router
from shared.errors import MedSpaError
from shared.http.errors import install_error_handlers
from shared.http.guard import GuardSettings, install_guard
from shared.http.health import health_router
from shared.http.pages import mount_pages


def create_edge_api(
    ports: EdgePorts,
    web_dist: Path | None = None,
    guard: GuardSettings | None = None,
    statuses: Mapping[type[MedSpaError], int] | None = None,
    others: Sequence[APIRouter] = (),
) -> FastAPI:
    """Return the box's application.

    Args:
        ports: what the routes call.
        web_dist: the built pages, or None to serve the API alone.
        guard: host names answered to and the size limit of a request; loopback by default.
        statuses: HTTP status for errors of the application's own, beside their families'.
        others: further routers; they must be given here, since the pages answer every address left over.

    Raises:
        PagesNotBuiltError: `web_dist` holds no built pages.
    """
    app = FastAPI(title="MedSpaSync box", version="1", docs_url=None, redoc_url=None, openapi_url=None)
    install_error_handlers(app, statuses)
    install_guard(app, guard or GuardSettings())
    app.include_router(edge_router(ports))
    app.include_router(schedule_router(ports))
    app.include_router(clearance_router(ports))
    app.include_router(checklist_router(ports))
    app.include_router(waitlist_router(ports))
    app.include_router(registry_router(ports))
    app.include_router(review_router(ports))
    app.include_router(progress_router(ports))
    app.include_router(erasure_router(ports))
    app.include_router(sign_in_router(ports))
    app.include_router(kiosk_router(ports))
    for router in others:
        app.include_router(router)
    app.include_router(health_router(lambda: ports.status.readiness().parts, ports.metrics))
    if web_dist is not None:
        mount_pages(app, web_dist)
    return app
