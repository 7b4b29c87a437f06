"""Routes of the portal, and the application that serves them with its pages."""

from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, FastAPI, Query, Request
from fastapi.responses import Response

from cloud.portal.ports import PortalPorts
from cloud.portal.schemas import (
    AcknowledgeAlert,
    Activity,
    Alerts,
    AuditAlert,
    BookingRequest,
    BookingRequests,
    Erasure,
    Erasures,
    Fleet,
    Identifier,
    NewBookingRequest,
    NewErasure,
    NewSlotSale,
    Parked,
    ParkedOutcome,
    SkipParked,
    Slots,
    SoldSlot,
    Summary,
)
from shared.http.errors import ERROR_RESPONSES, install_error_handlers
from shared.http.guard import GuardSettings, install_guard
from shared.http.health import health_router
from shared.http.pages import mount_pages


def portal_router(ports: PortalPorts) -> APIRouter:
    """Return the routes under `/api/portal`."""
    router = APIRouter(prefix="/api/portal", responses=ERROR_RESPONSES)

    @router.get("/fleet", operation_id="getFleet")
    def fleet(request: Request) -> Fleet:
        return ports.fleet.fleet(ports.viewers.viewer(request.headers))

    @router.get("/activity", operation_id="getActivity")
    def activity(request: Request, days: Annotated[int, Query(ge=1, le=366)] = 14) -> Activity:
        return ports.fleet.activity(ports.viewers.viewer(request.headers), days)

    @router.get("/parked", operation_id="getParked")
    def parked(request: Request) -> Parked:
        return ports.fleet.parked(ports.viewers.viewer(request.headers))

    @router.post("/parked/{event}/replay", operation_id="replayParked")
    def replay(event: Identifier, request: Request) -> ParkedOutcome:
        return ports.parked.replay(event, ports.viewers.viewer(request.headers))

    @router.post("/parked/{event}/skip", operation_id="skipParked")
    def skip(event: Identifier, decision: SkipParked, request: Request) -> ParkedOutcome:
        return ports.parked.skip(event, decision.reason, ports.viewers.viewer(request.headers))

    @router.get("/summary", operation_id="getSummary")
    def summary(request: Request) -> Summary:
        return ports.fleet.summary(ports.viewers.viewer(request.headers))

    @router.get("/booking-requests", operation_id="listBookingRequests")
    def requests(request: Request) -> BookingRequests:
        return ports.bookings.requests(ports.viewers.viewer(request.headers))

    @router.post("/booking-requests", operation_id="createBookingRequest", status_code=201)
    def ask(new: NewBookingRequest, request: Request) -> BookingRequest:
        return ports.bookings.request(new, ports.viewers.viewer(request.headers))

    _add_slots(router, ports)
    _add_erasures(router, ports)
    _add_alerts(router, ports)
    return router


def _add_slots(router: APIRouter, ports: PortalPorts) -> None:
    @router.get("/slots", operation_id="listSlots")
    def slots(request: Request) -> Slots:
        return ports.bookings.slots(ports.viewers.viewer(request.headers))

    @router.post("/slots/{slot}/sell", operation_id="sellSlot")
    def sell(slot: Identifier, sale: NewSlotSale, request: Request) -> SoldSlot:
        return ports.bookings.sell(slot, sale, ports.viewers.viewer(request.headers))


def _add_erasures(router: APIRouter, ports: PortalPorts) -> None:
    @router.get("/erasures", operation_id="listErasures")
    def erasures(request: Request) -> Erasures:
        return ports.erasures.erasures(ports.viewers.viewer(request.headers))

    @router.post("/erasures", operation_id="requestErasure", status_code=201)
    def request_erasure(new: NewErasure, request: Request) -> Erasure:
        return ports.erasures.request(new, ports.viewers.viewer(request.headers))

    @router.post("/erasures/{erasure}/approve", operation_id="approveErasure")
    def approve(erasure: Identifier, request: Request) -> Erasure:
        return ports.erasures.approve(erasure, ports.viewers.viewer(request.headers))

    @router.get(
        "/erased/{client}/receipt",
        operation_id="getErasureReceipt",
        response_class=Response,
        responses={200: {"content": {"application/json": {"schema": {"type": "string", "format": "binary"}}}}},
    )
    def receipt(client: Identifier, request: Request) -> Response:
        text = ports.erasures.receipt(client, ports.viewers.viewer(request.headers))
        headers = {"Content-Disposition": f'attachment; filename="erasure-{client}.json"', "Cache-Control": "no-store"}
        return Response(text, media_type="application/json", headers=headers)


def _add_alerts(router: APIRouter, ports: PortalPorts) -> None:
    @router.get("/alerts", operation_id="listAlerts")
    def alerts(request: Request) -> Alerts:
        return ports.alerts.alerts(ports.viewers.viewer(request.headers))

    @router.post("/alerts/{alert}/acknowledge", operation_id="acknowledgeAlert")
    def acknowledge(alert: Identifier, what: AcknowledgeAlert, request: Request) -> AuditAlert:
        return ports.alerts.acknowledge(alert, what.note, ports.viewers.viewer(request.headers))


def create_portal_api(ports: PortalPorts, web_dist: Path | None = None, guard: GuardSettings | None = None) -> FastAPI:
    """Return the hub's application: the portal, health, metrics and pages.

    Args:
        ports: what the routes call.
        web_dist: the built pages, or None to serve the API alone.
        guard: host names answered to and the size limit of a request; loopback by default.

    Raises:
        PagesNotBuiltError: `web_dist` holds no built pages.
    """
    app = FastAPI(title="MedSpaSync hub", version="1", docs_url=None, redoc_url=None, openapi_url=None)
    install_error_handlers(app)
    install_guard(app, guard or GuardSettings())
    app.include_router(portal_router(ports))
    app.include_router(health_router(ports.readiness.parts, ports.metrics))
    if web_dist is not None:
        # Last: the pages answer every address left over.
        mount_pages(app, web_dist)
    return app
