"""What double booking may cost those who do come: a clinic's ceilings, and whether a day keeps under them.

Off unless a clinic wants it: a place is better filled when it is cancelled, and those who wait pay for what double
booking earns (LaGanga and Lawrence 2007, Clinic overbooking to improve patient access and provider productivity,
Decision Sciences 38: more clients served, longer waits, more overtime). So the ceilings are minutes, not money.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from pydantic import BaseModel, ConfigDict, Field

from edge.schedule.simulator.outcome import Figure, Outcome
from edge.schedule.simulator.run import MOST_DRAWS

CERTAINTY: Final = 2.0
"""A ceiling has to hold for the mean and this many of its standard errors: a lucky seed is no permission."""


class OverbookingPolicy(BaseModel):
    """What a clinic allows; everything is refused until `enabled` is set."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    enabled: bool = Field(default=False, description="Whether anybody may be booked on top of somebody else.")
    wait_minutes: float = Field(
        default=15, ge=0, le=240, description="Most minutes that a client may wait on average over the whole day."
    )
    overtime_minutes: float = Field(
        default=60, ge=0, le=1440, description="Most minutes of overtime expected on the day, all providers together."
    )
    turned_away: float = Field(
        default=1.0, ge=0, le=100, description="Most clients expected to come and go home untreated that day."
    )
    least_gain: float = Field(
        default=0.3, ge=0, le=1, description="Least number of clients by which those treated must be expected to grow."
    )
    per_provider: int = Field(default=2, ge=0, le=20, description="Most double bookings of one provider on a day.")
    likely_show: float = Field(
        default=0.8, ge=0, le=1, description="Only a visit whose client comes with at most this chance is booked over."
    )
    tries: int = Field(default=40, ge=1, le=500, description="Most days simulated before giving up.")
    draws: int = Field(default=1000, ge=100, le=MOST_DRAWS, description="Draws of each simulated day.")


class Why(StrEnum):
    """Why a request is not booked on top of anybody."""

    OFF = "off"
    FREE_PLACE = "free_place"
    NO_MATCH = "no_match"
    PROVIDER_FULL = "provider_full"
    WAIT = "wait"
    OVERTIME = "overtime"
    TURNED_AWAY = "turned_away"
    NO_GAIN = "no_gain"
    TRIES = "tries"


_SENTENCES: Final = {
    Why.WAIT: "Clients would wait up to {0:.1f} minutes on average; {1:g} are allowed.",
    Why.OVERTIME: "Up to {0:.0f} minutes of overtime would be expected; {1:g} are allowed.",
    Why.TURNED_AWAY: "Up to {0:.1f} clients would be expected to go home untreated; {1:g} are allowed.",
}


@dataclass(frozen=True, slots=True)
class PastCeiling:
    """A ceiling that does not certainly hold: what is expected at worst, and what is allowed."""

    why: Why
    worst: float
    allowed: float

    @property
    def sentence(self) -> str:
        """Return it in words."""
        return _SENTENCES[self.why].format(self.worst, self.allowed)


@dataclass(frozen=True, slots=True)
class Effect:
    """What a day is expected to be like with some double bookings."""

    wait: Figure
    overtime: Figure
    turned_away: Figure
    served: Figure
    revenue: Figure

    @classmethod
    def of(cls, outcome: Outcome) -> "Effect":
        """Return the figures that decide."""
        figures = outcome.figures()
        return cls(*(figures[name] for name in ("wait", "overtime", "turned_away", "served", "revenue")))

    def broken(self, policy: OverbookingPolicy) -> PastCeiling | None:
        """Return the first ceiling that does not certainly hold."""
        for why, figure, ceiling in (
            (Why.WAIT, self.wait, policy.wait_minutes),
            (Why.OVERTIME, self.overtime, policy.overtime_minutes),
            (Why.TURNED_AWAY, self.turned_away, policy.turned_away),
        ):
            worst = figure.mean + CERTAINTY * figure.error
            if worst > ceiling:
                return PastCeiling(why, worst, ceiling)
        return None
