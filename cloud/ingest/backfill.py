"""The gRPC service `Backfill`: a box's sealed messages over one call, handled exactly as those from the broker."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, Final, Protocol, TypeVar, cast

import structlog
from sqlalchemy.exc import SQLAlchemyError

from cloud.ingest.handler import Opened
from cloud.metrics import HubMetrics
from cloud.rpc.callers import Caller, Callers
from cloud.rpc.refusals import abort
from cloud.storage.down_links import BoxAddress
from shared.crypto.aead import CannotOpen
from shared.errors import MedSpaError, Rejected, Retryable
from shared.wire import backfill_pb2 as wire
from shared.wire import backfill_pb2_grpc as rpc

# Each holds one thread of the server; the others go on over the broker and come back later.
MAX_CALLS: Final = 4
_Item = TypeVar("_Item")


class Handling(Protocol):
    """What is done with a box's messages (`cloud.ingest.handler.MessageHandler`)."""

    def open(self, box: BoxAddress, payload: bytes) -> Opened:
        """Unseal and read a message; changes nothing."""
        ...

    def answer(self, opened: Opened) -> list[bytes]:
        """Do what it asks and return the sealed answers, after the commit."""
        ...


class TooManyBackfills(Retryable):
    """As many boxes as this hub takes at once are sending their backlog."""


class BackfillService(rpc.BackfillServicer):
    """Answers `Send`."""

    def __init__(self, callers: Callers, handling: Handling, metrics: HubMetrics) -> None:
        """Keep the collaborators.

        Args:
            callers: tells which device calls.
            handling: opens and answers messages.
            metrics: counts what is refused.
        """
        self._callers = callers
        self._handling = handling
        self._metrics = metrics
        self._log = structlog.get_logger()
        self._free = threading.BoundedSemaphore(MAX_CALLS)

    def Send(self, request_iterator: Iterator[wire.Parcel], context: Any) -> Iterator[wire.Parcel]:  # noqa: N802
        """Answer one message after another; the next is opened meanwhile, and never more than that."""
        try:
            caller = self._callers.identify(context)
            with self._place():
                yield from self._receive(caller, request_iterator)
        except (Rejected, CannotOpen, Retryable) as error:
            self._metrics.refused.labels(error.code).inc()
            self._log.warning("backfill_refused", reason_code=error.code)
            abort(context, _known(error))
        except SQLAlchemyError as error:
            # Rolled back and not acknowledged: the sender comes again.
            self._metrics.failed.inc()
            self._log.error("backfill_failed", reason_code=type(error).__name__)
            abort(context, Retryable("database_unavailable", "the hub's database refuses; try again later"))

    def _receive(self, caller: Caller, parcels: Iterator[wire.Parcel]) -> Iterator[wire.Parcel]:
        box = BoxAddress(caller.tenant, caller.device)
        opened = (self._handling.open(box, parcel.sealed_message) for parcel in parcels)
        for message in one_ahead(opened):
            for answer in self._handling.answer(message):
                yield wire.Parcel(sealed_message=answer)

    @contextmanager
    def _place(self) -> Iterator[None]:
        if not self._free.acquire(blocking=False):
            raise TooManyBackfills("too_many_backfills", "too many backlogs are being sent; try again later")
        try:
            yield
        finally:
            self._free.release()


def one_ahead(items: Iterator[_Item]) -> Iterator[_Item]:
    """Go through items, making the next one in another thread while the caller is at work on this one."""
    end = object()
    thread = ThreadPoolExecutor(1, thread_name_prefix="backfill-ahead")
    try:
        coming = thread.submit(next, items, end)
        while (item := coming.result()) is not end:
            coming = thread.submit(next, items, end)
            yield cast("_Item", item)
    finally:
        # Not waited for: it may hang on a message that comes only when the call has ended.
        thread.shutdown(wait=False)


def _known(error: MedSpaError) -> MedSpaError:
    """Return an error that says the message was wrong, not that something here is damaged."""
    return Rejected(error.code, error.sentence) if isinstance(error, CannotOpen) else error
