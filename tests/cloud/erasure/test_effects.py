"""What deleting and withdrawing mean at the hub, in whatever order it hears of them, on both databases."""

import hashlib
from pathlib import Path

import pytest
from sqlalchemy import select

from cloud.blobs.store import BlobStore
from cloud.erasure.eraser import EraserTools, HubEraser
from cloud.erasure.signing import ReceiptSigner
from cloud.ingest.down_writer import DownWriter
from cloud.keyservice.escrow import KeyService
from cloud.side import rebuild_tenant
from cloud.storage.down import DownLog
from cloud.storage.erasures import ErasureRepository
from cloud.storage.images import ImageRepository
from cloud.storage.tables import captures, parked
from shared.crypto.keyfile import SealedKeyFolder
from shared.erasure.receipt import SignedReceipt
from shared.events.envelope import Event
from shared.ids import BlobName, ClientId, DeviceId, LocationId, TenantId, Uuid7Source
from tests.cloud.conftest import HubParts
from tests.support.box import FakeBox, capture_payload
from tests.support.promises import Tally

TENANT, LOCATION = TenantId("lumen"), LocationId("lumen-one")
CLIENT = "client-1"


def image(number: int) -> str:
    return hashlib.sha256(b"%d" % number).hexdigest()


class Clinic:
    """A hub with a box and what deletes."""

    def __init__(self, hub: HubParts, folder: Path) -> None:
        self.hub, self.box = hub, hub.box()
        self.store = BlobStore(folder / "blobs", 1024)
        self.keys = KeyService(folder / "service", frozenset({TENANT}), hub.clock)
        self.signer = ReceiptSigner(SealedKeyFolder(folder / "signing"))
        down = DownWriter(hub.clock, Uuid7Source(hub.clock))
        tools = EraserTools(hub.database, self.store, self.keys, self.signer, down, hub.clock)
        self.eraser = HubEraser(tools, lambda: None)

    def photograph(self, number: int, hlc: int, box: FakeBox | None = None, client: str = CLIENT) -> Event:
        payload = capture_payload(image(number))
        name = f"capture/c{number}"
        return (box or self.box).record("capture.stored", payload, name, client=client, hlc=f"{hlc:016x}")

    def decide(self, decision: str, hlc: int, after: tuple[str, ...] = (), box: FakeBox | None = None) -> Event:
        payload = {"purpose": "treatment_record", "supersedes": list(after)}
        kind = "consent.withdrawn"
        if decision == "granted":
            kind = "consent.recorded"
            payload |= {
                "decision": "granted", "text_version": "1", "text_sha256": "a" * 64, "language": "en",
                "expires_at": None,
            }  # fmt: skip
        return (box or self.box).record(kind, payload, f"consent/{hlc}", client=CLIENT, hlc=f"{hlc:016x}")

    def erase(self, images: tuple[str, ...] = ()) -> Event:
        payload = {
            "request": "request-1", "client": CLIENT, "reason": "client_asked", "legal_basis": "gdpr_article_17",
            "requested_by": "owner", "approved_by": "manager", "keystore_generation": 2, "images": list(images),
        }  # fmt: skip
        return self.box.record("client.erased", payload, "erasure/request-1")

    def sync(self, box: FakeBox | None = None) -> None:
        sender = box or self.box
        self.hub.ack(sender, sender.hello())
        ack = self.hub.ack(sender, sender.batch(1, len(sender.log)))
        assert ack.applied.seq == len(sender.log)
        with self.hub.database.read(TENANT) as connection:
            assert connection.execute(select(parked.c.reason)).all() == []

    def stored(self, number: int) -> None:
        """Put an image into the hub as an upload does."""
        path = self.store.path(TENANT, BlobName(image(number)))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"%d" % number)
        with self.hub.database.write(TENANT) as connection:
            ImageRepository(connection, TENANT).add(BlobName(image(number)), 1, DeviceId("box"), 0)

    def shredded(self, number: int) -> bool:
        with self.hub.database.read(TENANT) as connection:
            return ImageRepository(connection, TENANT).is_shredded(BlobName(image(number)))

    def here(self, number: int) -> bool:
        return self.store.holds(TENANT, BlobName(image(number)))

    def settled(self) -> set[str]:
        with self.hub.database.read(TENANT) as connection:
            return set(connection.execute(select(captures.c.image_state)).scalars())


@pytest.fixture
def clinic(hub: HubParts, tmp_path: Path) -> Clinic:
    return Clinic(hub, tmp_path)


@pytest.mark.req("P-8", "F-25", "I-20")
def test_tombstone_destroys_images_here_and_those_still_to_come_and_of_nobody_else(clinic: Clinic) -> None:
    clinic.photograph(1, 1)
    clinic.photograph(2, 2)
    clinic.photograph(3, 3, client="client-2")
    clinic.stored(1)
    clinic.stored(3)
    clinic.erase((image(9),))
    clinic.sync()
    assert [clinic.shredded(number) for number in (1, 2, 3, 9)] == [True, True, False, True]
    assert clinic.eraser.complete_due(TENANT) == 1
    assert (clinic.here(1), clinic.here(3)) == (False, True)
    assert clinic.eraser.complete_due(TENANT) == 0


@pytest.mark.req("P-8", "I-04")
def test_receipt_is_signed_once_and_goes_down_to_the_clinic(clinic: Clinic) -> None:
    tombstone = clinic.erase()
    clinic.sync()
    clinic.eraser.complete_due(TENANT)
    clinic.eraser.complete_due(TENANT)
    with clinic.hub.database.read(TENANT) as connection:
        down = DownLog(connection, TENANT)
        ends = down.ends(LOCATION)
        events = [Event.from_body(row.body) for end in ends for row in down.rows(LOCATION, end.epoch)]
        kept = ErasureRepository(connection, TENANT).erased()
    assert [event.fields.type for event in events] == ["erasure.confirmed"]
    assert kept[0].receipt == events[0].fields.payload["receipt"]
    signed = SignedReceipt.from_text(kept[0].receipt)
    signed.check(clinic.signer.public_key)
    assert (signed.receipt.tombstone_event, signed.receipt.tombstone_hash) == (tombstone.fields.id, tombstone.hash)


@pytest.mark.req("F-25", "I-20")
def test_late_photograph_of_an_erased_client_from_another_box_is_shredded(clinic: Clinic) -> None:
    clinic.erase()
    clinic.sync()
    clinic.eraser.complete_due(TENANT)
    other = clinic.hub.box()
    clinic.photograph(5, 5, other)
    clinic.stored(5)
    clinic.sync(other)
    clinic.eraser.complete_due(TENANT)
    assert (clinic.shredded(5), clinic.here(5)) == (True, False)


@pytest.mark.req("F-25", "I-20")
@pytest.mark.parametrize("photograph_first", [True, False])
def test_photograph_taken_after_a_withdrawal_is_shredded_in_whatever_order_the_hub_hears_of_it(
    clinic: Clinic, photograph_first: bool, tally: Tally
) -> None:
    given = clinic.decide("granted", 1)
    clinic.photograph(1, 2)
    other = clinic.hub.box()
    clinic.photograph(2, 8, other)
    clinic.stored(1)
    clinic.stored(2)
    clinic.decide("withdrawn", 5, (given.fields.id,))
    for box in (other, clinic.box) if photograph_first else (clinic.box, other):
        clinic.sync(box)
    clinic.eraser.complete_due(TENANT)
    tally.injected(1)
    tally.acknowledged(len(clinic.box.log) + len(other.log))
    tally.lost(0 if clinic.here(1) else 1)
    tally.doubled(0)
    assert [clinic.shredded(number) for number in (1, 2)] == [False, True]
    assert [clinic.here(number) for number in (1, 2)] == [True, False]
    assert clinic.settled() == {"present"}


def test_photograph_after_a_withdrawal_that_was_taken_back_stays(clinic: Clinic) -> None:
    given = clinic.decide("granted", 1)
    taken_back = clinic.decide("withdrawn", 3, (given.fields.id,))
    clinic.decide("granted", 5, (taken_back.fields.id,))
    clinic.photograph(1, 7)
    clinic.sync()
    assert not clinic.shredded(1)


@pytest.mark.req("P-8", "I-17", "F-13")
def test_hub_restored_from_before_the_deletion_destroys_what_the_key_service_remembers(clinic: Clinic) -> None:
    clinic.photograph(1, 1)
    clinic.stored(1)
    clinic.sync()
    clinic.keys.destroy(TENANT, ClientId(CLIENT), "request-1")
    assert clinic.eraser.replay_tombstones(TENANT) == 1
    assert (clinic.shredded(1), clinic.here(1)) == (True, False)
    other = clinic.hub.box()
    clinic.photograph(2, 2, other)
    clinic.sync(other)
    assert clinic.shredded(2)
    clinic.erase()
    clinic.hub.ack(clinic.box, clinic.box.batch(1, len(clinic.box.log)))
    assert clinic.eraser.complete_due(TENANT) == 1


@pytest.mark.req("P-8", "I-07")
def test_rebuild_after_a_deletion_makes_the_same_rows(clinic: Clinic) -> None:
    given = clinic.decide("granted", 1)
    clinic.photograph(1, 2)
    clinic.decide("withdrawn", 3, (given.fields.id,))
    clinic.photograph(2, 4)
    clinic.erase()
    clinic.sync()
    clinic.eraser.complete_due(TENANT)
    reports = rebuild_tenant(clinic.hub.database, TENANT)
    assert [item.name for item in reports if item.digest_before != item.digest_after] == []
    assert clinic.eraser.complete_due(TENANT) == 0


@pytest.mark.req("P-8")
@pytest.mark.parametrize("step", ["destroy", "sign"])
def test_deletion_at_the_hub_stopped_anywhere_is_completed_by_the_next_call(
    clinic: Clinic, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    clinic.photograph(1, 1)
    clinic.stored(1)
    clinic.erase()
    clinic.sync()

    def stop(*_: object) -> None:
        raise OSError("the disk is full")

    with monkeypatch.context() as patched:
        patched.setattr(clinic.keys if step == "destroy" else clinic.signer, step, stop)
        with pytest.raises(OSError, match="full"):
            clinic.eraser.complete_due(TENANT)
    assert clinic.eraser.complete_due(TENANT) == 1
    assert not clinic.here(1)
