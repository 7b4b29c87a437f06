"""One box copied onto two machines: the first contact finds it out, nothing is merged, both sides say so."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from cloud.main import Hub
from cloud.storage.devices import DeviceRepository, DeviceState
from edge.backup.folder import BackupFolder
from edge.backup.job import BackupJob
from edge.backup.restore import Restore
from edge.backup.source import RecordSource
from edge.config import StoreSettings
from edge.record import PROJECTIONS
from edge.store.events import SqlcipherEventStore
from edge.sync.inbox import Inbox
from edge.sync.link import SyncLink
from edge.sync.mqtt import MqttTransport
from shared.clock import SystemClock
from shared.events.catalogue import complete_catalogue
from shared.events.catalogue.system import BoxStarted
from shared.events.envelope import EventDraft
from tests.edge.sync.rig import Rig
from tests.support.hubs import TENANT, eventually
from tests.support.promises import Tally
from tests.support.records import BoxRecord, open_box_record

pytestmark = [pytest.mark.system, pytest.mark.parametrize("hub", ["mosquitto"], indirect=True)]


class Machine:
    """One of the two machines: a folder, the record in it, and a connection of its own."""

    def __init__(self, rig: Rig, folder: Path) -> None:
        self._rig = rig
        self.record: BoxRecord = open_box_record(folder, SystemClock(), rig.record.store.identity)
        self.link: SyncLink | None = None

    @property
    def store(self) -> SqlcipherEventStore:
        return self.record.store

    def work(self, count: int = 1) -> None:
        draft = EventDraft("box/test", BoxStarted(software="test", clean=False), "box", "operation")
        self.store.append([draft] * count)

    def connect(self) -> SyncLink:
        self.link = SyncLink(
            self.store,
            Inbox(self.store, complete_catalogue(), {}),
            MqttTransport(self._rig.transport._address, self._rig.transport._credentials),
            transport_key=self.record.keys.transport(),
            clock=SystemClock(),
            snapshot=dict,
            software="test",
        )
        self.link.start()
        return self.link

    def disconnect(self) -> None:
        if self.link is not None:
            self.link.stop()
        self.link = None

    def log(self) -> list[tuple[int, str, str]]:
        return [tuple(row) for row in self.store.rows("SELECT seq, id, hash FROM events ORDER BY position")]

    def close(self) -> None:
        self.disconnect()
        self.store.close()


@pytest.fixture
def original(rig: Rig) -> Iterator[Machine]:
    """A box in use: 25 events of it are at the hub."""
    rig.append(25)
    rig.link.start()
    rig.wait_acknowledged()
    rig.link.stop()
    rig.record.store.close()
    machine = Machine(rig, rig.record.folder)
    yield machine
    machine.close()


def copied(rig: Rig, original: Machine, folder: Path) -> Machine:
    """Copy the whole disk, keys and all, while the box is off."""
    original.close()
    shutil.copytree(rig.record.folder, folder)
    original.__init__(rig, rig.record.folder)  # type: ignore[misc]
    return Machine(rig, folder)


def fenced_at(hub: Hub, machine: Machine) -> str:
    """Return the reason that the hub shows to people; empty for a box that is not fenced."""
    with hub.database.read(TENANT) as connection:
        record = DeviceRepository(connection, TENANT).get(machine.store.identity.device)
    assert record is not None
    return record.reason if record.state is DeviceState.FENCED else ""


@pytest.mark.req("P-5", "I-18", "F-14")
def test_raw_copy_run_on_two_machines_is_fenced_at_first_contact(
    rig: Rig, hub: Hub, original: Machine, tmp_path: Path, tally: Tally
) -> None:
    clone = copied(rig, original, tmp_path / "clone")
    original.work(3)
    link = original.connect()
    eventually(lambda: link.status.acknowledged == original.store.head())
    original.disconnect()
    tally.acknowledged(len(original.log()))
    before = rig.at_hub()
    clone.work(3)
    tally.injected(1)
    clone_link = clone.connect()
    eventually(lambda: clone_link.status.fenced is not None)
    assert "another one than the one known here" in str(clone_link.status.fenced)
    assert fenced_at(hub, clone) == clone_link.status.fenced
    assert rig.at_hub() == before == original.log()[: len(before)]
    clone.close()
    original.work(1)
    back = original.connect()
    eventually(lambda: back.status.fenced is not None)
    assert "another one than the one known here" in str(back.status.fenced)
    assert rig.at_hub() == before
    tally.lost(0)
    hub.enrolment.readmit(TENANT, original.store.identity.device)
    original.disconnect()
    again = original.connect()
    eventually(lambda: again.status.acknowledged == original.store.head() and rig.at_hub() == original.log())


@pytest.mark.req("P-5", "I-18", "F-14")
def test_a_copy_that_is_behind_is_fenced_before_it_sends_anything(
    rig: Rig, hub: Hub, original: Machine, tmp_path: Path
) -> None:
    clone = copied(rig, original, tmp_path / "clone")
    original.work(9)
    link = original.connect()
    eventually(lambda: link.status.acknowledged == original.store.head())
    original.disconnect()
    before = rig.at_hub()
    clone.work(1)
    clone_link = clone.connect()
    eventually(lambda: clone_link.status.fenced is not None)
    assert fenced_at(hub, clone)
    assert clone_link.status.sent == 0
    assert rig.at_hub() == before
    clone.close()


@pytest.mark.req("P-5", "I-18", "F-14")
def test_the_original_that_comes_back_after_its_restored_copy_went_on_is_fenced_as_a_second_box(
    rig: Rig, hub: Hub, original: Machine, tmp_path: Path
) -> None:
    keys = original.record.keys
    source = RecordSource(original.store._database, PROJECTIONS, keys.log_head())
    folder = BackupFolder(tmp_path / "usb", keys.backup())
    BackupJob(source, original.record.vault, folder, original.store.identity).run(SystemClock().wall(), "test", 7)
    place = tmp_path / "replacement"
    shutil.copytree(rig.record.folder / "keys", place / "keys")
    settings = StoreSettings(folder=place / "data", keys_folder=place / "keys", reserve_bytes=1024 * 1024)
    Restore(settings, keys, folder, SystemClock(), None).run()
    replacement = Machine(rig, place)
    replacement.work(4)
    link = replacement.connect()
    eventually(lambda: link.status.acknowledged == replacement.store.head())
    assert link.status.fenced is None
    replacement.disconnect()
    before = rig.at_hub()
    assert before == replacement.log()[: len(before)]
    original.work(1)
    back = original.connect()
    eventually(lambda: back.status.fenced is not None)
    assert "two boxes use one identity" in str(back.status.fenced)
    assert fenced_at(hub, original) == back.status.fenced
    assert rig.at_hub() == before
    replacement.close()
