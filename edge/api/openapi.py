"""`python -m edge.api.openapi FILE` writes the interface the tablet's and the kiosk's client is made from."""

import sys
from pathlib import Path

from fastapi import FastAPI

from edge.api import kiosk_schemas as kiosk
from edge.api import schemas
from edge.api.checklist_routes import checklist_router
from edge.api.clearance_routes import clearance_router
from edge.api.erasure_routes import erasure_router
from edge.api.ports import EdgePorts
from edge.api.progress_routes import progress_router
from edge.api.registry_routes import registry_router
from edge.api.review_routes import review_router
from edge.api.routes import edge_router
from edge.api.schedule_routes import schedule_router
from edge.api.sign_in_routes import sign_in_router
from edge.api.waitlist_routes import waitlist_router
from shared.http.openapi import add_models, document_text

_BESIDE_THE_ROUTES = (
    kiosk.KioskState,
    kiosk.ShotResult,
    kiosk.KioskProblem,
    kiosk.PreviewHeader,
    kiosk.Begin,
    kiosk.Consent,
    kiosk.Ack,
    kiosk.Retake,
    kiosk.Cancel,
    schemas.ImportRequest,
)


def document() -> str:
    """Return the box's OpenAPI document, with the models of the WebSocket and of the import form."""
    app = FastAPI(title="MedSpaSync box", version="1")
    undescribed = EdgePorts.__new__(EdgePorts)  # describing the routes calls no port
    app.include_router(edge_router(undescribed))
    app.include_router(schedule_router(undescribed))
    app.include_router(clearance_router(undescribed))
    app.include_router(checklist_router(undescribed))
    app.include_router(waitlist_router(undescribed))
    app.include_router(registry_router(undescribed))
    app.include_router(review_router(undescribed))
    app.include_router(progress_router(undescribed))
    app.include_router(erasure_router(undescribed))
    app.include_router(sign_in_router(undescribed))
    add_models(app, _BESIDE_THE_ROUTES)
    return document_text(app)


def main() -> None:
    """Write the document to the file named on the command line."""
    Path(sys.argv[1]).write_text(document(), encoding="utf-8")


if __name__ == "__main__":
    main()
