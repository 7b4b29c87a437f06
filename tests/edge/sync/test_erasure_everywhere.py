"""A client deleted at the clinic is gone from box, hub, key service and every copy within one sync, provably."""

import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import select

from cloud.main import Hub
from cloud.side import rebuild_tenant, verify_tenant
from cloud.storage.erasure_tables import erasure_requests
from cloud.storage.erasures import WITHDRAWN, ErasureRepository
from cloud.storage.tables import blobs
from edge.clients.erasure import ClientEraser
from edge.clients.erasure_desk import ErasureDesk
from edge.clients.erasure_worker import ErasureWorker
from edge.clients.register import ClientErased
from edge.keys.certificate import BoxCertificate
from edge.keys.clients import DataKeyGone
from edge.sync.escrow import EscrowDepositor, recover_keys
from edge.sync.hub_channel import HubChannel
from shared.erasure.receipt import ReceiptInvalid, SignedReceipt
from shared.erasure.rules import ErasureState
from shared.events.catalogue.erasure import ErasureAgreed, ErasureAsked, ErasureConfirmed, ImageRefused
from shared.events.envelope import Event
from shared.ids import BlobName, ClientId
from shared.vocabulary import ConsentPurpose, ErasureReason, ImageKind, LegalBasis
from tests.edge.sync.rig import Rig
from tests.support.erasing import approved, desk_of, photographed
from tests.support.hubs import LOCATION, TENANT, eventually
from tests.support.promises import Tally
from tests.support.traces import Intruder

pytestmark = [
    pytest.mark.system,
    # The collector may come by here for what the embedded broker left behind in tests before these.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.parametrize("hub", ["mosquitto"], indirect=True),
]


@dataclass
class Clinic:
    """A rig with everything that deletes."""

    rig: Rig
    channel: HubChannel
    eraser: ClientEraser
    worker: ErasureWorker
    depositor: EscrowDepositor

    @property
    def desk(self) -> ErasureDesk:
        return desk_of(self.rig.record)

    def start(self) -> None:
        self.worker.start()
        self.rig.record.store.on_append(self.worker.wake)
        self.rig.link.start()
        self.rig.uploader.start()
        self.depositor.start()

    def stop(self) -> None:
        self.worker.stop()
        self.depositor.stop()

    def synced(self) -> bool:
        record = self.rig.record
        waiting = record.store.rows("SELECT count(*) FROM images WHERE confirmed = 0 AND refused = 0")
        held = {item.client for item in self.rig.hub.escrow._file.deposits(TENANT)}
        known = {client for (client,) in record.store.rows("SELECT client FROM clients")}
        return self.rig.acknowledged() and waiting == [(0,)] and known <= held

    def state(self, client: ClientId) -> ErasureState:
        return next(item.state for item in self.desk.all() if item.client == client)


@pytest.fixture
def clinic(make_rig: Callable[..., Rig]) -> Iterator[Clinic]:
    made: list[Rig] = []

    def desk() -> ErasureDesk:
        return desk_of(made[0].record)

    def handlers(_book: object) -> dict[str, Callable[[Event], object]]:
        return {
            ErasureAsked.event_type: lambda event: desk().asked_in_portal(event),
            ErasureAgreed.event_type: lambda event: desk().agreed_in_portal(event),
            ErasureConfirmed.event_type: lambda event: desk().confirmed_by_hub(event),
        }

    rig = make_rig(handlers=handlers)
    made.append(rig)
    record = rig.record
    certificate = BoxCertificate(record.keys.sealed)
    channel = HubChannel(f"127.0.0.1:{rig.hub.settings.rpc.port}", certificate.present)
    eraser = ClientEraser(record.store, record.clients, record.vault)
    eraser.on_erased(record.register.forget)
    worker, depositor = ErasureWorker(eraser), EscrowDepositor(record.store, record.clients, channel)
    built = Clinic(rig, channel, eraser, worker, depositor)
    built.start()
    yield built
    built.stop()


ADA = (b"Ada-Canary-Name", b"ada-canary-note", b"ada-canary-picture", b"ada-canary-reason")
BO = (b"Bo-Canary-Name", b"bo-canary-note", b"bo-canary-picture", b"bo-canary-reason")


def planted(clinic: Clinic, canaries: tuple[bytes, ...]) -> tuple[ClientId, BlobName]:
    record = clinic.rig.record
    name, note, picture, reason = canaries
    client = record.new_client(name.decode(), note.decode())
    _, image = photographed(record, client, picture, note.decode())
    record.consent.withdraw(client, ConsentPurpose.MODEL_TRAINING, reason.decode(), "tester")
    return client, image


def found(folders: list[Path], clients: list[ClientId]) -> set[bytes]:
    """Return which canaries somebody finds who has every disk, every copy and every key that is left."""
    text = Intruder(folders, clients, (TENANT, LOCATION)).everything()
    return {canary for canary in (*ADA, *BO) if canary in text}


@pytest.mark.req("P-8", "F-25", "I-20", "I-12", "I-14")
def test_erased_client_cannot_be_opened_anywhere_with_any_key_left_and_the_other_reads_as_before(
    clinic: Clinic, tmp_path: Path, tally: Tally
) -> None:
    rig, hub = clinic.rig, clinic.rig.hub
    ada, picture = planted(clinic, ADA)
    bo, kept = planted(clinic, BO)
    eventually(clinic.synced, 40)
    disks = [rig.record.folder, hub.settings.data_folder, hub.settings.effective_key_service_folder]
    assert found(disks, [ada, bo]) == {*ADA, *BO}, "a scan that finds nothing proves nothing"
    backups = tmp_path / "backups"
    shutil.copytree(rig.record.folder / "data", backups / "box")
    shutil.copytree(hub.settings.data_folder, backups / "hub")
    shutil.copytree(hub.settings.effective_key_service_folder, backups / "escrow", ignore=_keys)
    acknowledged = rig.record.store.head().seq

    approved(rig.record, ada)
    started = time.monotonic()
    eventually(lambda: clinic.state(ada) is ErasureState.CONFIRMED, 40)
    tally.converged(time.monotonic() - started)

    assert found([*disks, backups], [ada, bo]) == {*BO}
    with pytest.raises(ClientErased):
        rig.record.register.get(ada)
    assert rig.record.register.get(bo).details.name == BO[0].decode()
    assert rig.record.vault.get(kept, bo, ImageKind.ORIGINAL, rig.record.clients.key_of(bo)) == BO[2]
    assert not hub.blobs.holds(TENANT, picture)
    assert hub.blobs.holds(TENANT, kept)
    rig.wait_acknowledged()
    tally.injected(1)
    tally.acknowledged(acknowledged)
    tally.lost(len(rig.log()) - len(rig.at_hub()))
    tally.doubled(len(rig.at_hub()) - len({place for place, _, _ in rig.at_hub()}))
    assert rig.log() == rig.at_hub()
    assert rig.record.store.verify().intact
    assert all(item.report.intact for item in verify_tenant(hub.database, TENANT))


def _keys(_folder: str, names: list[str]) -> set[str]:
    return {"secrets"} & set(names)


@pytest.mark.req("P-8", "I-14")
def test_receipt_verifies_offline_and_one_that_was_changed_does_not(clinic: Clinic) -> None:
    ada, _ = planted(clinic, ADA)
    eventually(clinic.synced, 40)
    approved(clinic.rig.record, ada)
    eventually(lambda: clinic.state(ada) is ErasureState.CONFIRMED, 40)
    text = next(item.receipt for item in clinic.desk.all() if item.client == ada)
    assert text is not None
    signed = SignedReceipt.from_text(text)
    signed.check()
    tombstone = clinic.rig.record.store.find(signed.receipt.tombstone_event)
    assert tombstone is not None
    assert (signed.receipt.client, signed.receipt.tombstone_hash) == (ada, tombstone.hash)
    places = {(item.place, item.what): item.count for item in signed.receipt.destroyed}
    assert places == {
        ("box", "client_key"): 1,
        ("box", "images"): 1,
        ("hub", "images"): 1,
        ("key_service", "escrowed_key"): 1,
    }
    changed = SignedReceipt.from_text(text.replace(ada, "somebody-else"))
    with pytest.raises(ReceiptInvalid):
        changed.check()
    with pytest.raises(ReceiptInvalid):
        signed.check(bytes(32))


@pytest.mark.req("P-8", "I-03", "I-20")
def test_deletion_while_the_box_is_offline_is_complete_after_the_next_sync(clinic: Clinic) -> None:
    ada, picture = planted(clinic, ADA)
    eventually(clinic.synced, 40)
    clinic.rig.network.sever()
    approved(clinic.rig.record, ada)
    eventually(lambda: clinic.state(ada) is ErasureState.ERASED)
    assert clinic.rig.hub.blobs.holds(TENANT, picture)
    clinic.rig.network.restore()
    eventually(lambda: clinic.state(ada) is ErasureState.CONFIRMED, 40)
    assert not clinic.rig.hub.blobs.holds(TENANT, picture)


@pytest.mark.req("P-8", "I-17")
def test_lost_keystore_comes_back_from_escrow_without_the_erased_client(clinic: Clinic) -> None:
    record = clinic.rig.record
    ada, _ = planted(clinic, ADA)
    bo, kept = planted(clinic, BO)
    eventually(clinic.synced, 40)
    approved(record, ada)
    eventually(lambda: clinic.state(ada) is ErasureState.CONFIRMED, 40)
    clinic.stop()
    record.clients.close()
    for path in (record.folder / "keys" / "clients").glob("clients.*"):
        path.unlink()
    recover_keys(record.store, record.clients, record.keys.identity(), clinic.channel, "keystore_lost")
    assert record.vault.get(kept, bo, ImageKind.ORIGINAL, record.clients.key_of(bo)) == BO[2]
    with pytest.raises(ClientErased):
        record.register.get(ada)
    with pytest.raises(DataKeyGone):
        record.clients.key_of(ada)
    assert [row.purpose for row in clinic.rig.hub.escrow.audit(TENANT) if row.action == "recover"][
        -1
    ] == "keystore_lost"


@pytest.mark.req("P-8", "I-17", "F-13")
def test_restored_hub_folder_does_not_bring_an_erased_image_back(clinic: Clinic, tmp_path: Path) -> None:
    hub = clinic.rig.hub
    ada, picture = planted(clinic, ADA)
    eventually(clinic.synced, 40)
    copy = tmp_path / "picture"
    shutil.copy(hub.blobs.path(TENANT, picture), copy)
    approved(clinic.rig.record, ada)
    eventually(lambda: clinic.state(ada) is ErasureState.CONFIRMED, 40)
    shutil.copy(copy, hub.blobs.path(TENANT, picture))
    assert hub._erasures._eraser.replay_tombstones(TENANT) == 1
    assert not hub.blobs.holds(TENANT, picture)


def test_hub_rebuilds_to_the_same_rows_after_a_deletion(clinic: Clinic) -> None:
    hub: Hub = clinic.rig.hub
    ada, picture = planted(clinic, ADA)
    eventually(clinic.synced, 40)
    approved(clinic.rig.record, ada)
    eventually(lambda: clinic.state(ada) is ErasureState.CONFIRMED, 40)
    clinic.rig.wait_acknowledged()
    reports = rebuild_tenant(hub.database, TENANT)
    assert [item.name for item in reports if item.digest_before != item.digest_after] == []
    with hub.database.read(TENANT) as connection:
        state = connection.execute(select(blobs.c.state).where(blobs.c.name == picture)).scalar_one()
        request = connection.execute(select(erasure_requests.c.state).where(erasure_requests.c.client == ada))
        assert (state, request.scalar_one()) == ("shredded", ErasureState.CONFIRMED)


@pytest.mark.req("P-8", "F-25")
def test_deletion_asked_for_and_approved_in_the_portal_is_carried_out_at_the_clinic(clinic: Clinic) -> None:
    hub = clinic.rig.hub
    office = hub.office
    ada, _ = planted(clinic, ADA)
    eventually(clinic.synced, 40)
    asked = office.request(TENANT, ada, ErasureReason.CLIENT_ASKED, LegalBasis.GDPR_ARTICLE_17, "anna")
    eventually(lambda: [item.requested_by for item in clinic.desk.all()] == ["anna"], 40)
    assert clinic.state(ada) is ErasureState.REQUESTED
    office.approve(TENANT, asked.request, "ben")
    eventually(lambda: clinic.state(ada) is ErasureState.CONFIRMED, 40)
    assert clinic.desk.get(asked.request).decided_by == "ben"
    SignedReceipt.from_text(office.receipt(TENANT, ada)).check()


@pytest.mark.req("I-20", "F-25")
def test_image_that_the_hub_must_not_have_is_refused_once_and_not_sent_again(clinic: Clinic) -> None:
    hub, record = clinic.rig.hub, clinic.rig.record
    clinic.rig.network.sever()
    bo, image = planted(clinic, BO)
    with hub.database.write(TENANT) as connection:
        ErasureRepository(connection, TENANT).shred([image], bo, WITHDRAWN, "another-box", 0)
    clinic.rig.network.restore()
    eventually(lambda: record.store.rows("SELECT refused FROM images WHERE name = ?", (image,)) == [(1,)], 40)
    assert not hub.blobs.holds(TENANT, image)
    eventually(clinic.synced, 40)
    refusals = "SELECT count(*) FROM events WHERE type = ?"
    assert record.store.rows(refusals, (ImageRefused.event_type,)) == [(1,)]
    assert record.vault.get(image, bo, ImageKind.ORIGINAL, record.clients.key_of(bo)) == BO[2]
