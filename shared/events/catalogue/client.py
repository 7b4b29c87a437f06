"""Payloads about clients."""

from typing import ClassVar

from pydantic import Field

from shared.events.payload import PayloadModel, SealedText


class ClientRegistered(PayloadModel):
    """A client was added to the clinic's register."""

    event_type: ClassVar[str] = "client.registered"

    name: SealedText = Field(min_length=1, max_length=120, description="Full name.")
    born_on: SealedText = Field(default="", max_length=10, description="ISO date, or empty.")
    phone: SealedText = Field(default="", max_length=32)
    email: SealedText = Field(default="", max_length=254)
    note: SealedText = Field(default="", max_length=2000, description="Free text by staff.")
    language: str = Field(default="en", pattern=r"^[a-z]{2}$", description="ISO 639-1 code.")
    tone_monk: int | None = Field(
        default=None, ge=1, le=10, description="Skin tone as the client stated it, Monk scale 1-10."
    )


PAYLOADS: tuple[type[PayloadModel], ...] = (ClientRegistered,)
