"""The compiled core's algorithm in plain Python: to be read, and to hold the core to.

Ruin and recreate (Schrimpf et al., 2000; adjacent removals and blinks after Christiaens and Vanden Berghe, 2020):
take a few neighbours out of the day, put them back one by one, keep the day if it is good enough. It draws the same
random numbers in the same order as the core, so both make the same days from the same seed.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import Final

from edge.schedule.engine.compiled import CHILL
from edge.schedule.engine.day import Day, first_cell
from edge.schedule.engine.problem import NEVER, Answer, Effort, Place, Problem, Visit

_MASK: Final = (1 << 64) - 1
_FAR: Final = 1 << 20
_SHARING: Final = 24
_JITTER: Final = 12
_HOME: Final = 4
_ATTEMPTS: Final = 8
_CHANCES: Final = 4
_RANDOM, _TIGHTEST, _LONGEST, _IMPORTANCE = range(4)


class SplitMix:
    """SplitMix64 (Steele, Lea and Flood, 2014)."""

    def __init__(self, seed: int) -> None:
        self._state = seed & _MASK

    def below(self, limit: int) -> int:
        """Return a number from 0 up to, not including, `limit`."""
        self._state = (self._state + 0x9E3779B97F4A7C15) & _MASK
        z = self._state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & _MASK
        return ((z ^ (z >> 31)) >> 32) * limit >> 32


@dataclass(frozen=True, slots=True)
class _Found:
    energy: int
    place: Place | None


_NOWHERE: Final = _Found(NEVER, None)


class ReferenceEngine:
    """An engine in plain Python."""

    def __init__(self, problem: Problem, seed: int) -> None:
        """Begin with every visit out.

        Args:
            problem: the question.
            seed: of the random choices; the same seed and calls give the same days.
        """
        self._problem = problem
        self._day = Day(problem)
        self._random = SplitMix(seed)
        self._out: list[int] = []
        self._keep_best()

    def set(self, places: Sequence[Place | None]) -> None:
        """Start from a day; its places must fit together."""
        self._day = Day(self._problem)
        for number, place in enumerate(places):
            if place is not None:
                self._day.place(number, place)
        self._keep_best()

    def repair(self) -> None:
        """Put each visit that is out into its best place, moving nobody."""
        out = [number for number, place in enumerate(self._day.places) if place is None]
        self._recreate(self._sorted(out, _IMPORTANCE), blink=0)
        self._keep_if_better()

    def search(self, effort: Effort) -> int:
        """Look for a better day and return how many were tried."""
        for done in range(effort.iterations):
            if effort.until_ns and done % 16 == 0 and time.monotonic_ns() >= effort.until_ns:
                return done
            self._step(effort)
        return effort.iterations

    def back_to_best(self) -> None:
        """Go on from the best day found."""
        best = self._best
        self.set(best.places)

    def best(self) -> Answer:
        """Return the best day found."""
        return self._best

    def offers(self, visit: int) -> list[tuple[int, Place]]:
        """Return each place in which a visit could be, with its energy, by start; nobody else moves."""
        best: dict[int, _Found] = {}
        for template, start, _ in self._starts(visit):
            found = self._choose(visit, template, start)
            if found.energy < best.get(start, _NOWHERE).energy:
                best[start] = found
        return [(found.energy, found.place) for _, found in sorted(best.items()) if found.place is not None]

    # --- one day ------------------------------------------------------------------------------------
    def _step(self, effort: Effort) -> None:
        before = self._day.copy()
        energy = self._day.worth().energy
        self._out = []
        self._ruin(effort.most_removed)
        self._recreate(self._sorted(self._out, self._random.below(4)), effort.blink)
        worse = self._day.worth().energy - energy
        if worse > 0 and worse > effort.temperature * int(CHILL[self._random.below(256)]) >> 16:
            self._day = before
            return
        self._keep_if_better()

    # --- ruin ---------------------------------------------------------------------------------------
    def _ruin(self, most: int) -> None:
        here = [number for number, place in enumerate(self._day.places) if place is not None]
        lost = [number for number, place in enumerate(self._day.places) if place is None]
        count = 1 + self._random.below(most)
        if lost and self._random.below(2) == 0:
            newcomer = lost[self._random.below(len(lost))]
            if self._make_way(newcomer, most, here):
                self._try_some(lost, newcomer)
                return
        moved = [number for number in here if self._day.moved(number, self._place(number))]
        if moved and self._random.below(_HOME) == 0:
            here = [] if self._send_home(moved[self._random.below(len(moved))], most, here) else here
        if here:
            if self._random.below(4) == 0:
                self._remove_stretch(here, count)
            else:
                self._remove_neighbours(here, self._pick_seed(here, moved), count)
        self._try_some(lost, -1)

    def _pick_seed(self, here: list[int], moved: list[int]) -> int:
        """Half of the time somebody who is not where they were: what a disruption touched."""
        if self._random.below(2) == 0 and moved:
            return moved[self._random.below(len(moved))]
        return here[self._random.below(len(here))]

    def _remove_neighbours(self, here: list[int], seed: int, count: int) -> None:
        middle = self._place(seed).start + self._day.end(seed)
        mine = self._resources(seed)
        near: list[tuple[int, int]] = []
        for number in here:
            distance = abs(self._place(number).start + self._day.end(number) - middle)
            shared = _FAR if number == seed else _SHARING if mine & self._resources(number) else 0
            near.append((distance + self._random.below(_JITTER) - shared, number))
        for _, number in sorted(near)[:count]:
            self._take_out(number)

    def _remove_stretch(self, here: list[int], count: int) -> None:
        """Take out everybody on one resource, from a random one of them on."""
        seed = here[self._random.below(len(here))]
        place = self._place(seed)
        need = self._random.below(len(place.choice))
        alternatives = self._day.alternatives[self._problem.visits[seed].shape]
        resource = alternatives[place.choice[need]].parts[0].resource
        later = sorted(
            (self._place(number).start, number)
            for number in here
            if resource in self._resources(number) and self._place(number).start >= place.start
        )
        for _, number in later[:count]:
            self._take_out(number)

    def _make_way(self, newcomer: int, most: int, here: list[int]) -> bool:
        """Put somebody who is out into a random place and take out whoever is in the way there, if they are few."""
        low, high = self._day.bounds(newcomer)
        templates = self._problem.shapes[self._problem.visits[newcomer].shape].templates
        template = self._random.below(len(templates))
        final = high - templates[template].length
        if low > final:
            return False
        for _ in range(_ATTEMPTS):
            start = low + self._random.below(final - low + 1)
            blockers = self._blockers(newcomer, Place(start, template, ()), here)
            if blockers is None or len(blockers) > most:
                continue
            for number in blockers:
                self._take_out(number)
            self._put_in(newcomer, blink=0)
            return True
        return False

    def _send_home(self, number: int, most: int, here: list[int]) -> bool:
        """Put somebody who is not where they were back there, and take out whoever is in the way, if they are few."""
        low, high = self._day.bounds(number)
        former, form = self._problem.visits[number].former, self._place(number).template
        if former is None or not low <= former.start <= high - self._day.template(number, self._place(number)).length:
            return False
        others = [other for other in here if other != number]
        blockers = self._blockers(number, Place(former.start, form, former.choice), others)
        if blockers is None or len(blockers) > most:
            return False
        self._day.remove(number)
        for other in blockers:
            self._take_out(other)
        self._put_in(number, blink=0)
        return True

    def _blockers(self, newcomer: int, at: Place, here: list[int]) -> list[int] | None:
        """Return who keeps a visit from a place; none when something that is no visit does.

        Where the place has no choice that meets a need, a random one is taken.
        """
        blockers: dict[int, None] = {}
        templates = self._problem.shapes[self._problem.visits[newcomer].shape].templates
        first = sum(len(need) for template in templates[: at.template] for need in template.needs)
        for n, need in enumerate(templates[at.template].needs):
            option = at.choice[n] - first if at.choice else -1
            known = 0 <= option < len(need)
            alternative = need[option if known else self._random.below(len(need))]
            first += len(need)
            for use in self._day.uses_of(alternative, at.start):
                resource = self._problem.resources[use.resource]
                if resource.closed & ((1 << use.end) - (1 << use.start)) or resource.occupied & use.cells:
                    return None
                for number in here:
                    if any(
                        other.resource == use.resource and other.cells & use.cells
                        for other in self._day.uses(number, self._place(number))
                    ):
                        blockers[number] = None
        return list(blockers)

    def _try_some(self, lost: list[int], except_: int) -> None:
        """Give a few of those who were out before another chance."""
        for _ in range(_CHANCES):
            if not lost:
                return
            at = self._random.below(len(lost))
            number = lost[at]
            lost[at] = lost[-1]
            lost.pop()
            if number != except_:
                self._out.append(number)

    def _take_out(self, number: int) -> None:
        self._day.remove(number)
        self._out.append(number)

    # --- recreate -----------------------------------------------------------------------------------
    def _recreate(self, out: list[int], blink: int) -> None:
        for number in out:
            self._put_in(number, blink)

    def _put_in(self, number: int, blink: int) -> None:
        """Put somebody into their best place, if that is worth it."""
        found, visit = self._best_place(number, blink), self._problem.visits[number]
        if found.place is not None and found.energy < visit.drop_cost + visit.drop_energy:
            self._day.place(number, found.place)

    def _sorted(self, out: list[int], order: int) -> list[int]:
        return [number for _, number in sorted((self._key(number, order), number) for number in out)]

    def _key(self, number: int, order: int) -> int:
        visit = self._problem.visits[number]
        length = self._problem.shapes[visit.shape].templates[0].length
        slack = visit.latest - visit.earliest - length
        match order:
            case 0:
                return self._random.below(1 << 30)
            case 1:
                return slack
            case 2:
                return -length
            case _:
                return slack - visit.drop_energy * 1024

    def _best_place(self, number: int, blink: int) -> _Found:
        found = _NOWHERE
        for template, start, least in self._starts(number):
            if least >= found.energy:
                continue
            if blink and self._random.below(65536) < blink:
                continue
            here = self._choose(number, template, start)
            if here.energy < found.energy:
                found = here
        return found

    def _starts(self, number: int) -> Iterator[tuple[int, int, int]]:
        """Yield each template and start that every need alone allows, and a lower bound of its energy."""
        visit = self._problem.visits[number]
        low, high = self._day.bounds(number)
        first = 0
        for form, template in enumerate(self._problem.shapes[visit.shape].templates):
            sizes = [len(need) for need in template.needs]
            costs = visit.choice_cost[first : first + sum(sizes)].tolist()
            first += sum(sizes)
            least = sum(min(costs[sum(sizes[:n]) : sum(sizes[: n + 1])]) for n in range(len(sizes)))
            free = (1 << max(low, high - template.length + 1)) - (1 << low)
            for need in template.needs:
                free &= reduce(or_, (self._day.free_starts(alternative) for alternative in need))
            while free:
                start = first_cell(free)
                free &= free - 1
                yield form, start, least + self._start_energy(visit, start)

    def _start_energy(self, visit: Visit, start: int) -> int:
        moved = visit.former is not None and start != visit.former.start
        return int(visit.start_cost[start - visit.earliest]) + (visit.move_cost + visit.move_energy) * moved

    def _choose(self, number: int, form: int, start: int) -> _Found:
        """Return the cheapest alternatives that are free together."""
        visit = self._problem.visits[number]
        base = int(visit.start_cost[start - visit.earliest])
        best, choice = self._pick(number, form, start, as_former=False)
        if best == NEVER:
            return _NOWHERE
        place = Place(start, form, choice)
        moved, message = self._day.moved(number, place), visit.move_cost + visit.move_energy
        if visit.former is not None and start == visit.former.start and moved:
            # In its former minute: with the former people and rooms, unless others are worth a message.
            stays, same = self._pick(number, form, start, as_former=True)
            if stays != NEVER and stays <= best + message:
                return _Found(base + stays, Place(start, form, same))
        return _Found(base + best + message * moved, place)

    def _pick(self, number: int, form: int, start: int, *, as_former: bool) -> tuple[int, tuple[int, ...]]:
        """Return the least cost of a choice, and the choice: the first of the cheapest, in the order of the needs."""
        visit = self._problem.visits[number]
        templates = self._problem.shapes[visit.shape].templates
        first = sum(len(need) for template in templates[:form] for need in template.needs)
        options: list[list[tuple[int, int]]] = []
        for n, need in enumerate(templates[form].needs):
            options.append(
                [
                    (int(visit.choice_cost[first + m]) + self._day.attraction(alternative, start), first + m)
                    for m, alternative in enumerate(need)
                    if self._day.free_starts(alternative) >> start & 1
                    and (not as_former or self._day.same_face(number, n, first + m))
                ]
            )
            first += len(need)
        return self._extend(number, options, start, (), 0, (NEVER, ()))

    def _extend(
        self,
        number: int,
        options: list[list[tuple[int, int]]],
        start: int,
        chosen: tuple[int, ...],
        cost: int,
        best: tuple[int, tuple[int, ...]],
    ) -> tuple[int, tuple[int, ...]]:
        if len(chosen) == len(options):
            return cost, chosen
        alternatives = self._day.alternatives[self._problem.visits[number].shape]
        for more, option in options[len(chosen)]:
            if cost + more >= best[0]:
                continue
            taken = [use for other in chosen for use in self._day.uses_of(alternatives[other], start)]
            mine = list(self._day.uses_of(alternatives[option], start))
            if any(a.resource == b.resource and a.cells & b.cells for a in taken for b in mine):
                continue
            best = self._extend(number, options, start, (*chosen, option), cost + more, best)
        return best

    # --- bookkeeping --------------------------------------------------------------------------------
    def _place(self, number: int) -> Place:
        return self._day.where(number)

    def _resources(self, number: int) -> frozenset[int]:
        return frozenset(use.resource for use in self._day.uses(number, self._place(number)))

    def _keep_if_better(self) -> None:
        if self._day.worth().level < self._best.worth.level:
            self._keep_best()

    def _keep_best(self) -> None:
        self._best = Answer(self._day.worth(), tuple(self._day.places))
