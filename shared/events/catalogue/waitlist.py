"""Payloads of the waitlist. Times of a visit are minutes from local midnight of `day`; ids are opaque."""

import datetime as dt
from typing import Annotated, ClassVar, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from shared.events.catalogue.schedule import Minute, Name, StagePart
from shared.events.payload import PayloadModel

Sentence = Annotated[str, Field(max_length=300)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class WindowPart(_Part):
    """Days and the hours of each that suit a client; no weekdays means every day."""

    first_day: dt.date
    last_day: dt.date
    start: Minute
    end: Minute
    weekdays: tuple[Annotated[int, Field(ge=0, le=6)], ...] = ()


class EntryPart(_Part):
    """Somebody's wish for a place that is not free yet."""

    entry: Name
    client_id: Name
    service: Name
    windows: tuple[WindowPart, ...]
    added_at: AwareDatetime
    preferred_provider: Name | None = None
    last_provider: Name | None = None
    travel_minutes: int = 0
    notice_minutes: int = 0
    tier: Name | None = None
    messages: bool = False


class TermPart(_Part):
    """One reason why somebody was chosen: its points and its words."""

    name: Name
    points: float
    sentence: Sentence


class WaitlistEntryAdded(PayloadModel):
    """Somebody waits for a place."""

    event_type: ClassVar[str] = "waitlist.entry_added"
    entry: EntryPart


class WaitlistEntryChanged(PayloadModel):
    """What somebody waits for is different; `entry` is the whole of it."""

    event_type: ClassVar[str] = "waitlist.entry_changed"
    entry: EntryPart


class WaitlistEntryWithdrawn(PayloadModel):
    """Somebody waits no more."""

    event_type: ClassVar[str] = "waitlist.entry_withdrawn"
    entry: Name


class WaitlistEntryRestored(PayloadModel):
    """A withdrawal is taken back."""

    event_type: ClassVar[str] = "waitlist.entry_restored"
    entry: Name


class WaitlistOfferMade(PayloadModel):
    """A place is kept for somebody until they answer or time runs out; `terms` say why them."""

    event_type: ClassVar[str] = "waitlist.offer_made"
    offer: Name
    entry: Name
    client_id: Name
    service: Name
    day: dt.date
    window_start: Minute
    window_end: Minute
    stages: tuple[StagePart, ...]
    made_at: AwareDatetime
    expires_at: AwareDatetime
    channel: Literal["message", "phone"]
    cause: Sentence
    terms: tuple[TermPart, ...] = ()


class WaitlistOfferAccepted(PayloadModel):
    """The client takes the place; the visit is booked in the same transaction."""

    event_type: ClassVar[str] = "waitlist.offer_accepted"
    offer: Name
    appointment: Name


class WaitlistOfferDeclined(PayloadModel):
    """The client does not want the place."""

    event_type: ClassVar[str] = "waitlist.offer_declined"
    offer: Name


class WaitlistOfferExpired(PayloadModel):
    """Nobody answered in time."""

    event_type: ClassVar[str] = "waitlist.offer_expired"
    offer: Name


class WaitlistOfferSuperseded(PayloadModel):
    """The place is no longer there, or no longer wanted."""

    event_type: ClassVar[str] = "waitlist.offer_superseded"
    offer: Name
    reason: Sentence


class WaitlistMessageWanted(PayloadModel):
    """A message that the hub is to send; it knows how the client is reached, and this says what about."""

    event_type: ClassVar[str] = "waitlist.message_wanted"
    offer: Name
    client_id: Name
    service: Name
    starts_at: AwareDatetime
    expires_at: AwareDatetime


PAYLOADS: tuple[type[PayloadModel], ...] = (
    WaitlistEntryAdded,
    WaitlistEntryChanged,
    WaitlistEntryWithdrawn,
    WaitlistEntryRestored,
    WaitlistOfferMade,
    WaitlistOfferAccepted,
    WaitlistOfferDeclined,
    WaitlistOfferExpired,
    WaitlistOfferSuperseded,
    WaitlistMessageWanted,
)
