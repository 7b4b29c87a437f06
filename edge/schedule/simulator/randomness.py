"""The random numbers of a day: each visit and each resource has its own stream, whatever else the day holds.

So two days that differ in one visit share the numbers of all others, and what differs between them is the visit's doing
(common random numbers).
"""

import hashlib
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from edge.schedule.domain import Appointment, Span, Status
from edge.schedule.registry import Registry
from edge.schedule.services import Service
from edge.schedule.simulator.behaviour import Behaviour

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
_EARLIEST: Final = -120.0


@dataclass(frozen=True, slots=True)
class Course:
    """What chance makes of one visit, one entry per draw.

    Attributes:
        comes: the client comes, in time to be treated.
        silent: the client does not come and has not said so.
        offset: minutes between the booked start and the arrival.
        minutes: real length of each stage, draws x stages.
    """

    comes: Flags
    silent: Flags
    offset: Floats
    minutes: Floats


@dataclass(frozen=True, slots=True)
class Failure:
    """When a resource is away without notice, one entry per draw; empty spans where it is not."""

    start: Floats
    end: Floats


def generator(seed: int, *names: str) -> np.random.Generator:
    """Return the stream of a named thing under a seed."""
    digest = hashlib.sha256("\x1f".join(names).encode()).digest()
    return np.random.default_rng([seed, int.from_bytes(digest[:8], "big")])


def means_of(registry: Registry, visit: Appointment, behaviour: Behaviour) -> tuple[float, ...]:
    """Return how many minutes each stage is expected to take: what is planned, or what whoever serves is known for."""
    planned = tuple(stage.end - stage.start for stage in visit.stages)
    service = registry.service(visit.service)
    # At whose pace it is planned is no matter then: the usual length is where a provider's own begins.
    suits = planned == registry.lengths(service, [stage.provider for stage in visit.stages])
    return tuple(
        (usual.minutes if suits else minutes) * behaviour.paces[stage.provider]
        if stage.provider is not None and stage.provider in behaviour.paces
        else float(minutes)
        for usual, stage, minutes in zip(service.stages, visit.stages, planned, strict=True)
    )


def course_of(registry: Registry, visit: Appointment, behaviour: Behaviour, seed: int, draws: int) -> Course:
    """Draw what happens to a visit; one that has begun came in time, and one that is done took what it took."""
    service = registry.service(visit.service)
    stream = generator(seed, "visit", visit.id)
    chance, place = stream.random(draws), stream.random(draws)
    noise = stream.standard_normal((draws, len(visit.stages)))
    planned = np.array([stage.end - stage.start for stage in visit.stages], np.float64)
    here = visit.status.begun or visit.status is Status.ARRIVED
    no_show, late = (0.0, 0.0) if here else behaviour.absences(visit.show)
    offset = np.zeros(draws) if here else _arrivals(place, behaviour)
    tardy = offset > behaviour.grace_minutes
    silent = (chance < no_show) | ((chance >= no_show + late) & tardy)
    done = visit.status is Status.DONE
    means = planned if done or not behaviour.paces else np.array(means_of(registry, visit, behaviour), np.float64)
    minutes = np.tile(planned, (draws, 1)) if done else _lengths(noise, means, service, behaviour)
    return Course((chance >= no_show + late) & ~tardy, silent, offset, minutes)


def failure_of(seed: int, name: str, hours: Span, chance: float, mean: float, draws: int) -> Failure:
    """Draw when a resource is away: it begins at any time of the hours and lasts exponentially long, `mean` minutes."""
    stream = generator(seed, "failure", name)
    happens = stream.random(draws) < chance
    start = hours.start + stream.random(draws) * (hours.end - hours.start)
    length = stream.exponential(1.0, draws) * mean
    return Failure(np.where(happens, start, np.inf), np.where(happens, start + length, -np.inf))


def _arrivals(place: Floats, behaviour: Behaviour) -> Floats:
    # The inverse of the logistic distribution; the open interval keeps its ends finite.
    inside = np.clip(place, 1e-9, 1 - 1e-9)
    return np.maximum(_EARLIEST, behaviour.arrival_minutes + behaviour.arrival_scale * np.log(inside / (1 - inside)))


def _lengths(noise: Floats, planned: Floats, service: Service, behaviour: Behaviour) -> Floats:
    spread = np.array(
        [behaviour.unattended_cv if stage.provider_may_leave else behaviour.duration_cv for stage in service.stages]
    )
    # A log-normal of mean m and coefficient of variation c: sigma² = ln(1 + c²), mu = ln m - sigma²/2.
    variance = np.log1p(spread**2)
    lengths: Floats = planned * behaviour.duration_ratio * np.exp(noise * np.sqrt(variance) - variance / 2)
    return lengths
