"""A key folder under each kind of root: its rotation, cut at any step, and its loss."""

import secrets
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from shared.crypto.aead import CannotOpen, seal
from shared.crypto.keyfile import SealedKeyFolder
from shared.crypto.pkcs11 import Pkcs11KeyStore
from shared.crypto.root import FileKeyStore, KeyStore
from shared.crypto.tpm import TpmKeyStore
from shared.errors import Corrupt
from tests.support.disks import MOMENTS, FailingDisk, PowerCut
from tests.support.promises import Tally
from tests.support.tokens import soft_token, soft_tpm

SECRETS = {"database": b"d" * 32, "log-head": b"h" * 32}
MakeRoot = Callable[[Path], KeyStore]


class SteppingRoot:
    """A root whose generations come and go in steps that can be cut."""

    def __init__(self, root: KeyStore, disk: FailingDisk) -> None:
        self._root = root
        self._disk = disk
        self.place = root.place
        self.generations, self.seal, self.unseal = root.generations, root.seal, root.unseal

    def create(self, generation: int) -> None:
        self._disk._do(lambda: self._root.create(generation))

    def destroy(self, generation: int) -> None:
        self._disk._do(lambda: self._root.destroy(generation))


@pytest.fixture(params=["file", "pkcs11", "tpm"])
def make_root(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[MakeRoot]:
    """Make roots of one kind, each call a new one."""
    if request.param == "tpm":
        with soft_tpm(tmp_path / "tpm") as tcti:
            yield lambda _folder: TpmKeyStore(tcti)
    elif request.param == "pkcs11":
        token = soft_token(tmp_path, f"token-{secrets.token_hex(4)}")
        yield lambda folder: Pkcs11KeyStore(token.module, token.label, token.pin_file, folder.name)
    else:
        yield FileKeyStore


def filled(folder: Path, root: KeyStore) -> SealedKeyFolder:
    for generation in root.generations():  # a TPM has one root, whatever the folder
        root.destroy(generation)
    sealed = SealedKeyFolder(folder, root)
    for name, secret in SECRETS.items():
        sealed.put(name, secret)
    return sealed


@pytest.mark.req("F-15")
def test_rotation_seals_everything_anew_and_destroys_the_old_root(tmp_path: Path, make_root: MakeRoot) -> None:
    folder = tmp_path / "box"
    sealed = filled(folder, make_root(folder))
    made_at = sealed.made_at("database")
    before = {name: (folder / f"{name}.sealed").read_bytes() for name in SECRETS}
    reader = SealedKeyFolder(folder, make_root(folder))
    assert sealed.rotate_root() == 2
    assert make_root(folder).generations() == [2]
    for opened in (sealed, reader, SealedKeyFolder(folder, make_root(folder))):
        assert {name: opened.get(name) for name in SECRETS} == SECRETS
    assert sealed.made_at("database") == made_at
    (folder / "database.sealed").write_bytes(before["database"])
    with pytest.raises(CannotOpen):
        sealed.get("database")


@pytest.mark.req("F-15", "I-01", "I-02")
def test_rotation_cut_at_any_step_leaves_every_secret_readable_and_one_generation(
    tmp_path: Path, make_root: MakeRoot, tally: Tally
) -> None:
    cuts = 0
    for after, half in MOMENTS:
        step, failed = 1, True
        while failed:
            folder = tmp_path / f"box-{step}-{after}-{half}"
            filled(folder, make_root(folder))
            disk = FailingDisk(step, after=after, half=half)
            try:
                SealedKeyFolder(folder, SteppingRoot(make_root(folder), disk), disk).rotate_root()
            except PowerCut:
                cuts += 1
            failed = disk.failed
            again = SealedKeyFolder(folder, make_root(folder))
            assert {name: again.get(name) for name in SECRETS} == SECRETS
            assert len(make_root(folder).generations()) == 1
            step += 1
    assert cuts == 12  # make the new root, seal two secrets, destroy the old root: before, after, in the middle
    tally.injected(cuts)


@pytest.mark.req("P-5", "F-17")
def test_without_its_root_nothing_opens_and_nothing_is_begun_anew(tmp_path: Path, make_root: MakeRoot) -> None:
    folder = tmp_path / "box"
    filled(folder, make_root(folder))
    root = make_root(folder)
    root.destroy(1)
    before = {path.name: path.read_bytes() for path in folder.glob("*.sealed")}
    with pytest.raises(Corrupt, match="root_key_missing"):
        SealedKeyFolder(folder, root)
    root.create(1)
    with pytest.raises(CannotOpen):
        SealedKeyFolder(folder, root).get("database")
    assert {path.name: path.read_bytes() for path in folder.glob("*.sealed")} == before


@pytest.mark.req("I-15", "F-18")
def test_secrets_sealed_by_earlier_versions_open_and_are_rotated(tmp_path: Path) -> None:
    (tmp_path / "root.key").touch(mode=0o600)
    (tmp_path / "root.key").write_bytes(b"r" * 32)
    (tmp_path / "database.sealed").write_bytes(seal(b"r" * 32, b"secret", b"database"))
    folder = SealedKeyFolder(tmp_path)
    assert folder.get("database") == b"secret"
    folder.rotate_root()
    assert SealedKeyFolder(tmp_path).get("database") == b"secret"
    assert not (tmp_path / "root.key").exists()


def test_a_secret_that_does_not_open_stops_a_rotation_before_anything_is_changed(tmp_path: Path) -> None:
    folder = SealedKeyFolder(tmp_path)
    folder.put("good", b"1")
    (tmp_path / "zbad.sealed").write_bytes(b"\x02\x00\x00\x00\x01rubbish")
    with pytest.raises(CannotOpen):
        folder.rotate_root()
    assert folder.root_generation == 1
    assert SealedKeyFolder(tmp_path).get("good") == b"1"
