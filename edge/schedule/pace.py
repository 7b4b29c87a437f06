"""How long a provider takes for what they do, against the length that a service is planned with.

A pace is a whole number of per cent: with 112 a stage of 50 minutes takes 56, on the grid 55. Stages at which the
provider is not there take as long with everybody.
"""

from collections import defaultdict
from collections.abc import Sequence
from typing import Annotated, Final

from pydantic import Field

from edge.schedule.domain import GRID_MINUTES
from edge.schedule.entries import Entry
from edge.schedule.ids import NAME_PATTERN, ServiceId
from edge.schedule.services import Service

USUAL: Final = 100
FASTEST: Final = 75
SLOWEST: Final = 135

Percent = Annotated[int, Field(ge=FASTEST, le=SLOWEST)]


class OwnPace(Entry):
    """A provider's pace for one service, where it differs from their pace for all others."""

    service: ServiceId = Field(pattern=NAME_PATTERN)
    percent: Percent = Field(description="Per cent of the service's length that they take.")


def paced(service: Service, percents: Sequence[int]) -> tuple[int, ...]:
    """Return the minutes of each stage, on the grid, at a pace for each stage.

    A length is rounded to the nearest step, and is one step at least; what that leaves over is carried to the next
    stage that asks for the same skill, so that what one person does for a visit is right as a whole.
    """
    asked: dict[str, int] = defaultdict(int)
    given: dict[str, int] = defaultdict(int)
    lengths: list[int] = []
    for stage, percent in zip(service.stages, percents, strict=True):
        if stage.skill is None:
            lengths.append(stage.minutes)
            continue
        asked[stage.skill] += stage.minutes * percent
        steps = max(1, _nearest(asked[stage.skill]) - given[stage.skill])
        given[stage.skill] += steps
        lengths.append(steps * GRID_MINUTES)
    return tuple(lengths)


def _nearest(minutes: int) -> int:
    """Return hundredths of minutes in steps of the grid; a half goes up."""
    step = 100 * GRID_MINUTES
    return (2 * minutes + step) // (2 * step)
