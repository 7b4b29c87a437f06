"""Payloads of consent: one decision for one purpose each."""

from datetime import datetime
from typing import ClassVar

from pydantic import Field

from shared.events.payload import PayloadModel, SealedText
from shared.vocabulary import ConsentDecision, ConsentPurpose


class ConsentRecorded(PayloadModel):
    """A client answered for one purpose."""

    event_type: ClassVar[str] = "consent.recorded"

    purpose: ConsentPurpose
    decision: ConsentDecision
    text_version: str = Field(max_length=32, description="Version of the text that was shown.")
    text_sha256: str = Field(pattern=r"^[0-9a-f]{64}$", description="Hash of the exact text that was shown.")
    language: str = Field(pattern=r"^[a-z]{2}(-[A-Z]{2})?$")
    signature: SealedText = Field(max_length=100_000, description="Signature strokes as JSON, or how it was given.")
    expires_at: datetime | None = Field(default=None, description="End of a grant; None until withdrawn.")
    supersedes: tuple[str, ...] = Field(
        default=(), max_length=64, description="Ids of the decisions for this purpose known when it was made."
    )


class ConsentWithdrawn(PayloadModel):
    """A client took back a grant for one purpose."""

    event_type: ClassVar[str] = "consent.withdrawn"

    purpose: ConsentPurpose
    reason: SealedText = Field(default="", max_length=2000)
    supersedes: tuple[str, ...] = Field(default=(), max_length=64, description="As in a recorded decision.")


PAYLOADS: tuple[type[PayloadModel], ...] = (ConsentRecorded, ConsentWithdrawn)
