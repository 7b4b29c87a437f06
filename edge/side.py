"""The box's answers to `medspa verify`, `rebuild`, `keys` and `config`."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from edge.config import EdgeSettings
from edge.enrol import read_identity
from edge.keys.box import CLIENT_WRAPPING, BoxKeys
from edge.keys.opening import open_keys
from edge.keys.rekey import Rekey, guard_of
from edge.record import RECORD_FILE, open_record
from edge.store.database import Database
from edge.store.errors import StorageBroken
from edge.store.events import digest_of
from edge.store.log import verify_log
from shared.clock import SystemClock
from shared.ids import Uuid7Source
from shared.side import KeyReport, LogReport, ProjectionReport

_PURPOSES = {
    "client-wrapping": "opens the clients' data keys",
    "database-next": "will open the record when its exchange is completed",
    "backup": "seals this box's backups",
    "database": "opens the encrypted record",
    "device-identity": "proves to the hub which box this is",
    "hub-certificate": "proves to the hub's servers which box this is, and the hub to the box",
    "lan-authority": "signs the certificate that the clinic's tablets see",
    "staff": "seals names and PINs of the staff",
    "staff-set-up": "the set-up code given out by the command line, as a hash",
    "log-head": "authenticates the end of the event log",
    "transport-next": "takes the place of the transport key when the hub has changed to it",
    "transport": "seals every message to the hub",
}


@dataclass(frozen=True, slots=True)
class EdgeSide:
    """The edge side, found by its entry point."""

    settings: type[EdgeSettings] = EdgeSettings

    def verify(self, settings: EdgeSettings) -> Sequence[LogReport]:
        """Walk the box's log."""
        identity = read_identity(settings.store.folder)
        path = settings.store.folder / RECORD_FILE
        if not path.exists():
            raise StorageBroken("record_missing", f"{path} is missing: it never ran or was removed; restore it")
        keys = open_keys(settings.store)
        # Opened without the store, which could refuse the very damage that is to be named.
        Rekey(path, keys).recover()
        database = Database(path, keys.database(), guard_of(path))
        try:
            report = verify_log(database, keys.log_head())
            return [LogReport(f"box {identity.device}", report, digest_of(database))]
        finally:
            database.close()

    def rebuild(self, settings: EdgeSettings) -> Sequence[ProjectionReport]:
        """Drop and rebuild the box's projections."""
        clock = SystemClock()
        record = open_record(settings.store, clock, Uuid7Source(clock))
        try:
            return record.store.rebuild()
        finally:
            record.store.close()

    def keys(self, settings: EdgeSettings) -> Sequence[KeyReport]:
        """List the box's keys by fingerprint; the root, which never leaves its place, by that place."""
        keys = open_keys(settings.store)
        root = KeyReport(
            "root",
            "seals every other key",
            "",
            generation=keys.sealed.root_generation,
            made_at=keys.root_made_at(SystemClock().wall()),
            place=keys.sealed.root_place,
        )
        return [*(_report(keys, name, secret) for name, secret in sorted(keys.secrets().items())), root]


def _report(keys: BoxKeys, name: str, secret: bytes) -> KeyReport:
    shown, dot, number = name.partition(".") if name.startswith(CLIENT_WRAPPING) else (name, "", "")
    return KeyReport(
        shown,
        _PURPOSES.get(shown, "unknown"),
        hashlib.sha256(b"fingerprint/" + secret).hexdigest()[:16],
        generation=int(number) if dot else 1,
        made_at=keys.sealed.made_at(name),
    )


side = EdgeSide()
