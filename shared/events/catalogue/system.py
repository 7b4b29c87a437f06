"""Payloads about the box itself and about what the hub sends down."""

from typing import ClassVar

from pydantic import Field

from shared.events.payload import PayloadModel


class BoxEnrolled(PayloadModel):
    """The box became a member of a tenant's fleet."""

    event_type: ClassVar[str] = "box.enrolled"

    hub_key_id: str = Field(max_length=64)


class BoxStarted(PayloadModel):
    """The box's software started; `clean` tells whether it had been stopped in order."""

    event_type: ClassVar[str] = "box.started"

    software: str = Field(max_length=64)
    clean: bool


class BoxStopped(PayloadModel):
    """The box's software was stopped in order."""

    event_type: ClassVar[str] = "box.stopped"


class KeysRotated(PayloadModel):
    """A wrapping key has a new generation and the old one was destroyed; never says which key it is."""

    event_type: ClassVar[str] = "keys.rotated"

    key: str = Field(max_length=64, description="Name of the wrapping key.")
    generation: int = Field(ge=2)


class BoxRestored(PayloadModel):
    """The record was made anew out of a backup; the log goes on in a new epoch, of which this is the first event."""

    event_type: ClassVar[str] = "box.restored"

    backup: int = Field(ge=1, description="Number of the backup's version.")
    events: int = Field(ge=0, description="Events that the backup held.")
    from_hub: int = Field(ge=0, description="Events behind them that the hub gave back.")
    salvaged: int = Field(ge=0, description="Events behind those that were read out of the replaced record.")
    with_hub: bool


class ClockJumped(PayloadModel):
    """Wall time moved by itself, or stood elsewhere at the start than the log's last event had it."""

    event_type: ClassVar[str] = "box.clock_jumped"

    seconds: float = Field(allow_inf_nan=False, description="By how much; below zero when it went back.")
    at_start: bool = Field(description="Found at the start, not while running.")


class EventSetAside(PayloadModel):
    """An event from the hub could not be applied here; it is kept for a person to look at."""

    event_type: ClassVar[str] = "sync.event_set_aside"

    hub_epoch: str = Field(max_length=16)
    seq: int = Field(ge=1)
    reason: str = Field(max_length=500)


class BookingRequested(PayloadModel):
    """Down from the hub: somebody asks for an appointment; tentative until the box answers."""

    event_type: ClassVar[str] = "booking.requested"

    request: str = Field(max_length=64, description="Id that the answer names.")
    service: str = Field(max_length=64)
    day: str = Field(pattern=r"^\d{4}-\d{2}-\d{2}$")
    earliest_minute: int = Field(ge=0, lt=1440, description="Minutes after local midnight.")
    latest_minute: int = Field(ge=0, le=1440)


class BookingAnswered(PayloadModel):
    """The box's answer to a booking request."""

    event_type: ClassVar[str] = "booking.answered"

    request: str = Field(max_length=64)
    accepted: bool
    appointment: str | None = Field(default=None, max_length=64)
    start_minute: int | None = Field(default=None, ge=0, lt=1440)
    reason: str = Field(default="", max_length=500)


PAYLOADS: tuple[type[PayloadModel], ...] = (
    BoxEnrolled,
    BoxStarted,
    BoxStopped,
    ClockJumped,
    KeysRotated,
    BoxRestored,
    EventSetAside,
    BookingRequested,
    BookingAnswered,
)
