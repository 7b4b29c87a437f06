"""A box's backup at a real hub, which cannot open it; and the box that is lost with all it had, and comes back."""

import json
import shutil
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from cloud.main import Hub
from edge.backup.daily import DailyCare
from edge.backup.damage import Healer
from edge.backup.errors import BackupDamaged, HistoryRefused, HistoryUnavailable, RecordLives
from edge.backup.folder import BackupFolder
from edge.backup.history import HubHistory
from edge.backup.hub import HubShelf, hub_backup, recover_hub_backup
from edge.backup.job import BackupJob, BackupReport
from edge.backup.restore import Restore
from edge.backup.sealed import SealedBackup
from edge.backup.source import RecordSource
from edge.backup.verify import Verifier
from edge.cli import app
from edge.config import EdgeSettings
from edge.enrol import enrol, read_identity
from edge.keys.certificate import BoxCertificate
from edge.keys.clients import DataKeyGone
from edge.keys.opening import open_keys
from edge.record import PROJECTIONS, Record, open_record
from edge.store.errors import RecordMissing, StorageFull
from edge.sync.escrow import EscrowDepositor
from edge.sync.hub_channel import HubChannel
from edge.sync.inbox import Inbox
from edge.sync.link import SyncLink
from edge.sync.mqtt import MqttAddress, MqttTransport
from shared.clock import SystemClock
from shared.config import load_settings
from shared.crypto.pki import Member, key_pem, member_name, new_key
from shared.crypto.tls import Credentials
from shared.events.catalogue import complete_catalogue
from shared.events.catalogue.audit import KeyUsed
from shared.ids import DeviceId, Uuid7Source
from shared.vocabulary import ImageKind
from shared.wire import escrow_pb2_grpc as escrow_rpc
from shared.wire.topics import DOWN, PRESENCE, UP, topic
from tests.edge.sync.rig import Rig, build
from tests.support.damage import flipped
from tests.support.erasing import approved, eraser_of, photographed
from tests.support.hubs import LOCATION, TENANT, eventually, external_broker, hub_settings, running_hub
from tests.support.promises import Tally
from tests.support.records import BoxRecord, open_box_record
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


def channel_of(rig: Rig) -> HubChannel:
    port = rig.network._relays[1].listen_port
    return HubChannel(f"127.0.0.1:{port}", BoxCertificate(rig.record.keys.sealed).present)


def at_hub(rig: Rig) -> SealedBackup:
    record = rig.record
    return hub_backup(record.folder / "data", record.keys, record.store.identity, channel_of(rig))


def back_up(rig: Rig, backup: SealedBackup | None = None, *, full: bool = False) -> BackupReport:
    record = rig.record
    source = RecordSource(record.store._database, PROJECTIONS, record.keys.log_head())
    job = BackupJob(source, record.vault, backup or at_hub(rig), record.store.identity)
    return job.run(SystemClock().wall(), "test", 7, full=full)


def box_folder(rig: Rig) -> Path:
    """Where the hub keeps this box's backup."""
    return rig.hub.settings.box_backups_folder / TENANT / LOCATION / rig.record.store.identity.device


def deposited(rig: Rig) -> None:
    """Put every client's key into escrow."""
    depositor = EscrowDepositor(rig.record.store, rig.record.clients, channel_of(rig))
    with channel_of(rig).open() as channel:
        depositor.step(escrow_rpc.EscrowStub(channel))


def synced(rig: Rig, count: int) -> None:
    rig.append(count)
    if rig.link._thread.ident is None:
        rig.link.start()
    rig.wait_acknowledged()


def configured(hub: Hub, folder: Path, target: str = "hub") -> Path:
    """Write the configuration of a machine beside its folder."""
    path = folder.with_suffix(".toml")
    path.write_text(
        f'[edge.store]\nfolder = "{folder / "data"}"\nkeys_folder = "{folder / "keys"}"\nreserve_bytes = 1048576\n'
        f'[edge.backup]\ntarget = "{target}"\n'
        f'[edge.hub]\nurl = "https://127.0.0.1:{hub.settings.fleet.port}"\nrpc_port = {hub.settings.rpc.port}\n'
    )
    return path


def run(*words: str, config: Path) -> Result:
    result = CliRunner().invoke(app, [*words, "-c", str(config)])
    assert result.exception is None, result.exception
    return result


def code_file(rig: Rig, folder: Path) -> Path:
    code = rig.hub.enrolment.invite_replacement(TENANT, rig.record.store.identity.device, 600)
    path = folder / "code"
    path.write_text(code)
    return path


def opened(folder: Path) -> BoxRecord:
    return open_box_record(folder, SystemClock(), read_identity(folder / "data"))


def connect(hub: Hub, record: BoxRecord) -> SyncLink:
    """Connect a restored record to the hub, as the box's next start does."""
    device = record.store.identity.device
    address = MqttAddress(
        host="127.0.0.1",
        port=hub.settings.broker.port,
        client_id=member_name(TENANT, device),
        up_topic=topic(TENANT, device, UP),
        down_topic=topic(TENANT, device, DOWN),
        presence_topic=topic(TENANT, device, PRESENCE),
        keepalive_seconds=5,
        reconnect_max_seconds=0.5,
    )
    link = SyncLink(
        record.store,
        Inbox(record.store, complete_catalogue(), {}),
        MqttTransport(address, BoxCertificate(record.keys.sealed).present),
        transport_key=record.keys.transport(),
        clock=SystemClock(),
        snapshot=dict,
        software="test",
    )
    link.start()
    return link


@pytest.mark.req("P-5", "I-12", "I-18", "F-14", "F-17")
def test_a_box_lost_with_its_disk_and_keys_comes_back_on_a_new_machine_with_a_code_alone(
    rig: Rig, tmp_path: Path, tally: Tally
) -> None:
    client = rig.record.new_client("Ada Canary")
    _, image = photographed(rig.record, client, b"a picture" * 9000)
    rig.uploader.start()
    synced(rig, 30)
    eventually(lambda: rig.record.store.rows("SELECT confirmed FROM images") == [(1,)])
    rig.uploader.stop()
    deposited(rig)
    assert back_up(rig).manifest.events == len(rig.log()) > 30
    synced(rig, 50)
    rig.link.stop()
    log, at_hub_before, old = rig.log(), rig.at_hub(), BoxCertificate(rig.record.keys.sealed).present()
    assert at_hub_before == log
    tally.acknowledged(len(log))
    code = code_file(rig, tmp_path)
    rig.record.store.close()
    shutil.rmtree(rig.record.folder)
    tally.injected(1)

    new, words = tmp_path / "new", ("restore-from-hub", "--code-file", str(code))
    shown = " ".join(run(*words, config=configured(rig.hub, new)).output.split())
    assert "1 images put back, 0 missing" in shown
    assert "1 clients' keys came back from escrow" in shown
    record = opened(new)
    restored = [tuple(row) for row in record.store.rows("SELECT seq, id, hash FROM events ORDER BY position")]
    assert restored[: len(log)] == log
    used = [item.fields.payload for item in record.store.read(0, 10_000) if item.fields.type == KeyUsed.event_type]
    assert [(item["key"], item["use"]) for item in used] == [
        ("backup_keys", "recovered"), ("client_keys", "recovered"), ("backup", "restored_with"),
    ]  # fmt: skip
    assert record.store.identity == rig.record.store.identity
    assert record.store.verify().intact
    assert record.register.get(client).details.name == "Ada Canary"
    assert record.vault.get(image, client, ImageKind.ORIGINAL, record.clients.key_of(client)) == b"a picture" * 9000
    link = connect(rig.hub, record)
    eventually(lambda: link.status.acknowledged == record.store.head(), 40)
    tally.lost(len(set(log) - set(rig.at_hub())))
    assert rig.at_hub()[: len(log)] == log
    assert link.status.fenced is None
    assert len(record.store.epochs()) == 2
    link.stop()
    record.store.close()
    with pytest.raises(HistoryRefused, match="does not know this box or has revoked it"):
        shelf_of(rig.hub, old).numbers()


def shelf_of(hub: Hub, credentials: Credentials) -> HubShelf:
    channel = HubChannel(f"127.0.0.1:{hub.settings.rpc.port}", lambda: credentials)
    return HubShelf(channel, Path("unused"), lambda: None)


@pytest.mark.req("F-19")
def test_a_flipped_byte_at_the_hub_is_refused_with_the_part_named_and_mended_by_a_full_backup(
    rig: Rig, tally: Tally
) -> None:
    rig.append(40)
    manifest = back_up(rig).manifest
    for name in sorted(manifest.objects()):
        path = box_folder(rig) / "parts" / name
        path.write_bytes(flipped(path.read_bytes()))
        tally.injected(1)
        backup = at_hub(rig)
        (problem, *_) = Verifier(backup, manifest).everything()
        assert name[:12] in problem
        rig.record.store.close()
        settings = load_settings(configured(rig.hub, rig.record.folder), EdgeSettings).store
        restore = Restore(settings, rig.record.keys, backup, SystemClock(), None)
        with pytest.raises(BackupDamaged, match=name[:12]):
            restore.run(replace=True)
        rig.record = opened_again(rig)
        back_up(rig, full=True)
        assert Verifier(backup, backup.require()).everything() == []


def opened_again(rig: Rig) -> BoxRecord:
    return open_box_record(rig.record.folder, SystemClock(), rig.record.store.identity)


@pytest.mark.req("F-06", "F-08", "I-08")
def test_an_interrupted_backup_goes_on_where_it_was_cut(
    rig: Rig, monkeypatch: pytest.MonkeyPatch, tally: Tally
) -> None:
    monkeypatch.setattr("edge.backup.hub.CHUNK_BYTES", 1024)
    rig.append(300)
    sent = 0

    def cut_at_the_third() -> int:
        nonlocal sent
        sent += 1
        if sent == 3:
            rig.network.sever()
        return 0

    record, channel = rig.record, channel_of(rig)
    folder, identity = record.folder / "data", record.store.identity
    cut = hub_backup(folder, record.keys, identity, channel, cut_at_the_third)
    with pytest.raises(HistoryUnavailable, match="does not answer"):
        back_up(rig, cut)
    tally.injected(1)
    assert at_rest(rig) == []
    rig.network.restore()
    (part,) = (box_folder(rig) / "parts").glob("*.part")
    came = part.stat().st_size
    assert 0 < came <= 3 * 1024
    chunks = 0

    def count() -> int:
        nonlocal chunks
        chunks += 1
        return 0

    report = back_up(rig, hub_backup(folder, record.keys, identity, channel, count))
    whole = sum(path.stat().st_size for path in (box_folder(rig) / "parts").iterdir())
    assert chunks <= (whole - came) // 1024 + len(report.manifest.objects()) + 1, "what had come was sent again"
    assert part.with_suffix("").exists(), "the part that was cut has another name"
    assert Verifier(at_hub(rig), report.manifest).everything() == []
    tally.lost(len(rig.log()) - report.manifest.events)
    assert report.manifest.events == len(rig.log())


def at_rest(rig: Rig) -> list[Path]:
    return sorted((box_folder(rig) / "versions").glob("*"))


@pytest.mark.req("P-5", "I-13")
def test_a_certificate_shows_its_own_backups_only_and_none_of_anybody_when_revoked(
    rig: Rig, hub: Hub, tmp_path: Path
) -> None:
    rig.append(5)
    manifest = back_up(rig).manifest
    other = build(hub, tmp_path / "other")
    theirs = HubShelf(channel_of(other), tmp_path / "lock", lambda: None)
    assert theirs.numbers() == []
    for name in manifest.objects():
        with pytest.raises(FileNotFoundError):
            theirs.get(name)
    with pytest.raises(FileNotFoundError):
        theirs.manifest(1)
    with pytest.raises(BackupDamaged, match="lacks a part"):
        theirs.publish(1, b"sealed", sorted(manifest.objects()))
    key = new_key()
    nobody = hub.authority.issue(Member(TENANT, LOCATION, DeviceId("box-nobody")), key.public_key())
    with pytest.raises(HistoryRefused, match="does not know"):
        shelf_of(hub, Credentials(key_pem(key), nobody.chain, hub.authority.trust)).numbers()
    hub.enrolment.revoke(TENANT, other.record.store.identity.device, "stolen")
    with pytest.raises(HistoryRefused, match="revoked"):
        theirs.numbers()
    other.close()
    assert at_hub(rig).numbers() == [1]


@pytest.mark.req("P-8", "F-25")
def test_an_erased_client_does_not_come_back_with_an_older_backup(rig: Rig, tmp_path: Path, tally: Tally) -> None:
    ada, bo = rig.record.new_client("Ada Canary"), rig.record.new_client("Bo Canary")
    synced(rig, 3)
    deposited(rig)
    back_up(rig)
    approved(rig.record, ada)
    assert eraser_of(rig.record).complete_pending() == 1
    rig.wait_acknowledged()
    eventually(lambda: ada in {stone.client for stone in rig.hub.escrow.tombstones(TENANT)}, 40)
    rig.link.stop()
    code = code_file(rig, tmp_path)
    rig.record.store.close()
    shutil.rmtree(rig.record.folder)
    tally.injected(1)
    new = tmp_path / "new"
    run("restore-from-hub", "--code-file", str(code), config=configured(rig.hub, new))
    record = opened(new)
    assert [client for (client,) in record.store.rows("SELECT client FROM erased_clients")] == [ada]
    with pytest.raises(DataKeyGone):
        record.clients.key_of(ada)
    assert record.register.get(bo).details.name == "Bo Canary"
    record.store.close()


@pytest.mark.req("P-4", "I-12")
def test_the_hub_holds_neither_backup_key_nor_anything_it_could_open(rig: Rig) -> None:
    rig.record.new_client("Ada Canary")
    back_up(rig)
    key, hub = rig.record.keys.backup(), rig.hub.settings
    folders = (hub.data_folder, hub.effective_key_service_folder)
    held = [path.read_bytes() for folder in folders for path in folder.rglob("*") if path.is_file()]
    assert held
    assert not any(key in data or key.hex().encode() in data for data in held)
    backups = [path.read_bytes() for path in box_folder(rig).rglob("*") if path.is_file()]
    assert backups
    assert not any(b"Canary" in data or b"box.started" in data for data in backups)
    actions = [row.action for row in rig.hub.escrow.audit(TENANT)]
    assert "deposit_backup_key" in actions


@pytest.mark.req("P-4", "F-13")
def test_a_hub_that_lost_the_backups_and_the_escrow_gets_all_of_both_with_the_next_backup(rig: Rig) -> None:
    rig.append(20)
    back_up(rig)
    shutil.rmtree(box_folder(rig))
    rig.hub.escrow._file._run("DELETE FROM backup_keys")
    rig.append(5)
    assert back_up(rig).manifest.number == 1
    key, keys = rig.record.keys.backup(), rig.record.keys
    keys.sealed.destroy("backup")
    back = recover_hub_backup(rig.record.folder / "data", keys, rig.record.store.identity, channel_of(rig))
    assert keys.backup() == key
    assert Verifier(back, back.require()).everything() == []
    assert back.require().events == len(rig.log())


@pytest.mark.req("I-20")
def test_a_photograph_whose_client_does_not_allow_it_does_not_leave_with_the_backup(rig: Rig) -> None:
    client = rig.record.new_client("Ada Canary", consents=False)
    _, image = photographed(rig.record, client, b"a picture" * 900)
    manifest = back_up(rig).manifest
    assert manifest.images == ()
    sealed = rig.record.vault.sealed_bytes(image, ImageKind.ORIGINAL)
    held = [path.read_bytes() for path in rig.hub.settings.data_folder.rglob("*") if path.is_file()]
    assert not any(sealed in data for data in held)


def test_events_go_before_the_backup(rig: Rig) -> None:
    rig.append(5)
    record = rig.record
    backup = hub_backup(record.folder / "data", record.keys, record.store.identity, channel_of(rig), lambda: 1001)
    with pytest.raises(HistoryUnavailable, match="go first"):
        back_up(rig, backup)
    assert at_hub(rig).numbers() == []


def test_a_hub_without_room_says_so(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    rig.append(5)
    monkeypatch.setattr("cloud.boxbackups.shelf.BackupShelf._used", lambda *_: 16 * 1024**3)
    with pytest.raises(StorageFull, match="no room"):
        back_up(rig)


def care_of(rig: Rig, folder: Path | None) -> DailyCare:
    record = rig.record
    settings = load_settings(configured(rig.hub, record.folder), EdgeSettings).store
    settings = settings.model_copy(update={"backup_folder": folder})
    opened = Record(record.keys, record.clients, record.store, record.vault)
    return DailyCare(settings, opened, HubHistory(channel_of(rig)), SystemClock(), "test", at_hub(rig))


@pytest.mark.req("I-08", "I-10")
def test_the_daily_round_backs_up_to_both_and_tries_again_only_what_did_not_come_about(
    rig: Rig, tmp_path: Path
) -> None:
    rig.append(5)
    folder = BackupFolder(tmp_path / "usb", rig.record.keys.backup())
    back_up(rig, folder)
    care = care_of(rig, tmp_path / "usb")
    rig.network.sever()
    assert care.step() == 1800
    problem = care.state.backup_problem
    assert problem is not None
    assert problem.sentence.startswith("No backup at the hub: ")
    assert folder.numbers() == [1, 2]
    rig.append(5)
    rig.network.restore()
    assert care.step() > 80_000
    assert care.state.backup_problem is None
    assert folder.numbers() == [1, 2], "the folder had its backup of the day"
    assert at_hub(rig).require().events == len(rig.log())


@pytest.mark.req("F-19")
def test_a_damaged_record_is_restored_from_the_hub_at_the_next_start(rig: Rig) -> None:
    synced(rig, 30)
    back_up(rig)
    synced(rig, 20)
    rig.link.stop()
    log = rig.log()
    rig.record.store.close()
    for path in (rig.record.folder / "data").glob("record.db*"):
        path.unlink()
    rig.record.keys.mark_record_begun()
    know_identity(rig)
    settings = load_settings(configured(rig.hub, rig.record.folder), EdgeSettings)
    report = Healer(settings, SystemClock()).heal()
    assert report is not None
    rig.record = opened_again(rig)
    assert rig.log()[: len(log)] == log


def know_identity(rig: Rig) -> None:
    """Write down who the box is, as its enrolment does."""
    content = json.dumps(asdict(rig.record.store.identity))
    (rig.record.folder / "data" / "identity.json").write_text(content)


@pytest.mark.req("P-5", "F-14", "F-19")
def test_the_commands_back_up_to_the_hub_and_restore_the_same_machine_from_it(rig: Rig) -> None:
    synced(rig, 30)
    rig.link.stop()
    know_identity(rig)
    config = configured(rig.hub, rig.record.folder)
    shown, log = " ".join(run("backup", "--to-hub", config=config).output.split()), rig.log()
    assert f"Version 1: {len(log)} events ({len(log)} new), 0 images (0 new), verified" in shown
    neither = CliRunner().invoke(app, ["backup", "-c", str(config)])
    assert neither.exit_code == 2
    rig.record.store.close()
    lives = CliRunner().invoke(app, ["restore-from-hub", "-c", str(config)])
    assert isinstance(lives.exception, RecordLives)
    assert "The former record lies in" in run("restore-from-hub", "--replace", config=config).output
    rig.record = opened_again(rig)
    assert rig.log()[: len(log)] == log


@pytest.mark.req("P-5", "F-14")
def test_a_replacement_that_is_only_enrolled_begins_no_empty_record_and_restores_itself_at_its_start(
    rig: Rig, tmp_path: Path
) -> None:
    synced(rig, 3)
    rig.link.stop()
    back_up(rig)
    settings = load_settings(configured(rig.hub, tmp_path / "new"), EdgeSettings)
    settings.store.folder.mkdir(parents=True)
    code, keys = code_file(rig, tmp_path).read_text(), open_keys(settings.store)
    for _ in range(2):
        identity = enrol(settings.store.folder, keys, settings.hub.url, code, "new")
        assert identity == rig.record.store.identity
    with pytest.raises(RecordMissing):
        open_record(settings.store, SystemClock(), Uuid7Source(SystemClock()))
    assert Healer(settings, SystemClock()).heal() is not None
    record = opened(tmp_path / "new")
    hashes = [digest for (digest,) in record.store.rows("SELECT hash FROM events ORDER BY position")]
    assert hashes[:-1] == [digest for _, _, digest in rig.log()]
    record.store.close()
