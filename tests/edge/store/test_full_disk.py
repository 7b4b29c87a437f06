"""A disk that is really full, and one that is really read-only: a small file system mounted for the test."""

import contextlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.store.errors import StorageFull, StorageReadOnly
from edge.store.vault import ImageVault
from shared.crypto.aead import new_key
from shared.events.catalogue.system import BoxStarted
from shared.events.envelope import EventDraft
from shared.ids import ClientId
from shared.vocabulary import ImageKind
from tests.support.records import BoxRecord, open_box_record

pytestmark = pytest.mark.req("P-7", "I-09", "F-03")

EVENT = EventDraft("box/box-1", BoxStarted(software="x" * 60, clean=True), "box", "operation")


def mount(*arguments: str) -> bool:
    return subprocess.run(["mount", *arguments], capture_output=True, check=False).returncode == 0


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    if os.geteuid() != 0 or not mount("-t", "tmpfs", "-o", "size=6m", "tmpfs", str(tmp_path)):
        pytest.skip("mounting a small file system needs root")
    yield tmp_path
    subprocess.run(["umount", "-l", str(tmp_path)], check=True)


def fill(folder: Path) -> Path:
    ballast = folder / "ballast"
    descriptor = os.open(ballast, os.O_WRONLY | os.O_CREAT)
    with contextlib.suppress(OSError):
        while os.write(descriptor, b"\0" * 4096):
            pass
    os.close(descriptor)
    assert os.statvfs(folder).f_bavail == 0
    return ballast


def append_until_refused(box: BoxRecord) -> None:
    for _ in range(2000):
        box.store.append([EVENT])


def test_full_disk_refuses_events_and_images_whole_and_works_again_when_there_is_room(small_disk: Path) -> None:
    box = open_box_record(small_disk)
    box.store.append([EVENT])
    ballast = fill(small_disk)
    with pytest.raises(StorageFull):
        append_until_refused(box)
    length = box.store.head().seq
    with pytest.raises(StorageFull):
        box.vault.put(ClientId("c"), ImageKind.ORIGINAL, b"x" * 500_000, new_key())
    unguarded = ImageVault(small_disk / "data" / "vault", reserve_bytes=0)
    unguarded.ensure_room = lambda _size: None  # type: ignore[method-assign] - the disk fills between check and write
    with pytest.raises(StorageFull):
        unguarded.put(ClientId("c"), ImageKind.ORIGINAL, b"x" * 3_000_000, new_key())
    assert box.vault.names(ImageKind.ORIGINAL) == set()
    assert box.store.verify().intact
    ballast.unlink()
    box.store.append([EVENT])
    assert box.store.head().seq == length + 1
    assert box.store.verify().intact
    box.vault.put(ClientId("c"), ImageKind.ORIGINAL, b"x" * 50_000, new_key())
    box.store.close()


def test_read_only_disk_is_named_as_such_and_loses_nothing(small_disk: Path) -> None:
    box = open_box_record(small_disk)
    box.store.append([EVENT])
    vault = box.vault
    box.store.close()
    assert mount("-o", "remount,ro", str(small_disk))
    with pytest.raises(StorageReadOnly):
        vault.put(ClientId("c"), ImageKind.ORIGINAL, b"x" * 1000, new_key())
    with pytest.raises(StorageReadOnly):
        open_box_record(small_disk)
    assert mount("-o", "remount,rw", str(small_disk))
    again = open_box_record(small_disk)
    assert again.store.head().seq == 1
    again.store.append([EVENT])
    again.store.close()
