"""The checks and headers every answer and every connection passes, as plain ASGI middleware.

`OriginGuard` keeps other web sites' pages from acting through a visitor's browser (CSRF, and hijacked
WebSockets, which browsers do not hold to the same-origin rule). `SecurityHeaders` sets what a browser
should refuse. `BodyLimit` ends a request that is larger than anything the product takes.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from fastapi import FastAPI
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocketClose

LOOPBACK_HOSTS = ("localhost", "127.0.0.1", "[::1]")
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_HEADERS: Mapping[str, str] = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
}
_STRICT_POLICY = "default-src 'none'; frame-ancestors 'none'"


@dataclass(frozen=True, slots=True)
class GuardSettings:
    """Which names the server answers to and how large a request may be."""

    hosts: tuple[str, ...] = LOOPBACK_HOSTS
    max_body_bytes: int = 40_000_000


class SecurityHeaders:
    """Adds the headers above; keeps a content policy the route has set, else allows nothing."""

    def __init__(self, app: ASGIApp) -> None:
        """Wrap `app`."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the connection on, completing the headers of its answer."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def completed(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
                headers.setdefault("Content-Security-Policy", _STRICT_POLICY)
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        await self._app(scope, receive, completed)


class OriginGuard:
    """Refuses requests that change something, and WebSockets, when another site's page makes them.

    A browser names the page's origin; it must be the host that is addressed. A request without an origin
    comes from a program, not from a page, and passes; a WebSocket must name one.
    """

    def __init__(self, app: ASGIApp) -> None:
        """Wrap `app`."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the connection on or refuse it with 403."""
        if scope["type"] == "websocket" and not _same_origin(Headers(scope=scope), required=True):
            await WebSocketClose(code=4403, reason="origin")(scope, receive, send)
            return
        if (
            scope["type"] == "http"
            and scope["method"] not in _SAFE_METHODS
            and not _same_origin(Headers(scope=scope), required=False)
        ):
            body = {"code": "wrong_origin", "sentence": "Open this page from its own address and try again."}
            await JSONResponse(body, status_code=403)(scope, receive, send)
            return
        await self._app(scope, receive, send)


def _same_origin(headers: Headers, *, required: bool) -> bool:
    origin = headers.get("origin")
    if origin is None:
        return not required and headers.get("sec-fetch-site") in (None, "same-origin", "none")
    return bool(origin) and urlsplit(origin).netloc.lower() == headers.get("host", "").lower()


class BodyLimit:
    """Answers 413 to a body above the limit, announced or not, before it is held in memory."""

    def __init__(self, app: ASGIApp, max_bytes: int) -> None:
        """Wrap `app`, taking at most `max_bytes` of body a request."""
        self._app = app
        self._max_bytes = max_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, counting its body."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        announced = Headers(scope=scope).get("content-length", "0")
        if announced.isdigit() and int(announced) > self._max_bytes:
            await _refuse_size(scope, receive, send)
            return
        seen = 0

        async def counted() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > self._max_bytes:
                # FastAPI passes this kind on to the error handlers; any other becomes a plain 400.
                raise HTTPException(413)
            return message

        await self._app(scope, counted, send)


async def _refuse_size(scope: Scope, receive: Receive, send: Send) -> None:
    body = {
        "code": "too_large",
        "sentence": "That is more data than is accepted at once. Please choose a smaller file.",
    }
    await JSONResponse(body, status_code=413)(scope, receive, send)


def install_guard(app: FastAPI, settings: GuardSettings) -> None:
    """Put all checks around `app`; headers outermost, so that refusals carry them too."""
    app.add_middleware(BodyLimit, max_bytes=settings.max_body_bytes)
    app.add_middleware(OriginGuard)
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=list(_bare(settings.hosts)))
    app.add_middleware(SecurityHeaders)


def _bare(hosts: Iterable[str]) -> Iterable[str]:
    """Starlette compares host names with the port cut off at the first colon, IPv6 included."""
    return ("[" if host.startswith("[") else host for host in hosts)
