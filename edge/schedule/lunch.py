"""The providers' lunches: a stretch somewhere in a window that no visit may take, wherever the plan leaves it."""

from collections.abc import Iterator
from dataclasses import dataclass

from edge.schedule.demand import Calendar, cells
from edge.schedule.domain import DAY_MINUTES, Plan, ResourceKind, Span
from edge.schedule.ids import ProviderId
from edge.schedule.occupation import has_run
from edge.schedule.registry import Registry


@dataclass(frozen=True, slots=True)
class OwedLunch:
    """A lunch on one day of the plan, in minutes of the plan."""

    provider: ProviderId
    window: Span
    minutes: int


def owed_lunches(registry: Registry, plan: Plan) -> Iterator[OwedLunch]:
    """Yield the lunches that the plan must leave time for.

    Who is away anyhow for long enough within the window (off shift, in a break, out) is owed none.
    """
    hungry = [(provider, provider.lunch) for provider in registry.providers if provider.lunch is not None]
    if not hungry:
        return
    calendar = Calendar(registry, plan.outages, plan.days)
    for provider, lunch in hungry:
        for day in range(plan.days):
            midnight = day * DAY_MINUTES
            window = Span(midnight + lunch.start, midnight + lunch.end)
            away = calendar.closed[ResourceKind.PROVIDER, provider.id] & cells(window)
            if not has_run(away, lunch.minutes):
                yield OwedLunch(provider.id, window, lunch.minutes)


def missed_lunches(registry: Registry, plan: Plan) -> int:
    """Return how many owed lunches the visits of a plan leave no time for."""
    return len(unmet_lunches(registry, plan))


def unmet_lunches(registry: Registry, plan: Plan) -> list[OwedLunch]:
    """Return the owed lunches that the visits of a plan leave no time for."""
    owed = list(owed_lunches(registry, plan))
    if not owed:
        return []
    calendar = Calendar.of(registry, plan)
    unmet: list[OwedLunch] = []
    for lunch in owed:
        who = ResourceKind.PROVIDER, str(lunch.provider)
        free = cells(lunch.window) & ~calendar.closed[who] & ~calendar.busy[who]
        if not has_run(free, lunch.minutes):
            unmet.append(lunch)
    return unmet
