"""Payloads of comparing visits and of looking for similar cases."""

from typing import ClassVar

from pydantic import BaseModel, ConfigDict, Field

from shared.events.payload import PayloadModel, SealedText


class CaptureEmbedded(PayloadModel):
    """What a capture's features look like together, for finding similar ones.

    The vector is sealed: it tells nothing to a reader, but could tell that two photographs show one face.
    """

    event_type: ClassVar[str] = "capture.embedded"

    space: str = Field(max_length=80, description="Name and version of the models; only equal ones are comparable.")
    dimensions: int = Field(ge=1, le=4096)
    vector: SealedText = Field(max_length=16_384, description="Half-precision floats, little-endian, in base64.")


class SimilarFound(BaseModel):
    """One capture that was shown, and its cosine similarity."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    capture: str = Field(max_length=64)
    similarity: float = Field(ge=-1, le=1)


class SimilarSearched(PayloadModel):
    """Somebody looked for captures similar to one; these were shown."""

    event_type: ClassVar[str] = "similar.searched"

    found: tuple[SimilarFound, ...] = Field(max_length=50)
    searched: int = Field(ge=0, description="How many captures were compared.")


PAYLOADS: tuple[type[PayloadModel], ...] = (CaptureEmbedded, SimilarSearched)
