"""Stretches of time and parts of visits, as all that tells of the schedule shows them."""

from pydantic import AwareDatetime

from edge.api.schemas import Identifier, Schema


class Interval(Schema):
    """From `starts_at` up to, not including, `ends_at`."""

    starts_at: AwareDatetime
    ends_at: AwareDatetime


class Stage(Interval):
    """A part of an appointment with what it occupies; a stage may need no provider."""

    name: str
    provider_id: Identifier | None = None
    room_id: Identifier | None = None
    device_id: Identifier | None = None
