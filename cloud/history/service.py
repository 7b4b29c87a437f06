"""The gRPC service `History`: a device's own events, to that device only."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

import grpc
import structlog

from cloud.history.lineage import NotContinued, Stretch, stretches
from cloud.rpc.callers import Caller, Callers
from cloud.rpc.refusals import abort
from cloud.storage.database import Database
from cloud.storage.log import EventLog
from shared.errors import MedSpaError
from shared.sync.sender import MAX_BATCH_BYTES, MAX_BATCH_EVENTS
from shared.wire import history_pb2 as wire
from shared.wire import history_pb2_grpc as rpc

_STATUSES: Final[Mapping[type[MedSpaError], grpc.StatusCode]] = {NotContinued: grpc.StatusCode.FAILED_PRECONDITION}


class HistoryService(rpc.HistoryServicer):
    """Answers `Events`; holds no transaction while a slow box takes what it asked for."""

    def __init__(self, database: Database, callers: Callers) -> None:
        self._database = database
        self._callers = callers
        self._log = structlog.get_logger()

    def Events(self, request: wire.HistoryQuery, context: Any) -> Iterator[wire.HistoryBatch]:  # noqa: N802
        """Stream the caller's own events behind the one it names."""
        try:
            caller = self._callers.identify(context)
            for stretch in self._stretches(caller, request):
                yield from self._batches(caller, stretch, context)
        except MedSpaError as error:
            self._log.warning("history_refused", reason_code=error.code)
            abort(context, error, _STATUSES)

    def _stretches(self, caller: Caller, request: wire.HistoryQuery) -> list[Stretch]:
        with self._database.read(caller.tenant) as connection:
            log = EventLog(connection, caller.tenant)
            found = stretches(log.epochs(caller.device), request.epoch, request.after_seq)
            known = log.hashes(caller.device, request.epoch, request.after_seq, request.after_seq)
        if known.get(request.after_seq, request.hash) != request.hash:
            raise NotContinued("history_not_continued", "the box's last event is another one than the one known here")
        return found

    def _batches(self, caller: Caller, stretch: Stretch, context: Any) -> Iterator[wire.HistoryBatch]:
        first = stretch.first
        while first <= stretch.last and context.is_active():
            last = min(stretch.last, first + MAX_BATCH_EVENTS - 1)
            with self._database.read(caller.tenant) as connection:
                bodies = EventLog(connection, caller.tenant).bodies(caller.device, stretch.epoch, first, last)
            for start, some in _cut(bodies):
                yield wire.HistoryBatch(epoch=stretch.epoch, first_seq=first + start, bodies=some)
            first = last + 1


def _cut(bodies: list[bytes]) -> Iterator[tuple[int, list[bytes]]]:
    """Cut a page into batches of a bounded size."""
    start, size = 0, 0
    for number, body in enumerate(bodies):
        if number > start and size + len(body) > MAX_BATCH_BYTES:
            yield start, bodies[start:number]
            start, size = number, 0
        size += len(body)
    if bodies:
        yield start, bodies[start:]
