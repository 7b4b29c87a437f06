"""What the box can be told of its nights: table `[edge.rolling]` of the configuration."""

from pydantic import Field

from shared.section import Section


class RollingSettings(Section):
    """Whether the box rolls the coming days at night, when, and how much it may move."""

    enabled: bool = Field(default=False, description="Whether it does so by itself; the command works without.")
    hour: int = Field(default=2, ge=0, le=23, description="Hour of the clinic at which it is rolled.")
    days: int = Field(default=5, ge=1, le=7, description="So many days, from the next one on.")
    budget: int = Field(default=5, ge=0, le=200, description="Visits that may move in one night.")
    threshold: float = Field(default=10.0, ge=0, le=10_000, description="Points that each move must earn.")
    again: float = Field(
        default=3.0, ge=1, le=100, description="Times as much, for one that moved in the last three nights."
    )
    frozen_hours: int = Field(default=24, ge=0, le=168, description="Hours from the roll in which nobody moves.")
    seconds: float = Field(default=10.0, gt=0, le=600, description="How long to search.")
