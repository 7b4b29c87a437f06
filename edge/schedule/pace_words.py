"""What is known of the providers' paces, in numbers and in words; for those who may manage the clinic."""

from collections.abc import Iterator
from dataclasses import dataclass

from edge.schedule.ids import ProviderId, ServiceId
from edge.schedule.pace import FASTEST, SLOWEST, USUAL
from edge.schedule.paces import Pace, Paces
from edge.schedule.registry import Provider, Registry

_EVERYTHING = "all services"


@dataclass(frozen=True, slots=True)
class PaceRow:
    """One provider's pace for one service or all: old and new, with the number of visits, and what holds it."""

    provider: str
    service: str
    pace: str
    range: str


def pace_rows(before: Registry, after: Registry, paces: Paces) -> tuple[PaceRow, ...]:
    """Return the numbers of each estimated pace, with what is planned with before and after."""
    return tuple(
        PaceRow(
            after.provider(one.provider).name,
            _service(after, one.service),
            f"{_arrow(_planned(before, one), _planned(after, one))} (n={one.visits})",
            f"{one.low:.0%} to {one.high:.0%}",
        )
        for one in paces
        if any(provider.id == one.provider for provider in after.providers)
    )


def pace_sentences(registry: Registry, paces: Paces) -> tuple[str, ...]:
    """Return each estimated pace in words: how long the provider takes, and from how many visits that is known."""
    known = {provider.id: provider.name for provider in registry.providers}
    return tuple(f"{known[one.provider]} {pace_text(registry, one)}" for one in paces if one.provider in known)


def pace_text(registry: Registry, one: Pace) -> str:
    """Return one estimated pace in words, of the provider: what follows their name."""
    told = _visits(one.visits)
    if not one.counts and one.percent == one.given:
        return f"stays at {one.given}% of a service's length, from {told}."
    if not one.counts:
        clearly = f"not clearly: from {one.low:.0%} to {one.high:.0%}"
        return f"stays at {one.given}% of a service's length. Told by {told}, but {clearly}."
    service = "" if one.service is None else f" for {_service(registry, one.service)}"
    bound = {FASTEST: ", the least that is planned with", SLOWEST: ", the most that is planned with"}
    return f"{_takes(one.percent)}{service}{bound.get(one.percent, '')}, from {told}."


def paces_back(before: Registry, after: Registry) -> tuple[str, ...]:
    """Return in words whose pace is another than before."""
    return tuple(_back(before, after))


def _back(before: Registry, after: Registry) -> Iterator[str]:
    old = {provider.id: provider for provider in before.providers}
    for provider in after.providers:
        was = old.get(provider.id, provider)
        if was.pace != provider.pace:
            yield f"{provider.name}: {provider.pace}% of a service's length instead of {was.pace}%."
        for name in dict.fromkeys(own.service for own in (*was.paces, *provider.paces)):
            if was.pace_for(name) != provider.pace_for(name):
                now, then = provider.pace_for(name), was.pace_for(name)
                yield f"{provider.name}: {now}% for {_service(after, name)} instead of {then}%."


def _planned(registry: Registry, one: Pace) -> int:
    provider = _provider(registry, one.provider)
    if provider is None:
        return USUAL
    return provider.pace if one.service is None else provider.pace_for(one.service)


def _provider(registry: Registry, name: ProviderId) -> Provider | None:
    return next((provider for provider in registry.providers if provider.id == name), None)


def _takes(percent: int) -> str:
    if percent == USUAL:
        return "takes as long as is usual"
    return f"takes {abs(percent - USUAL)}% {'longer' if percent > USUAL else 'less time'}"


def _service(registry: Registry, name: ServiceId | None) -> str:
    return next((service.name for service in registry.services if service.id == name), str(name or _EVERYTHING))


def _visits(number: int) -> str:
    return f"{number} visit{'' if number == 1 else 's'}"


def _arrow(old: int, new: int) -> str:
    return f"{old}%" if old == new else f"{old}% → {new}%"
