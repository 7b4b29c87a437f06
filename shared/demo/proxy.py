"""A TCP relay that can be cut: connections are reset and new ones refused, as when a cable is pulled."""

import asyncio
import contextlib
import threading
from collections.abc import Coroutine
from dataclasses import dataclass, field
from functools import partial
from typing import Any

_BUFFER_BYTES = 64 * 1024


@dataclass
class _Relay:
    listen_port: int
    target_port: int
    server: asyncio.Server | None = None
    writers: set[asyncio.StreamWriter] = field(default_factory=set)
    tasks: set[asyncio.Task[None]] = field(default_factory=set)


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
        self._run(self._finish())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=5)
        self._loop.close()

    def _run(self, step: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(step, self._loop).result(timeout=10)

    async def _restore(self) -> None:
        for relay in self._relays:
            if relay.server is None:
                serve = partial(self._serve, relay)
                relay.server = await asyncio.start_server(serve, "127.0.0.1", relay.listen_port)

    async def _sever(self) -> None:
        for relay in self._relays:
            if relay.server is not None:
                relay.server.close()
                relay.server = None
            for writer in list(relay.writers):
                writer.transport.abort()
            relay.writers.clear()

    async def _finish(self) -> None:
        for relay in self._relays:
            await asyncio.gather(*relay.tasks)

    async def _serve(self, relay: _Relay, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            relay.tasks.add(task)
            task.add_done_callback(relay.tasks.discard)
        try:
            onward_reader, onward_writer = await asyncio.open_connection("127.0.0.1", relay.target_port)
        except OSError:
            writer.transport.abort()
            return
        pair = {writer, onward_writer}
        if relay.server is None:  # cut while this connection was being made
            for end in pair:
                end.transport.abort()
            return
        relay.writers |= pair
        await asyncio.gather(self._pump(reader, onward_writer), self._pump(onward_reader, writer))
        relay.writers -= pair

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(_BUFFER_BYTES):
                writer.write(data)
                await writer.drain()
        with contextlib.suppress(OSError):
            writer.close()
