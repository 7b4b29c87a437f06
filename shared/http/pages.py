"""Serves a built front end: hashed assets for ever, every other address the one page with a fresh nonce."""

import secrets
from collections.abc import Sequence
from pathlib import Path

from fastapi import FastAPI
from fastapi.responses import HTMLResponse
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

NONCE_PLACEHOLDER = "__CSP_NONCE__"
_NEVER_PAGES = ("api", "assets", "healthz", "readyz", "metrics")


def content_policy(nonce: str) -> str:
    """Return the policy of a page: everything from this server, style elements by nonce only.

    Style *attributes* are allowed, since chart tooltips are written with them; they cannot load anything
    that the other directives do not allow.
    """
    return "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            f"style-src-elem 'self' 'nonce-{nonce}'",
            "style-src-attr 'unsafe-inline'",
            "img-src 'self' blob: data:",
            "font-src 'self'",
            "connect-src 'self'",
            "manifest-src 'self'",
            "base-uri 'none'",
            "form-action 'self'",
            "frame-ancestors 'none'",
        )
    )


class _Assets(StaticFiles):
    """Files whose names change with their content, so a browser may keep them for good."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        return response


class PagesNotBuiltError(RuntimeError):
    """The folder given holds no built front end; run the front-end build first."""


def mount_pages(app: FastAPI, dist: Path, *, reserved: Sequence[str] = ()) -> None:
    """Serve the front end built into `dist`; call it after all other routes are in place.

    Args:
        app: the application to add to.
        dist: folder with `index.html` and `assets/`.
        reserved: further first path parts that are never answered with the page.

    Raises:
        PagesNotBuiltError: there is no `index.html` in `dist`.
    """
    index = dist / "index.html"
    if not index.is_file():
        raise PagesNotBuiltError(f"No built pages: {index.name} is missing; run `npm run build` first.")
    template = index.read_text(encoding="utf-8")
    never = frozenset((*_NEVER_PAGES, *reserved))
    app.mount("/assets", _Assets(directory=dist / "assets"), name="assets")

    def page(request: Request) -> HTMLResponse:
        first = request.url.path.strip("/").split("/", maxsplit=1)[0]
        if first in never or "." in first:
            raise HTTPException(404)
        nonce = secrets.token_urlsafe(16)
        return HTMLResponse(
            template.replace(NONCE_PLACEHOLDER, nonce),
            headers={"Content-Security-Policy": content_policy(nonce), "Cache-Control": "no-cache"},
        )

    app.add_api_route("/{path:path}", page, methods=["GET"], include_in_schema=False)
