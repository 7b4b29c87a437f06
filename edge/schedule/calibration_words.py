"""What a calibration changes, in numbers and in words."""

from dataclasses import dataclass

from edge.schedule.estimates import Estimates, before, calibrated
from edge.schedule.registry import Registry


@dataclass(frozen=True, slots=True)
class Change:
    """What changes for one service: old and new, with the number of observations."""

    name: str
    minutes: str
    no_show: str
    overrun: str
    sentences: tuple[str, ...]


def changes(registry: Registry, old: Estimates, new: Estimates) -> tuple[Change, ...]:
    """Return what changes for each service that has estimates, old or new, in the order of the clinic's file."""
    return tuple(
        _change(registry, number, old, new)
        for number, service in enumerate(registry.services)
        if service.id in old or service.id in new
    )


def _change(registry: Registry, number: int, old: Estimates, new: Estimates) -> Change:
    service, quantile = registry.services[number], registry.planning_quantile
    prior = before(registry, service)
    then, now = old.get(service.id, prior), new.get(service.id, prior)
    earlier = calibrated(registry, old).services[number]
    later = calibrated(registry, new).services[number]
    length, count = now.length.distribution, now.length.observations
    sentences: list[str] = []
    if later.minutes != earlier.minutes:
        sentences.append(
            f"{service.name}: new visits get {later.minutes} minutes instead of {earlier.minutes}. {quantile:.0%} of"
            f" them should take at most {length.quantile(quantile):.0f} minutes, half at most {length.median:.0f}, by"
            f" {count} measured visits and what was known before."
        )
    else:
        sentences.append(f"{service.name}: new visits get {later.minutes} minutes, as before.")
    divided = [(stage.name, stage.minutes) for stage in later.stages]
    if len(divided) > 1 and divided != [(stage.name, stage.minutes) for stage in earlier.stages]:
        sentences.append(f"  Its stages: {', '.join(f'{name} {minutes}' for name, minutes in divided)}.")
    if now.left_out:
        sentences.append(f"  Left out, being too far from what was booked: {now.left_out} of the measured lengths.")
    return Change(
        service.name,
        f"{_arrow(str(earlier.minutes), str(later.minutes))} (n={count})",
        f"{_arrow(f'{then.no_show:.1%}', f'{now.no_show:.1%}')} (n={now.visits})",
        f"{_arrow(f'{then.overrun:.0%}', f'{now.overrun:.0%}')} (n={now.timed})",
        tuple(sentences),
    )


def _arrow(old: str, new: str) -> str:
    return old if old == new else f"{old} → {new}"
