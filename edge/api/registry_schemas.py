"""The clinic's registry at the HTTP border: the document that counts, what a change would do, and who changed what.

The document is the clinic's file in JSON; its rules are the registry's own, and its faults are told field by field.
"""

from datetime import date
from enum import StrEnum

from pydantic import AwareDatetime, Field, JsonValue

from edge.api.schemas import Identifier, Schema

Document = dict[str, JsonValue]
MOST_CONFIRMED = 2_000


class ClinicFile(StrEnum):
    """How the clinic's file stands to what counts."""

    COUNTS = "counts"
    SAME = "same"
    DIFFERS = "differs"
    UNREADABLE = "unreadable"


class RegistryFile(Schema):
    """The clinic's file as it was when the box started; `news` when it differs and nobody has decided on that."""

    state: ClinicFile
    news: bool = False
    sentences: list[str] = Field(default=[], description="What taking it over would change, or why it is unreadable.")


class RegistryChange(Schema):
    """A change of the registry, who made it, and whether it was taken back."""

    id: Identifier
    made_at: AwareDatetime
    made_by: str
    origin: str
    sentences: list[str]
    valid_from: date | None = Field(default=None, description="First day that it is for; none where it was for now.")
    undoable: bool = False
    undone_at: AwareDatetime | None = None
    undone_by: str | None = None


class ProviderPace(Schema):
    """How long a provider takes, as past visits show it; for one service, or for all. It is about staff."""

    provider: Identifier
    service: Identifier | None = None
    counts: bool = Field(description="Whether new visits are planned with it.")
    text: str = Field(description='In words that follow the name: "takes 12% longer, from 84 visits."')


class RegistryState(Schema):
    """The registry that a day is planned with; a change names the version that it was decided on."""

    version: int
    timezone: str
    today: date
    shown_on: date = Field(description="The day whose registry `document` is: today, or one to come.")
    document: Document
    file: RegistryFile
    changes: list[RegistryChange] = Field(description="Latest first, without those that are yet to come.")
    to_come: list[RegistryChange] = Field(default=[], description="Those that are yet to come, the next first.")
    paces: list[ProviderPace] = Field(default=[], description="What the latest calibration knows of each provider.")


class RegistryFault(Schema):
    """What is wrong with a document, where: section, id of the entry and field are empty where they do not apply."""

    section: str
    entry: str
    field: str
    message: str


class HurtVisit(Schema):
    """A visit, or a lunch, that could not stay where it is; it waits as a conflict until its day is replanned."""

    id: Identifier
    day: date
    starts_at: AwareDatetime
    service: str
    providers: list[str]
    why: str


class RegistryEffect(Schema):
    """What a change would do. With faults nothing else is told, and what is needed cannot be removed."""

    faults: list[RegistryFault] = Field(default=[])
    sentences: list[str] = Field(default=[], description="What differs; none where nothing does.")
    needed: list[str] = Field(default=[], description="What cannot be removed since visits to come use it.")
    hurt: list[HurtVisit] = Field(default=[], description="Earliest first.")


class _Dated(Schema):
    drafted_on: date | None = Field(default=None, description="Day whose registry the document was made of; today's.")
    valid_from: date | None = Field(default=None, description="First day that is to be planned with it; none for now.")


class RegistryWish(_Dated):
    """What is to be looked at: a document, the way back from a change, or the clinic's file."""

    document: Document | None = None
    undo: Identifier | None = None


class _Decided(Schema):
    version: int
    confirmed: list[Identifier] = Field(
        default=[], max_length=MOST_CONFIRMED, description="Ids of the visits and lunches that may be hurt."
    )


class RegistryEdit(_Decided, _Dated):
    """A document that is to count from now, or from a date on."""

    document: Document


class RegistryUndo(_Decided):
    """The latest change that counts, or one that is yet to come, to be taken back."""

    change: Identifier


class RegistryFileDecision(_Decided):
    """What becomes of a file that differs: taken over, or left."""

    take: bool
