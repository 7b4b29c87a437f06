"""Restore against a real hub: its events and images come back, and it accepts the box without a person."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest

from cloud.main import Hub
from edge.backup.errors import HistoryRefused, HistoryUnavailable
from edge.backup.folder import BackupFolder
from edge.backup.history import HubHistory
from edge.backup.job import BackupJob
from edge.backup.restore import Restore, RestoreReport
from edge.backup.source import RecordSource
from edge.config import StoreSettings
from edge.keys.certificate import BoxCertificate
from edge.record import PROJECTIONS
from edge.sync.hub_channel import HubChannel
from edge.sync.link import SyncLink
from edge.sync.mqtt import MqttTransport
from shared.clock import SystemClock
from shared.crypto.pki import Member, key_pem, new_key
from shared.crypto.tls import Credentials
from shared.events.catalogue.capture import CaptureStored
from shared.events.envelope import EventDraft
from shared.ids import BlobName, DeviceId
from shared.sync.position import Position
from shared.vocabulary import ImageKind
from shared.wire import history_pb2 as wire
from shared.wire import history_pb2_grpc as rpc
from tests.edge.sync.rig import Rig, build
from tests.support.box import capture_payload
from tests.support.hubs import LOCATION, TENANT, eventually, external_broker, hub_settings, running_hub
from tests.support.promises import Tally
from tests.support.records import open_box_record
from tests.support.servers import mosquitto

pytestmark = pytest.mark.system


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    folder = tmp_path_factory.mktemp("hub")
    settings = hub_settings(folder / "data", external_broker(folder / "broker"))
    with mosquitto(settings), running_hub(settings) as running:
        yield running


@pytest.fixture
def rig(hub: Hub, tmp_path: Path) -> Iterator[Rig]:
    rig = build(hub, tmp_path / "box")
    yield rig
    rig.close()


def settings_of(rig: Rig) -> StoreSettings:
    folder = rig.record.folder
    return StoreSettings(folder=folder / "data", keys_folder=folder / "keys", reserve_bytes=1024 * 1024)


def backup_of(rig: Rig) -> BackupFolder:
    return BackupFolder(rig.record.folder / "usb", rig.record.keys.backup())


def back_up(rig: Rig) -> None:
    source = RecordSource(rig.record.store._database, PROJECTIONS, rig.record.keys.log_head())
    job = BackupJob(source, rig.record.vault, backup_of(rig), rig.record.store.identity)
    job.run(SystemClock().wall(), "test", 7)


def channel_of(rig: Rig) -> HubChannel:
    port = rig.network._relays[1].listen_port
    return HubChannel(f"127.0.0.1:{port}", BoxCertificate(rig.record.keys.sealed).present)


def lose(rig: Rig) -> None:
    rig.record.store.close()
    shutil.rmtree(rig.record.folder / "data")
    (rig.record.folder / "data").mkdir()


def restore(rig: Rig, *, with_hub: bool = True) -> RestoreReport:
    history = HubHistory(channel_of(rig)) if with_hub else None
    return Restore(settings_of(rig), rig.record.keys, backup_of(rig), SystemClock(), history).run()


def start_again(rig: Rig) -> SyncLink:
    """Open the record and connect, as the box's next start does."""
    rig.record = open_box_record(rig.record.folder, SystemClock(), rig.record.store.identity)
    protocol = rig.link._protocol
    protocol._inbox._store = rig.record.store
    rig.link = SyncLink(
        rig.record.store,
        protocol._inbox,
        MqttTransport(rig.transport._address, rig.transport._credentials),
        transport_key=protocol._sealing._ring.held()[0],
        clock=protocol._clock,
        snapshot=dict,
        software="test",
    )
    rig.append(1)
    rig.link.start()
    return rig.link


def photograph(rig: Rig) -> BlobName:
    record = rig.record
    client = record.new_client()
    sealed = record.vault.put(client, ImageKind.ORIGINAL, b"picture" * 60_000, record.clients.key_of(client))
    payload = capture_payload(sealed.name)
    payload["images"][0]["size"] = sealed.size
    stored = CaptureStored.model_validate(payload)
    record.store.append([EventDraft("capture/1", stored, "staff", "treatment", client=client)])
    return sealed.name


def synced(rig: Rig, count: int) -> None:
    rig.append(count)
    if rig.link._thread.ident is None:
        rig.link.start()
    rig.wait_acknowledged()


@pytest.mark.req("P-5", "I-18", "F-14", "F-19")
def test_a_box_restored_from_an_old_backup_loses_nothing_and_is_accepted_without_a_person(
    rig: Rig, tally: Tally
) -> None:
    synced(rig, 20)
    back_up(rig)
    name = photograph(rig)
    rig.uploader.start()
    synced(rig, 450)
    eventually(lambda: rig.record.store.rows("SELECT confirmed FROM images") == [(1,)])
    rig.wait_acknowledged()
    rig.uploader.stop()
    rig.link.stop()
    log = rig.at_hub()
    tally.acknowledged(len(log))
    lose(rig)
    tally.injected(1)
    report = restore(rig)
    assert report.from_hub == len(log) - report.manifest.events
    assert report.images == 1
    start_again(rig)
    rig.wait_acknowledged()
    assert rig.log()[: len(log)] == log
    eventually(lambda: rig.at_hub() == rig.log())
    tally.lost(len(set(log) - set(rig.log())))
    assert rig.link.status.fenced is None
    assert rig.record.vault.sealed_bytes(name, ImageKind.ORIGINAL)
    assert len(rig.record.store.epochs()) == 2
    assert rig.record.store.verify().intact


@pytest.mark.req("F-14")
def test_a_network_cut_during_the_restore_is_waited_out(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cloud.history.service.MAX_BATCH_EVENTS", 20)
    synced(rig, 5)
    back_up(rig)
    synced(rig, 300)
    rig.link.stop()
    log = rig.at_hub()
    history, seen = HubHistory(channel_of(rig)), 0
    lose(rig)

    class Cut(HubHistory):
        def events(self, end: Position) -> Iterator[list]:  # type: ignore[type-arg]
            nonlocal seen
            for events in history.events(end):
                yield events
                seen += 1
                if seen == 3:
                    rig.network.sever()
                    rig.network.restore()

    Restore(settings_of(rig), rig.record.keys, backup_of(rig), SystemClock(), Cut(channel_of(rig))).run()
    start_again(rig)
    rig.wait_acknowledged()
    assert rig.log()[: len(log)] == log
    eventually(lambda: rig.at_hub() == rig.log())


@pytest.mark.req("P-5", "I-18", "F-14")
def test_without_the_hub_the_box_is_restored_as_it_was_and_fenced_until_a_person_readmits_it(rig: Rig) -> None:
    synced(rig, 20)
    back_up(rig)
    synced(rig, 10)
    rig.link.stop()
    at_hub = rig.at_hub()
    lose(rig)
    rig.network.sever()
    with pytest.raises(HistoryUnavailable, match="does not answer"):
        restore(rig)
    restore(rig, with_hub=False)
    rig.network.restore()
    link = start_again(rig)
    eventually(lambda: link.status.fenced is not None)
    assert "continues from another place" in str(link.status.fenced)
    assert rig.at_hub() == at_hub
    link.stop()
    with pytest.raises(HistoryRefused, match="readmit"):
        next(HubHistory(channel_of(rig)).events(Position("")))
    rig.hub.enrolment.readmit(TENANT, rig.record.store.identity.device)
    link = new_start(rig)
    rig.wait_acknowledged()
    assert link.status.fenced is None
    kept = backup_of(rig).require().events
    eventually(lambda: rig.at_hub() == at_hub + rig.log()[kept:])


def new_start(rig: Rig) -> SyncLink:
    rig.record.store.close()
    return start_again(rig)


def test_nobody_gets_another_boxes_history(rig: Rig, hub: Hub, tmp_path: Path) -> None:
    synced(rig, 5)
    other = build(hub, tmp_path / "other")
    mine = Position(rig.log()[-1][2] and rig.record.store.head().epoch, 2, rig.log()[1][2])
    assert list(HubHistory(channel_of(other)).events(mine)) == []
    key = new_key()
    nobody = hub.authority.issue(Member(TENANT, LOCATION, DeviceId("box-nobody")), key.public_key())
    credentials = Credentials(key_pem(key), nobody.chain, hub.authority.trust)
    stranger = HubChannel(f"127.0.0.1:{hub.settings.rpc.port}", lambda: credentials)
    with pytest.raises(HistoryRefused, match="does not know"):
        next(HubHistory(stranger).events(Position("")))
    other.close()


def test_an_event_that_is_another_one_at_the_hub_gives_no_history(rig: Rig) -> None:
    synced(rig, 5)
    query = wire.HistoryQuery(epoch=rig.record.store.head().epoch, after_seq=3, hash="0" * 64)
    with channel_of(rig).open() as channel, pytest.raises(grpc.RpcError) as caught:
        list(rpc.HistoryStub(channel).Events(query, timeout=10))
    assert caught.value.code() is grpc.StatusCode.FAILED_PRECONDITION


def test_history_comes_in_batches_of_bounded_size(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cloud.history.service.MAX_BATCH_BYTES", 3000)
    synced(rig, 60)
    with channel_of(rig).open() as channel:
        batches = list(rpc.HistoryStub(channel).Events(wire.HistoryQuery(), timeout=10))
    assert [batch.first_seq for batch in batches] == [1 + n for n in _starts(batches)]
    assert sum(len(batch.bodies) for batch in batches) >= 60
    assert max(sum(map(len, batch.bodies)) for batch in batches) <= 3000


def _starts(batches: list) -> list[int]:  # type: ignore[type-arg]
    starts, total = [], 0
    for batch in batches:
        starts.append(total)
        total += len(batch.bodies)
    return starts
