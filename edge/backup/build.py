"""Makes a record file out of a backup: the log verbatim, the other rows, then what came after the backup."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from edge.backup.history import History
from edge.backup.manifest import Manifest
from edge.backup.progress import Progress
from edge.backup.sealed import SealedBackup, unpack
from edge.backup.source import fill_tables
from edge.store.check import check_pages
from edge.store.database import Database
from edge.store.errors import StorageBroken
from edge.store.events import HUB_CURSOR, BoxIdentity, SqlcipherEventStore, write_cursor
from edge.store.log import verify_log
from edge.store.projection import Projection
from edge.store.refill import LogRefill
from edge.store.schema import migrate
from shared.clock import Clock
from shared.durable import SystemDisk
from shared.errors import Rejected
from shared.events.catalogue import complete_catalogue
from shared.events.envelope import Event, EventDraft
from shared.events.payload import PayloadModel
from shared.ids import BlobName, ClientId, Uuid7Source
from shared.sync.position import Position
from shared.vocabulary import ImageKind


@dataclass(frozen=True, slots=True)
class NamedImage:
    """An image as the log names it."""

    name: BlobName
    kind: ImageKind
    size: int


class RecordBuilder:
    """Builds one record file that nobody else uses; abandoned half-way it is thrown away and built anew."""

    def __init__(self, path: Path, key: bytes, projections: Sequence[Projection], head_key: bytes) -> None:
        """Begin with an empty file.

        Args:
            path: the file to make; what a former attempt left there is removed.
            key: the database key.
            projections: the tables derived from the log.
            head_key: authenticates the log's end.
        """
        for suffix in ("", "-wal", "-shm"):
            path.with_name(path.name + suffix).unlink(missing_ok=True)
        self._path = path
        self._database = Database(path, key)
        self._projections = projections
        self._head_key = head_key
        self._refill: LogRefill | None = None

    def take_backup(self, folder: SealedBackup, manifest: Manifest, progress: Progress) -> None:
        """Take a version of a backup.

        Raises:
            BackupDamaged: a part cannot be read.
            StorageBroken: the parts do not continue one another, or newer software wrote them.
        """
        migrate(self._database, up_to=manifest.schema_version)
        tables = folder.get(manifest.state.name)
        self._database.write(lambda connection: fill_tables(connection, tables))
        migrate(self._database)
        self._refill = LogRefill(self._database, self._projections, self._head_key)
        done = 0
        for segment in manifest.segments:
            self._refill.append([Event.from_body(body) for body in unpack(folder.get(segment.name))])
            done += segment.count
            progress("restoring events", done, manifest.events)

    @property
    def log(self) -> LogRefill:
        """The log under construction."""
        if self._refill is None:
            raise StorageBroken("nothing_restored", "the backup must be taken before anything else")
        return self._refill

    def take_history(self, history: History, progress: Progress) -> int:
        """Take the box's own events behind the last one, from the hub or what is left of a former record.

        Raises:
            HistoryUnavailable, HistoryRefused: they cannot be had; what came so far stays.
            StorageBroken: what came does not continue the log.
        """
        taken = 0
        for events in history.events(self.log.end()):
            self.log.append(events)
            taken += len(events)
            progress("events behind the backup", taken, taken)
        return taken

    def images(self) -> set[NamedImage]:
        """Return every image that the log names so far."""
        with self._database.reader() as connection:
            rows = connection.execute("SELECT name, kind, size FROM images").fetchall()
        return {NamedImage(BlobName(name), ImageKind(kind), int(size)) for name, kind, size in rows}

    def count(self) -> int:
        """Return how many events the log has."""
        with self._database.reader() as connection:
            return int(connection.execute("SELECT count(*) FROM events").fetchone()[0])

    def note_acknowledged(self, position: Position) -> None:
        """Remember how far the hub is in this log."""
        self._database.write(lambda connection: write_cursor(connection, HUB_CURSOR, position))

    def begin_epoch(self, identity: BoxIdentity, clock: Clock, payload: PayloadModel) -> str:
        """Go on in a new epoch, whose first event says why; return its name."""
        epoch = self.log.begin_epoch()
        store = SqlcipherEventStore(
            self._database,
            identity,
            clock=clock,
            ids=Uuid7Source(clock),
            catalogue=complete_catalogue(),
            projections=self._projections,
            data_keys=_NoDataKeys(),
            head_key=self._head_key,
        )
        store.append([EventDraft(f"restore/{epoch}", payload, "box", "operation")])
        return epoch

    def finish(self) -> None:
        """Check the record from end to end and close it: all of it is then in the one file, and durable.

        Raises:
            StorageBroken: it does not verify.
        """
        damage = verify_log(self._database, self._head_key).damage
        problems = [damage.sentence] if damage is not None else check_pages(self._database, full=True)
        self._database.close()
        if self._path.with_name(f"{self._path.name}-wal").exists():
            problems = [*problems, "its last changes are not in the one file"]
        if problems:
            raise StorageBroken("restore_not_verified", f"the restored record does not verify: {problems[0]}")
        SystemDisk().settle(self._path)

    def abandon(self) -> None:
        """Close what is half built; the next attempt removes it."""
        self._database.close()


class _NoDataKeys:
    """A restore writes about no client."""

    def key_of(self, client: ClientId) -> bytes:
        """Refuse."""
        raise Rejected("no_data_keys", f"a restore has nothing to seal for {client}")
