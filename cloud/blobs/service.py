"""The gRPC service `Blobs`: who calls is proven by a signed pass, what is stored by its hash."""

import threading
from collections.abc import Iterator
from typing import Any, Final, NoReturn

import grpc
import structlog

from cloud.blobs.store import BlobMissing, BlobStore, BlobTooLarge, WrongHash, WrongOffset
from cloud.metrics import HubMetrics
from cloud.rpc.callers import Caller, Callers
from cloud.rpc.refusals import abort
from cloud.storage.database import Database
from cloud.storage.hub_epoch import hub_life
from cloud.storage.images import ImageRepository
from cloud.storage.projections import Projections
from cloud.storage.times import to_milliseconds
from shared.clock import Clock
from shared.errors import MedSpaError, Rejected, Retryable
from shared.ids import BlobName, DeviceId, TenantId
from shared.wire import medspa_pb2 as wire
from shared.wire import medspa_pb2_grpc as rpc
from shared.wire.limits import DOWNLOAD_CHUNK_BYTES, MAX_QUERIES


class ImageShredded(Rejected):
    """The image's client is deleted, or had withdrawn when it was taken: it is never taken, nor asked for again."""


_STATUSES: Final = {
    WrongHash: grpc.StatusCode.DATA_LOSS,
    WrongOffset: grpc.StatusCode.ABORTED,
    BlobTooLarge: grpc.StatusCode.INVALID_ARGUMENT,
    BlobMissing: grpc.StatusCode.NOT_FOUND,
    ImageShredded: grpc.StatusCode.FAILED_PRECONDITION,
}


class BlobsService(rpc.BlobsServicer):
    """Answers `Where`, `WhereMany`, `Upload`, `Download` and `Drop`."""

    def __init__(
        self, database: Database, callers: Callers, store: BlobStore, metrics: HubMetrics, clock: Clock
    ) -> None:
        self._database = database
        self._callers = callers
        self._store = store
        self._metrics = metrics
        self._clock = clock
        self._epoch = hub_life(database).epoch
        self._log = structlog.get_logger()
        self._busy: set[tuple[TenantId, BlobName]] = set()
        self._lock = threading.Lock()

    def Where(self, request: wire.BlobQuery, context: Any) -> wire.BlobState:  # noqa: N802 - named by the protocol
        """Tell how much of a blob is here."""
        try:
            tenant = self._callers.identify(context).tenant
            return self._where(tenant, request)
        except (MedSpaError, OSError) as error:
            self._refuse(context, error)

    def WhereMany(self, request: wire.BlobQueries, context: Any) -> wire.BlobStates:  # noqa: N802
        """Tell how much of each of many blobs is here, in the order asked."""
        try:
            tenant = self._callers.identify(context).tenant
            return self._where_many(tenant, request)
        except (MedSpaError, OSError) as error:
            self._refuse(context, error)

    def Drop(self, request: wire.BlobQueries, context: Any) -> wire.BlobStates:  # noqa: N802
        """Throw away what has come of blobs that are not whole; whole ones stay. Idempotent by their names."""
        try:
            tenant = self._callers.identify(context).tenant
            self._check_count(request)
            for query in request.queries:
                name = self._store.check(query.name, query.size)
                with self._alone(tenant, name):
                    if not self._is_durable(tenant, name):
                        self._store.remove(tenant, name)
            return self._where_many(tenant, request)
        except (MedSpaError, OSError) as error:
            self._refuse(context, error)

    def Download(self, request: wire.BlobQuery, context: Any) -> Iterator[wire.BlobChunk]:  # noqa: N802
        """Send a blob from an offset on; only when all of it was as its name says comes the last chunk, its hash."""
        try:
            tenant = self._callers.identify(context).tenant
            name, offset = self._store.check(request.name, request.size or 1), request.offset
            if not self._is_durable(tenant, name):
                raise BlobMissing("blob_missing", "the hub does not hold this image")
            for data in self._store.stream(tenant, name, offset, DOWNLOAD_CHUNK_BYTES):
                yield wire.BlobChunk(name=name, offset=offset, data=data)
                offset += len(data)
            yield wire.BlobChunk(name=name, size=offset, offset=offset, sha256=name)
        except (MedSpaError, OSError) as error:
            self._refuse(context, error)

    def _where_many(self, tenant: TenantId, request: wire.BlobQueries) -> wire.BlobStates:
        self._check_count(request)
        states = [self._where(tenant, query) for query in request.queries]
        return wire.BlobStates(states=states, hub_epoch=self._epoch)

    @staticmethod
    def _check_count(request: wire.BlobQueries) -> None:
        if len(request.queries) > MAX_QUERIES:
            raise Rejected("too_many_blobs", f"ask for {MAX_QUERIES} images at most at a time")

    def _where(self, tenant: TenantId, query: wire.BlobQuery) -> wire.BlobState:
        name = self._store.check(query.name, query.size)
        if self._is_durable(tenant, name):
            return self._state(query.size, durable=True)
        if self._is_shredded(tenant, name):
            return wire.BlobState(hub_epoch=self._epoch, refused=True)
        return self._state(min(self._store.offset(tenant, name), query.size), durable=False)

    def _state(self, offset: int, *, durable: bool) -> wire.BlobState:
        return wire.BlobState(offset=offset, durable=durable, hub_epoch=self._epoch)

    def Upload(self, request_iterator: Iterator[wire.BlobChunk], context: Any) -> wire.BlobState:  # noqa: N802
        """Append chunks; answers `durable` only after disk and database have it."""
        try:
            caller = self._callers.identify(context)
            first = next(iter(request_iterator), None)
            if first is None:
                raise Rejected("no_chunks", "an upload has at least one chunk")
            name = self._store.check(first.name, first.size)
            with self._alone(caller.tenant, name):
                return self._receive(caller, name, first, request_iterator)
        except (MedSpaError, OSError) as error:
            self._refuse(context, error)

    def _receive(
        self, caller: Caller, name: BlobName, first: wire.BlobChunk, rest: Iterator[wire.BlobChunk]
    ) -> wire.BlobState:
        tenant = caller.tenant
        if self._is_durable(tenant, name):
            return self._state(first.size, durable=True)
        if self._is_shredded(tenant, name):
            raise _shredded()
        size = first.size
        offset = self._append(tenant, name, size, first)
        for chunk in rest:
            if (chunk.name, chunk.size) != (name, size):
                raise Rejected("mixed_blobs", "one upload carries one image")
            offset = self._append(tenant, name, size, chunk)
        if offset < size:
            return self._state(offset, durable=False)
        self._store.finish(tenant, name)
        self._record(tenant, caller.device, name, size)
        return self._state(size, durable=True)

    def _append(self, tenant: TenantId, name: BlobName, size: int, chunk: wire.BlobChunk) -> int:
        offset = self._store.append(tenant, name, size, chunk.offset, chunk.data)
        self._metrics.blob_bytes.inc(len(chunk.data))
        return offset

    def _record(self, tenant: TenantId, device: DeviceId, name: BlobName, size: int) -> None:
        with self._database.write(tenant) as connection:
            now = to_milliseconds(self._clock.wall())
            images = ImageRepository(connection, tenant)
            if images.is_shredded(name):
                # Its client was deleted while it came.
                self._store.remove(tenant, name)
                raise _shredded()
            if images.add(name, size, device, now):
                Projections(connection, tenant).image_is_here(name)
        self._metrics.blobs.inc()

    def _is_durable(self, tenant: TenantId, name: BlobName) -> bool:
        with self._database.read(tenant) as connection:
            recorded = ImageRepository(connection, tenant).is_durable(name)
        return recorded and self._store.holds(tenant, name)

    def _is_shredded(self, tenant: TenantId, name: BlobName) -> bool:
        with self._database.read(tenant) as connection:
            return ImageRepository(connection, tenant).is_shredded(name)

    def _alone(self, tenant: TenantId, name: BlobName) -> "_Alone":
        return _Alone(self._busy, self._lock, (tenant, name))

    def _refuse(self, context: Any, error: MedSpaError | OSError) -> NoReturn:
        code = error.code if isinstance(error, MedSpaError) else "disk"
        self._metrics.blobs_refused.labels(code).inc()
        self._log.warning("blob_refused", reason_code=code)
        abort(context, error, _STATUSES)


def _shredded() -> ImageShredded:
    return ImageShredded("image_shredded", "this image's client is deleted or had withdrawn; do not send it again")


class UploadBusy(Retryable):
    """The same image is being received on another connection."""


class _Alone:
    """One upload of an image at a time."""

    def __init__(
        self, busy: set[tuple[TenantId, BlobName]], lock: threading.Lock, key: tuple[TenantId, BlobName]
    ) -> None:
        self._busy, self._lock, self._key = busy, lock, key

    def __enter__(self) -> None:
        with self._lock:
            if self._key in self._busy:
                raise UploadBusy("upload_busy", "this image is being received on another connection; try again")
            self._busy.add(self._key)

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._busy.discard(self._key)
