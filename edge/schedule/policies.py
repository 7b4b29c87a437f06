"""Named policies of a clinic: each is a penalty on starts or on requests left out, in points.

A policy says what the clinic wants; the weights say how much the rest matters. Policies never forbid: a client whom
only a penalised time suits still gets it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field

from edge.schedule.domain import DAY_MINUTES, Appointment
from edge.schedule.entries import Hours, Key
from edge.schedule.services import Service

Minutes = npt.NDArray[np.int64]
Points = Annotated[float, Field(gt=0, le=10_000, description="What it costs when it is not kept.")]


@dataclass(frozen=True, slots=True)
class Asked:
    """When a place is asked for, in minutes of the plan, and whether it is urgent."""

    now: int
    urgent: bool = False


class _Policy(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    @property
    def name(self) -> str:
        """How the objective's term is called."""
        return str(self.model_dump()["kind"])

    @property
    def points_at_start(self) -> float:
        """What one visit at a start that the policy does not want costs."""
        return 0.0

    def at_start(self, service: Service, minutes: Minutes, asked: Asked) -> npt.NDArray[np.bool_]:
        """Tell for which of the starts, in minutes of the plan, the policy is not kept."""
        del service, asked
        return np.zeros(len(minutes), np.bool_)

    def left_out(self, appointment: Appointment) -> float:
        """Return the points that leaving this request out costs."""
        del appointment
        return 0.0


class ProtectPremiumHours(_Policy):
    """Keep the best hours for services that bring at least `least_price`."""

    kind: Literal["protect_premium_hours"] = "protect_premium_hours"
    hours: tuple[Hours, ...] = Field(min_length=1, max_length=8)
    least_price: float = Field(ge=0, le=1_000_000)
    points: Points = 40.0

    @property
    def points_at_start(self) -> float:
        """What one visit at such an hour costs."""
        return self.points

    def at_start(self, service: Service, minutes: Minutes, asked: Asked) -> npt.NDArray[np.bool_]:
        """Tell at which starts a cheaper service would begin in a premium hour."""
        del asked
        return _within(minutes, self.hours) & (service.price < self.least_price)


class AvoidMultiRoomContention(_Policy):
    """Begin visits that need several rooms outside the busy hours."""

    kind: Literal["avoid_multi_room_contention"] = "avoid_multi_room_contention"
    hours: tuple[Hours, ...] = Field(min_length=1, max_length=8)
    points: Points = 25.0

    @property
    def points_at_start(self) -> float:
        """What one visit at such an hour costs."""
        return self.points

    def at_start(self, service: Service, minutes: Minutes, asked: Asked) -> npt.NDArray[np.bool_]:
        """Tell at which starts a visit through several rooms would begin in a busy hour."""
        del asked
        return _within(minutes, self.hours) & (len({stage.room for stage in service.stages}) > 1)


class SameDayUrgentCapacity(_Policy):
    """Keep some hours for who is urgent, until shortly before: what nobody has needed by then is anybody's."""

    kind: Literal["same_day_urgent_capacity"] = "same_day_urgent_capacity"
    hours: tuple[Hours, ...] = Field(min_length=1, max_length=8)
    release_minutes: int = Field(
        default=120, ge=0, le=24 * 60, description="So long before its start a kept time is given to anybody."
    )
    points: Points = 60.0

    @property
    def points_at_start(self) -> float:
        """What one visit that is not urgent costs at such an hour."""
        return self.points

    def at_start(self, service: Service, minutes: Minutes, asked: Asked) -> npt.NDArray[np.bool_]:
        """Tell at which starts somebody who is not urgent would begin in a kept hour that is still to come."""
        del service
        kept = _within(minutes, self.hours) & (minutes - asked.now > self.release_minutes)
        return kept & (not asked.urgent)


class MembersFirst(_Policy):
    """Serve members before others when not everybody who asks can be served; equal numbers served."""

    kind: Literal["members_first"] = "members_first"
    points: Mapping[Key, Annotated[float, Field(gt=0, le=10_000)]] = Field(
        description="What leaving out a client of each tier costs.", min_length=1, max_length=20
    )

    def __hash__(self) -> int:
        """Return a hash: what is known of a clinic is kept by its file, this policy included."""
        return hash((self.kind, tuple(sorted(self.points.items()))))

    def left_out(self, appointment: Appointment) -> float:
        """Return the points of the client's tier."""
        return self.points.get(appointment.tier or "", 0.0)


Policy = Annotated[
    ProtectPremiumHours | AvoidMultiRoomContention | SameDayUrgentCapacity | MembersFirst, Field(discriminator="kind")
]


def _within(minutes: Minutes, hours: Sequence[Hours]) -> npt.NDArray[np.bool_]:
    of_day = minutes % DAY_MINUTES
    inside = np.zeros(len(minutes), np.bool_)
    for span in hours:
        inside |= (of_day >= span.start) & (of_day < span.end)
    return inside
