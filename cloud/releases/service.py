"""The gRPC service `Bundles`: released archives for enrolled boxes."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

import grpc

from cloud.releases.shelf import ReleaseMissing, Shelf
from cloud.rpc.callers import Callers
from cloud.rpc.refusals import abort
from shared.errors import MedSpaError, Rejected
from shared.wire import bundle_pb2 as wire
from shared.wire import bundle_pb2_grpc as rpc
from shared.wire.limits import BUNDLE_CHUNK_BYTES

_STATUSES: Final[Mapping[type[MedSpaError], grpc.StatusCode]] = {ReleaseMissing: grpc.StatusCode.NOT_FOUND}


class BundlesService(rpc.BundlesServicer):
    """Answers `Fetch`."""

    def __init__(self, callers: Callers, shelf: Shelf) -> None:
        self._callers = callers
        self._shelf = shelf

    def Fetch(self, request: wire.BundleQuery, context: Any) -> Iterator[wire.BundleChunk]:  # noqa: N802 - protocol
        """Send what the release is, its bytes from an offset on, and the hash of the whole as just read."""
        try:
            self._callers.identify(context)
            found = self._shelf.find(request.name, request.version)
            release = found.release
            if request.offset > release.size:
                raise Rejected("bad_offset", "the archive is shorter than that; begin anew")
            head = wire.BundleHead(
                size=release.size, sha256=release.sha256, key_id=found.signer, signature=found.signature
            )
            yield wire.BundleChunk(head=head)
            for data in self._shelf.stream(release, request.offset, BUNDLE_CHUNK_BYTES):
                yield wire.BundleChunk(data=data)
            yield wire.BundleChunk(end=wire.BundleEnd(sha256=release.sha256))
        except (MedSpaError, OSError) as error:
            abort(context, error, _STATUSES)
