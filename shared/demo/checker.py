"""Compares box and hub after the outage, reading both databases directly.

Shares no code with the synchronisation: its own SQL, its own hashing. It trusts neither side's word, only
the bytes that lie on both disks.
"""

import hashlib
import sqlite3
from collections import Counter
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlcipher3 import dbapi2 as sqlcipher


@dataclass(frozen=True, slots=True)
class Verdict:
    """What lies on both sides.

    Attributes:
        events: events on the box.
        lost: events of the box that the hub lacks or has with other bytes.
        doubled: events the hub has more than once, by id or by place, or that no box wrote.
        images: sealed images on the box.
        images_missing: images the hub lacks, or that either side has with other bytes.
    """

    events: int
    lost: int
    doubled: int
    images: int
    images_missing: int

    @property
    def line(self) -> str:
        """The verdict in one line."""
        return f"events {self.events}, lost {self.lost}, doubled {self.doubled}"

    @property
    def good(self) -> bool:
        """Whether nothing is lost, doubled or missing."""
        return not (self.lost or self.doubled or self.images_missing)


def compare(box_database: Path, box_key: bytes, hub_database: Path, device: str, folders: tuple[Path, Path]) -> Verdict:
    """Compare ids and hashes of every event, and the bytes of every image.

    Args:
        box_database: the box's SQLCipher file.
        box_key: its raw key.
        hub_database: the hub's SQLite file.
        device: the box's id at the hub.
        folders: the box's vault and the hub's folder of images.
    """
    box, hub = _box_events(box_database, box_key), _hub_events(hub_database, device)
    there = set(hub)
    seen = Counter(event_id for event_id, _ in hub)
    places = Counter(place for _, place in hub)
    lost = sum(1 for event_id, place in box if (event_id, place) not in there)
    doubled = sum(count - 1 for count in (*seen.values(), *places.values()) if count > 1)
    strangers = len(there - set(box))
    box_images, hub_images = _files(folders[0]), _files(folders[1])
    # An image is named by its own hash, so what is damaged alike on both sides is found too.
    missing = sum(1 for name, digest in box_images.items() if not name == digest == hub_images.get(name))
    return Verdict(len(box), lost, doubled + strangers, len(box_images), missing)


Place = tuple[str, int, str]


def _box_events(path: Path, key: bytes) -> list[tuple[str, Place]]:
    with closing(sqlcipher.connect(str(path))) as connection:
        connection.execute(f"PRAGMA key = \"x'{key.hex()}'\"")
        return _places(connection.execute("SELECT id, epoch, seq, body FROM events"))


def _hub_events(path: Path, device: str) -> list[tuple[str, Place]]:
    with closing(sqlite3.connect(path)) as connection:
        return _places(connection.execute("SELECT id, epoch, seq, body FROM events WHERE device = ?", (device,)))


def _places(rows: Any) -> list[tuple[str, Place]]:
    return [(event_id, (epoch, seq, hashlib.sha256(_bytes(body)).hexdigest())) for event_id, epoch, seq, body in rows]


def _bytes(body: bytes | str) -> bytes:
    """Return a body as bytes: an edit through SQL can turn it into text, and is still to be found."""
    return body.encode() if isinstance(body, str) else bytes(body)


def _files(folder: Path) -> dict[str, str]:
    """Return name and hash of every image file, wherever it lies below a folder."""
    paths = (path for path in folder.rglob("*") if path.is_file() and len(path.name) == 64)
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}
