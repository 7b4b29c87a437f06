"""A TCP relay with a bad line: slow, late, silent without a word, or deaf one way only.

What a relay of the demonstration cannot do: there, connections are cut cleanly; here, they stay and fail.
"""

import contextlib
import socket
import threading
import time
from dataclasses import dataclass, field
from functools import partial
from typing import Final

_CHUNK_BYTES: Final = 2048
_TICK_SECONDS: Final = 0.02


@dataclass
class Line:
    """How one direction behaves now; may be changed at any time.

    Attributes:
        silent: bytes are taken and never delivered; the connection is not closed.
        bytes_per_second: most that gets through, or None for as much as comes.
        delay_seconds: how late each piece arrives.
    """

    silent: bool = False
    bytes_per_second: float | None = None
    delay_seconds: float = 0.0


@dataclass
class _Route:
    listen_port: int
    target_port: int
    listener: socket.socket
    connections: list[socket.socket] = field(default_factory=list)


class BadNetwork:
    """Relays between loopback ports; `up` is from who connects to who listens, `down` the way back."""

    def __init__(self, routes: dict[int, int]) -> None:
        """Keep the routes: port to listen on → port to connect to, both on 127.0.0.1."""
        self.up, self.down = Line(), Line()
        self.routes = [
            _Route(listen, target, socket.create_server(("127.0.0.1", listen))) for listen, target in routes.items()
        ]
        self._stopping = threading.Event()

    def start(self) -> None:
        """Begin relaying."""
        for route in self.routes:
            threading.Thread(target=self._accept, args=(route,), daemon=True).start()

    def heal(self) -> None:
        """Let everything through from now on; bytes that were swallowed stay lost, so connections are reset."""
        self.up, self.down = Line(), Line()
        self.reset()

    def reset(self) -> None:
        """Close every connection; new ones are relayed."""
        for route in self.routes:
            while route.connections:
                _end(route.connections.pop())

    def stop(self) -> None:
        """Relay nothing any more."""
        self._stopping.set()
        for route in self.routes:
            route.listener.close()
        self.reset()

    def _accept(self, route: _Route) -> None:
        while not self._stopping.is_set():
            try:
                caller, _ = route.listener.accept()
                callee = socket.create_connection(("127.0.0.1", route.target_port), timeout=5)
            except OSError:
                continue
            callee.settimeout(None)
            route.connections += [caller, callee]
            for source, target, name in ((caller, callee, "up"), (callee, caller, "down")):
                threading.Thread(target=partial(self._pump, source, target, name), daemon=True).start()

    def _pump(self, source: socket.socket, target: socket.socket, name: str) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(_CHUNK_BYTES):
                line: Line = getattr(self, name)
                if line.bytes_per_second is not None:
                    time.sleep(len(data) / line.bytes_per_second)
                if line.delay_seconds:
                    time.sleep(line.delay_seconds)
                if not line.silent:
                    target.sendall(data)
        if not getattr(self, name).silent:
            _end(target)


def _end(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
    connection.close()
