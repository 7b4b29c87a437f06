"""Routes about the clinic's registry: what it plans with, what a change would do, and the change itself."""

from datetime import date

from fastapi import APIRouter, Request

from edge.api.permits import permits
from edge.api.ports import EdgePorts
from edge.api.registry_schemas import (
    RegistryEdit,
    RegistryEffect,
    RegistryFileDecision,
    RegistryState,
    RegistryUndo,
    RegistryWish,
)
from edge.staff.permissions import Action
from shared.http.errors import ERROR_RESPONSES


def registry_router(ports: EdgePorts) -> APIRouter:
    """Return the routes under `/api/clinic/registry`."""
    router = APIRouter(prefix="/api/clinic/registry", responses=ERROR_RESPONSES)
    managing = permits(ports, Action.MANAGE_CLINIC)

    @router.get("", operation_id="getRegistry", dependencies=managing)
    def registry(on: date | None = None) -> RegistryState:
        """What the clinic plans a day with, today or `on`, how its file stands to now, and who changed what of late."""
        return ports.registry.registry(on)

    @router.post("/check", operation_id="checkRegistry", dependencies=managing)
    def check(wish: RegistryWish) -> RegistryEffect:
        """What a document, an undo or, with neither, the clinic's file would change and hurt; nothing is recorded."""
        return ports.registry.check(wish)

    @router.post("", operation_id="changeRegistry", dependencies=managing)
    def change(edit: RegistryEdit, request: Request) -> RegistryState:
        """Plan with a document from now, or from a date on; nobody who is booked loses the place by it."""
        return ports.registry.change(edit, ports.actors.actor(request.headers))

    @router.post("/undo", operation_id="undoRegistryChange", dependencies=managing)
    def undo(what: RegistryUndo, request: Request) -> RegistryState:
        """Take the latest change, or one that is yet to come, back; the days are planned as without it."""
        return ports.registry.undo(what, ports.actors.actor(request.headers))

    @router.post("/file", operation_id="decideRegistryFile", dependencies=managing)
    def file(what: RegistryFileDecision, request: Request) -> RegistryState:
        """Take the clinic's file over, or keep what counts although the file differs."""
        return ports.registry.decide_file(what, ports.actors.actor(request.headers))

    return router
