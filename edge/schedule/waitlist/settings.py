"""What the waitlist can be told: table `[edge.waitlist]` of the configuration."""

import datetime as dt
from typing import Self

from pydantic import Field, model_validator

from edge.schedule.waitlist.rules import OfferRules
from shared.section import Section


class WaitlistSettings(Section):
    """How long offers stand, and how often and when clients hear of them."""

    same_day_minutes: int = Field(default=20, ge=5, le=24 * 60, description="How long an offer for today stands.")
    next_day_minutes: int = Field(default=120, ge=5, le=24 * 60, description="How long one for tomorrow does.")
    later_minutes: int = Field(default=720, ge=5, le=3 * 24 * 60, description="How long one for a later day does.")
    offers_per_day: int = Field(default=2, ge=1, le=20, description="Most offers to one client on one day.")
    offers_per_week: int = Field(default=4, ge=1, le=50, description="Most offers to one client in seven days.")
    quiet_from: dt.time = Field(default=dt.time(20), description="Local time from which nobody is contacted.")
    quiet_until: dt.time = Field(default=dt.time(8), description="Local time until which nobody is contacted.")
    horizon_days: int = Field(default=6, ge=0, le=30, description="How many days ahead places are offered.")

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        if self.offers_per_day > self.offers_per_week:
            raise ValueError("`offers_per_day` must be at most `offers_per_week`")
        return self

    def rules(self) -> OfferRules:
        """Return the limits that these settings are."""
        return OfferRules(
            same_day=self.same_day_minutes,
            next_day=self.next_day_minutes,
            later=self.later_minutes,
            per_day=self.offers_per_day,
            per_week=self.offers_per_week,
            quiet_from=self.quiet_from.hour * 60 + self.quiet_from.minute,
            quiet_until=self.quiet_until.hour * 60 + self.quiet_until.minute,
            horizon_days=self.horizon_days,
        )
