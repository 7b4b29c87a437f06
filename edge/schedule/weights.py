"""What the second level of the objective weighs, in points; one point is one minute of one client's inconvenience."""

from typing import Final

from pydantic import BaseModel, ConfigDict, Field

from edge.schedule.domain import GRID_MINUTES
from edge.schedule.policies import Policy

POINT: Final = 100
"""Costs are whole hundredths of a point, so that sums are exact."""
UNIT: Final = "wait"
"""What a point is measured by; its weight is never learnt."""
LEARNT: Final = ("preference", "revenue", "device_change", "idle", "brittle", "fairness")
"""Weights that may be learnt: each has a term of the objective to itself. The term of add-ons mixes two weights, and a
policy is what the clinic has said it wants."""

_SLACK: Final = "Slack that a device should get where its services' lengths are not given as quantiles."


class Weights(BaseModel):
    """Weights of a clinic; each says what one unit of a term costs."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    wait: float = Field(default=1.0, ge=0, le=1000, description="A minute between the wished and the planned start.")
    preference: float = Field(default=30.0, ge=0, le=1000, description="A client who misses the preferred provider.")
    revenue: float = Field(default=1.0, ge=0, le=1000, description="One unit of money that is not earned.")
    device_change: float = Field(default=5.0, ge=0, le=1000, description="A visit that gets another device.")
    idle: float = Field(default=0.2, ge=0, le=1000, description="A provider's free minute between two visits of a day.")
    brittle: float = Field(default=8.0, ge=0, le=1000, description="A device used again without slack.")
    brittle_minutes: int = Field(default=10, ge=0, le=120, multiple_of=5, description=_SLACK)
    adjacency: float = Field(default=2.0, ge=0, le=1000, description="A minute between a visit and its add-on.")
    same_hands: float = Field(
        default=15.0, ge=0, le=1000, description="An add-on with somebody, or in a room, that its visit does not have."
    )
    policies: tuple[Policy, ...] = Field(default=(), max_length=20, description="What the clinic wants besides.")
    fairness: float = Field(default=0.02, ge=0, le=10, description="Unevenness of work, by the square of five minutes.")


def countable(name: str, weight: float) -> float:
    """Return a weight as costs count it: whole hundredths, of idle time for a step of the grid."""
    parts = POINT * GRID_MINUTES if name == "idle" else POINT
    return round(weight * parts) / parts


def largest(name: str) -> float:
    """Return the largest weight that a clinic's file may have."""
    return float(Weights.model_json_schema()["properties"][name]["maximum"])


def unit_points(weights: Weights) -> dict[str, float]:
    """Return the points that one unit costs, by term, of all terms with a weight to themselves that cost anything."""
    counted = {name: countable(name, getattr(weights, name)) for name in (UNIT, *LEARNT)}
    return {name: weight for name, weight in counted.items() if weight > 0}


def points(cost: int) -> float:
    """Return a cost in points."""
    return cost / POINT


def cost(weight: float, units: int) -> int:
    """Return the whole cost of some units."""
    return round(weight * POINT) * units
