"""What a clinic's record holds after days on which providers took as long as they do."""

import datetime as dt
import random
from collections.abc import Mapping

import numpy as np

from edge.schedule.booking import plan_day, synthesise_day
from edge.schedule.estimates import OwnLength, ServiceHistory
from edge.schedule.ids import ProviderId, ServiceId
from edge.schedule.registry import Registry
from edge.schedule.simulator.behaviour import Behaviour
from edge.schedule.simulator.run import simulate

DATE = dt.date(2026, 11, 23)


def lived(clinic: Registry, paces: Mapping[ProviderId, float], seed: int, days: int) -> dict[ServiceId, ServiceHistory]:
    """Return what simulated days show, every provider with a true pace; two planned days, lived several times."""
    world = Behaviour(paces=dict(paces), duration_cv=0.25)
    history: dict[ServiceId, ServiceHistory] = {}
    for half in range(2):
        day = plan_day(clinic, synthesise_day(clinic, DATE, 100 * seed + half, 60), DATE)
        outcome = simulate(clinic, day, world, seed, max(1, days // 2))
        column = {key: number for number, key in enumerate(outcome.stages)}
        for visit in day.placed:
            if len(visit.providers) != 1:
                continue
            lengths = sum(
                outcome.ends[:, c] - outcome.begins[:, c]
                for n in range(len(visit.stages))
                for c in [column[visit.id, n]]
            )
            attended = sum(stage.end - stage.start for stage in visit.stages if stage.provider is not None)
            actual = [max(1.0, round(float(one))) for one in np.atleast_1d(lengths) if not np.isnan(one)]
            own = tuple(OwnLength(visit.providers[0], visit.end - visit.start, attended, one) for one in actual)
            seen = ServiceHistory(came=len(own), own=own)
            history[visit.service] = history.get(visit.service, ServiceHistory()) + seen
    return history


def drawn_paces(clinic: Registry, seed: int, spread: float) -> dict[ProviderId, float]:
    """Return a true pace for each provider."""
    chance = random.Random(seed)
    return {provider.id: float(np.exp(chance.gauss(0, spread))) for provider in clinic.providers}
