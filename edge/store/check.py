"""Looks for damage in a record: pages, the end of the log, and images, each named with what to do."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlcipher3 import dbapi2 as sqlcipher

from edge.store.database import Connection, Database
from edge.store.errors import ImageMissing, StorageBroken
from edge.store.log import authentic_head, stored_bytes
from edge.store.vault import ImageVault
from shared.errors import MedSpaError
from shared.events.chain import Head, LogRow, verify_chain
from shared.ids import BlobName
from shared.vocabulary import ImageKind

TAIL_EVENTS: Final = 1000
_SHOWN: Final = 3


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that is not as it was written; `code` is stable, `sentence` for people."""

    code: str
    sentence: str


def check_record(database: Database, head_key: bytes) -> list[Problem]:
    """Check every page and the last events of the log against its authenticated end."""
    pages = [Problem("pages_damaged", f"the record's file is damaged: {text}") for text in check_pages(database)]
    try:
        tail = check_tail(database, head_key)
    except MedSpaError as error:
        tail = Problem("log_unreadable", f"the end of the log cannot be read: {error.sentence}")
    return pages if tail is None else [*pages, tail]


def check_pages(database: Database, *, full: bool = False) -> list[str]:
    """Return what SQLCipher finds wrong with the pages, and SQLite with tables and indexes; nothing when all is well.

    Args:
        database: the open database.
        full: also compare each index with its table.
    """
    found: list[str] = []
    for pragma in ("cipher_integrity_check", "integrity_check" if full else "quick_check"):
        try:
            with database.reader() as connection:
                rows = connection.execute(f"PRAGMA {pragma}").fetchall()
        except MedSpaError as error:
            return [*found, error.sentence]
        except sqlcipher.Error as error:  # of another family than what `reader` translates
            return [*found, type(error).__name__]
        found += [str(row[0]).splitlines()[-1] for row in rows if row[0] != "ok"]
    return found[:_SHOWN]


def check_tail(database: Database, head_key: bytes, events: int = TAIL_EVENTS) -> Problem | None:
    """Return what is wrong with the last events of the log and its recorded end, or None."""
    with database.reader() as connection:
        head = authentic_head(connection, head_key)
        rows = _tail(connection, events)
    if head is None:
        return Problem("log_head_damaged", "the log's recorded end is missing or forged")
    damage = _walk(rows, head)
    return Problem("log_damaged", damage) if damage is not None else None


def check_images(vault: ImageVault, images: Sequence[tuple[BlobName, ImageKind]]) -> list[tuple[BlobName, ImageKind]]:
    """Return which of these images lie damaged in the vault; one that is not there may have made room."""
    damaged: list[tuple[BlobName, ImageKind]] = []
    for name, kind in images:
        try:
            vault.sealed_bytes(name, kind)
        except ImageMissing:
            continue
        except StorageBroken:
            damaged.append((name, kind))
    return damaged


def _tail(connection: Connection, events: int) -> list[LogRow]:
    rows = connection.execute(
        "SELECT epoch, seq, body, hash FROM events ORDER BY position DESC LIMIT ?", (events,)
    ).fetchall()
    return [LogRow(epoch, seq, stored_bytes(body), digest) for epoch, seq, body, digest in reversed(rows)]


def _walk(rows: list[LogRow], head: Head) -> str | None:
    """Walk the end of a log; what comes before it is not known here."""
    damage = verify_chain(rows, head, whole=False).damage
    return damage.sentence if damage is not None else None
