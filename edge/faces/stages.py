"""Where a visit takes place and when, as the pages show it."""

import datetime as dt
from collections.abc import Callable

from edge.api.schedule_stages import Stage
from edge.schedule.domain import Stages
from shared.events.catalogue.schedule import StagePart


def shown_stages(stages: Stages, at: Callable[[int], dt.datetime]) -> list[Stage]:
    """Return stages as the pages know them; `at` gives a minute of their day as a time."""
    return [
        Stage(
            name=stage.name,
            starts_at=at(stage.start),
            ends_at=at(stage.end),
            provider_id=stage.provider,
            room_id=stage.room,
            device_id=stage.device,
        )
        for stage in stages
    ]


def first_provider(stages: Stages | tuple[StagePart, ...]) -> str | None:
    """Return who serves the client first, if anybody does."""
    return next((str(stage.provider) for stage in stages if stage.provider is not None), None)
