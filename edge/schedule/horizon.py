"""The rolling horizon: each night the coming days are made a little better, with as few visits moved as possible.

Who was notified, or begins within the frozen zone, never moves. A visit moves only when that earns points, and only so
many a night; who waits gets a place. The objective is that of replanning with two differences: a shift of somebody
who was not told yet is paid in points instead of counted on the first level, and evenness is counted day by day.
"""

import datetime as dt
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final

from edge.schedule.checker import check, check_replan
from edge.schedule.demand import demands_of
from edge.schedule.domain import FROZEN_MINUTES, Appointment, AppointmentRequest, Plan, Stages, Status, up_to_grid
from edge.schedule.errors import NotAllowed
from edge.schedule.horizon_choice import Bundle, Choice, bundles_of
from edge.schedule.horizon_search import targets
from edge.schedule.horizon_situation import Horizon, HorizonSituation
from edge.schedule.ids import AppointmentId, ServiceId
from edge.schedule.registry import Registry
from edge.schedule.replans import Objective
from edge.schedule.weights import Weights, cost, points

_NIGHT: Final = dt.timedelta(hours=20)
"""Rolls closer than this belong to one night and share its budget."""
_MOST_LEFT: Final = 20


@dataclass(frozen=True, slots=True)
class RollMemory:
    """What rolls of earlier nights did.

    Attributes:
        moved: when each visit was last moved, as the clinic's clock showed it.
        left: fingerprint of the days and of the limits that the latest roll left behind; several where the days were
            rolled in parts, with blanks between them.
    """

    moved: Mapping[AppointmentId, dt.datetime] = field(default_factory=dict)
    left: str = ""


class LeftBecause(StrEnum):
    """Why a better place was not taken."""

    BUDGET = "budget"
    TOO_LITTLE = "too_little"


@dataclass(frozen=True, slots=True)
class RolledMove:
    """A visit that moves, or one that waited and gets a place (`before` is empty).

    Attributes:
        earned: points that would be lost if it were taken back, with the moves that need its former place.
        together: those other moves.
        why: the terms that got better and worse, in words.
    """

    appointment: AppointmentId
    service: ServiceId
    before: Stages
    after: Stages
    earned: float
    together: tuple[AppointmentId, ...]
    why: str

    @property
    def minutes(self) -> int:
        """How far the start moves."""
        return abs(self.after[0].start - self.before[0].start) if self.before else 0


@dataclass(frozen=True, slots=True)
class LeftOnTheTable:
    """Moves that would have made the days better, and why they were not made."""

    appointments: tuple[AppointmentId, ...]
    points: float
    because: LeftBecause


@dataclass(frozen=True, slots=True)
class Nervousness:
    """How much a roll disturbs: visits moved, of those booked in these days, and minutes between their starts."""

    moved: int
    booked: int
    minutes: int

    @property
    def share(self) -> float:
        """Share of the booked visits that move, 0 to 1."""
        return self.moved / self.booked if self.booked else 0.0


@dataclass(frozen=True, slots=True)
class Roll:
    """The answer to one night.

    Attributes:
        before, after: the objective, shifts not counted; `after` is never worse.
        news: whether anything had changed since the latest roll; without, nothing was looked for.
        memory: to be given to the next roll.
    """

    plan: Plan
    moves: tuple[RolledMove, ...]
    placed: tuple[RolledMove, ...]
    waiting: tuple[AppointmentId, ...]
    left: tuple[LeftOnTheTable, ...]
    before: Objective
    after: Objective
    nervousness: Nervousness
    news: bool
    memory: RollMemory


def roll(
    registry: Registry,
    plan: Plan,
    requests: Sequence[AppointmentRequest],
    now: int,
    horizon: Horizon | None = None,
    weights: Weights | None = None,
    memory: RollMemory | None = None,
) -> Roll:
    """Return the coming days after one night's roll.

    Args:
        registry: the clinic.
        plan: the days as they are.
        requests: who asks for a place.
        now: minute of the plan; before the first midnight it is negative.
        horizon: budget, threshold, frozen zone, and how long to search.
        weights: of the second level.
        memory: of earlier nights.

    Raises:
        NotAllowed: the days cannot be carried out as they are; replan first.
    """
    horizon, weights, memory = horizon or Horizon(), weights or registry.weights, memory or RollMemory()
    if broken := check(registry, plan):
        names = " and ".join(broken[0].appointments)
        raise NotAllowed("broken_day", f"{names} breaks {broken[0].rule}; replan the day before it is rolled")
    clock = dt.datetime.combine(plan.date, dt.time()) + dt.timedelta(minutes=now)
    known = {name: at for name, at in memory.moved.items() if at > clock - dt.timedelta(days=horizon.nights)}
    tonight = frozenset(name for name, at in known.items() if clock - at < _NIGHT)
    situation = _situation(registry, plan, requests, now, horizon, tonight)
    news = _fingerprint(registry, plan, requests, horizon, weights) not in memory.left.split()
    single = cost(horizon.threshold, 1)
    prices = {a.id: round(single * horizon.again) if a.id in known else single for a in situation.kept}
    choice, bundles = Choice(situation, weights, prices), []
    before = choice.worth
    if news:
        bundles = _distinct(
            part for target in targets(situation, weights, horizon, prices) for part in bundles_of(situation, target)
        )
        choice.take(bundles, horizon.budget - len(tonight))
        choice.give_back()
    if broken := check_replan(registry, plan, choice.plan, now):
        raise AssertionError(f"the rolled days break {broken[0].rule}")
    changes = [_change(choice, name) for name in choice.changed]
    moves = tuple(change for change in changes if change.before)
    waiting = tuple(request for request in requests if request.id not in choice.plan.appointments)
    left_behind = _fingerprint(registry, choice.plan, waiting, horizon, weights)
    return Roll(
        plan=choice.plan,
        moves=moves,
        placed=tuple(change for change in changes if not change.before),
        waiting=(*(a.id for a in choice.plan.unplaced), *(request.id for request in waiting)),
        left=tuple(
            LeftOnTheTable(
                tuple(bundle),
                points(gain.cost),
                LeftBecause.BUDGET if gain.pays(choice.price(bundle)) else LeftBecause.TOO_LITTLE,
            )
            for bundle, gain in choice.left(bundles)[:_MOST_LEFT]
        ),
        before=before,
        after=choice.worth,
        nervousness=Nervousness(len(moves), len(plan.placed), sum(move.minutes for move in moves)),
        news=news,
        memory=RollMemory({**known, **{move.appointment: clock for move in moves}}, left_behind),
    )


def _situation(
    registry: Registry,
    plan: Plan,
    requests: Sequence[AppointmentRequest],
    now: int,
    horizon: Horizon,
    tonight: frozenset[AppointmentId],
) -> HorizonSituation:
    frozen_until = now + max(FROZEN_MINUTES, horizon.frozen_minutes)
    kept = tuple(
        a for a in plan.placed if a.status is Status.BOOKED and a.start >= frozen_until and a.id not in tonight
    )
    free = {a.id for a in kept}
    return HorizonSituation(
        registry,
        demands_of(registry),
        plan,
        up_to_grid(now),
        pinned=tuple(a for a in plan.placed if a.id not in free),
        kept=kept,
        hit=plan.unplaced,
        requests=tuple(Appointment.of(request) for request in requests),
        urgent=True,
        frozen_until=up_to_grid(frozen_until),
    )


def _distinct(bundles: Iterable[Bundle]) -> list[Bundle]:
    """Return each bundle once, in the order in which they were found."""
    return list({tuple((name, a.stages) for name, a in bundle.items()): bundle for bundle in bundles}.values())


def _change(choice: Choice, name: AppointmentId) -> RolledMove:
    new, old = choice.changed[name], choice.facts.appointments.get(name)
    together = choice.together(name)
    without = choice.without(name)
    return RolledMove(
        name,
        new.service,
        old.stages if old is not None else (),
        new.stages,
        points(without.cost - choice.worth.cost),
        tuple(other for other in together if other != name),
        _why(without, choice.worth),
    )


def _why(without: Objective, now: Objective) -> str:
    """Return what gets better and worse by a change, in words."""
    parts: list[str] = []
    if now.lunches_missed < without.lunches_missed:
        parts.append("leaves time for a lunch")
    if (now.dropped, now.urgent_unplaced) < (without.dropped, without.urgent_unplaced):
        parts.append("somebody who waited has a place")
    saved = {name: without.terms.get(name, 0) - value for name, value in now.terms.items()}
    for words, sign in (("better", 1), ("worse", -1)):
        terms = sorted(((sign * value, name) for name, value in saved.items() if sign * value > 0), reverse=True)
        if terms:
            listed = ", ".join(f"{name.replace('_', ' ')} {points(value):.1f}" for value, name in terms)
            parts.append(f"{words}: {listed}")
    return "; ".join(parts)


def _fingerprint(
    registry: Registry, plan: Plan, requests: Sequence[AppointmentRequest], horizon: Horizon, weights: Weights
) -> str:
    """Return what a roll depends on in short, but for the time it may take."""
    # A set is written in another order by another process: clearances count in their own.
    visits = [(key, replace(a, cleared=frozenset()), sorted(a.cleared)) for key, a in sorted(plan.appointments.items())]
    rules = (horizon.budget, horizon.threshold, horizon.again, horizon.nights, horizon.frozen_minutes)
    waits = sorted(requests, key=lambda request: request.id)
    asks = [(replace(request, cleared=frozenset()), sorted(request.cleared)) for request in waits]
    held = (plan.outages, plan.lent)
    what = (registry.model_dump_json(), plan.date, plan.days, visits, held, asks, rules, weights)
    return hashlib.sha256(repr(what).encode()).hexdigest()
