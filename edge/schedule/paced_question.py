"""A wish whose length depends on who serves: one question for each length, and the best of their answers."""

from collections.abc import Iterator, Sequence

from edge.schedule.blockers import Obstacle
from edge.schedule.domain import Appointment, Stages
from edge.schedule.hindrances import Ways
from edge.schedule.ids import ProviderId, RoomId
from edge.schedule.obstacles import Question, Wish


class PacedQuestion:
    """One wish against the visits that stay, with whoever makes it possible or comes nearest to that."""

    def __init__(
        self,
        asked: Wish,
        visit: Appointment,
        others: tuple[Appointment, ...],
        provider: ProviderId | None = None,
        room: RoomId | None = None,
    ) -> None:
        demand = asked.demands[visit.service]
        self._demand, self._start = demand, asked.wished
        able = [way for way in demand.ways if any(provider in need.eligible for need in way.needs)]
        first = {*visit.providers, visit.preferred}
        ways = sorted(able or demand.ways, key=lambda way: not any(first & {*need.eligible} for need in way.needs))
        questions = [Question(asked, visit, others, provider, room, way) for way in ways]
        for one in questions:
            one.siblings = tuple(other for other in questions if other is not one)
        against = [sum(1 for _ in one.untimely()) + len(one.personal()) for one in questions]
        self._all = questions
        # Whoever makes way, a length against which the time or the client speaks helps less than one without that.
        self._near = [one for one, count in zip(questions, against, strict=True) if count == min(against)]

    def stages(self, ways: Ways) -> Stages:
        """Return the visit as these would serve it."""
        return self._demand.stages(self._start, tuple(way.name for way in ways))

    def served(self) -> tuple[str, ...] | None:
        """Return who and what would serve each need, or none where anything is in the way."""
        return next((choice for one in self._all if (choice := one.served()) is not None), None)

    def obstacles(self) -> tuple[Obstacle, ...]:
        """Return the smallest set of reasons; none means that the wish is possible."""
        # Of equally many the fastest tells them: what is too short for everybody is so for whoever is fastest.
        fastest = sorted(self._all, key=lambda one: one.demand.minutes)
        return min((one.obstacles() for one in fastest), key=size)

    def impossible(self) -> Iterator[Obstacle]:
        """Yield what speaks against the wish whoever makes way: its time, or whom and what it asks for."""
        return self._near[0].impossible()

    def personal(self) -> tuple[Obstacle, ...]:
        """Return what of the client's own speaks against the time, whoever serves."""
        return self._near[0].personal()

    def untimely(self) -> Iterator[Obstacle]:
        """Yield what speaks against the time itself, whoever serves."""
        return self._near[0].untimely()

    def cheapest(self, movable: frozenset[object] | None = None) -> Ways | None:
        """Return a way for each need so that the fewest facts are in the way, as `Question.cheapest`."""
        found = [best for one in self._near if (best := one.costed(movable)) is not None]
        return min(found, key=lambda best: best[0])[1] if found else None


def question_of(
    asked: Wish,
    visit: Appointment,
    others: tuple[Appointment, ...],
    provider: ProviderId | None = None,
    room: RoomId | None = None,
) -> Question | PacedQuestion:
    """Return the question that a wish is; one that has several lengths, where they depend on who serves.

    Raises:
        UnknownName: the clinic has no such provider or room.
    """
    kind = PacedQuestion if asked.demands[visit.service].paced else Question
    return kind(asked, visit, others, provider, room)


def size(obstacles: Sequence[Obstacle]) -> tuple[int, int]:
    """Return how many facts are in the way, and in how many reasons they are told."""
    facts = {cause.fact for obstacle in obstacles for cause in obstacle.causes}
    return len(facts) + sum(not obstacle.causes for obstacle in obstacles), len(obstacles)
