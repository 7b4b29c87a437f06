import hashlib
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlcipher3 import dbapi2 as sqlcipher

from shared.demo.checker import Verdict, compare
from shared.events.catalogue.system import BoxStarted
from shared.events.envelope import EventDraft
from shared.vocabulary import ImageKind
from tests.support.damage import flipped
from tests.support.records import BoxRecord, open_box_record

EVENTS, IMAGES = 12, 3


class BothSides:
    """A real record of the box, and a hub that has received all of it."""

    def __init__(self, folder: Path) -> None:
        self.record: BoxRecord = open_box_record(folder)
        self.hub, self.blobs = folder / "hub.db", folder / "blobs"
        (self.blobs / "tenant-a").mkdir(parents=True)
        draft = EventDraft("box/box-1", BoxStarted(software="1", clean=True), "box", "operation")
        client = self.record.new_client(consents=False)
        count = EVENTS - self.record.store.head().seq
        self.record.store.append([draft] * count)
        for _ in range(IMAGES):
            key = self.record.clients.key_of(client)
            name = self.record.vault.put(client, ImageKind.ORIGINAL, os.urandom(500), key).name
            (self.blobs / "tenant-a" / name).write_bytes(self.record.vault.path(name, ImageKind.ORIGINAL).read_bytes())
        with closing(sqlite3.connect(self.hub)) as connection, connection:
            connection.execute(
                "CREATE TABLE events (tenant, device, epoch, seq, id, body, PRIMARY KEY (tenant, device, epoch, seq))"
            )
        for event in self.record.store.read(0, 100):
            fields = event.fields
            self.sql(
                "INSERT INTO events VALUES (?, ?, ?, ?, ?, ?)",
                (fields.tenant, fields.device, fields.epoch, fields.seq, fields.id, event.body),
            )

    def sql(self, statement: str, parameters: tuple[object, ...] = ()) -> None:
        """Change what the hub holds."""
        with closing(sqlite3.connect(self.hub)) as connection, connection:
            assert connection.execute(statement, parameters).rowcount == 1

    def box_sql(self, statement: str) -> None:
        """Change what the box holds, as somebody with the key could."""
        path = self.record.folder / "data" / "record.db"
        with closing(sqlcipher.connect(str(path), isolation_level=None)) as connection:
            connection.execute(f"PRAGMA key = \"x'{self.record.keys.database().hex()}'\"")
            for trigger in ("events_are_never_changed", "events_are_never_removed"):
                connection.execute(f"DROP TRIGGER IF EXISTS {trigger}")
            connection.execute(statement)

    def verdict(self, device: str = "box-1") -> Verdict:
        data = self.record.folder / "data"
        folders = (data / "vault", self.blobs)
        return compare(data / "record.db", self.record.keys.database(), self.hub, device, folders)

    def image(self) -> Path:
        return next(path for path in sorted((self.blobs / "tenant-a").iterdir()))


@pytest.fixture
def both(tmp_path: Path) -> Iterator[BothSides]:
    sides = BothSides(tmp_path)
    yield sides
    sides.record.store.close()


def test_two_sides_that_agree_are_good(both: BothSides) -> None:
    found = both.verdict()
    assert found == Verdict(EVENTS, 0, 0, IMAGES, 0)
    assert (found.good, found.line) == (True, f"events {EVENTS}, lost 0, doubled 0")


@pytest.mark.parametrize(
    ("change", "lost", "doubled"),
    [
        ("DELETE FROM events WHERE seq = 5", 1, 0),
        ("DELETE FROM events WHERE seq = (SELECT max(seq) FROM events)", 1, 0),
        ("UPDATE events SET body = replace(CAST(body AS TEXT), 'box', 'fox') WHERE seq = 5", 1, 1),
        ("UPDATE events SET seq = 99 WHERE seq = 5", 1, 1),
        ("UPDATE events SET epoch = 'another' WHERE seq = 5", 1, 1),
        ("UPDATE events SET id = 'another' WHERE seq = 5", 1, 1),
        ("INSERT INTO events SELECT tenant, device, epoch, 99, id, body FROM events WHERE seq = 5", 0, 2),
        ("INSERT INTO events SELECT 'other', device, epoch, seq, id, body FROM events WHERE seq = 5", 0, 2),
        ("INSERT INTO events SELECT tenant, device, epoch, 99, 'nobodys', body FROM events WHERE seq = 5", 0, 1),
    ],
)
def test_a_lost_altered_moved_doubled_or_invented_event_is_found(
    both: BothSides, change: str, lost: int, doubled: int
) -> None:
    both.sql(change)
    found = both.verdict()
    assert (found.lost, found.doubled, found.good) == (lost, doubled, False)
    assert found.line == f"events {EVENTS}, lost {lost}, doubled {doubled}"


def test_an_event_altered_on_the_box_is_found(both: BothSides) -> None:
    both.box_sql("UPDATE events SET body = replace(CAST(body AS TEXT), 'tester', 'nobody') WHERE seq = 1")
    assert both.verdict().lost == 1
    assert not both.verdict().good


def test_an_event_removed_on_the_box_is_found_as_one_no_box_wrote(both: BothSides) -> None:
    both.box_sql("DELETE FROM events WHERE seq = 5")
    assert (both.verdict().lost, both.verdict().doubled) == (0, 1)


def test_events_of_other_boxes_do_not_count(both: BothSides) -> None:
    both.sql("INSERT INTO events SELECT tenant, 'box-2', epoch, seq, id || 'x', body FROM events WHERE seq = 5")
    assert both.verdict() == Verdict(EVENTS, 0, 0, IMAGES, 0)
    assert both.verdict("box-3").lost == EVENTS


@pytest.mark.parametrize("how", ["missing", "altered", "cut short", "misnamed"])
def test_a_missing_or_altered_image_is_found(both: BothSides, how: str) -> None:
    image = both.image()
    data = image.read_bytes()
    if how == "missing":
        image.unlink()
    elif how == "misnamed":
        image.rename(image.with_name(hashlib.sha256(b"another").hexdigest()))
    else:
        image.write_bytes(data[:-1] if how == "cut short" else flipped(data))
    found = both.verdict()
    assert (found.images, found.images_missing, found.good) == (IMAGES, 1, False)
    assert (found.lost, found.doubled) == (0, 0)


def test_an_image_damaged_alike_on_both_sides_is_not_good(both: BothSides) -> None:
    image = both.image()
    name = image.name
    in_vault = next(path for path in (both.record.folder / "data" / "vault").rglob(name))
    for path in (image, in_vault):
        path.write_bytes(b"the same wrong bytes")
    assert both.verdict().images_missing == 1


def test_a_part_of_an_upload_counts_for_nothing(both: BothSides) -> None:
    image = both.image()
    image.rename(image.with_name(f"{image.name}.part"))
    assert both.verdict().images_missing == 1
