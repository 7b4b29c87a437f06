"""Routes about the box, its clients, consent and captures."""

from typing import Annotated

from fastapi import APIRouter, File, Form, Header, Query, Request, UploadFile
from fastapi.responses import JSONResponse, Response
from pydantic import ValidationError

from edge.api.permits import permits
from edge.api.ports import EdgePorts
from edge.api.schemas import (
    CaptureDetail,
    CaptureSummary,
    Client,
    ClientSearch,
    ConsentAnswer,
    ConsentRecord,
    ConsentText,
    Identifier,
    ImportRequest,
    ImportResult,
    NewClient,
    Status,
)
from edge.staff.permissions import Action
from shared.http.errors import ERROR_RESPONSES, Refused

_Purpose = Annotated[str, Header(alias="X-Purpose", min_length=3, max_length=80, pattern=r"^[a-z_]+$")]


def edge_router(ports: EdgePorts) -> APIRouter:
    """Return the routes under `/api`, except schedule and kiosk."""
    router = APIRouter(prefix="/api", responses=ERROR_RESPONSES)

    @router.get("/status", operation_id="getStatus", dependencies=permits(ports, Action.PUBLIC))
    def status() -> Status:
        return ports.status.status()

    _add_clients(router, ports)
    _add_captures(router, ports)
    return router


def _add_clients(router: APIRouter, ports: EdgePorts) -> None:
    @router.post("/clients/search", operation_id="searchClients", dependencies=permits(ports, Action.SEE_CLIENTS))
    def search(what: ClientSearch, request: Request) -> list[Client]:
        return ports.clients.search(what.query.strip(), what.limit, ports.actors.actor(request.headers))

    @router.post(
        "/clients", operation_id="createClient", dependencies=permits(ports, Action.REGISTER_CLIENT), status_code=201
    )
    def create(new: NewClient, request: Request) -> Client:
        return ports.clients.create(new, ports.actors.actor(request.headers))

    @router.get("/consent/text", operation_id="getConsentText", dependencies=permits(ports, Action.PUBLIC))
    def text(language: Annotated[str, Query(pattern=r"^[a-z]{2}$")] = "en") -> ConsentText:
        return ports.consent.text(language)

    @router.post(
        "/clients/{client_id}/consent",
        operation_id="recordConsent",
        dependencies=permits(ports, Action.RECORD_CONSENT),
        status_code=201,
    )
    def record(client_id: Identifier, answer: ConsentAnswer, request: Request) -> list[ConsentRecord]:
        return ports.consent.record(client_id, answer, ports.actors.actor(request.headers))


def _add_captures(router: APIRouter, ports: EdgePorts) -> None:
    @router.post(
        "/captures/import",
        operation_id="importCapture",
        dependencies=permits(ports, Action.TAKE_PHOTO),
        status_code=201,
        responses={200: {"model": ImportResult, "description": "The gate did not let it pass."}},
    )
    def import_photo(
        photo: Annotated[UploadFile, File()], details: Annotated[str, Form(max_length=20_000)], request: Request
    ) -> JSONResponse:
        """Take one photograph; `details` is an `ImportRequest` as JSON."""
        actor = ports.actors.actor(request.headers)
        result = ports.captures.import_photo(photo.file.read(), _import_request(details), actor)
        status = 200 if result.capture is None else 201
        return JSONResponse(result.model_dump(mode="json"), status_code=status)

    @router.get("/captures", operation_id="listCaptures", dependencies=permits(ports, Action.SEE_CAPTURES))
    def latest(
        client_id: Identifier | None = None, limit: Annotated[int, Query(ge=1, le=200)] = 50
    ) -> list[CaptureSummary]:
        return ports.captures.latest(client_id, limit)

    @router.get("/captures/{capture_id}", operation_id="getCapture", dependencies=permits(ports, Action.SEE_CAPTURES))
    def detail(capture_id: Identifier) -> CaptureDetail:
        return ports.captures.detail(capture_id)

    @router.get(
        "/captures/{capture_id}/image",
        operation_id="getCaptureImage",
        dependencies=permits(ports, Action.READ_PHOTO),
        response_class=Response,
        responses={200: {"content": {"image/jpeg": {"schema": {"type": "string", "format": "binary"}}}}},
    )
    def image(capture_id: Identifier, purpose: _Purpose, request: Request) -> Response:
        jpeg = ports.captures.image(capture_id, purpose, ports.actors.actor(request.headers))
        return Response(jpeg, media_type="image/jpeg", headers={"Cache-Control": "no-store"})


def _import_request(details: str) -> ImportRequest:
    try:
        return ImportRequest.model_validate_json(details)
    except ValidationError as error:
        first = error.errors(include_input=False)[0]
        field = ".".join(("details", *(str(part) for part in first["loc"])))
        raise Refused("invalid", f"Please correct this entry: {first['msg']}.", field) from None
