"""A backup at the hub: sealed here, sent in chunks, read back and verified here; the hub can open none of it.

Photographs are no part of it: they come to the hub by themselves, each while its client allows it, and from there back.
"""

import errno
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final, NoReturn, TypeVar

import grpc

from edge.backup.errors import BackupDamaged, HistoryRefused, HistoryUnavailable
from edge.backup.history import HubHistory
from edge.backup.sealed import SealedBackup
from edge.keys.box import BoxKeys
from edge.store.errors import StorageFull
from edge.store.events import BoxIdentity
from edge.sync.escrow import KeyServiceUnreachable, deposit_backup_key, recover_backup_keys
from edge.sync.hub_channel import HubChannel
from shared.errors import Rejected
from shared.ids import BlobName
from shared.vocabulary import ImageKind
from shared.wire import backup_pb2 as wire
from shared.wire import backup_pb2_grpc as rpc

T = TypeVar("T")
# At 64 kbit/s one chunk takes 8 s of the deadline's 60.
CHUNK_BYTES: Final = 64 * 1024
_LOCK: Final = "hub-backup.lock"
_DEADLINE_SECONDS: Final = 60.0
_GET_SECONDS: Final = 600.0
_TRIES: Final = 5
# Above this many waiting events the backup gives way to them.
_EVENTS_FIRST: Final = 1000
_AGAIN: Final = frozenset(
    {
        grpc.StatusCode.UNAVAILABLE,
        grpc.StatusCode.DEADLINE_EXCEEDED,
        grpc.StatusCode.ABORTED,
        grpc.StatusCode.DATA_LOSS,
    }
)
_REFUSALS: Final = {
    grpc.StatusCode.PERMISSION_DENIED: "the hub has fenced this box: let a person look at it (`medspa hub readmit`)",
    grpc.StatusCode.UNAUTHENTICATED: "the hub does not know this box or has revoked it; check its keys and its clock",
    grpc.StatusCode.UNIMPLEMENTED: "the hub's software keeps no backups yet; update it or back up into a folder",
    grpc.StatusCode.INVALID_ARGUMENT: "the hub does not take a part of this backup; see hub.backups.max_part_bytes",
}


def _nothing_waits() -> int:
    return 0


class HubShelf:
    """What the hub keeps for this box as a shelf; see `Shelf`. A call that breaks off is resumed where it was."""

    def __init__(
        self,
        channel: HubChannel,
        lock: Path,
        ready: Callable[[], None],
        event_backlog: Callable[[], int] = _nothing_waits,
    ) -> None:
        """Keep the collaborators.

        Args:
            channel: the connection; its certificate says whose backup this is.
            lock: the lock file of those who write.
            ready: called before anything is written: the backup key must be in escrow by then.
            event_backlog: returns how many events wait; above a bound the backup gives way.
        """
        self._channel = channel
        self._lock = lock
        self._ready = ready
        self._event_backlog = event_backlog

    @property
    def name(self) -> str:
        """How people call it."""
        return "the hub"

    @property
    def at_hub(self) -> bool:
        """It is the hub's."""
        return True

    @property
    def lock(self) -> Path:
        """The lock file of those who write."""
        return self._lock

    def prepare(self) -> None:
        """Put the backup key into escrow, so that no backup is there that nobody can open any more."""
        self._ready()

    def ensure_room(self, size: int) -> None:
        """Leave it to the hub, which refuses what is too much."""

    def numbers(self) -> list[int]:
        """Return the numbers of the versions there are, oldest first."""
        return self._tried(lambda stub: list(stub.List(wire.BackupQuery(), timeout=_DEADLINE_SECONDS).numbers))

    def manifest(self, number: int) -> bytes:
        """Return a version's sealed manifest."""
        query = wire.BackupNumber(number=number)
        return self._tried(lambda stub: bytes(stub.Manifest(query, timeout=_DEADLINE_SECONDS).data))

    def publish(self, number: int, sealed: bytes, parts: Sequence[str]) -> None:
        """Let a version count; the hub checks that every part is there, and lets old versions go by its own rule."""
        version = wire.BackupVersion(number=number, sealed=sealed, parts=parts)
        self._tried(lambda stub: stub.Publish(version, timeout=_GET_SECONDS))

    def remove(self, number: int) -> NoReturn:
        """Refuse."""
        raise Rejected("hub_retires", f"version {number} lies at the hub, which lets versions go by its own rule")

    def sweep(self, named: set[str]) -> NoReturn:
        """Refuse."""
        raise Rejected("hub_retires", f"the hub lets parts go by its own rule, whether or not among {len(named)} named")

    def put(self, name: str, sealed: bytes) -> None:
        """Send a part from where an earlier attempt was cut; durable and checked by its hash when this returns."""
        self._tried(lambda stub: self._send(stub, name, sealed))

    def get(self, name: str) -> bytes:
        """Return a part."""
        query = wire.BackupPart(name=name)
        return self._tried(lambda stub: b"".join(item.data for item in stub.Get(query, timeout=_GET_SECONDS)))

    def put_image(self, name: BlobName, kind: ImageKind, sealed: bytes) -> NoReturn:
        """Refuse: photographs leave only while their client allows it."""
        del kind, sealed
        raise Rejected("images_go_alone", f"image {name[:12]} goes to the hub by itself, not with a backup")

    def image_size(self, name: BlobName, kind: ImageKind) -> None:
        """Know of no image."""
        del name, kind

    def image(self, name: BlobName, kind: ImageKind) -> bytes:
        """Return an image as it was uploaded."""
        del kind
        found = HubHistory(self._channel).image(name, 1)
        if found is None:
            raise FileNotFoundError(errno.ENOENT, "the hub does not hold this image")
        return found

    def _send(self, stub: rpc.BackupsStub, name: str, sealed: bytes) -> None:
        size = len(sealed)
        state = stub.Where(wire.BackupPart(name=name, size=size), timeout=_DEADLINE_SECONDS)
        while not state.whole:
            if self._event_backlog() > _EVENTS_FIRST:
                raise HistoryUnavailable("events_first", "events wait for the hub and go first; this goes on later")
            start = int(state.offset)
            data = sealed[start : start + CHUNK_BYTES]
            chunk = wire.BackupChunk(name=name, size=size, offset=start, data=data)
            state = stub.Put(chunk, timeout=_DEADLINE_SECONDS)

    def _tried(self, work: Callable[[rpc.BackupsStub], T]) -> T:
        for left in reversed(range(_TRIES)):
            try:
                with self._channel.open() as channel:
                    return work(rpc.BackupsStub(channel))
            except grpc.RpcError as error:
                if not left or error.code() not in _AGAIN:
                    _give_up(error)
        raise AssertionError("the last try returns or raises")


def hub_backup(
    folder: Path,
    keys: BoxKeys,
    identity: BoxIdentity,
    channel: HubChannel,
    event_backlog: Callable[[], int] = _nothing_waits,
) -> SealedBackup:
    """Return this box's backup at the hub, with the box's backup key, which is made at its first use.

    Args:
        folder: the record's folder, for the lock of those who write.
        keys: the box's keys.
        identity: who the box is.
        channel: the connection to the hub.
        event_backlog: returns how many events wait; above a bound the backup gives way.
    """
    key = keys.backup()

    def ready() -> None:
        deposit_backup_key(channel, identity, key)

    return SealedBackup(HubShelf(channel, folder / _LOCK, ready, event_backlog), key)


def recover_hub_backup(folder: Path, keys: BoxKeys, identity: BoxIdentity, channel: HubChannel) -> SealedBackup:
    """Return this box's backup at the hub to restore from; where no key held here opens it, with one from escrow.

    Raises:
        HistoryUnavailable, HistoryRefused: the hub or its key service does not answer, or refuses.
    """
    shelf = HubShelf(channel, folder / _LOCK, lambda: None)
    if keys.backup_held and (held := SealedBackup(shelf, keys.backup())).latest() is not None:
        return held
    try:
        recovered = recover_backup_keys(channel, identity, keys.identity(), "box_restored")
    except KeyServiceUnreachable as error:
        raise HistoryUnavailable(error.code, error.sentence) from error
    for key in recovered:
        found = SealedBackup(shelf, key)
        if found.latest() is not None:
            if not keys.backup_held:
                keys.take_backup(key)
            return found
    return SealedBackup(shelf, keys.backup())


def _give_up(error: Any) -> NoReturn:
    """Say what the hub's refusal means; what is missing or damaged there is told as a disk would."""
    code = error.code()
    if code in {grpc.StatusCode.NOT_FOUND, grpc.StatusCode.DATA_LOSS}:
        raise FileNotFoundError(errno.ENOENT, "the hub does not hold it, or holds it damaged") from error
    if code is grpc.StatusCode.FAILED_PRECONDITION:
        sentence = "the hub lacks a part of the backup: `medspa edge backup --to-hub --full` sends it again"
        raise BackupDamaged("hub_backup_gap", sentence) from error
    if code is grpc.StatusCode.RESOURCE_EXHAUSTED:
        raise StorageFull("hub_backup_full", "the hub has no room for this box's backup; ask its operator") from error
    if code in _REFUSALS:
        raise HistoryRefused("hub_backup_refused", _REFUSALS[code]) from error
    raise HistoryUnavailable("hub_unreachable", f"the hub does not answer ({code.name}); try again") from error
