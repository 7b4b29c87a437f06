"""A TCP relay that can be cut: connections are reset and new ones refused, as when a cable is pulled."""

import asyncio
import socket
import struct
import threading
from collections.abc import Coroutine
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

_BUFFER_BYTES: Final = 64 * 1024
_BACKLOG: Final = 64
_PATIENCE_SECONDS: Final = 60.0
"""Where fifty boxes live in one process, the relay's thread may wait long for its turn."""
_RESET: Final = struct.pack("ii", 1, 0)


@dataclass
class _Relay:
    listen_port: int
    target_port: int
    listener: socket.socket | None = None
    tasks: set[asyncio.Task[bool]] = field(default_factory=set)


class SeverableNetwork:
    """Relays between loopback ports on its own thread, until severed, and again after `restore`."""

    def __init__(self, routes: dict[int, int]) -> None:
        """Keep the routes.

        Args:
            routes: port to listen on → port to connect to, both on 127.0.0.1.
        """
        self._relays = [_Relay(listen, target) for listen, target in routes.items()]
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="network", daemon=True)
        self.cuts = 0

    def start(self) -> None:
        """Begin relaying."""
        self._thread.start()
        self.restore()

    def sever(self) -> None:
        """Reset every connection and refuse new ones."""
        self.cuts += 1
        self._run(self._sever())

    def restore(self) -> None:
        """Accept and relay connections again."""
        self._run(self._restore())

    def stop(self) -> None:
        """Cut everything and end the thread."""
        self._run(self._sever())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=5)
        self._loop.close()

    def _run(self, step: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(step, self._loop).result(timeout=_PATIENCE_SECONDS)

    async def _restore(self) -> None:
        for relay in self._relays:
            if relay.listener is None:
                relay.listener = listener = socket.create_server(("127.0.0.1", relay.listen_port), backlog=_BACKLOG)
                listener.setblocking(False)
                self._loop.add_reader(listener, self._accept, relay, listener)

    async def _sever(self) -> None:
        for relay in self._relays:
            if relay.listener is not None:
                self._loop.remove_reader(relay.listener)
                relay.listener.close()
                relay.listener = None
            tasks = list(relay.tasks)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def _accept(self, relay: _Relay, listener: socket.socket) -> None:
        try:
            connection, _ = listener.accept()
        except OSError:  # whoever knocked has gone
            return
        task = self._loop.create_task(self._serve(connection, relay.target_port))
        relay.tasks.add(task)
        task.add_done_callback(partial(self._served, relay, connection))

    def _served(self, relay: _Relay, connection: socket.socket, task: "asyncio.Task[bool]") -> None:
        """Close what was accepted; done here because a task cancelled before its first step runs nothing."""
        relay.tasks.discard(task)
        _close(connection, in_order=not task.cancelled() and task.result())

    async def _serve(self, connection: socket.socket, target_port: int) -> bool:
        """Relay until both sides have ended; tell whether they did so in order."""
        onward, in_order = socket.socket(), False
        try:
            for end in (connection, onward):
                end.setblocking(False)
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            await self._loop.sock_connect(onward, ("127.0.0.1", target_port))
            await self._pump_both(connection, onward)
            in_order = True
        except OSError:
            return False
        finally:
            _close(onward, in_order=in_order)
        return True

    async def _pump_both(self, one: socket.socket, other: socket.socket) -> None:
        pumps = [self._loop.create_task(self._pump(*way)) for way in ((one, other), (other, one))]
        try:
            await asyncio.gather(*pumps)
        finally:  # when one way breaks, the other must not outlive its sockets
            for pump in pumps:
                pump.cancel()
            await asyncio.gather(*pumps, return_exceptions=True)

    async def _pump(self, source: socket.socket, target: socket.socket) -> None:
        while data := await self._loop.sock_recv(source, _BUFFER_BYTES):
            await self._loop.sock_sendall(target, data)
        target.shutdown(socket.SHUT_WR)


def _close(end: socket.socket, *, in_order: bool) -> None:
    """Close a socket: in order, or by a reset, as when the cable is pulled."""
    if not in_order:
        end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    end.close()
