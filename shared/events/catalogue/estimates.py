"""Payloads about what a clinic has learnt: what a day showed, and what the clinic plans with since.

Minutes are whole; nothing says whose visit it was.
"""

import datetime as dt
from typing import Annotated, ClassVar

from pydantic import BaseModel, ConfigDict, Field

from shared.events.payload import PayloadModel

Name = Annotated[str, Field(min_length=1, max_length=80)]
Count = Annotated[int, Field(ge=0)]
Length = Annotated[int, Field(gt=0, le=24 * 60)]
Chance = Annotated[float, Field(ge=0, le=1)]
Factor = Annotated[float, Field(gt=0, le=10)]
Percent = Annotated[int, Field(ge=1, le=1000)]
Points = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class VisitLength(_Part):
    """How long one visit was booked for and how long it took, in minutes.

    `provider` is who served it, where one person did, and `attended` how long they were booked for it.
    """

    planned: Length
    actual: Length
    provider: Name | None = None
    attended: Length | None = None


class ServiceDay(_Part):
    """What a day showed of one service.

    `timed` visits are those of which it is known whether they took longer than booked; `overruns` of them did.
    """

    service: Name
    came: Count
    no_shows: Count
    timed: Count
    overruns: Count
    lengths: tuple[VisitLength, ...]


class DayClosed(PayloadModel):
    """A day is over; its visits are counted by service."""

    event_type: ClassVar[str] = "schedule.day_closed"
    day: dt.date
    services: tuple[ServiceDay, ...]


class LengthEstimate(_Part):
    """How long something takes: log-normal, median in minutes, from so many observations and what was known before."""

    median: float = Field(gt=0)
    sigma: float = Field(ge=0)
    observations: Count


class ServiceEstimate(_Part):
    """What a service is planned with; `left_out` lengths were too far from the booked ones to be believed."""

    service: Name
    length: LengthEstimate
    stages: dict[Name, LengthEstimate] = Field(default_factory=dict)
    left_out: Count = 0
    no_show: Chance
    visits: Count
    overrun: Chance
    timed: Count


class WeightEstimate(_Part):
    """What one unit of a term costs, in points, by so many choices and what was known before.

    It counts for as long as the clinic's file has the weight `given`; `low` to `high` holds what the choices say by
    themselves, with 95 %.
    """

    term: Name
    weight: Points
    given: Points
    low: Points
    high: Points
    choices: Count


class PaceEstimate(_Part):
    """How long a provider takes, in per cent of a service's length; for one `service`, or for all without their own.

    It is planned with if it `counts`, for as long as the clinic's file has the pace `given`; `low` to `high` holds what
    the visits say by themselves, with 95 %.
    """

    provider: Name
    service: Name | None = None
    percent: Percent
    given: Percent
    low: Factor
    high: Factor
    visits: Count
    counts: bool


class EstimatesCalibrated(PayloadModel):
    """From now on the clinic plans with these estimates, weights and paces, in the place of all earlier ones."""

    event_type: ClassVar[str] = "schedule.estimates_calibrated"
    calibration: Name
    services: tuple[ServiceEstimate, ...]
    weights: tuple[WeightEstimate, ...] = Field(default=(), max_length=20)
    paces: tuple[PaceEstimate, ...] = Field(default=(), max_length=2_000)


class CalibrationUndone(PayloadModel):
    """The latest estimates, weights and paces are taken back; those before them count again."""

    event_type: ClassVar[str] = "schedule.calibration_undone"
    calibration: Name


PAYLOADS: tuple[type[PayloadModel], ...] = (DayClosed, EstimatesCalibrated, CalibrationUndone)
