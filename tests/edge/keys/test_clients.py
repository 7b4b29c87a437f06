"""The client keystore: what is destroyed is gone for good, whatever else is put back."""

import shutil
import threading
from pathlib import Path

import pytest

from edge.keys.clients import ClientKeystore, DataKeyGone
from edge.store.errors import WrongKey
from shared.crypto.aead import CannotOpen
from shared.crypto.keyfile import SealedKeyFolder
from shared.errors import Corrupt, Rejected
from shared.ids import ClientId
from tests.support.keystores import held, only_one_generation_is_left, open_keystore

ADA, BEN, CLEO = CLIENTS = [ClientId(f"client-{number}") for number in range(3)]


@pytest.fixture
def keystore(tmp_path: Path) -> ClientKeystore:
    """A keystore with three clients."""
    made = open_keystore(tmp_path)
    for client in CLIENTS:
        made.create(client)
    return made


def test_each_client_has_one_key_of_its_own_that_a_restart_keeps(tmp_path: Path, keystore: ClientKeystore) -> None:
    keys = held(keystore, CLIENTS)
    assert len(set(keys.values())) == keystore.count() == 3
    with pytest.raises(Rejected, match="data_key_exists"):
        keystore.create(ADA)
    with pytest.raises(DataKeyGone):
        keystore.key_of(ClientId("nobody"))
    keystore.close()
    assert held(open_keystore(tmp_path), CLIENTS) == keys


@pytest.mark.req("P-8", "F-25")
def test_a_destroyed_key_is_gone_at_once_and_after_a_restart_and_the_others_stay(
    tmp_path: Path, keystore: ClientKeystore
) -> None:
    keys = held(keystore, CLIENTS)
    assert keystore.destroy(BEN) == 2
    left = {ADA: keys[ADA], CLEO: keys[CLEO]}
    for opened in (keystore, open_keystore(tmp_path)):
        assert held(opened, CLIENTS) == left
        assert (opened.count(), opened.generation) == (2, 2)
        assert only_one_generation_is_left(tmp_path, opened)
    assert keystore.destroy(BEN) == 2  # a second order finds nothing to destroy
    keystore.create(BEN)
    assert keystore.key_of(BEN) != keys[BEN]


def test_rotation_keeps_every_client_and_destroys_the_old_wrapping_key(
    tmp_path: Path, keystore: ClientKeystore
) -> None:
    keys, wrapping = held(keystore, CLIENTS), SealedKeyFolder(tmp_path).get("client-wrapping.1")
    assert keystore.rotate() == 2
    assert held(keystore, CLIENTS) == keys
    assert only_one_generation_is_left(tmp_path, keystore)
    assert SealedKeyFolder(tmp_path).get("client-wrapping.2") != wrapping


@pytest.mark.req("P-8")
def test_files_put_back_from_before_do_not_bring_a_destroyed_client_back(
    tmp_path: Path, keystore: ClientKeystore
) -> None:
    keystore.close()
    shutil.copytree(tmp_path / "clients", tmp_path / "copy")
    keystore.destroy(ADA)
    keystore.close()
    for path in (tmp_path / "copy").iterdir():
        shutil.copy(path, tmp_path / "clients" / path.name)
    assert set(held(open_keystore(tmp_path), CLIENTS)) == {BEN, CLEO}
    shutil.copy(tmp_path / "copy" / "clients.1.db", tmp_path / "clients" / "clients.2.db")
    with pytest.raises(WrongKey):
        open_keystore(tmp_path).key_of(ADA)


def test_another_process_sees_what_was_destroyed_and_made(tmp_path: Path, keystore: ClientKeystore) -> None:
    other = open_keystore(tmp_path)
    assert set(held(other, CLIENTS)) == set(CLIENTS)
    keystore.destroy(ADA)
    assert set(held(other, CLIENTS)) == {BEN, CLEO}
    other.create(ADA)
    assert keystore.key_of(ADA) == other.key_of(ADA)


def test_readers_never_miss_a_survivor_while_keys_are_destroyed_and_rotated(
    tmp_path: Path, keystore: ClientKeystore
) -> None:
    key, wrong, done = keystore.key_of(ADA), [], threading.Event()

    def read(opened: ClientKeystore) -> None:
        while not done.is_set():
            try:
                found = opened.key_of(ADA)
            except Exception as error:  # noqa: BLE001 - whatever a reader meets is the finding
                wrong.append(repr(error))
                return
            if found != key:
                wrong.append("another key")

    readers = [threading.Thread(target=read, args=(opened,)) for opened in (keystore, open_keystore(tmp_path))]
    for reader in readers:
        reader.start()
    for number in range(6):
        keystore.create(ClientId(f"passing-{number}"))
        keystore.destroy(ClientId(f"passing-{number}"))
        keystore.rotate()
    done.set()
    for reader in readers:
        reader.join(timeout=60)
    assert wrong == []
    assert keystore.generation == 13


def test_a_key_of_twenty_thousand_is_destroyed_and_the_rest_kept(tmp_path: Path) -> None:
    keystore = open_keystore(tmp_path)
    crowd = [(ClientId(f"{number:08}"), number.to_bytes(32)) for number in range(20_000)]
    keystore._open_file().add(crowd)
    keystore.destroy(crowd[777][0])
    assert keystore.count() == 19_999
    assert keystore.key_of(crowd[778][0]) == crowd[778][1]


@pytest.mark.req("I-12", "P-5")
def test_no_file_holds_a_key_in_clear_and_nothing_opens_without_the_root(
    tmp_path: Path, keystore: ClientKeystore
) -> None:
    wrapping = SealedKeyFolder(tmp_path).get("client-wrapping.1")
    secrets = [*held(keystore, CLIENTS).values(), wrapping or b"", *(client.encode() for client in CLIENTS)]
    keystore.rotate()
    keystore.destroy(ADA)
    stored = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file() and path.name != "root.key"]
    assert not [secret for secret in secrets for data in stored if secret in data]
    keystore.close()
    (tmp_path / "root.key").rename(tmp_path.with_suffix(".elsewhere"))
    with pytest.raises(Corrupt, match="root_key_missing"):
        open_keystore(tmp_path)
    (tmp_path / "root.key").write_bytes(b"x" * 32)
    (tmp_path / "root.key").chmod(0o600)
    with pytest.raises(CannotOpen):
        open_keystore(tmp_path)


@pytest.mark.parametrize("gone", ["client-generation.sealed", "client-wrapping.1.sealed", "clients/clients.1.db"])
def test_what_is_missing_is_named_and_never_a_permission_to_begin_anew(
    tmp_path: Path, keystore: ClientKeystore, gone: str
) -> None:
    keystore.close()
    lost = (tmp_path / gone).read_bytes()
    (tmp_path / gone).unlink()
    with pytest.raises(Corrupt, match="client_keys_missing"):
        open_keystore(tmp_path).key_of(ADA)
    (tmp_path / gone).write_bytes(lost)
    assert set(held(open_keystore(tmp_path), CLIENTS)) == set(CLIENTS)


def in_first_form(folder: Path) -> dict[ClientId, bytes]:
    """Make a keystore as earlier versions did: one sealed file a client, under a root key of their own."""
    old = SealedKeyFolder(folder / "clients")
    return {client: old.get_or_create(client) for client in CLIENTS}


def test_a_keystore_in_its_first_form_is_taken_over_with_every_key(tmp_path: Path) -> None:
    keys = in_first_form(tmp_path)
    keystore = open_keystore(tmp_path)
    assert held(keystore, CLIENTS) == keys
    assert only_one_generation_is_left(tmp_path, keystore)


def test_a_first_form_without_its_root_key_is_named_and_kept(tmp_path: Path) -> None:
    in_first_form(tmp_path)
    (tmp_path / "clients" / "root.key").unlink()
    with pytest.raises(Corrupt, match="root_key_missing"):
        open_keystore(tmp_path)
    assert len(list((tmp_path / "clients").glob("*.sealed"))) == 3
