"""A visit that a person puts somewhere: where exactly that is, and the day that the rest is planned around it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from edge.schedule.adjacency import Beside
from edge.schedule.domain import DAY_MINUTES, FROZEN_MINUTES, GRID_MINUTES, Appointment, MoveWanted, Span, clock_text
from edge.schedule.errors import NotAllowed, UnknownName
from edge.schedule.ids import AppointmentId, ProviderId, RoomId
from edge.schedule.insertion import Situation, survey
from edge.schedule.obstacles import Wish
from edge.schedule.paced_question import question_of


@dataclass(frozen=True, slots=True)
class Pin:
    """Where a visit is wanted; what is empty is left to the plan, and the start then stays what it is."""

    appointment: AppointmentId
    start: int | None = None
    provider: ProviderId | None = None
    room: RoomId | None = None

    @classmethod
    def of(cls, wanted: MoveWanted) -> "Pin":
        """Return the pin that a wish is."""
        return cls(wanted.appointment, wanted.start, wanted.provider, wanted.room)


class PinRefused(NotAllowed):
    """A visit cannot be where somebody put it; the sentence holds the smallest set of reasons."""


def pinned(situation: Situation, pin: Pin) -> Appointment:
    """Return the visit where a person wants it, at the cost of as few others as possible.

    Raises:
        UnknownName: neither the day nor the disruption has such a visit, or the clinic no such provider or room.
        PinRefused: no move of others can make room for it.
        NotAllowed: the visit is past moving, or the start is not on the grid of a day of the plan.
    """
    visit = _movable(situation, pin)
    if pin.start is None and not visit.placed:
        raise NotAllowed("no_time", "this visit has no time yet; say when it is to start")
    start = visit.start if pin.start is None else pin.start
    asked = _asked(situation, visit, start)
    _refuse_double(situation, visit, Span(start, start + situation.demands[visit.service].shortest))
    question = question_of(asked, visit, (*asked.pinned, *asked.kept), pin.provider, pin.room)
    if not any(question.impossible()):
        # First with nobody displaced, then at the cost of those who can be planned anew.
        for movable in (frozenset[object](), frozenset[object](other.id for other in asked.kept)):
            ways = question.cheapest(movable)
            if ways is not None:
                return replace(visit, stages=question.stages(ways))
    obstacles = question_of(asked, visit, asked.pinned, pin.provider, pin.room).obstacles()
    raise PinRefused("cannot_be_there", " ".join(obstacle.sentence for obstacle in obstacles))


def around(situation: Situation, pins: Iterable[Pin]) -> Situation:
    """Return the situation in which these visits are where people want them, and the others are planned around them.

    Raises:
        UnknownName, PinRefused, NotAllowed: as `pinned`.
    """
    there: dict[AppointmentId, Appointment] = {}
    solved = situation
    for pin in pins:
        there[pin.appointment] = pinned(solved, pin)
        solved = _held(situation, there)
    return solved


def _held(situation: Situation, there: Mapping[AppointmentId, Appointment]) -> Situation:
    facts = situation.facts.with_appointments(*there.values())
    requests = tuple(request for request in situation.requests if request.id not in there)
    held = frozenset({*there, *(near.anchor for near in situation.beside.values())})
    new = survey(situation.registry, facts, situation.now, requests, situation.urgent, held)
    beside = {
        name: Beside.of(facts, facts.appointments[near.anchor])
        for name, near in situation.beside.items()
        if name not in there
    }
    return replace(new, beside=beside)


def _movable(situation: Situation, pin: Pin) -> Appointment:
    visit = next((request for request in situation.requests if request.id == pin.appointment), None)
    visit = visit or situation.facts.appointments.get(pin.appointment)
    if visit is None:
        raise UnknownName("unknown_appointment", f"the day has no appointment {pin.appointment!r}; reload it")
    if visit.status.begun or not visit.status.active:
        raise NotAllowed("cannot_move", f"a visit that is {visit.status} gets no other place; reload the day")
    if any(other.id == visit.id for other in situation.pinned):
        raise PinRefused(
            "frozen", f"The visit at {clock_text(visit.start)} begins within {FROZEN_MINUTES} minutes and stays."
        )
    return visit


def _asked(situation: Situation, visit: Appointment, start: int) -> Wish:
    end = start + situation.demands[visit.service].shortest
    if start % GRID_MINUTES:
        raise NotAllowed("off_grid", f"visits start every {GRID_MINUTES} minutes; ask for a time such as 09:05")
    if not 0 <= start < end <= min(start // DAY_MINUTES + 1, situation.facts.days) * DAY_MINUTES:
        raise NotAllowed("outside_the_day", "a visit lies within one day of the plan; ask for another time")
    pinned_, kept = (
        tuple(other for other in some if other.id != visit.id) for some in (situation.pinned, situation.kept)
    )
    return Wish(situation.registry, situation.demands, situation.facts, situation.now, pinned_, kept, (), wished=start)


def _refuse_double(situation: Situation, visit: Appointment, span: Span) -> None:
    for other in situation.facts.placed:
        mine = other.client == visit.client and other.id != visit.id
        if mine and span.overlaps(Span(other.start, other.end)) and visit.id in situation.beside:
            name = situation.registry.service(other.service).name
            until = clock_text(other.end)
            raise PinRefused("with_client", f"The same client has {name} from {clock_text(other.start)} to {until}.")
