"""The gRPC service `Backfill`: a box's sealed messages over one call, handled exactly as those from the broker."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

import structlog
from sqlalchemy.exc import SQLAlchemyError

from cloud.metrics import HubMetrics
from cloud.rpc.callers import Caller, Callers
from cloud.rpc.refusals import abort
from shared.crypto.aead import CannotOpen
from shared.errors import MedSpaError, Rejected, Retryable
from shared.wire import backfill_pb2 as wire
from shared.wire import backfill_pb2_grpc as rpc
from shared.wire.topics import UP, topic

# Each holds one thread of the server; the others go on over the broker and come back later.
MAX_CALLS: Final = 4

Answers = Callable[[str, bytes], list[bytes]]


class TooManyBackfills(Retryable):
    """As many boxes as this hub takes at once are sending their backlog."""


class BackfillService(rpc.BackfillServicer):
    """Answers `Send`."""

    def __init__(self, callers: Callers, answers: Answers, metrics: HubMetrics) -> None:
        """Keep the collaborators.

        Args:
            callers: tells which device calls.
            answers: handles one message of a topic and returns the sealed answers, after the commit.
            metrics: counts what is refused.
        """
        self._callers = callers
        self._answers = answers
        self._metrics = metrics
        self._log = structlog.get_logger()
        self._free = threading.BoundedSemaphore(MAX_CALLS)

    def Send(self, request_iterator: Iterator[wire.Parcel], context: Any) -> Iterator[wire.Parcel]:  # noqa: N802
        """Handle one message after another; the next is read when the answers to the last are on their way."""
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
        name = topic(caller.tenant, caller.device, UP)
        for parcel in parcels:
            for answer in self._answers(name, parcel.sealed_message):
                yield wire.Parcel(sealed_message=answer)

    @contextmanager
    def _place(self) -> Iterator[None]:
        if not self._free.acquire(blocking=False):
            raise TooManyBackfills("too_many_backfills", "too many backlogs are being sent; try again later")
        try:
            yield
        finally:
            self._free.release()


def _known(error: MedSpaError) -> MedSpaError:
    """Return an error that says the message was wrong, not that something here is damaged."""
    return Rejected(error.code, error.sentence) if isinstance(error, CannotOpen) else error
