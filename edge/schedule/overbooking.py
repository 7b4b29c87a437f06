"""Booking a waiting client on top of one who probably will not come: who is tried, over whom, and what is accepted.

Money decides only who is tried first; what is accepted keeps under the ceilings of `overbooking_policy`.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from edge.schedule.booking import next_slots
from edge.schedule.demand import Calendar, demands_of
from edge.schedule.domain import Appointment, AppointmentRequest, Plan, Stages, Status, clock_text, up_to_grid
from edge.schedule.ids import AppointmentId, ProviderId
from edge.schedule.insertion import Situation, slots
from edge.schedule.lunch import missed_lunches
from edge.schedule.overbooking_policy import Effect, OverbookingPolicy, Why
from edge.schedule.registry import Registry
from edge.schedule.simulator.behaviour import Behaviour
from edge.schedule.simulator.run import simulate


@dataclass(frozen=True, slots=True)
class Proposal:
    """A request to be booked on top of a visit.

    Attributes:
        over: the visit whose client probably does not come.
        show: the chance that this client comes all the same.
        served: more clients treated that day, expected; `revenue` likewise, in the clinic's currency.
        before: the day with the proposals accepted earlier; `after` with this one, too.
    """

    request: AppointmentId
    over: AppointmentId
    show: float
    stages: Stages
    served: float
    revenue: float
    before: Effect
    after: Effect


@dataclass(frozen=True, slots=True)
class Refusal:
    """A request that is not double-booked, and why; `sentence` names no client."""

    request: AppointmentId
    why: Why
    sentence: str


@dataclass(frozen=True, slots=True)
class Overbooking:
    """The answer for a day: what to book on top, what not, and why it went no further."""

    proposals: tuple[Proposal, ...]
    refusals: tuple[Refusal, ...]
    before: Effect
    after: Effect
    plan: Plan
    stopped: str


@dataclass(frozen=True, slots=True)
class _Match:
    request: AppointmentRequest
    over: Appointment
    stages: Stages
    worth: float

    @property
    def visit(self) -> Appointment:
        return Appointment.of(self.request, self.stages)


@dataclass(slots=True)
class _Search:
    registry: Registry
    policy: OverbookingPolicy
    behaviour: Behaviour
    seed: int
    now: int
    plan: Plan
    effect: Effect
    proposals: list[Proposal] = field(default_factory=list)
    refused: dict[AppointmentId, Refusal] = field(default_factory=dict)
    doubled: Counter[ProviderId] = field(default_factory=Counter)
    tries: int = 0


def propose(
    registry: Registry,
    plan: Plan,
    waiting: Sequence[AppointmentRequest],
    policy: OverbookingPolicy,
    behaviour: Behaviour | None = None,
    seed: int = 1,
    now: int = 0,
) -> Overbooking:
    """Return which waiting requests to book on top of likely no-shows, one accepted after another.

    A request is tried where it would fit if one unlikely visit were not there; so nothing that a certain visit uses is
    ever booked twice. It is accepted when the simulated day with it stays under every ceiling; both days are drawn with
    the same random numbers.

    Args:
        registry: the clinic.
        plan: the day as booked.
        waiting: who asks and has no place.
        policy: what the clinic allows.
        behaviour: how clients and treatments behave.
        seed: of the draws.
        now: minute of the question; nothing is booked within half an hour of it.
    """
    behaviour = behaviour or Behaviour()
    before = Effect.of(simulate(registry, plan, behaviour, seed, policy.draws))
    search = _Search(registry, policy, behaviour, seed, now, plan, before)
    if not policy.enabled:
        for request in waiting:
            _refuse(search, request, Why.OFF, "Double booking is switched off.")
        return _answer(search, before, "Double booking is switched off.")
    if (broken := before.broken(policy)) is not None:
        for request in waiting:
            _refuse(search, request, broken.why, broken.sentence)
        return _answer(search, before, f"The day is past a ceiling already. {broken.sentence}")
    for match in sorted(_matches(search, waiting), key=lambda m: (-m.worth, m.request.id, m.over.id)):
        _try(search, match)
    return _answer(search, before, _stopped(search, waiting))


def _matches(search: _Search, waiting: Sequence[AppointmentRequest]) -> Iterator[_Match]:
    unlikely = [visit for visit in search.plan.placed if _is_unlikely(visit, search)]
    for request in waiting:
        if offers := next_slots(search.registry, search.plan, request, search.now, count=1):
            at = clock_text(offers[0].start)
            _refuse(search, request, Why.FREE_PLACE, f"{at} is free; book it there, on top of nobody.")
            continue
        found = [match for visit in unlikely if (match := _match(search, request, visit)) is not None]
        if not found:
            _refuse(search, request, Why.NO_MATCH, "It fits into the place of no client who probably stays away.")
        yield from found


def _is_unlikely(visit: Appointment, search: _Search) -> bool:
    waited_for = visit.status in (Status.BOOKED, Status.CONFIRMED)
    return waited_for and visit.show <= search.policy.likely_show and visit.start > search.now


def _match(search: _Search, request: AppointmentRequest, over: Appointment) -> _Match | None:
    """Return the best place of a request within the time of a visit, as if that visit were not there."""
    demands = demands_of(search.registry)
    without = search.plan.with_appointments(replace(over, stages=()))
    situation = Situation(search.registry, demands, without, up_to_grid(search.now), (), (), ())
    asks, missed = Appointment.of(request), missed_lunches(search.registry, search.plan)
    for slot in sorted(slots(situation, asks, Calendar.of(search.registry, without), without)):
        if not over.start <= slot.start < over.end:
            continue
        stages = demands[request.service].stages(slot.start, slot.choice)
        if missed_lunches(search.registry, without.with_appointments(replace(asks, stages=stages))) > missed:
            continue
        price = search.registry.service(request.service).price
        return _Match(request, over, stages, (1 + price) * request.show * (1 - over.show))
    return None


def _try(search: _Search, match: _Match) -> None:
    policy, request = search.policy, match.request
    if any(match.over.id == given.over or request.id == given.request for given in search.proposals):
        return
    # The place was found before others were accepted: it may be taken by one of them.
    again = _match(search, request, match.over)
    if again is None:
        _refuse(search, request, Why.NO_MATCH, "Its place went to another request.")
        return
    full = [name for name in again.visit.providers if search.doubled[name] >= policy.per_provider]
    if full:
        name = search.registry.provider(full[0]).name
        sentence = f"{name} has {policy.per_provider} double bookings already, the most that are allowed."
        _refuse(search, request, Why.PROVIDER_FULL, sentence)
    elif search.tries >= policy.tries:
        _refuse(search, request, Why.TRIES, f"{policy.tries} days were simulated, the most that are allowed.")
    else:
        search.tries += 1
        _judge(search, again)


def _judge(search: _Search, match: _Match) -> None:
    """Simulate the day with one more double booking, and accept or refuse it."""
    policy = search.policy
    planned = search.plan.with_appointments(match.visit)
    after = Effect.of(simulate(search.registry, planned, search.behaviour, search.seed, policy.draws))
    gain = after.served.mean - search.effect.served.mean
    if (broken := after.broken(policy)) is not None:
        _refuse(search, match.request, broken.why, broken.sentence)
    elif gain < policy.least_gain:
        sentence = f"Only {gain:.2f} clients more would be treated; {policy.least_gain:g} are asked for."
        _refuse(search, match.request, Why.NO_GAIN, sentence)
    else:
        _accept(search, match, planned, after)


def _accept(search: _Search, match: _Match, planned: Plan, after: Effect) -> None:
    before = search.effect
    search.proposals.append(
        Proposal(
            request=match.request.id,
            over=match.over.id,
            show=match.over.show,
            stages=match.stages,
            served=after.served.mean - before.served.mean,
            revenue=after.revenue.mean - before.revenue.mean,
            before=before,
            after=after,
        )
    )
    search.plan, search.effect = planned, after
    search.doubled.update(match.visit.providers)
    search.refused.pop(match.request.id, None)


def _refuse(search: _Search, request: AppointmentRequest, why: Why, sentence: str) -> None:
    # What stood against its best place is what people want to know.
    search.refused.setdefault(request.id, Refusal(request.id, why, sentence))


def _stopped(search: _Search, waiting: Sequence[AppointmentRequest]) -> str:
    if not waiting:
        return "Nobody waits for a place."
    ceilings = (Why.WAIT, Why.OVERTIME, Why.TURNED_AWAY, Why.PROVIDER_FULL, Why.TRIES)
    limited = [refusal for refusal in search.refused.values() if refusal.why in ceilings]
    if limited:
        return limited[-1].sentence
    if search.refused:
        return "No other request fits into the place of a client who probably stays away."
    return "Every request has a place."


def _answer(search: _Search, before: Effect, stopped: str) -> Overbooking:
    refusals = tuple(search.refused.values())
    return Overbooking(tuple(search.proposals), refusals, before, search.effect, search.plan, stopped)
