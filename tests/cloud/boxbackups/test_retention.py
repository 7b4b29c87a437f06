"""What the hub lets go of a box's backups, and what it never does."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud.blobs.store import BlobMissing, BlobTooLarge, WrongHash, WrongOffset
from cloud.boxbackups.retention import versions_kept
from cloud.boxbackups.shelf import BackupRefused, BackupShelf, BackupTooLarge, Version
from cloud.rpc.callers import Caller
from shared.errors import Rejected
from shared.ids import DeviceId, LocationId, TenantId
from tests.support.damage import flipped

BOX = Caller(TenantId("lumen"), LocationId("lumen-one"), DeviceId("box-1"))
OTHER = Caller(TenantId("lumen"), LocationId("lumen-one"), DeviceId("box-2"))


@given(st.sets(st.integers(1, 60), min_size=1), st.integers(1, 10), st.sets(st.integers(1, 60)))
def test_the_newest_stay_and_one_that_verifies_is_never_let_go_for_want_of_another(
    numbers: set[int], keep: int, sound: set[int]
) -> None:
    kept = versions_kept(sorted(numbers), keep, lambda number: number in sound)
    assert kept <= numbers
    assert set(sorted(numbers)[-keep:]) <= kept
    if numbers & sound:
        assert max(numbers & sound) in kept
        assert len(kept) <= keep + 1
    else:
        assert len(numbers) <= keep or kept == numbers


def test_nothing_is_read_while_nothing_would_go() -> None:
    def read(_number: int) -> bool:
        raise AssertionError("every part was read for nothing")

    assert versions_kept([1, 2, 3], 3, read) == {1, 2, 3}


@pytest.fixture
def shelf(tmp_path: Path) -> BackupShelf:
    return BackupShelf(tmp_path, 2, 1024 * 1024, 2 * 1024 * 1024)


def stored(shelf: BackupShelf, data: bytes, caller: Caller = BOX) -> str:
    name = hashlib.sha256(data).hexdigest()
    assert shelf.put(caller, name, len(data), (0, data)) == (len(data), True)
    return name


def publish(shelf: BackupShelf, number: int, parts: Sequence[str]) -> None:
    shelf.publish(BOX, number, Version(b"sealed %d" % number, list(parts)))


def part(folder: Path, name: str) -> Path:
    return folder / "lumen" / "lumen-one" / "box-1" / "parts" / name


def damage(path: Path) -> None:
    path.write_bytes(flipped(path.read_bytes()))


def test_a_version_that_verifies_outlives_newer_ones_that_are_damaged(shelf: BackupShelf, tmp_path: Path) -> None:
    first = stored(shelf, b"first")
    publish(shelf, 1, [first])
    for number, data in ((2, b"second"), (3, b"third")):
        name = stored(shelf, data)
        damage(part(tmp_path, name))
        publish(shelf, number, [name])
    assert shelf.numbers(BOX) == [1, 2, 3], "only the first verifies"
    assert b"".join(shelf.get(BOX, first)) == b"first"
    publish(shelf, 4, [stored(shelf, b"fourth")])
    assert shelf.numbers(BOX) == [3, 4], "the fourth verifies: the first may go"


def test_when_no_version_verifies_none_goes(shelf: BackupShelf, tmp_path: Path) -> None:
    common = stored(shelf, b"common")
    for number in (1, 2):
        publish(shelf, number, [common])
    path = part(tmp_path, common)
    path.write_bytes(flipped(path.read_bytes()))
    publish(shelf, 3, [common])
    assert shelf.numbers(BOX) == [1, 2, 3]
    assert shelf.version(BOX, 1).parts == [common]


def test_parts_go_with_the_last_version_that_names_them(shelf: BackupShelf, tmp_path: Path) -> None:
    common, old = stored(shelf, b"common"), stored(shelf, b"old")
    publish(shelf, 1, [common, old])
    shelf.put(BOX, "a" * 64, 100, (0, b"cut"))
    for number in (2, 3):
        publish(shelf, number, [common])
    assert shelf.numbers(BOX) == [2, 3]
    assert [path.name for path in part(tmp_path, common).parent.iterdir()] == [common]


def test_a_version_counts_only_with_all_its_parts_and_under_the_next_number(shelf: BackupShelf) -> None:
    name = stored(shelf, b"one")
    with pytest.raises(BackupRefused, match="not here"):
        publish(shelf, 1, [name, "b" * 64])
    assert shelf.numbers(BOX) == []
    publish(shelf, 1, [name])
    publish(shelf, 1, [name])
    with pytest.raises(BackupRefused, match="not the next"):
        shelf.publish(BOX, 1, Version(b"another", [name]))
    assert shelf.version(BOX, 1).sealed == b"sealed 1"


def test_what_is_too_large_or_not_what_its_name_says_is_refused(shelf: BackupShelf) -> None:
    with pytest.raises(BlobTooLarge):
        shelf.put(BOX, "a" * 64, 2 * 1024 * 1024, (0, b"x"))
    with pytest.raises(Rejected, match="SHA-256"):
        shelf.put(BOX, "../../etc/passwd", 10, (0, b"x"))
    with pytest.raises(WrongHash):
        shelf.put(BOX, "a" * 64, 1, (0, b"x"))
    with pytest.raises(WrongOffset):
        shelf.put(BOX, "a" * 64, 10, (5, b"x"))
    for number in range(2):
        stored(shelf, bytes([number]) * 1000 * 1024)
    with pytest.raises(BackupTooLarge):
        stored(shelf, b"z" * 1000 * 1024)
    stored(shelf, b"z" * 1000 * 1024, OTHER)


def test_a_box_finds_nothing_of_another(shelf: BackupShelf) -> None:
    name = stored(shelf, b"one")
    publish(shelf, 1, [name])
    assert shelf.numbers(OTHER) == []
    assert shelf.where(OTHER, name, 3) == (0, False)
    with pytest.raises(BlobMissing):
        list(shelf.get(OTHER, name))
    with pytest.raises(BlobMissing):
        shelf.version(OTHER, 1)
