"""The box's answers to `medspa verify`, `rebuild`, `keys` and `config`."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from edge.config import EdgeSettings
from edge.keys.box import BoxKeys
from edge.record import open_record
from shared.clock import SystemClock
from shared.ids import Uuid7Source
from shared.side import KeyReport, LogReport, ProjectionReport

_PURPOSES = {
    "database": "opens the encrypted record",
    "device-identity": "proves to the hub which box this is",
    "log-head": "authenticates the end of the event log",
    "transport": "seals every message to the hub",
}


@dataclass(frozen=True, slots=True)
class EdgeSide:
    """The edge side, found by its entry point."""

    settings: type[EdgeSettings] = EdgeSettings

    def verify(self, settings: EdgeSettings) -> Sequence[LogReport]:
        """Walk the box's log."""
        clock = SystemClock()
        record = open_record(settings.store, clock, Uuid7Source(clock))
        try:
            return [LogReport(f"box {record.store.identity.device}", record.store.verify())]
        finally:
            record.store.close()

    def rebuild(self, settings: EdgeSettings) -> Sequence[ProjectionReport]:
        """Drop and rebuild the box's projections."""
        clock = SystemClock()
        record = open_record(settings.store, clock, Uuid7Source(clock))
        try:
            return record.store.rebuild()
        finally:
            record.store.close()

    def keys(self, settings: EdgeSettings) -> Sequence[KeyReport]:
        """List the box's keys by fingerprint."""
        secrets = BoxKeys(settings.store.keys_folder).secrets()
        return [
            KeyReport(name, _PURPOSES.get(name, "unknown"), hashlib.sha256(b"fingerprint/" + secret).hexdigest()[:16])
            for name, secret in sorted(secrets.items())
        ]


side = EdgeSide()
