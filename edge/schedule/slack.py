"""How long a device should stand free before its next use, so that one long visit does not make the next ones late."""

import math
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from edge.schedule.domain import GRID_MINUTES, up_to_grid
from edge.schedule.durations import SLACK_QUANTILE
from edge.schedule.ids import UnitId
from edge.schedule.registry import Registry, Unit
from edge.schedule.services import Service

LEAST_SLACK: Final = GRID_MINUTES
MOST_SLACK: Final = 30
"""A longer gap would cost more than the delay that it keeps away."""


@lru_cache(maxsize=8)
def slack_of(registry: Registry, otherwise: int) -> Mapping[UnitId, int]:
    """Return each device's slack in minutes, on the grid: the longest that a service which uses it asks for.

    A service asks for the time by which one visit in ten gives the device back later than planned, between 5 and 30
    minutes; one that has no quantiles for the stages with the device asks for `otherwise`.
    """
    return {device.id: _slack(registry, device, otherwise) for device in registry.devices}


def _slack(registry: Registry, device: Unit, otherwise: int) -> int:
    asked = [
        delay if delay is not None else otherwise
        for service in registry.services
        if any(stage.device == device.type for stage in service.stages)
        for delay in [_delay(service, device.type)]
    ]
    return max(asked, default=otherwise)


def _delay(service: Service, kind: str) -> int | None:
    """Return by how much a long visit gives a device back late; None where the file does not tell."""
    if any(stage.device == kind and stage.duration is None for stage in service.stages):
        return None
    last = max(number for number, stage in enumerate(service.stages) if stage.device == kind)
    late = sum(
        stage.duration.distribution.quantile(SLACK_QUANTILE) - stage.minutes
        for stage in service.stages[: last + 1]
        if stage.duration is not None
    )
    return min(MOST_SLACK, max(LEAST_SLACK, up_to_grid(math.ceil(late))))
