"""A day in plain Python: who is where, which cells each resource is taken in, and what it all counts."""

from collections.abc import Iterator
from dataclasses import dataclass

from edge.schedule.engine.problem import Alternative, Place, Problem, Template, Worth


@dataclass(frozen=True, slots=True)
class Use:
    """A stretch of a resource: from `start` to `end`, with its rest to `rested`."""

    resource: int
    start: int
    end: int
    rested: int
    counts: bool

    @property
    def cells(self) -> int:
        """Bits of the use and its rest."""
        return (1 << self.rested) - (1 << self.start)


class Day:
    """Who is where, and which cells each resource is taken in."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.alternatives = [shape.alternatives for shape in problem.shapes]
        self.after = [-1] * len(problem.visits)
        for number, visit in enumerate(problem.visits):
            if visit.before >= 0:
                self.after[visit.before] = number
        self.places: list[Place | None] = [None] * len(problem.visits)
        self.busy = [resource.occupied for resource in problem.resources]
        self.worked = list(self.busy)
        self.begun = [resource.begun for resource in problem.resources]

    def copy(self) -> "Day":
        """Return the same day, to be changed apart."""
        other = Day(self.problem)
        other.places, other.busy = list(self.places), list(self.busy)
        other.worked, other.begun = list(self.worked), list(self.begun)
        return other

    def template(self, visit: int, place: Place) -> Template:
        """Return what a place looks like."""
        return self.problem.shapes[self.problem.visits[visit].shape].templates[place.template]

    def end(self, visit: int) -> int:
        """Return the cell after a placed visit's last."""
        place = self.where(visit)
        return place.start + self.template(visit, place).length

    def where(self, visit: int) -> Place:
        """Return the place of a visit that has one."""
        place = self.places[visit]
        if place is None:
            raise ValueError("this visit is out")
        return place

    def uses(self, visit: int, place: Place) -> Iterator[Use]:
        """Yield what a visit takes in a place."""
        alternatives = self.alternatives[self.problem.visits[visit].shape]
        for number in place.choice:
            yield from self.uses_of(alternatives[number], place.start)

    def uses_of(self, alternative: Alternative, start: int) -> Iterator[Use]:
        """Yield what an alternative takes from a start on."""
        for part in alternative.parts:
            begin = start + part.offset
            end = begin + part.length
            yield Use(part.resource, begin, end, min(self.problem.cells, end + part.rest), part.counts)

    def place(self, visit: int, place: Place) -> None:
        """Put a visit that is out into a place."""
        self.places[visit] = place
        for use in self.uses(visit, place):
            self.busy[use.resource] |= use.cells
            if use.counts:
                self.worked[use.resource] |= use.cells
                self.begun[use.resource] |= 1 << use.start

    def remove(self, visit: int) -> None:
        """Take a visit out."""
        place = self.where(visit)
        for use in self.uses(visit, place):
            self.busy[use.resource] &= ~use.cells
            if use.counts:
                self.worked[use.resource] &= ~use.cells
                self.begun[use.resource] &= ~(1 << use.start)
        self.places[visit] = None

    def free_starts(self, alternative: Alternative) -> int:
        """Return the starts at which an alternative is free, as bits; only a rest may run into closed time."""
        blocked = 0
        for part in alternative.parts:
            closed = spread(self.problem.resources[part.resource].closed, part.length)
            taken = spread(self.busy[part.resource], part.length + part.rest)
            blocked |= (closed | taken) >> part.offset
        return ~blocked

    def same_face(self, visit: int, need: int, number: int) -> bool:
        """Tell whether a client would not notice this choice."""
        former = self.problem.visits[visit].former
        alternatives = self.alternatives[self.problem.visits[visit].shape]
        return former is not None and alternatives[number].face == alternatives[former.choice[need]].face

    def moved(self, visit: int, place: Place) -> bool:
        """Tell whether a place is another than the former one."""
        former = self.problem.visits[visit].former
        if former is None:
            return False
        same = all(self.same_face(visit, need, number) for need, number in enumerate(place.choice))
        return place.start != former.start or not same

    def shortest(self, visit: int) -> int:
        """Return the length of a visit's shortest template."""
        shape = self.problem.shapes[self.problem.visits[visit].shape]
        return min(template.length for template in shape.templates)

    def bounds(self, visit: int) -> tuple[int, int]:
        """Return the cells a visit may lie in, given where the others of its chain are."""
        visits = self.problem.visits
        low, between = visits[visit].earliest, visits[visit].gap
        other = visits[visit].before
        while other >= 0:
            if self.places[other] is not None:
                low = max(low, self.end(other) + between)
                break
            between += self.shortest(other) + visits[other].gap
            other = visits[other].before
        high, between = visits[visit].latest, 0
        other = self.after[visit]
        while other >= 0:
            between += visits[other].gap
            there = self.places[other]
            if there is not None:
                high = min(high, there.start - between)
                break
            between += self.shortest(other)
            other = self.after[other]
        return low, high

    def attraction(self, alternative: Alternative, start: int) -> int:
        """Return what an alternative adds to its resources' costs, nearly."""
        total = 0
        for use in self.uses_of(alternative, start):
            if not use.counts:
                continue
            resource, busy = self.problem.resources[use.resource], self.worked[use.resource]
            if resource.brittle_cost:
                slack = resource.brittle_cells
                before = (1 << use.start) - (1 << max(0, use.start - slack))
                behind = (1 << min(self.problem.cells, use.rested + slack)) - (1 << use.rested)
                close = bool(busy & before) + bool(self.begun[use.resource] & behind)
                total += resource.brittle_cost * close
            length = use.rested - use.start
            day = use.start // self.problem.day_cells
            if resource.idle_cost and (today := day_of(busy, day, self.problem.day_cells)):
                dawn = day * self.problem.day_cells
                first, last = dawn + first_cell(today), dawn + today.bit_length()
                span = max(last, use.rested) - min(first, use.start)
                total += resource.idle_cost * max(0, span - (last - first) - length)
            total += resource.load_cost * (2 * busy.bit_count() * length + length * length)
        return total

    def rank(self, visit: int) -> int:
        """Return what a visit counts on the first level where it is."""
        place, asked = self.places[visit], self.problem.visits[visit]
        return asked.drop_rank if place is None else asked.move_rank * self.moved(visit, place)

    def worth(self) -> Worth:
        """Return what the day counts."""
        cost = energy = 0
        for number, (visit, place) in enumerate(zip(self.problem.visits, self.places, strict=True)):
            if place is None:
                cost += visit.drop_cost
                energy += visit.drop_energy
                continue
            cost += int(visit.start_cost[place.start - visit.earliest])
            cost += sum(int(visit.choice_cost[choice]) for choice in place.choice)
            if self.moved(number, place):
                cost += visit.move_cost
                energy += visit.move_energy
        cost += sum(self._price(number) for number in range(len(self.problem.resources)))
        rank = sum(self.rank(number) for number in range(len(self.places)))
        return Worth(rank, cost, cost + energy)

    def _price(self, number: int) -> int:
        resource, busy, begun = self.problem.resources[number], self.worked[number], self.begun[number]
        load = busy.bit_count()
        total = resource.load_cost * load * load
        total += resource.idle_cost * idle_cells(busy, self.problem.day_cells)
        while begun:
            cell = first_cell(begun)
            begun &= begun - 1
            before = (1 << cell) - (1 << max(0, cell - resource.brittle_cells))
            total += resource.brittle_cost * bool(busy & before)
        return total


def spread(bits: int, length: int) -> int:
    """Return the cells from which a stretch of `length` cells would meet a set bit."""
    reach = 1
    while reach < length:
        step = min(reach, length - reach)
        bits |= bits >> step
        reach += step
    return bits


def first_cell(bits: int) -> int:
    """Return the first set cell."""
    return (bits & -bits).bit_length() - 1


def day_of(bits: int, day: int, day_cells: int) -> int:
    """Return one of several days, from its own first cell on."""
    return bits >> day * day_cells & (1 << day_cells) - 1


def idle_cells(worked: int, day_cells: int) -> int:
    """Return how many cells are free between the first and the last that is worked, day by day."""
    days = (day_of(worked, day, day_cells) for day in range(-(-worked.bit_length() // day_cells)))
    return sum(bits.bit_length() - first_cell(bits) for bits in days if bits) - worked.bit_count()
