"""The web server boxes enrol and renew at: TLS 1.3 with the hub's certificate, on a thread of its own."""

import socket
import ssl
import threading
from collections.abc import Callable
from typing import Final

import uvicorn
from fastapi import FastAPI

from shared.crypto.tls import Credentials, present, server_context
from shared.errors import Retryable

_STOP_SECONDS: Final = 5.0


class FleetDoor:
    """Serves an application over TLS."""

    def __init__(self, app: FastAPI, host: str, port: int, credentials: Callable[[], Credentials]) -> None:
        """Make the server; nothing listens yet."""
        self._address = (host, port)
        self._credentials = credentials
        self._context: ssl.SSLContext | None = None
        config = uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            lifespan="off",
            ws="none",
            timeout_graceful_shutdown=1,
            ssl_context_factory=lambda _config, _default: self._made(),
        )
        self._server = uvicorn.Server(config)
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Listen.

        Raises:
            Retryable: the port is taken.
        """
        host, port = self._address
        try:
            listening = socket.create_server(self._address, family=socket.AF_INET6 if ":" in host else socket.AF_INET)
        except OSError:
            raise Retryable("port_taken", f"{host}:{port} cannot be listened on; is the port taken?") from None
        self._thread = threading.Thread(target=self._server.run, args=([listening],), name="fleet-door", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Finish what is under way, for a moment."""
        if self._thread is not None:
            self._server.should_exit = True
            self._thread.join(_STOP_SECONDS)

    def renew(self) -> None:
        """Show the hub's present certificate on connections made from now on."""
        if self._context is not None:
            present(self._context, self._credentials())

    def _made(self) -> ssl.SSLContext:
        self._context = server_context(self._credentials(), members_only=False)
        return self._context
