"""The gRPC service `Backups`: a box's own sealed backup, to that box only."""

from collections.abc import Iterator, Mapping
from typing import Any, Final, NoReturn

import grpc
import structlog

from cloud.blobs.store import BlobMissing, BlobTooLarge, WrongHash, WrongOffset
from cloud.boxbackups.shelf import BackupRefused, BackupShelf, BackupTooLarge, Version
from cloud.rpc.callers import Callers
from cloud.rpc.refusals import abort
from shared.errors import MedSpaError, Rejected
from shared.wire import backup_pb2 as wire
from shared.wire import backup_pb2_grpc as rpc
from shared.wire.limits import MAX_BACKUP_PARTS

_STATUSES: Final[Mapping[type[MedSpaError], grpc.StatusCode]] = {
    WrongHash: grpc.StatusCode.DATA_LOSS,
    WrongOffset: grpc.StatusCode.ABORTED,
    BlobTooLarge: grpc.StatusCode.INVALID_ARGUMENT,
    BlobMissing: grpc.StatusCode.NOT_FOUND,
    BackupRefused: grpc.StatusCode.FAILED_PRECONDITION,
    BackupTooLarge: grpc.StatusCode.RESOURCE_EXHAUSTED,
}


class BackupsService(rpc.BackupsServicer):
    """Answers `List`, `Where`, `Put`, `Get`, `Publish` and `Manifest`; nothing here removes what a box has sent."""

    def __init__(self, callers: Callers, shelf: BackupShelf) -> None:
        self._callers = callers
        self._shelf = shelf
        self._log = structlog.get_logger()

    def List(self, request: wire.BackupQuery, context: Any) -> wire.BackupVersions:  # noqa: N802 - by the protocol
        """Tell the caller's versions."""
        del request
        try:
            return wire.BackupVersions(numbers=self._shelf.numbers(self._callers.identify(context)))
        except (MedSpaError, OSError) as error:
            self._refuse(context, error)

    def Where(self, request: wire.BackupPart, context: Any) -> wire.BackupPartState:  # noqa: N802
        """Tell how much of a part is here."""
        try:
            offset, whole = self._shelf.where(self._callers.identify(context), request.name, request.size)
            return wire.BackupPartState(offset=offset, whole=whole)
        except (MedSpaError, OSError) as error:
            self._refuse(context, error)

    def Put(self, request: wire.BackupChunk, context: Any) -> wire.BackupPartState:  # noqa: N802
        """Append to a part."""
        try:
            caller, chunk = self._callers.identify(context), (request.offset, request.data)
            offset, whole = self._shelf.put(caller, request.name, request.size, chunk)
            return wire.BackupPartState(offset=offset, whole=whole)
        except (MedSpaError, OSError) as error:
            self._refuse(context, error)

    def Get(self, request: wire.BackupPart, context: Any) -> Iterator[wire.BackupData]:  # noqa: N802
        """Send a part."""
        try:
            for data in self._shelf.get(self._callers.identify(context), request.name):
                yield wire.BackupData(data=data)
        except (MedSpaError, OSError) as error:
            self._refuse(context, error)

    def Publish(self, request: wire.BackupVersion, context: Any) -> wire.BackupVersions:  # noqa: N802
        """Let a version count."""
        try:
            caller = self._callers.identify(context)
            if len(request.parts) > MAX_BACKUP_PARTS:
                raise Rejected("too_many_parts", f"a version has {MAX_BACKUP_PARTS} parts at most")
            self._shelf.publish(caller, request.number, Version(request.sealed, list(request.parts)))
            self._log.info("backup_published", device=caller.device, count=len(request.parts))
            return wire.BackupVersions(numbers=self._shelf.numbers(caller))
        except (MedSpaError, OSError) as error:
            self._refuse(context, error)

    def Manifest(self, request: wire.BackupNumber, context: Any) -> wire.BackupData:  # noqa: N802
        """Send a version's sealed manifest."""
        try:
            version = self._shelf.version(self._callers.identify(context), request.number)
            return wire.BackupData(data=version.sealed)
        except (MedSpaError, OSError) as error:
            self._refuse(context, error)

    def _refuse(self, context: Any, error: MedSpaError | OSError) -> NoReturn:
        code = error.code if isinstance(error, MedSpaError) else "disk"
        self._log.warning("backup_refused", reason_code=code)
        abort(context, error, _STATUSES)
