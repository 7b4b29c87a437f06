"""Puts on record what is done at the box's own command line, whether the box runs or not, and what backups take out."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import structlog

from edge.audit.trail import AuditTrail
from edge.config import EdgeSettings
from edge.record import open_record
from edge.store.errors import StorageFull
from edge.store.events import SqlcipherEventStore
from shared.clock import SystemClock
from shared.ids import Uuid7Source

OPERATOR: Final = "operator"
_BACKUP: Final = "backup"
_COUNT: Final = "SELECT (SELECT count(*) FROM events) + (SELECT count(*) FROM images)"


@contextmanager
def trail_of_commands(settings: EdgeSettings) -> Iterator[tuple[SqlcipherEventStore, AuditTrail]]:
    """Open the record for what a command has to put there; its right is that of whoever has the box's command line.

    Raises:
        MedSpaError: the record cannot be opened.
    """
    clock = SystemClock()
    store = open_record(settings.store, clock, Uuid7Source(clock)).store
    try:
        yield store, AuditTrail(store, clock, lambda _actor: "command_line")
    finally:
        store.close()


def note_backup(store: SqlcipherEventStore, trail: AuditTrail, actor: str) -> None:
    """Put on record that a backup is about to leave; a full disk must not keep what is there from being saved.

    Raises:
        MedSpaError: the record cannot be read or written for another reason.
    """
    try:
        trail.exported(_BACKUP, int(store.rows(_COUNT)[0][0]), actor, _BACKUP)
    except StorageFull as error:
        structlog.get_logger().error("backup_not_on_record", code=error.code)
