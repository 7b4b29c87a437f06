"""The box's end of the link on its own thread; what it says and does is in `protocol.py`."""

import queue
import threading
from collections.abc import Callable, Mapping
from typing import Any, Final

import structlog

from edge.store.events import SqlcipherEventStore
from edge.sync.backfill import BulkOutlet
from edge.sync.inbox import Inbox
from edge.sync.mqtt import Incoming, NotConnected, Signal, Transport
from edge.sync.protocol import LinkProtocol
from edge.sync.sealing import KeyRing
from edge.sync.status import LinkStatus
from shared.clock import Clock
from shared.errors import Retryable
from shared.sync.route import RouteState

_TICK_SECONDS: Final = 0.2
_AFTER_FAILURE_SECONDS: Final = 2.0


class SyncLink:
    """Keeps both logs moving, from `start` to `stop`."""

    def __init__(
        self,
        store: SqlcipherEventStore,
        inbox: Inbox,
        transport: Transport,
        *,
        transport_key: bytes | KeyRing,
        clock: Clock,
        snapshot: Callable[[], Mapping[str, Any]],
        software: str,
        bulk: BulkOutlet | None = None,
    ) -> None:
        """Keep the collaborators.

        Args:
            store: the log to send.
            inbox: applies the hub's log.
            transport: the broker connection.
            transport_key: seals every message; a ring where it may change.
            clock: for time-outs and the times people see.
            snapshot: returns the clinic's present state for the hub, without personal data.
            software: version of this software.
            bulk: carries a long backlog; its answers go into the transport's inbox.
        """
        self._transport = transport
        self._protocol = LinkProtocol(
            store,
            inbox,
            transport,
            transport_key=transport_key,
            clock=clock,
            snapshot=snapshot,
            software=software,
            bulk=bulk,
        )
        self._log = structlog.get_logger()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sync-link", daemon=True)
        store.on_append(lambda _seq: self._wake())

    @property
    def status(self) -> LinkStatus:
        """The link now."""
        return self._protocol.status

    @property
    def route(self) -> RouteState:
        """Which transport batches take now."""
        return self._protocol.route

    def start(self) -> None:
        """Connect and keep both logs moving until `stop`."""
        self._transport.start()
        self._thread.start()

    def stop(self) -> None:
        """Stop sending and disconnect; what was not acknowledged is sent after the next start."""
        self._stopping.set()
        self._transport.inbox.put(Incoming(Signal.STOP))
        self._thread.join(timeout=5)
        self._protocol.close()
        self._transport.stop()

    def step(self, incoming: Incoming) -> float:
        """Take in one thing and send what is due; return the seconds to pause before the next. Never raises."""
        try:
            self._protocol.handle(incoming)
            self._protocol.pump()
        except NotConnected:
            pass
        except Retryable as error:
            # A full or slow disk: nothing moved, the next tick tries again.
            self._log.warning("sync_waits", code=error.code)
        except Exception:  # noqa: BLE001 - the thread's boundary: what cannot be done now is tried again
            self._log.error("sync_failed", exc_info=True)
            return _AFTER_FAILURE_SECONDS
        return 0.0

    def _wake(self) -> None:
        if self._transport.inbox.empty():
            self._transport.inbox.put(Incoming(Signal.WAKE))

    def _run(self) -> None:
        while True:
            try:
                incoming = self._transport.inbox.get(timeout=_TICK_SECONDS)
            except queue.Empty:
                incoming = Incoming(Signal.WAKE)
            if incoming.signal is Signal.STOP:
                return
            if pause := self.step(incoming):
                self._stopping.wait(pause)
