"""Payloads about where an image's bytes are: confirmed at the hub, removed from the box to make room."""

from typing import ClassVar

from pydantic import Field

from shared.events.payload import PayloadModel
from shared.vocabulary import ImageKind

_SHA256 = r"^[0-9a-f]{64}$"


class ImageConfirmedDurableV1(PayloadModel):
    """A confirmation as recorded before hubs named the life of their database."""

    event_type: ClassVar[str] = "image.confirmed_durable"

    name: str = Field(pattern=_SHA256)


class ImagePruned(PayloadModel):
    """An image's bytes leave the box to make room; its record stays, and an original lies at the hub."""

    event_type: ClassVar[str] = "image.pruned"

    name: str = Field(pattern=_SHA256)
    kind: ImageKind
    size: int = Field(ge=1, description="Sealed size in bytes.")
    hub_epoch: str = Field(max_length=16, description="Life of the hub that has it; empty for a derived image.")


PAYLOADS: tuple[type[PayloadModel], ...] = (ImageConfirmedDurableV1, ImagePruned)
