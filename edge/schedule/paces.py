"""Each provider's own pace, from how long their visits took against those of the others who give the same service.

What was known before is the clinic's file: a pace of 100 %, where it names none. A pace is planned with where it is
known well; all others stay as they are.
"""

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import fmean
from typing import Final

from edge.schedule.domain import GRID_MINUTES
from edge.schedule.estimates import LENGTH_WEIGHT, SIGMA_BEFORE, History, OwnLength, believed
from edge.schedule.ids import ProviderId, ServiceId
from edge.schedule.pace import FASTEST, SLOWEST, USUAL, OwnPace
from edge.schedule.pace_fit import Cell, Known, fit, numbered
from edge.schedule.registry import Provider, Registry

LEAST_VISITS: Final = 20
"""With fewer visits a pace counts only where its range leaves the usual one out."""
_RANGE: Final = 1.96
_LEAST_ATTENDED: Final = 0.5
"""Share of a visit for which the provider has to be there: else its length says more of the rest."""


@dataclass(frozen=True, slots=True)
class Pace:
    """A provider's estimated pace, for one service or, without one, for all others.

    Attributes:
        percent: of a service's length, within the bounds of what is planned with.
        given: what the clinic's file had when it was estimated.
        low, high: hold what the visits say by themselves, with 95 %; as factors of a service's length, without bounds.
        counts: whether it is planned with.
    """

    provider: ProviderId
    service: ServiceId | None
    percent: int
    given: int
    low: float
    high: float
    visits: int
    counts: bool


Paces = tuple[Pace, ...]


def estimate_paces(registry: Registry, history: History) -> Paces:
    """Return the pace of each provider of the clinic whose visits are compared with somebody's.

    Over all services for each; for a single one only where it counts beside that.
    """
    cells = list(_cells(registry, history))
    compared = [one for one in cells if sum(other.service == one.service for other in cells) > 1]
    people, services = numbered([one.provider for one in compared]), numbered([one.service for one in compared])
    found = fit([one.cell(people[one.provider], services[one.service]) for one in compared])
    paces: list[Pace] = []
    for provider in registry.providers:
        if provider.id in people:
            theirs = [
                (one, whole, own)
                for one, whole, own in zip(compared, found.cells, found.own, strict=True)
                if one.provider == provider.id
            ]
            overall = _overall(provider, found.providers[people[provider.id]], [one for one, _, _ in theirs])
            paces.append(overall)
            paces.extend(_singles(provider, overall, theirs))
    return tuple(paces)


def in_force(registry: Registry, paces: Paces) -> Paces:
    """Return the paces that the clinic's file does not contradict: whoever has written another one is believed."""
    providers = {provider.id: provider for provider in registry.providers}
    services = {service.id for service in registry.services}
    return tuple(
        pace
        for pace in paces
        if (who := providers.get(pace.provider)) is not None
        and pace.given == (who.pace if pace.service is None else who.pace_for(pace.service))
        and (pace.service is None or pace.service in services)
    )


def with_paces(registry: Registry, paces: Paces) -> Registry:
    """Return the clinic with the paces that count and that its file does not contradict."""
    counted: dict[ProviderId, list[Pace]] = defaultdict(list)
    for pace in in_force(registry, paces):
        if pace.counts:
            counted[pace.provider].append(pace)
    providers = tuple(_paced(one, counted[one.id]) for one in registry.providers)
    return registry if providers == registry.providers else registry.model_copy(update={"providers": providers})


@dataclass(frozen=True, slots=True)
class _Visits:
    """One provider's visits for one service: logarithms of the minutes, against the pace that the file has."""

    provider: ProviderId
    service: ServiceId
    logs: tuple[float, ...]
    attended: float
    variance: float

    def cell(self, provider: int, service: int) -> Cell:
        """Return them as they are fitted."""
        return Cell(provider, service, len(self.logs), fmean(self.logs), self.variance)


def _cells(registry: Registry, history: History) -> Iterator[_Visits]:
    providers = {provider.id: provider for provider in registry.providers}
    for service in registry.services:
        told: dict[ProviderId, list[OwnLength]] = defaultdict(list)
        for one in history[service.id].own if service.id in history else ():
            if one.with_provider > 0 and one.attended >= _LEAST_ATTENDED * one.planned and believed(one):
                told[one.provider].append(one)
        logs: dict[ProviderId, tuple[float, ...]] = {}
        for who in sorted(told):
            given = providers[who].pace_for(service.id) if who in providers else USUAL
            logs[who] = tuple(math.log(one.with_provider * USUAL / given) for one in told[who])
        variance = _variance(list(logs.values()), _sigma(registry, service.id))
        for who, values in logs.items():
            attended = fmean(one.attended for one in told[who])
            yield _Visits(who, service.id, values, attended, variance)


def _sigma(registry: Registry, name: ServiceId) -> float:
    known = [stage.duration.distribution.sigma for stage in registry.service(name).stages if stage.duration is not None]
    return max(known, default=SIGMA_BEFORE)


def _variance(groups: Sequence[Sequence[float]], sigma: float) -> float:
    """Return the variance of a single logarithm within its group, between what was known before and what is seen."""
    squares = sum((value - fmean(values)) ** 2 for values in groups for value in values)
    free = sum(len(values) - 1 for values in groups)
    return (LENGTH_WEIGHT * sigma**2 + squares) / (LENGTH_WEIGHT + free)


def _overall(provider: Provider, known: Known, theirs: Sequence[_Visits]) -> Pace:
    visits = sum(len(one.logs) for one in theirs)
    longest = max(one.attended for one in theirs)
    pace = _pace(provider, None, provider.pace, known, visits)
    return replace(pace, counts=_known_well(pace, known, longest * provider.pace / USUAL))


def _singles(provider: Provider, overall: Pace, theirs: Sequence[tuple[_Visits, Known, Known]]) -> Iterator[Pace]:
    in_file = {own.service for own in provider.paces}
    for one, whole, own in theirs:
        given = provider.pace_for(one.service)
        pace = _pace(provider, one.service, given, whole, len(one.logs))
        # Beside a pace for all that counts, only what differs from it is news.
        beside = overall.counts and one.service not in in_file
        news, planned = (own, overall.percent) if beside else (whole, given)
        if len(one.logs) >= LEAST_VISITS and abs(news.mean) > _RANGE * news.deviation and pace.percent != planned:
            yield replace(pace, counts=True)


def _pace(provider: Provider, service: ServiceId | None, given: int, known: Known, visits: int) -> Pace:
    factor = given / USUAL * math.exp(known.mean)
    reach = math.exp(_RANGE * known.deviation)
    percent = min(SLOWEST, max(FASTEST, round(USUAL * factor)))
    return Pace(provider.id, service, percent, given, factor / reach, factor * reach, visits, counts=False)


def _known_well(pace: Pace, known: Known, minutes: float) -> bool:
    """Tell whether a pace counts: its range leaves the one before out, or it moves a length by more than a step."""
    if pace.percent == pace.given:
        return False
    if abs(known.mean) > _RANGE * known.deviation:
        return True
    return pace.visits >= LEAST_VISITS and minutes * abs(pace.percent / pace.given - 1) > GRID_MINUTES


def _paced(provider: Provider, counted: Sequence[Pace]) -> Provider:
    everything = next((pace.percent for pace in counted if pace.service is None), provider.pace)
    own: Mapping[ServiceId, int] = {one.service: one.percent for one in provider.paces}
    learnt = {pace.service: pace.percent for pace in counted if pace.service is not None}
    single = tuple(OwnPace(service=name, percent=percent) for name, percent in {**own, **learnt}.items())
    if (everything, single) == (provider.pace, provider.paces):
        return provider
    return provider.model_copy(update={"pace": everything, "paces": single})
