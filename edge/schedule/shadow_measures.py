"""Two versions of one day, measured alike: nothing here knows which of them was planned by whom."""

from collections.abc import Mapping
from dataclasses import dataclass

from edge.schedule.domain import DAY_MINUTES, Appointment, Plan, ResourceKind, Span
from edge.schedule.ids import AppointmentId
from edge.schedule.lunch import owed_lunches, unmet_lunches
from edge.schedule.objective import is_moved
from edge.schedule.registry import Provider, Registry


@dataclass(frozen=True, slots=True)
class Measures:
    """One version of a day.

    Attributes:
        served: visits that had a place and took it.
        fill_rate: share of the providers' time on shift, without breaks, lunches and absences, spent with clients.
        idle_minutes: the rest of that time.
        overtime_minutes: from the end of each shift to the provider's last stage.
        spill_over: visits wanted that day, not cancelled and not missed, without a place.
        lunches_missed: providers whom the day left no time for a lunch.
        revenue: what the visits served bring, in the clinic's currency.
        moved: clients with another start, provider or room than in the morning; None where that is not known.
        notified: those of them who had to be told, because start or provider changed.
    """

    served: int
    fill_rate: float
    idle_minutes: int
    overtime_minutes: int
    spill_over: int
    lunches_missed: int
    revenue: float
    moved: int | None
    notified: int | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """Both versions, and how often people decided otherwise.

    Attributes:
        ours: the product's.
        theirs: people's.
        decisions: visits about which something had to be decided: all that were wanted, or, where the morning is known,
            those that either side moved, placed, or left out since.
        overrides: those of them with another start, provider or room, or with a place on one side only.
    """

    ours: Measures
    theirs: Measures
    decisions: tuple[AppointmentId, ...]
    overrides: tuple[AppointmentId, ...]

    @property
    def override_frequency(self) -> float:
        """Share of the decisions in which people did otherwise; 0 where nothing was to be decided."""
        return len(self.overrides) / len(self.decisions) if self.decisions else 0.0


def compare(
    registry: Registry,
    began: Plan,
    ours: Plan,
    morning: Plan | None,
    theirs: Plan,
    wanted: frozenset[AppointmentId],
) -> Comparison:
    """Return both versions of a day side by side.

    Args:
        registry: the clinic.
        began: the product's day in the morning, `ours` in the evening.
        ours: see `began`.
        morning: people's day in the morning, if it is known; `theirs` in the evening.
        theirs: see `morning`.
        wanted: every visit that somebody wanted.
    """
    gone = {key for key, visit in theirs.appointments.items() if not visit.status.active}
    there = wanted - gone
    decisions = sorted(key for key in there if morning is None or _decided(key, morning, ours, theirs))
    overrides = [key for key in decisions if _differs(ours.appointments.get(key), theirs.appointments.get(key))]
    return Comparison(
        measure(registry, ours, began, there),
        measure(registry, theirs, morning, there),
        tuple(decisions),
        tuple(overrides),
    )


def measure(registry: Registry, plan: Plan, before: Plan | None, wanted: frozenset[AppointmentId]) -> Measures:
    """Return the measures of one version; `before` is the same version in the morning."""
    placed = {visit.id: visit for visit in plan.placed}
    missed = unmet_lunches(registry, plan)
    eaten = [lunch for lunch in owed_lunches(registry, plan) if lunch not in missed]
    working = on_shift = overtime = 0
    for provider in registry.providers:
        spans = [stage.span for visit in placed.values() for stage in visit.stages if stage.provider == provider.id]
        busy, present = _mask(spans), _present(provider, plan)
        working += (busy & present).bit_count()
        on_shift += present.bit_count() - sum(lunch.minutes for lunch in eaten if lunch.provider == provider.id)
        overtime += _overtime(provider, spans, plan.days)
    changed = None if before is None else _changed(before.appointments, placed)
    return Measures(
        served=len(placed),
        fill_rate=working / on_shift if on_shift else 0.0,
        idle_minutes=max(0, on_shift - working),
        overtime_minutes=overtime,
        spill_over=len([key for key in wanted if key not in placed]),
        lunches_missed=len(missed),
        revenue=sum(registry.service(visit.service).price for visit in placed.values()),
        moved=None if changed is None else len(changed),
        notified=None if changed is None else sum(_is_told(old, new) for old, new in changed),
    )


def _changed(
    before: Mapping[AppointmentId, Appointment], placed: Mapping[AppointmentId, Appointment]
) -> list[tuple[Appointment, Appointment]]:
    return [
        (old, placed[key]) for key, old in before.items() if old.placed and key in placed and is_moved(old, placed[key])
    ]


def _is_told(old: Appointment, new: Appointment) -> bool:
    return (old.start, old.providers) != (new.start, new.providers)


def _decided(key: AppointmentId, morning: Plan, ours: Plan, theirs: Plan) -> bool:
    """Tell whether either side changed anything about a visit since people's morning."""
    first = morning.appointments.get(key)
    return _differs(first, ours.appointments.get(key)) or _differs(first, theirs.appointments.get(key))


def _differs(one: Appointment | None, other: Appointment | None) -> bool:
    here, there = one is not None and one.placed, other is not None and other.placed
    if here != there:
        return True
    return one is not None and other is not None and here and _place(one) != _place(other)


def _place(visit: Appointment) -> tuple[int, tuple[tuple[str | None, str], ...]]:
    """Return what people decide about a visit: its start, and who and where at each stage; not how long it took."""
    return visit.start, tuple((stage.provider, stage.room) for stage in visit.stages)


def _mask(spans: list[Span]) -> int:
    bits = 0
    for span in spans:
        bits |= ((1 << max(0, span.end - span.start)) - 1) << max(0, span.start)
    return bits


def _present(provider: Provider, plan: Plan) -> int:
    """Return the minutes in which a provider can be with clients, as bits."""
    if provider.away:
        return 0
    present = away = 0
    for day in range(plan.days):
        midnight = day * DAY_MINUTES
        present |= _mask([Span(midnight + provider.shift.start, midnight + provider.shift.end)])
        away |= _mask([Span(midnight + pause.start, midnight + pause.end) for pause in provider.breaks])
    mine = (ResourceKind.PROVIDER, provider.id)
    away |= _mask([outage.span for outage in plan.outages if (outage.kind, outage.resource) == mine])
    return present & ~away


def _overtime(provider: Provider, spans: list[Span], days: int) -> int:
    total = 0
    for day in range(days):
        midnight = day * DAY_MINUTES
        ends = [span.end for span in spans if midnight <= span.start < midnight + DAY_MINUTES]
        total += max(0, max(ends, default=0) - midnight - provider.shift.end) if ends else 0
    return total
