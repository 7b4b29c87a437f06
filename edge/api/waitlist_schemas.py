"""The waitlist at the HTTP border: who waits for what, what is on offer, and why to whom."""

from datetime import date, time
from enum import StrEnum
from typing import Annotated

from pydantic import AwareDatetime, Field

from edge.api.schemas import Identifier, Schema


class WaitlistEntryState(StrEnum):
    """What became of a wish."""

    WAITING = "waiting"
    OFFERED = "offered"
    LAPSED = "lapsed"
    BOOKED = "booked"
    WITHDRAWN = "withdrawn"


class WaitlistOfferState(StrEnum):
    """What became of an offer."""

    OPEN = "open"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    EXPIRED = "expired"
    SUPERSEDED = "superseded"


class WaitlistChannel(StrEnum):
    """How the client hears of an offer."""

    MESSAGE = "message"
    PHONE = "phone"


class WaitlistReply(StrEnum):
    """What a client says to an offer."""

    ACCEPTED = "accepted"
    DECLINED = "declined"


class WaitlistWindow(Schema):
    """Days, both included, and the hours of each, local time, that suit; without weekdays every day does."""

    first_day: date
    last_day: date
    starts: time
    ends: time
    weekdays: list[Annotated[int, Field(ge=0, le=6)]] = Field(default=[], max_length=7, description="Monday is 0.")


class WaitlistWish(Schema):
    """What a client waits for."""

    service_id: Identifier
    windows: list[WaitlistWindow] = Field(min_length=1, max_length=8, description="When it suits; any one of them.")
    preferred_provider_id: Identifier | None = None
    last_provider_id: Identifier | None = Field(default=None, description="Who treated the client before.")
    travel_minutes: int = Field(default=0, ge=0, le=720)
    notice_minutes: int = Field(default=0, ge=0, le=10_080, description="Wanted beforehand, travel not counted.")
    tier: Identifier | None = None
    messages: bool = Field(default=False, description="Whether the client agreed to be sent messages.")


class NewWaitlistEntry(WaitlistWish):
    """A client's wish for a place that is not free yet."""

    client_id: Identifier


class WaitlistWhy(Schema):
    """What is in the way on some days: with all of it gone, somebody who waits would have a place then."""

    days: list[date] = Field(description="Empty where it is a matter of no day.")
    starts_at: AwareDatetime | None = Field(
        default=None, description="The start at which the least is in the way; empty where it is the same at every one."
    )
    sentences: list[str] = Field(min_length=1, description="One for each thing that is in the way.")


class WaitlistEntry(NewWaitlistEntry):
    """A wish, and how it stands."""

    id: Identifier
    client_name: str
    service: str
    minutes: int
    added_at: AwareDatetime
    state: WaitlistEntryState
    held_back: str | None = Field(default=None, description="Why nothing can be offered now, whatever is free.")
    why: list[WaitlistWhy] = Field(
        default=[], description="Why nothing that suits is free, earliest days first; empty where something is."
    )


class WaitlistReason(Schema):
    """One reason why somebody was chosen, in points and words."""

    name: str
    points: float
    sentence: str


class WaitlistOffer(Schema):
    """A place kept for a client, and what became of it."""

    id: Identifier
    entry_id: Identifier
    client_name: str
    service: str
    starts_at: AwareDatetime
    ends_at: AwareDatetime
    providers: list[str]
    rooms: list[str]
    state: WaitlistOfferState
    channel: WaitlistChannel
    made_at: AwareDatetime
    expires_at: AwareDatetime
    cause: str
    reasons: list[WaitlistReason] = Field(description="Most points first.")
    ended_because: str = ""
    appointment_id: Identifier | None = None
    next_starts: list[AwareDatetime] = Field(
        default=[], description="Other places of that day, where this one is gone."
    )


class FreedPlace(Schema):
    """A place that a visit has left and that is not taken yet."""

    id: Identifier
    day: date
    starts_at: AwareDatetime
    ends_at: AwareDatetime
    cause: str
    uses: list[str] = Field(description="Names of whom and what the visit had.")
    offered_to: list[str] = Field(default=[], description="Who has something of it on offer now.")


class PlaceCandidate(Schema):
    """Somebody who would suit a place, with the best start for them."""

    entry_id: Identifier
    client_name: str
    service: str
    starts_at: AwareDatetime
    ends_at: AwareDatetime
    points: float
    reasons: list[WaitlistReason] = Field(description="Most points first.")
    messages: bool = Field(description="Whether they are asked by themselves; otherwise somebody calls.")


class PlaceLeftOut(Schema):
    """Somebody who waits and is not asked: with everything gone that is named, they would be."""

    entry_id: Identifier
    client_name: str
    service: str
    sentences: list[str] = Field(min_length=1)


class PlaceFilling(Schema):
    """Who fills a place that was left, and why others do not."""

    place: FreedPlace
    offered: list[PlaceCandidate]
    next: list[PlaceCandidate] = Field(description="Who would be asked otherwise, best first.")
    left_out: list[PlaceLeftOut] = Field(description="Longest waiting first.")
    more: int = Field(ge=0, description="So many more wait and are not told of one by one.")


class WaitlistChoice(Schema):
    """A service or a provider to choose from."""

    id: Identifier
    name: str
    minutes: int | None = None


class Waitlist(Schema):
    """Who waits, in the order of coming, and what is or was on offer, latest first."""

    now: AwareDatetime
    timezone: str
    opens: time
    closes: time
    quiet_from: time
    quiet_until: time
    entries: list[WaitlistEntry]
    offers: list[WaitlistOffer]
    freed: list[FreedPlace] = Field(default=[], description="Earliest first, a dozen at most.")
    services: list[WaitlistChoice]
    providers: list[WaitlistChoice]


class OfferRequest(Schema):
    """How the client is to hear of the offer; by phone the answer is recorded here."""

    channel: WaitlistChannel = WaitlistChannel.MESSAGE


class WaitlistAnswer(Schema):
    """What the client said."""

    answer: WaitlistReply
