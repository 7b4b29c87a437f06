"""Whose turn it is: the stages and pauses of a day in an order that every resource keeps.

A room belongs to one visit from its first to its last minute there, also while the provider is away. Each resource
serves in the order of the plan; of two visits booked on top of each other, the one that was booked first goes first.
"""

import heapq
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from edge.schedule.demand import Calendar, Resource, cells
from edge.schedule.domain import DAY_MINUTES, GRID_MINUTES, Appointment, Plan, ResourceKind, Span, StageAssignment
from edge.schedule.ids import ProviderId
from edge.schedule.lunch import owed_lunches
from edge.schedule.registry import Registry
from edge.schedule.uses import used


@dataclass(frozen=True, slots=True)
class StageTurn:
    """A stage of a visit; `continues` are the kinds of resources it goes on using from the stage before."""

    visit: int
    number: int
    stage: StageAssignment
    continues: frozenset[ResourceKind]

    @property
    def start(self) -> int:
        """Planned minute."""
        return self.stage.start


@dataclass(frozen=True, slots=True)
class PauseTurn:
    """A provider's break or lunch."""

    provider: ProviderId
    span: Span

    @property
    def start(self) -> int:
        """Planned minute."""
        return self.span.start


Turn = StageTurn | PauseTurn


@dataclass(frozen=True, slots=True)
class _Block:
    """Turns that use one resource without a gap."""

    start: int
    rank: int
    turns: tuple[int, ...]


def turns_of(registry: Registry, plan: Plan, visits: Sequence[Appointment]) -> list[Turn]:
    """Return the stages of `visits` and the pauses of the providers, each after all that it has to wait for."""
    turns: list[Turn] = []
    blocks: dict[Resource, list[_Block]] = defaultdict(list)
    after: dict[int, set[int]] = defaultdict(set)
    for rank, visit in enumerate(visits):
        first = len(turns)
        turns.extend(_stages(rank, visit))
        for number in range(first + 1, len(turns)):
            after[number - 1].add(number)
        for resource, numbers in _runs(visit, first):
            blocks[resource].append(_Block(turns[numbers[0]].start, rank, numbers))
    for rank, pause in enumerate(_pauses(registry, plan), len(visits)):
        blocks[ResourceKind.PROVIDER, pause.provider].append(_Block(pause.start, rank, (len(turns),)))
        turns.append(pause)
    for queue in blocks.values():
        queue.sort(key=lambda block: (block.start, block.rank))
        for one, two in pairwise(queue):
            after[one.turns[-1]].add(two.turns[0])
    begun = [visits[turn.visit].start if isinstance(turn, StageTurn) else turn.start for turn in turns]
    return [turns[number] for number in _sorted(turns, begun, after)]


def _sorted(turns: Sequence[Turn], begun: Sequence[int], after: dict[int, set[int]]) -> Iterator[int]:
    """Yield the turns by planned time, each after those it waits for; `begun` is the start of each turn's visit."""
    waits = [0] * len(turns)
    for followers in after.values():
        for number in followers:
            waits[number] += 1
    ready = [(turn.start, number) for number, turn in enumerate(turns) if not waits[number]]
    heapq.heapify(ready)
    open_turns = set(range(len(turns)))
    while open_turns:
        # Visits booked on top of each other can each wait for the other: then the earlier one, or else the one that was
        # booked first, goes on.
        number = heapq.heappop(ready)[1] if ready else min(open_turns, key=lambda turn: (begun[turn], turn))
        if number not in open_turns:
            continue
        open_turns.discard(number)
        yield number
        for later in after[number]:
            waits[later] -= 1
            if not waits[later]:
                heapq.heappush(ready, (turns[later].start, later))


def _stages(rank: int, visit: Appointment) -> Iterator[StageTurn]:
    before: StageAssignment | None = None
    for number, stage in enumerate(visit.stages):
        goes_on = (
            kind
            for kind in ResourceKind
            if before is not None and used(stage, kind) is not None and used(before, kind) == used(stage, kind)
        )
        yield StageTurn(rank, number, stage, frozenset(goes_on))
        before = stage


def _runs(visit: Appointment, first: int) -> Iterator[tuple[Resource, tuple[int, ...]]]:
    for kind in ResourceKind:
        run: list[int] = []
        for number, stage in enumerate(visit.stages):
            name, following = used(stage, kind), visit.stages[number + 1 : number + 2]
            if name is None:
                continue
            run.append(first + number)
            if not following or used(following[0], kind) != name:
                yield (kind, name), tuple(run)
                run = []


def _pauses(registry: Registry, plan: Plan) -> Iterator[PauseTurn]:
    """Yield breaks at their time, and each lunch in the first stretch that the plan leaves for it."""
    for provider in registry.providers:
        for day in range(plan.days):
            midnight = day * DAY_MINUTES
            for pause in provider.breaks:
                yield PauseTurn(provider.id, Span(midnight + pause.start, midnight + pause.end))
    calendar = Calendar.of(registry, plan)
    for lunch in owed_lunches(registry, plan):
        who = ResourceKind.PROVIDER, str(lunch.provider)
        taken = calendar.closed[who] | calendar.busy[who]
        for start in range(lunch.window.start, lunch.window.end - lunch.minutes + 1, GRID_MINUTES):
            span = Span(start, start + lunch.minutes)
            if not taken & cells(span):
                yield PauseTurn(lunch.provider, span)
                break
