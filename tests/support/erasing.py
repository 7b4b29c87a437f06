"""A box with clients whose names, notes and photographs are canaries, and what deletes them."""

from edge.clients.erasure import ClientEraser
from edge.clients.erasure_desk import Erasure, ErasureDesk
from shared.events.catalogue.capture import CaptureMetadata, CaptureStored, GateOutcome, StoredImage
from shared.events.envelope import EventDraft
from shared.ids import BlobName, ClientId
from shared.vocabulary import ErasureReason, GateProfileName, ImageKind, LegalBasis, Sensitivity
from tests.support.records import BoxRecord

OWNER, MANAGER = "person-owner", "person-manager"


def photographed(box: BoxRecord, client: ClientId, picture: bytes, note: str = "") -> tuple[str, BlobName]:
    """Store one photograph of a client and return its capture and its name."""
    sealed = box.vault.put(client, ImageKind.ORIGINAL, picture, box.clients.key_of(client))
    image = StoredImage(
        name=sealed.name, kind=ImageKind.ORIGINAL, size=sealed.size, media_type="image/jpeg", width=1, height=1
    )
    gate = GateOutcome(profile=GateProfileName.IMPORT, passed=True, codes=(), measures={})
    metadata = CaptureMetadata(camera="test", protocol="face-v1")
    stored = CaptureStored(metadata=metadata, images=(image,), gate=gate, note=note)
    capture = box.ids.new()
    draft = EventDraft(f"capture/{capture}", stored, "tester", "treatment_record", Sensitivity.HEALTH, client)
    box.store.append([draft])
    return capture, sealed.name


def desk_of(box: BoxRecord) -> ErasureDesk:
    return ErasureDesk(box.store, box.ids)


def eraser_of(box: BoxRecord) -> ClientEraser:
    eraser = ClientEraser(box.store, box.clients, box.vault)
    eraser.on_erased(box.register.forget)
    return eraser


def approved(box: BoxRecord, client: ClientId) -> Erasure:
    """Ask for a client to be deleted and let another person approve it."""
    desk = desk_of(box)
    asked = desk.request(client, ErasureReason.CLIENT_ASKED, LegalBasis.GDPR_ARTICLE_17, OWNER)
    return desk.approve(asked.request, MANAGER)
