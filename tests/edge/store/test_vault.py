"""The image vault on a real disk."""

import errno
import hashlib
import os
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.store.errors import ImageMissing, StorageBroken, StorageFull, StorageReadOnly
from edge.store.vault import ImageVault
from shared.crypto.aead import CannotOpen, new_key
from shared.ids import BlobName, ClientId
from shared.vocabulary import ImageKind
from tests.support.damage import flipped

pytestmark = pytest.mark.req("I-12")

CLIENT = ClientId("client-1")
RESERVE = 1024 * 1024


def jpeg() -> bytes:
    rows = np.add.outer(np.arange(80), np.arange(120)).astype(np.uint8)
    return bytes(cv2.imencode(".jpg", np.dstack([rows, rows, rows]))[1].tobytes())


def test_image_comes_back_and_is_named_by_its_sealed_bytes(tmp_path: Path) -> None:
    vault, key, image = ImageVault(tmp_path, RESERVE), new_key(), jpeg()
    sealed = vault.put(CLIENT, ImageKind.ORIGINAL, image, key)
    path = vault.path(sealed.name, ImageKind.ORIGINAL)
    assert hashlib.sha256(path.read_bytes()).hexdigest() == sealed.name
    assert path.stat().st_size == sealed.size
    assert vault.get(sealed.name, CLIENT, ImageKind.ORIGINAL, key) == image
    assert image not in path.read_bytes()


def test_originals_and_derived_images_lie_apart(tmp_path: Path) -> None:
    vault, key = ImageVault(tmp_path, RESERVE), new_key()
    original = vault.put(CLIENT, ImageKind.ORIGINAL, jpeg(), key)
    derived = vault.put(CLIENT, ImageKind.DERIVED, jpeg(), key)
    assert vault.names(ImageKind.ORIGINAL) == {original.name}
    assert vault.names(ImageKind.DERIVED) == {derived.name}
    with pytest.raises(ImageMissing):
        vault.get(original.name, CLIENT, ImageKind.DERIVED, key)


def test_image_does_not_open_for_another_client_or_key(tmp_path: Path) -> None:
    vault, key = ImageVault(tmp_path, RESERVE), new_key()
    name = vault.put(CLIENT, ImageKind.ORIGINAL, jpeg(), key).name
    for client, other in ((CLIENT, new_key()), (ClientId("client-2"), key)):
        with pytest.raises(CannotOpen):
            vault.get(name, client, ImageKind.ORIGINAL, other)


def test_damaged_image_is_noticed_and_missing_one_is_named(tmp_path: Path) -> None:
    vault, key = ImageVault(tmp_path, RESERVE), new_key()
    name = vault.put(CLIENT, ImageKind.ORIGINAL, jpeg(), key).name
    path = vault.path(name, ImageKind.ORIGINAL)
    path.write_bytes(flipped(path.read_bytes()))
    with pytest.raises(StorageBroken):
        vault.get(name, CLIENT, ImageKind.ORIGINAL, key)
    with pytest.raises(ImageMissing):
        vault.get(BlobName("0" * 64), CLIENT, ImageKind.ORIGINAL, key)


def test_full_disk_refuses_before_a_photograph_is_taken(tmp_path: Path) -> None:
    vault = ImageVault(tmp_path, reserve_bytes=2**62)
    with pytest.raises(StorageFull):
        vault.ensure_room(1)
    with pytest.raises(StorageFull):
        vault.put(CLIENT, ImageKind.ORIGINAL, jpeg(), new_key())
    assert vault.names(ImageKind.ORIGINAL) == set()


@pytest.mark.parametrize(("number", "kind"), [(errno.ENOSPC, StorageFull), (errno.EROFS, StorageReadOnly)])
def test_failed_write_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, kind: type[Exception]
) -> None:
    vault = ImageVault(tmp_path, RESERVE)

    def fail(_descriptor: int) -> None:
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", fail)
        with pytest.raises(kind):
            vault.put(CLIENT, ImageKind.ORIGINAL, jpeg(), new_key())
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_unfinished_writes_of_a_crash_are_swept_at_start(tmp_path: Path) -> None:
    vault = ImageVault(tmp_path, RESERVE)
    name = vault.put(CLIENT, ImageKind.ORIGINAL, jpeg(), new_key()).name
    unfinished = vault.path(name, ImageKind.ORIGINAL).parent / ".x.part"
    unfinished.write_bytes(b"half")
    ImageVault(tmp_path, RESERVE)
    assert unfinished.exists(), "another process, such as medspa verify, leaves a running box's work alone"
    vault.discard_unfinished()
    assert not unfinished.exists()
    assert vault.names(ImageKind.ORIGINAL) == {name}
