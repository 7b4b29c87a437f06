"""`medspa edge backup`, `restore` and `recovery-key` as people use them, on a box that runs and on a new one."""

import json
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from edge.backup.folder import BackupFolder
from edge.backup.verify import Verifier
from edge.cli import app
from edge.config import EdgeSettings
from edge.keys.certificate import BoxCertificate
from edge.keys.opening import open_keys
from edge.record import open_record
from shared.clock import SystemClock
from shared.config import load_settings
from shared.crypto.pki import Member
from shared.errors import MedSpaError, Rejected
from shared.events.catalogue.system import BoxStarted
from shared.events.envelope import EventDraft
from shared.ids import Uuid7Source
from shared.locks import HeldByAnother
from shared.vocabulary import ImageKind
from tests.edge.backup.rig import BackedUp
from tests.support.certificates import authority_of, certified
from tests.support.records import IDENTITY
from tests.support.servers import free_port

PASSPHRASE = "a long passphrase\na long passphrase\n"


class Clinic:
    """A box with a configuration file."""

    def __init__(self, folder: Path) -> None:
        self.box = BackedUp(folder / "box")
        self.box.record.keys.keep_transport(b"t" * 32)
        identity = '{"tenant": "tenant-a", "location": "clinic-1", "device": "box-1"}'
        (self.box.settings.folder / "identity.json").write_text(identity)
        member = Member(IDENTITY.tenant, IDENTITY.location, IDENTITY.device)
        credentials = certified(authority_of(folder / "hub", member), member)
        BoxCertificate(self.box.record.keys.sealed).replace(credentials)
        self.usb = folder / "usb"
        self.config = self.configure(folder / "clinic.toml", self.box.folder)

    def configure(self, path: Path, folder: Path) -> Path:
        path.write_text(
            f'[edge.store]\nfolder = "{folder / "data"}"\nkeys_folder = "{folder / "keys"}"\n'
            f"reserve_bytes = 1048576\n[edge.hub]\nrpc_port = {free_port()}\n"
        )
        return path

    def run(self, *words: str, config: Path | None = None, answer: str = "") -> Result:
        return CliRunner().invoke(app, [*words, "-c", str(config or self.config)], input=answer)


@pytest.fixture
def clinic(tmp_path: Path) -> Iterator[Clinic]:
    clinic = Clinic(tmp_path)
    yield clinic
    clinic.box.record.store.close()


def printed(result: Result) -> str:
    assert result.exception is None, result.exception
    return " ".join(result.output.split())


@pytest.mark.req("F-14", "P-5")
def test_a_box_that_burnt_comes_back_on_a_new_machine(clinic: Clinic, tmp_path: Path) -> None:
    clinic.box.photograph(clinic.box.record.new_client())
    clinic.box.append(60)
    assert "Version 1: 64 events (64 new), 1 images (1 new), verified" in printed(
        clinic.run("backup", "--to", str(clinic.usb))
    )
    log = clinic.box.log()
    safe = tmp_path / "safe.key"
    assert "written" in printed(clinic.run("recovery-key", "--to", str(safe), answer=PASSPHRASE))
    clinic.box.record.store.close()
    shutil.rmtree(clinic.box.folder)
    new = tmp_path / "new"
    config = clinic.configure(tmp_path / "new.toml", new)
    words = ("restore", "--from", str(clinic.usb), "--recovery-key", str(safe), "--without-hub")
    wrong = clinic.run(*words, config=config, answer="not that phrase\n")
    assert isinstance(wrong.exception, MedSpaError)
    assert "passphrase" in wrong.exception.sentence
    assert "Restored version 1: 64 events" in printed(clinic.run(*words, config=config, answer="a long passphrase\n"))
    settings = load_settings(config, EdgeSettings).store
    clock = SystemClock()
    record = open_record(settings, clock, Uuid7Source(clock))
    hashes = [row for (row,) in record.store.rows("SELECT hash FROM events ORDER BY position")]
    # Restored, with which keys, and with whose recovery file: each on record.
    assert hashes[:-3] == [digest for _, _, digest in log]
    assert json.loads((settings.folder / "identity.json").read_text())["device"] == "box-1"
    assert len(record.vault.names(ImageKind.ORIGINAL)) == 1
    record.store.close()


@pytest.mark.req("F-19")
def test_backup_of_a_running_box_is_whole_while_it_writes(clinic: Clinic) -> None:
    done = threading.Event()

    def write() -> None:
        draft = EventDraft("box/test", BoxStarted(software="test", clean=True), "box", "operation")
        while not done.is_set():
            clinic.box.record.store.append([draft] * 3)
            done.wait(0.005)  # SQLite's lock waits in no line: who never pauses leaves it to nobody else

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for _ in range(4):
            printed(clinic.run("backup", "--to", str(clinic.usb)))
    finally:
        done.set()
        writer.join()
    folder = BackupFolder(clinic.usb, open_keys(clinic.box.settings).backup())
    assert folder.numbers() == [1, 2, 3, 4]
    for number in folder.numbers():
        assert Verifier(folder, folder.manifest(number)).everything() == []
    assert folder.manifest(1).events < folder.manifest(4).events
    assert "verified" in printed(clinic.run("backup", "--to", str(clinic.usb), "--full"))


def test_a_running_box_is_not_restored_under_its_feet(clinic: Clinic) -> None:
    clinic.box.append(5)
    clinic.box.record.store.close()
    printed(clinic.run("backup", "--to", str(clinic.usb)))
    clock = SystemClock()
    running = open_record(clinic.box.settings, clock, Uuid7Source(clock))
    try:
        refused = clinic.run("restore", "--from", str(clinic.usb), "--replace", "--without-hub")
        assert isinstance(refused.exception, HeldByAnother)
    finally:
        running.store.close()


def test_restore_asks_the_hub_unless_told_not_to(clinic: Clinic) -> None:
    clinic.box.append(5)
    clinic.box.record.store.close()
    printed(clinic.run("backup", "--to", str(clinic.usb)))
    unreachable = clinic.run("restore", "--from", str(clinic.usb), "--replace")
    assert isinstance(unreachable.exception, MedSpaError)
    assert "the hub does not answer" in unreachable.exception.sentence
    lives = clinic.run("restore", "--from", str(clinic.usb), "--without-hub")
    assert isinstance(lives.exception, Rejected)
    assert "--replace" in lives.exception.sentence
    shown = printed(clinic.run("restore", "--from", str(clinic.usb), "--replace", "--without-hub"))
    assert "Restored version 1: 6 events" in shown
    assert "The former record lies in" in shown
