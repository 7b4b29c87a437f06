"""The bulk transport: one gRPC call that carries sealed batches up and the hub's answers down."""

import queue
import threading
from collections.abc import Iterator
from typing import Final, Protocol

import grpc
import structlog

from edge.sync.hub_channel import HubChannel
from edge.sync.mqtt import Incoming, NotConnected, Outlet, Signal
from shared.wire import backfill_pb2 as wire
from shared.wire import backfill_pb2_grpc as rpc

CALL_SECONDS: Final = 900.0


class BulkOutlet(Outlet, Protocol):
    """An outlet that is opened for a backlog and closed after it."""

    def open(self) -> None:
        """Start connecting; what comes back, and `BULK_LOST` when it ends by itself, goes into the link's inbox."""
        ...

    def close(self) -> None:
        """End it; what is in flight is given up."""
        ...


class BackfillCall:
    """Calls `Backfill.Send`; used by the link's thread only, answers come on a thread of each call's own."""

    def __init__(self, hub: HubChannel, inbox: "queue.Queue[Incoming]") -> None:
        """Keep the collaborators.

        Args:
            hub: the connection to the hub.
            inbox: the link's, which takes the hub's answers.
        """
        self._hub = hub
        self._inbox = inbox
        self._call: _Call | None = None

    def open(self) -> None:
        """Start a call, unless one is under way."""
        if self._call is None or self._call.ended:
            self._call = _Call(self._hub, self._inbox)

    def publish(self, data: bytes) -> None:
        """Queue one message for the call.

        Raises:
            NotConnected: there is no call.
        """
        if self._call is None or self._call.ended:
            raise NotConnected
        self._call.put(data)

    def waiting(self) -> int:
        """Return how many messages have not left this box."""
        return self._call.waiting if self._call is not None else 0

    def close(self) -> None:
        """End the call, when there is one."""
        if self._call is not None:
            self._call.close()
            self._call = None


class _Call:
    """One call; the sender's window of batches in flight bounds what is queued."""

    def __init__(self, hub: HubChannel, inbox: "queue.Queue[Incoming]") -> None:
        self.ended = False
        self._put = self._taken = 0  # each written by one thread only
        self._closed = False
        self._hub = hub
        self._inbox = inbox
        self._parcels: queue.Queue[bytes | None] = queue.Queue()
        threading.Thread(target=self._run, name="backfill", daemon=True).start()

    @property
    def waiting(self) -> int:
        """Messages that flow control has not let out yet."""
        return self._put - self._taken

    def put(self, data: bytes) -> None:
        """Queue one message."""
        self._put += 1
        self._parcels.put(data)

    def close(self) -> None:
        """End the call without a word to the link."""
        self._closed = True
        self._parcels.put(None)

    def _requests(self) -> Iterator[wire.Parcel]:
        while (data := self._parcels.get()) is not None:
            yield wire.Parcel(sealed_message=data)
            # gRPC asks for the next one only when flow control has let this one out.
            self._taken += 1

    def _run(self) -> None:
        reason = "closed by the hub"
        try:
            with self._hub.open() as channel:
                for parcel in rpc.BackfillStub(channel).Send(self._requests(), timeout=CALL_SECONDS):
                    self._inbox.put(Incoming(Signal.MESSAGE, parcel.sealed_message))
        except grpc.RpcError as error:
            reason = error.code().name
        finally:
            self.ended = True
            self._parcels.put(None)  # the thread that gRPC drew requests with must end, too
        if not self._closed:
            structlog.get_logger().info("backfill_ended", reason_code=reason)
            self._inbox.put(Incoming(Signal.BULK_LOST))
