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


class RegistryChangePlanned(RegistryChanged):
    """The registry will be another one for the days from `valid_from` on; until then it is yet to come.

    What `document` holds is what the days from then on are planned with, until the next change that is yet to come.
    """

    event_type: ClassVar[str] = "clinic.registry_change_planned"
    valid_from: dt.date


class RegistryCarried(PayloadModel):
    """A change that is yet to come holds another document: one that counts before it was made or taken back.

    It follows that change in the same transaction. The edits of the change itself are the same.
    """

    event_type: ClassVar[str] = "clinic.registry_carried"
    change: Name
    document: Document


class RegistryChangeUndone(PayloadModel):
    """The latest change that counts, or one that is yet to come, is taken back; the days are planned as without it."""

    event_type: ClassVar[str] = "clinic.registry_change_undone"
    change: Name
    day: dt.date


class RegistryFileLeft(PayloadModel):
    """Somebody has seen that the file differs and left it; it is not asked about again until it changes."""

    event_type: ClassVar[str] = "clinic.registry_file_left"
    file_digest: Digest


PAYLOADS: tuple[type[PayloadModel], ...] = (
    RegistrySeeded,
    RegistryChanged,
    RegistryChangePlanned,
    RegistryCarried,
    RegistryChangeUndone,
    RegistryFileLeft,
)
