"""What the box serves when its record cannot be opened: what is wrong and what to do, on every address."""

import html
import threading

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from edge.config import HttpSettings
from shared.errors import MedSpaError
from shared.http.errors import ErrorBody

_PAGE = (
    '<!doctype html><html lang="en"><meta charset="utf-8"><meta http-equiv="refresh" content="10">'
    "<title>Out of order</title><body><h1>This box is out of order</h1><p>{sentence}</p>"
    "<p>The photographs and the record on it are kept as they are.</p></body></html>"
)


def out_of_order(error: MedSpaError) -> Starlette:
    """Return an application that answers every address with 503 and the error's sentence."""

    async def answer(request: Request) -> Response:
        headers = {"Retry-After": "10", "Cache-Control": "no-store"}
        if "text/html" in request.headers.get("accept", ""):
            page = _PAGE.format(sentence=html.escape(error.sentence))
            return HTMLResponse(page, 503, headers)
        return JSONResponse(ErrorBody(code=error.code, sentence=error.sentence).model_dump(), 503, headers)

    return Starlette(routes=[Route("/{path:path}", answer, methods=["GET", "POST", "PUT", "DELETE"])])


def serve_out_of_order(error: MedSpaError, http: HttpSettings, seconds: float) -> None:
    """Serve it for a while; whoever runs the box then starts it again, and it tries anew."""
    config = uvicorn.Config(
        out_of_order(error), host=http.host, port=http.port, log_config=None, access_log=False, lifespan="off"
    )
    server = uvicorn.Server(config)
    timer = threading.Timer(seconds, _leave, (server,))
    timer.daemon = True
    timer.start()
    try:
        server.run()
    finally:
        timer.cancel()


def _leave(server: uvicorn.Server) -> None:
    server.should_exit = True
