"""Fetches released bundles from the hub into a staging folder; what is activated, and when, is decided elsewhere."""

import hashlib
import os
from pathlib import Path
from typing import Final

import grpc

from edge.sync.hub_channel import HubChannel
from shared.crypto.release import Release, ReleaseForged, check_release
from shared.durable import make_folder, sync_folder
from shared.errors import Rejected, Retryable
from shared.wire import bundle_pb2 as wire
from shared.wire import bundle_pb2_grpc as rpc

_DEADLINE_SECONDS: Final = 600.0
_TRIES: Final = 5
_FINAL_ANSWERS: Final = frozenset(
    {grpc.StatusCode.NOT_FOUND, grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.PERMISSION_DENIED}
)


class FetchInterrupted(Retryable):
    """The hub could not give all of it; what came is kept, and the next fetch goes on there."""


class BundleRefused(Rejected):
    """The hub does not give this bundle, or it is larger than may be."""


class BundleFetcher:
    """Fetches bundles; one at a time."""

    def __init__(self, hub: HubChannel, staging: Path, trusted: frozenset[str], max_bytes: int) -> None:
        """Keep the collaborators.

        Args:
            hub: the connection to the hub.
            staging: where archives lie until somebody activates them.
            trusted: ids of the keys that may sign a release.
            max_bytes: the largest archive that is taken.
        """
        self._hub = hub
        self._staging = staging
        self._trusted = trusted
        self._max_bytes = max_bytes

    def fetch(self, name: str, version: str) -> Path:
        """Return the verified archive of a release, fetched from where an earlier fetch was cut.

        Nothing lies under the returned name that was not signed by a trusted key.

        Raises:
            FetchInterrupted: come again.
            BundleRefused: there is none of this name and version, or it is too large.
            ReleaseForged: it is not signed by a trusted key, or was altered; what came of it is deleted.
        """
        make_folder(self._staging)
        part = self._staging / f".{name}-{version}.part"
        for left in reversed(range(_TRIES)):
            try:
                release = self._continue(name, version, part)
                break
            except grpc.RpcError as error:
                code = error.code()
                if code is grpc.StatusCode.INVALID_ARGUMENT and part.exists():
                    part.unlink()  # more than the release has: of another one
                    continue
                if code in _FINAL_ANSWERS:
                    raise BundleRefused("bundle_refused", f"the hub refuses the bundle ({code.name})") from error
                if not left:
                    raise FetchInterrupted("fetch_interrupted", f"the hub stopped ({code.name}); try again") from error
        else:
            raise FetchInterrupted("fetch_interrupted", "what was kept of the bundle was of another one; try again")
        return self._finish(release, part)

    def _continue(self, name: str, version: str, part: Path) -> Release:
        """Append what is missing to the part and return what the hub says it is."""
        offset = part.stat().st_size if part.exists() else 0
        query = wire.BundleQuery(name=name, version=version, offset=offset)
        release: Release | None = None
        with self._hub.open() as channel, part.open("ab") as file:
            for chunk in rpc.BundlesStub(channel).Fetch(query, timeout=_DEADLINE_SECONDS):
                kind = chunk.WhichOneof("part")
                if kind == "head":
                    release = self._check(Release(name, version, chunk.head.size, chunk.head.sha256), chunk.head)
                elif kind == "data" and release is not None:
                    offset += len(chunk.data)
                    if offset > release.size:
                        break  # more than was signed: its hash will not fit
                    file.write(chunk.data)
            file.flush()
            os.fsync(file.fileno())
        if release is None:
            raise FetchInterrupted("fetch_interrupted", "the hub did not say what it sends; try again")
        return release

    def _check(self, release: Release, head: wire.BundleHead) -> Release:
        if release.size > self._max_bytes:
            raise BundleRefused("bundle_too_large", f"a bundle may have {self._max_bytes} bytes at most")
        check_release(release, head.signature, head.key_id, self._trusted)
        return release

    def _finish(self, release: Release, part: Path) -> Path:
        with part.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        if digest != release.sha256 or part.stat().st_size != release.size:
            part.unlink()
            raise ReleaseForged("release_forged", "what came is not what was signed; it was deleted, fetch it anew")
        goal = self._staging / f"{release.name}-{release.version}.zip"
        part.replace(goal)
        sync_folder(self._staging)
        return goal
