"""`python -m cloud.portal.openapi FILE` writes the interface the portal's client is made from."""

import sys
from pathlib import Path

from fastapi import FastAPI

from cloud.portal.api import portal_router
from cloud.portal.ports import PortalPorts
from shared.http.openapi import document_text


def document() -> str:
    """Return the portal's OpenAPI document."""
    app = FastAPI(title="MedSpaSync portal", version="1")
    app.include_router(portal_router(_undescribed()))
    return document_text(app)


def _undescribed() -> PortalPorts:
    """Describing the routes calls no port, so an empty set will do."""
    return PortalPorts.__new__(PortalPorts)


def main() -> None:
    """Write the document to the file named on the command line."""
    Path(sys.argv[1]).write_text(document(), encoding="utf-8")


if __name__ == "__main__":
    main()
