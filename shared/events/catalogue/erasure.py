"""Payloads of deleting a client. Nothing in them is free text: they outlive what they are about.

The client is named in the payload, not as the event's client: what has a client is sealed under its data key,
and these must be written and read when there is none any more.
"""

from typing import ClassVar, Final

from pydantic import Field

from shared.events.payload import PayloadModel
from shared.vocabulary import ErasureReason, LegalBasis, RefusalReason

_ID: Final = r"^[A-Za-z0-9][A-Za-z0-9_.:-]{0,63}$"
_SHA256: Final = r"^[0-9a-f]{64}$"
# So many names fit well into an event's body; a client with more images gets further events before the last.
NAMES_AN_EVENT: Final = 1000


class ErasureAsked(PayloadModel):
    """Down from the hub: somebody asks in the portal that a client be deleted."""

    event_type: ClassVar[str] = "erasure.asked"

    request: str = Field(pattern=_ID)
    client: str = Field(pattern=_ID)
    reason: ErasureReason
    legal_basis: LegalBasis
    requested_by: str = Field(pattern=_ID)


class ErasureAgreed(PayloadModel):
    """Down from the hub: another person of the portal approves what one of them asked."""

    event_type: ClassVar[str] = "erasure.agreed"

    request: str = Field(pattern=_ID)
    client: str = Field(pattern=_ID)
    approved_by: str = Field(pattern=_ID)


class ErasureRequested(PayloadModel):
    """Somebody asks that a client be deleted."""

    event_type: ClassVar[str] = "erasure.requested"

    request: str = Field(pattern=_ID)
    client: str = Field(pattern=_ID)
    reason: ErasureReason
    legal_basis: LegalBasis
    requested_by: str = Field(pattern=_ID)


class ErasureApproved(PayloadModel):
    """Another person approved it. From here on the deletion is carried out, whatever stops in between."""

    event_type: ClassVar[str] = "erasure.approved"

    request: str = Field(pattern=_ID)
    client: str = Field(pattern=_ID)
    approved_by: str = Field(pattern=_ID)


class ErasureRefused(PayloadModel):
    """Another person refused it; the client stays."""

    event_type: ClassVar[str] = "erasure.refused"

    request: str = Field(pattern=_ID)
    client: str = Field(pattern=_ID)
    refused_by: str = Field(pattern=_ID)
    reason: RefusalReason


class ImagesShredded(PayloadModel):
    """More images of a client being deleted than the tombstone can name."""

    event_type: ClassVar[str] = "erasure.images_shredded"

    request: str = Field(pattern=_ID)
    client: str = Field(pattern=_ID)
    images: tuple[str, ...] = Field(max_length=NAMES_AN_EVENT)


class ClientErased(PayloadModel):
    """The tombstone: the client's key is destroyed, what it sealed cannot be opened by anybody."""

    event_type: ClassVar[str] = "client.erased"

    request: str = Field(pattern=_ID)
    client: str = Field(pattern=_ID)
    reason: ErasureReason
    legal_basis: LegalBasis
    requested_by: str = Field(pattern=_ID)
    approved_by: str = Field(pattern=_ID)
    keystore_generation: int = Field(ge=0, description="First generation of the keystore without the key.")
    images: tuple[str, ...] = Field(max_length=NAMES_AN_EVENT, description="Names of images removed.")


class ErasureConfirmed(PayloadModel):
    """Down from the hub: hub and key service have destroyed what they had; with the signed receipt."""

    event_type: ClassVar[str] = "erasure.confirmed"

    request: str = Field(pattern=_ID)
    client: str = Field(pattern=_ID)
    reason: ErasureReason
    legal_basis: LegalBasis
    receipt: str = Field(max_length=32_000, description="The receipt's file, as `medspa verify-receipt` reads it.")


class ErasureReceiptKept(PayloadModel):
    """The box keeps the hub's signed receipt beside the tombstone."""

    event_type: ClassVar[str] = "erasure.receipt_kept"

    request: str = Field(pattern=_ID)
    client: str = Field(pattern=_ID)
    receipt: str = Field(max_length=32_000)


class ImageRefused(PayloadModel):
    """The hub refuses an image for good: its client is deleted or had withdrawn; it is not sent again."""

    event_type: ClassVar[str] = "image.refused_for_good"

    name: str = Field(pattern=_SHA256)


PAYLOADS: tuple[type[PayloadModel], ...] = (
    ErasureAsked,
    ErasureAgreed,
    ErasureRequested,
    ErasureApproved,
    ErasureRefused,
    ImagesShredded,
    ClientErased,
    ErasureConfirmed,
    ErasureReceiptKept,
    ImageRefused,
)
