"""Payloads about the clinic's registry: whom and what it plans with, as whole documents in the form of the file."""

import datetime as dt
from typing import Annotated, ClassVar, Literal

from pydantic import Field, JsonValue

from shared.events.payload import PayloadModel

Name = Annotated[str, Field(min_length=1, max_length=80)]
Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Sentence = Annotated[str, Field(min_length=1, max_length=300)]
Document = dict[str, JsonValue]


class RegistrySeeded(PayloadModel):
    """What the clinic's file said before the first change; from now on the log counts, and not the file."""

    event_type: ClassVar[str] = "clinic.registry_seeded"
    document: Document
    file_digest: Digest


class RegistryChanged(PayloadModel):
    """The registry is another one from now on.

    Attributes:
        day: the clinic's date of the change; days before it were planned with what counted until then.
        origin: where it was changed: on the tablet, or in the file that is taken over.
        sentences: what differs from before, entry by entry.
        file_digest: of the file that is taken over.
    """

    event_type: ClassVar[str] = "clinic.registry_changed"
    change: Name
    day: dt.date
    origin: Literal["tablet", "file"]
    document: Document
    sentences: tuple[Sentence, ...] = Field(min_length=1)
    file_digest: Digest | None = None


class RegistryChangeUndone(PayloadModel):
    """The latest change that stood is taken back; exactly what counted before it counts again."""

    event_type: ClassVar[str] = "clinic.registry_change_undone"
    change: Name
    day: dt.date


class RegistryFileLeft(PayloadModel):
    """Somebody has seen that the file differs and left it; it is not asked about again until it changes."""

    event_type: ClassVar[str] = "clinic.registry_file_left"
    file_digest: Digest


PAYLOADS: tuple[type[PayloadModel], ...] = (RegistrySeeded, RegistryChanged, RegistryChangeUndone, RegistryFileLeft)
