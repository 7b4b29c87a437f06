"""What a clinic may expect of its visits: how long, how often longer than booked, how often nobody comes.

Each estimate is what was known before, drawn towards the clinic's own history the more of it there is. Lengths follow
F. Dexter, J. Ledolter, "Bayesian Prediction Bounds and Comparisons of Operating Room Times Even for Procedures with
Few or No Historic Data", Anesthesiology 103 (2005): log-normal, centred at the scheduled length as long as there is no
history, at a weighted combination of both with little, at the history with much of it. No client is known here.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import fmean
from typing import Final

from edge.schedule.domain import GRID_MINUTES, UNKNOWN_SHOW
from edge.schedule.durations import Duration, LogNormal, together
from edge.schedule.ids import ProviderId, ServiceId
from edge.schedule.pace import USUAL
from edge.schedule.registry import Registry
from edge.schedule.services import Service, Stage
from shared.events.catalogue.estimates import ServiceDay

SIGMA_BEFORE: Final = 0.25
"""Spread of the logarithm of a length, where the clinic gives no quantiles. Assumed: about one visit in ten takes a
third longer than the median."""
LENGTH_WEIGHT: Final = 10
"""How many measured visits the length in the clinic's file counts for. Assumed; that a scheduled length is worth a
number of historical ones is measured by Dexter and others, Anesthesia & Analgesia 117 (2013), for operations."""
NO_SHOW_BEFORE: Final = 0.05
"""Share of booked clients who do not come: med-spas in Zenoti, "The 2025 Beauty and Wellness Benchmark Report"."""
NO_SHOW_WEIGHT: Final = 40
"""How many visits that share counts for. Assumed."""
OVERRUN_WEIGHT: Final = 10
"""How many visits count for the share of overruns that the planning quantile itself leaves. Assumed."""

_LEAST_BELIEVED: Final = 1 / 5
_MOST_BELIEVED: Final = 4.0
_WIDEST: Final = 1.0


@dataclass(frozen=True, slots=True)
class OwnLength:
    """Booked and actual minutes of a visit that one provider served, who was booked for `attended` of them."""

    provider: ProviderId
    planned: float
    attended: float
    actual: float

    @property
    def with_provider(self) -> float:
        """Minutes that the provider took, if all the rest took as long as planned."""
        return self.actual - (self.planned - self.attended)

    def at_usual(self, percent: int) -> float:
        """Return how long the visit would have taken with somebody of the usual pace."""
        own = self.with_provider
        return self.actual if own <= 0 or percent == USUAL else self.actual - own + own * USUAL / percent


@dataclass(frozen=True, slots=True)
class ServiceHistory:
    """What is known of one service's past visits.

    Attributes:
        lengths: booked and actual minutes of whole visits of which it is not known that one provider served them.
        own: the same of those of which it is.
        stages: actual minutes by stage, where somebody measured them.
        timed: visits of which it is known whether they took longer than booked; `overruns` of them did.
    """

    lengths: tuple[tuple[float, float], ...] = ()
    stages: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    came: int = 0
    no_shows: int = 0
    timed: int = 0
    overruns: int = 0
    own: tuple[OwnLength, ...] = ()

    def __add__(self, other: "ServiceHistory") -> "ServiceHistory":
        """Return both histories as one."""
        names = dict.fromkeys((*self.stages, *other.stages))
        return ServiceHistory(
            self.lengths + other.lengths,
            {name: (*self.stages.get(name, ()), *other.stages.get(name, ())) for name in names},
            self.came + other.came,
            self.no_shows + other.no_shows,
            self.timed + other.timed,
            self.overruns + other.overruns,
            self.own + other.own,
        )


History = Mapping[ServiceId, ServiceHistory]


@dataclass(frozen=True, slots=True)
class Length:
    """An estimated length of time and how many observations are in it."""

    distribution: LogNormal
    observations: int


@dataclass(frozen=True, slots=True)
class ServiceEstimate:
    """What to expect of a service.

    Attributes:
        length: of a whole visit.
        stages: of single stages, by name, where they were measured.
        left_out: measured visits too far from the booked length to be believed: somebody forgot to press a button.
        no_show: chance that the client does not come, from `visits` of them.
        overrun: chance that a visit takes longer than it is booked for, from `timed` of them.
    """

    length: Length
    no_show: float
    visits: int
    overrun: float
    timed: int
    stages: Mapping[str, Length] = field(default_factory=dict)
    left_out: int = 0


Estimates = Mapping[ServiceId, ServiceEstimate]


def history_of(days: Iterable[Iterable[ServiceDay]]) -> History:
    """Return what closed days add up to."""
    history: dict[ServiceId, ServiceHistory] = {}
    for day in days:
        for part in day:
            known = [one for one in part.lengths if one.provider is not None]
            own = tuple(
                OwnLength(ProviderId(one.provider or ""), one.planned, one.attended or one.planned, one.actual)
                for one in known
            )
            lengths = tuple((float(one.planned), float(one.actual)) for one in part.lengths if one.provider is None)
            seen = ServiceHistory(lengths, {}, part.came, part.no_shows, part.timed, part.overruns, own)
            name = ServiceId(part.service)
            history[name] = history.get(name, ServiceHistory()) + seen
    return history


def estimate(registry: Registry, history: History) -> Estimates:
    """Return what to expect of each service that the clinic has and the history knows.

    What was known before is the clinic's file; estimates made earlier are not, so that nothing counts twice. A length
    is that at the usual pace: what a provider of another pace took is taken as what others would have.
    """
    known = (service for service in registry.services if service.id in history)
    return {service.id: _estimate(registry, service, history[service.id]) for service in known}


def before(registry: Registry, service: Service) -> ServiceEstimate:
    """Return what to expect of a service without any history."""
    return _estimate(registry, service, ServiceHistory())


def drawn(prior: LogNormal, minutes: Sequence[float], weight: float = LENGTH_WEIGHT) -> LogNormal:
    """Return a length between what was known before and what was measured.

    The logarithms' mean and variance are each the average of both, weighed by the observations (for the variance, by
    its degrees of freedom) on one side and by `weight` on the other.
    """
    if not minutes:
        return prior
    logs = [math.log(value) for value in minutes]
    mean, count = fmean(logs), len(logs)
    middle = (weight * math.log(prior.median) + count * mean) / (weight + count)
    variance = (weight * prior.sigma**2 + sum((value - mean) ** 2 for value in logs)) / (weight + count - 1)
    return LogNormal(math.exp(middle), math.sqrt(variance))


def share(prior: float, weight: float, hits: int, count: int) -> float:
    """Return a probability between what was known before and `hits` of `count`: the mean of a beta distribution."""
    return (prior * weight + hits) / (weight + count)


def show_of(estimates: Estimates, service: ServiceId) -> float:
    """Return the chance that a client comes to a service, for one of whom nothing else is known.

    Where no visit of the service has been counted, it stays unknown: the clinic's usual figure is not its own history.
    """
    known = estimates.get(service)
    return 1 - known.no_show if known is not None and known.visits else UNKNOWN_SHOW


def calibrated(registry: Registry, estimates: Estimates) -> Registry:
    """Return the clinic with the lengths that its estimates give, to plan new visits with.

    A visit is planned with the clinic's planning quantile of its estimated length, up to the grid; its stages share
    that as the measured ones, otherwise those of the file, do. Services without a measured length stay as they are.
    """
    services = tuple(
        _calibrated(service, estimates[service.id], registry.planning_quantile)
        if service.id in estimates and _measured(estimates[service.id])
        else service
        for service in registry.services
    )
    return registry if services == registry.services else registry.model_copy(update={"services": services})


def _measured(expected: ServiceEstimate) -> bool:
    return bool(expected.length.observations or expected.stages)


def _estimate(registry: Registry, service: Service, history: ServiceHistory) -> ServiceEstimate:
    quantile = registry.planning_quantile
    paces = {provider.id: provider.pace_for(service.id) for provider in registry.providers}
    whole = [actual for planned, actual in history.lengths if _believed(planned, actual)]
    whole.extend(one.at_usual(paces.get(one.provider, USUAL)) for one in history.own if believed(one))
    doubted = [(planned, actual) for planned, actual in history.lengths if not _believed(planned, actual)]
    doubted.extend((one.planned, one.actual) for one in history.own if not believed(one))
    timed = history.timed - len(doubted)
    overruns = history.overruns - sum(actual > planned for planned, actual in doubted)
    stages: dict[str, Length] = {}
    left_out = len(doubted)
    for stage in service.stages:
        taken = history.stages.get(stage.name, ())
        minutes = [value for value in taken if _believed(stage.minutes, value)]
        left_out += len(taken) - len(minutes)
        if minutes:
            stages[stage.name] = Length(drawn(_stage_before(stage, quantile), minutes), len(minutes))
    prior = together([_stage_before(stage, quantile) for stage in service.stages])
    visits = history.came + history.no_shows
    return ServiceEstimate(
        # The file's length is its planning quantile, whatever the stages' rounding made of it.
        length=Length(drawn(prior.with_quantile(quantile, service.minutes), whole), len(whole)),
        no_show=share(NO_SHOW_BEFORE, NO_SHOW_WEIGHT, history.no_shows, visits),
        visits=visits,
        overrun=share(1 - quantile, OVERRUN_WEIGHT, overruns, timed),
        timed=timed,
        stages=stages,
        left_out=left_out,
    )


def believed(one: OwnLength) -> bool:
    """Tell whether a length is near enough to the booked one: else somebody forgot to press a button."""
    return _believed(one.planned, one.actual)


def _believed(planned: float, actual: float) -> bool:
    return _LEAST_BELIEVED <= actual / planned <= _MOST_BELIEVED


def _stage_before(stage: Stage, quantile: float) -> LogNormal:
    sigma = stage.duration.distribution.sigma if stage.duration is not None else SIGMA_BEFORE
    return LogNormal(1, sigma).with_quantile(quantile, stage.minutes)


def _calibrated(service: Service, expected: ServiceEstimate, quantile: float) -> Service:
    whole = expected.length.distribution
    known = {name: length.distribution for name, length in expected.stages.items()}
    parts = [
        known[stage.name].quantile(quantile) if stage.name in known else float(stage.minutes)
        for stage in service.stages
    ]
    if not expected.length.observations:
        whole = LogNormal(1, whole.sigma).with_quantile(quantile, sum(parts))
    cells = _divided(whole.planned(quantile) // GRID_MINUTES, parts)
    stages: list[Stage] = []
    for stage, count in zip(service.stages, cells, strict=True):
        sigma = min(_WIDEST, known.get(stage.name, whole).sigma)
        length = LogNormal(1, sigma).with_quantile(quantile, count * GRID_MINUTES)
        # Quantiles that planned with give these minutes again: a registry written to a file stays the same clinic.
        update = {"minutes": count * GRID_MINUTES, "duration": Duration.of(length)}
        stages.append(stage.model_copy(update=update))
    return service.model_copy(update={"stages": tuple(stages)})


def _divided(cells: int, parts: Sequence[float]) -> list[int]:
    """Divide cells in proportion to parts: each gets one, the rest go one by one to whoever is owed most."""
    total = sum(parts)
    given = [1] * len(parts)
    for _ in range(cells - len(parts)):
        owed = [cells * part / total - has for part, has in zip(parts, given, strict=True)]
        given[owed.index(max(owed))] += 1
    return given
