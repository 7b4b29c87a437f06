"""Payloads of the nights in which the coming days were rolled; what a night moved is in each day's own stream."""

import datetime as dt
from typing import Annotated, ClassVar

from pydantic import BaseModel, ConfigDict, Field

from shared.events.payload import PayloadModel

Name = Annotated[str, Field(min_length=1, max_length=80)]


class RolledDay(BaseModel):
    """A day that a night changed, and the replan that holds its moves."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    day: dt.date
    replan: Name


class NightRolled(PayloadModel):
    """The coming days were rolled, at `at` in UTC; `left` is the fingerprint of the days as they were left."""

    event_type: ClassVar[str] = "schedule.night_rolled"
    night: dt.date
    roll: Name
    at: dt.datetime
    days: tuple[RolledDay, ...]
    left: str = Field(max_length=500)


class NightUndone(PayloadModel):
    """All that a night moved is where it was before."""

    event_type: ClassVar[str] = "schedule.night_undone"
    roll: Name


PAYLOADS: tuple[type[PayloadModel], ...] = (NightRolled, NightUndone)
