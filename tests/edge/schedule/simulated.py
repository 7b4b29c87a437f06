"""What is looked at in simulated days by more than one test."""

from collections import defaultdict
from collections.abc import Iterator
from itertools import pairwise

import numpy as np

from edge.schedule.domain import Plan, ResourceKind
from edge.schedule.registry import Registry
from edge.schedule.simulator.outcome import Outcome
from edge.schedule.uses import used


def used_twice(clinic: Registry, plan: Plan, outcome: Outcome, draw: int) -> Iterator[tuple[str, str, str]]:
    """Yield what serves two visits at once, or again before its rest is over; a room is its visit's throughout."""
    rests = {(ResourceKind.ROOM, str(room.id)): room.turnover for room in clinic.rooms}
    rests |= {(ResourceKind.DEVICE, str(device.id)): device.rest for device in clinic.devices}
    uses: dict[tuple[ResourceKind, str], dict[str, list[tuple[float, float]]]] = defaultdict(lambda: defaultdict(list))
    for column, (name, number) in enumerate(outcome.stages):
        begin, end = outcome.begins[draw, column], outcome.ends[draw, column]
        stage = plan.appointments[name].stages[number]
        for kind in ResourceKind:
            resource = used(stage, kind)
            if resource is not None and not np.isnan(begin):
                uses[kind, str(resource)][name].append((float(begin), float(end)))
    for (kind, resource), by_visit in uses.items():
        taken: list[tuple[float, float, str]] = []
        for visit, spans in by_visit.items():
            whole = [(min(start for start, _ in spans), max(end for _, end in spans))]
            taken += [(start, end, visit) for start, end in (whole if kind is ResourceKind.ROOM else spans)]
        for (_, end, one), (start, _, two) in pairwise(sorted(taken)):
            if one != two and start < end + rests.get((kind, resource), 0) - 1e-9:
                yield resource, one, two
