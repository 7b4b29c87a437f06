"""The gRPC service `Blobs`: who calls is proven by a signed pass, what is stored by its hash."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, NoReturn

import grpc
import structlog

from cloud.blobs.store import BlobStore, BlobTooLarge, WrongHash, WrongOffset
from cloud.metrics import HubMetrics
from cloud.storage.database import Database
from cloud.storage.devices import DeviceRepository, DeviceState, tenant_of
from cloud.storage.images import ImageRepository
from cloud.storage.projections import Projections
from cloud.storage.times import to_milliseconds
from shared.clock import Clock
from shared.crypto.identity import PassRefused, check_pass
from shared.errors import MedSpaError, Rejected, Retryable
from shared.ids import BlobName, DeviceId, TenantId
from shared.wire import medspa_pb2 as wire
from shared.wire import medspa_pb2_grpc as rpc

SERVICE: Final = "/medspa.wire.v1.Blobs"
_MESSAGE_BYTES: Final = 5 * 1024 * 1024
_WORKERS: Final = 4
_STOP_SECONDS: Final = 5.0


class DeviceRefused(Rejected):
    """The device is fenced: it may not send images until a person has looked at it."""


class BlobsService(rpc.BlobsServicer):
    """Answers `Where` and `Upload`."""

    def __init__(self, database: Database, store: BlobStore, metrics: HubMetrics, clock: Clock) -> None:
        self._database = database
        self._store = store
        self._metrics = metrics
        self._clock = clock
        self._log = structlog.get_logger()
        self._busy: set[tuple[TenantId, BlobName]] = set()
        self._lock = threading.Lock()

    def Where(self, request: wire.BlobQuery, context: Any) -> wire.BlobState:  # noqa: N802 - named by the protocol
        """Tell how much of a blob is here."""
        try:
            tenant, _ = self._caller("Where", context)
            name = self._store.check(request.name, request.size)
            if self._is_durable(tenant, name):
                return wire.BlobState(offset=request.size, durable=True)
            return wire.BlobState(offset=min(self._store.offset(tenant, name), request.size), durable=False)
        except (MedSpaError, OSError) as error:
            self._refuse(context, error)

    def Upload(self, request_iterator: Iterator[wire.BlobChunk], context: Any) -> wire.BlobState:  # noqa: N802
        """Append chunks; answers `durable` only after disk and database have it."""
        try:
            tenant, device = self._caller("Upload", context)
            first = next(iter(request_iterator), None)
            if first is None:
                raise Rejected("no_chunks", "an upload has at least one chunk")
            name = self._store.check(first.name, first.size)
            with self._alone(tenant, name):
                return self._receive(tenant, device, name, first, request_iterator)
        except (MedSpaError, OSError) as error:
            self._refuse(context, error)

    def _receive(
        self,
        tenant: TenantId,
        device: DeviceId,
        name: BlobName,
        first: wire.BlobChunk,
        rest: Iterator[wire.BlobChunk],
    ) -> wire.BlobState:
        if self._is_durable(tenant, name):
            return wire.BlobState(offset=first.size, durable=True)
        size = first.size
        offset = self._append(tenant, name, size, first)
        for chunk in rest:
            if (chunk.name, chunk.size) != (name, size):
                raise Rejected("mixed_blobs", "one upload carries one image")
            offset = self._append(tenant, name, size, chunk)
        if offset < size:
            return wire.BlobState(offset=offset, durable=False)
        self._store.finish(tenant, name)
        self._record(tenant, device, name, size)
        return wire.BlobState(offset=size, durable=True)

    def _append(self, tenant: TenantId, name: BlobName, size: int, chunk: wire.BlobChunk) -> int:
        offset = self._store.append(tenant, name, size, chunk.offset, chunk.data)
        self._metrics.blob_bytes.inc(len(chunk.data))
        return offset

    def _record(self, tenant: TenantId, device: DeviceId, name: BlobName, size: int) -> None:
        with self._database.write(tenant) as connection:
            now = to_milliseconds(self._clock.wall())
            if ImageRepository(connection, tenant).add(name, size, device, now):
                Projections(connection, tenant).image_is_here(name)
        self._metrics.blobs.inc()

    def _is_durable(self, tenant: TenantId, name: BlobName) -> bool:
        with self._database.read(tenant) as connection:
            return ImageRepository(connection, tenant).is_durable(name)

    def _caller(self, method: str, context: Any) -> tuple[TenantId, DeviceId]:
        metadata = dict(context.invocation_metadata())
        text = str(metadata.get("medspa-pass", ""))
        found: dict[str, TenantId] = {}

        def signing_key_of(device: str) -> bytes | None:
            with self._database.directory() as connection:
                tenant = tenant_of(connection, DeviceId(device))
            if tenant is None:
                return None
            with self._database.read(tenant) as connection:
                record = DeviceRepository(connection, tenant).get(DeviceId(device))
            if record is None or record.state is DeviceState.REVOKED:
                return None
            found[device] = tenant
            if record.state is DeviceState.FENCED:
                raise DeviceRefused("device_fenced", "the device is fenced; a person must look at it first")
            return record.signing_key

        device = check_pass(text, f"{SERVICE}/{method}", self._clock.wall(), signing_key_of)
        return found[device], DeviceId(device)

    def _alone(self, tenant: TenantId, name: BlobName) -> "_Alone":
        return _Alone(self._busy, self._lock, (tenant, name))

    def _refuse(self, context: Any, error: MedSpaError | OSError) -> NoReturn:
        code = error.code if isinstance(error, MedSpaError) else "disk"
        self._metrics.blobs_refused.labels(code).inc()
        self._log.warning("blob_refused", reason_code=code)
        sentence = error.sentence if isinstance(error, MedSpaError) else "the hub's disk refuses; try again later"
        context.abort(_status(error), sentence)
        raise AssertionError("abort raises")  # the generated code has no types to say so


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


class BlobServer:
    """The gRPC server."""

    def __init__(self, service: BlobsService, host: str, port: int) -> None:
        options = [("grpc.max_receive_message_length", _MESSAGE_BYTES), ("grpc.so_reuseport", 0)]
        self._server = grpc.server(ThreadPoolExecutor(_WORKERS, thread_name_prefix="blobs"), options=options)
        rpc.add_BlobsServicer_to_server(service, self._server)
        self._address = f"{host}:{port}"
        self._started = False

    def start(self) -> None:
        """Listen.

        Raises:
            Retryable: the port is taken.
        """
        try:
            bound = self._server.add_insecure_port(self._address)
        except RuntimeError:
            bound = 0
        if bound == 0:
            raise Retryable("port_taken", f"{self._address} cannot be listened on; is the port taken?")
        self._server.start()
        self._started = True

    def stop(self) -> None:
        """Finish what is under way, for a few seconds."""
        if self._started:
            self._server.stop(_STOP_SECONDS).wait()


def _status(error: MedSpaError | OSError) -> grpc.StatusCode:
    if isinstance(error, OSError):
        return grpc.StatusCode.RESOURCE_EXHAUSTED
    if isinstance(error, PassRefused):
        return grpc.StatusCode.UNAUTHENTICATED
    by_kind: tuple[tuple[type[MedSpaError], grpc.StatusCode], ...] = (
        (DeviceRefused, grpc.StatusCode.PERMISSION_DENIED),
        (WrongHash, grpc.StatusCode.DATA_LOSS),
        (WrongOffset, grpc.StatusCode.ABORTED),
        (BlobTooLarge, grpc.StatusCode.INVALID_ARGUMENT),
        (Retryable, grpc.StatusCode.UNAVAILABLE),
    )
    return next((status for kind, status in by_kind if isinstance(error, kind)), grpc.StatusCode.INVALID_ARGUMENT)
