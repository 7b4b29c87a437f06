"""A neighbourhood of a day as a model for CP-SAT: who may change, around all who stay.

Closed time and whoever stays are holes in the possible starts, so that the model has no more than the visits that may
change. Both levels of cost are exact, but for the load of rests that run past the last cell: see `Model.exact`.
"""

from dataclasses import dataclass
from functools import reduce
from operator import and_, or_
from typing import Any

import numpy as np

from edge.schedule.engine.cpsat_resources import ALWAYS, Known, Lane, Sheet, Use, spans, total
from edge.schedule.engine.day import Day, day_of
from edge.schedule.engine.problem import Place

_Fitting = dict[int, list[dict[int, int]]]


@dataclass(frozen=True, slots=True)
class Neighbourhood:
    """Who may change; all others stay where they are, or out.

    Attributes:
        free: decided anew: anywhere within their bounds, or out.
        sliding: keep template, choice and their turn among the sliding on each resource, but not their start.
    """

    free: frozenset[int]
    sliding: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class _Changing:
    """Variables of a visit; an option is an alternative, with the need that it meets."""

    start: Known
    end: Any
    present: Known
    forms: dict[int, Known]
    options: dict[int, tuple[int, Known]]


class Model:
    """All who may change, as variables and constraints.

    Attributes:
        exact: whether every day costs what it costs in the model; else a rest may run past the last cell, where the
            model counts it as load and the day does not, or work past the end of its day, where the model counts no
            gap on the next one.
    """

    def __init__(self, before: Day, around: Neighbourhood, *, priced: bool = True) -> None:
        """Write the model.

        Args:
            before: the day as it stands.
            around: who may change.
            priced: whether it has the second level, too; without it, it is several times smaller.
        """
        self.sheet = Sheet(priced)
        self.exact = True
        self._before, self._around = before, around
        self._problem, self._places = before.problem, before.places
        self._uses: dict[int, list[Use]] = {}
        changing = sorted(around.free | {number for number in around.sliding if self._places[number] is not None})
        self._day = Day(self._problem)
        for number in set(range(len(self._places))).difference(changing):
            place = self._places[number]
            if place is not None:
                self._day.place(number, place)
        # Who is out has a start too, far off if need be: so a chain is written without knowing who is out.
        reserves = (self._day.shortest(number) + self._problem.visits[number].gap for number in changing)
        self._far = self._problem.cells + sum(reserves)
        self._stake = sum(before.rank(number) for number in changing)
        self._changing = {number: self._visit(number) for number in changing}
        for number, visit in self._changing.items():
            self._follow(number, visit)
            self._precede(number, visit)
        for number, uses in self._uses.items():
            resource, worked, begun = self._problem.resources[number], self._day.worked[number], self._day.begun[number]
            cells, day_cells = self._problem.cells, self._problem.day_cells
            Lane(resource, cells, day_cells, worked, begun, before.worked[number]).write(self.sheet, uses)
        self.rank, self.cost = total(self.sheet.ranks), total(self.sheet.costs if priced else [])

    def read(self, solver: Any) -> list[Place | None]:
        """Return the day that a solver has found."""
        places = list(self._places)
        for number, visit in self._changing.items():
            form = next((form for form, known in visit.forms.items() if solver.boolean_value(known.var)), None)
            choice = (option for option, (_, known) in visit.options.items() if solver.boolean_value(known.var))
            places[number] = Place(solver.value(visit.start.var), form, tuple(choice)) if form is not None else None
        return places

    # --- what a visit may do --------------------------------------------------------------------------
    def _visit(self, number: int) -> _Changing:
        sheet, place, slides = self.sheet, self._places[number], number not in self._around.free
        # Nobody is out whose absence alone counts more than all who may change count now.
        stays = slides or self._problem.visits[number].drop_rank > self._stake
        present = ALWAYS if stays else sheet.boolean(place is not None)
        fitting = self._fitting(number, slides)
        reach = reduce(or_, map(_starts, fitting.values()), 0)
        now = place.start if place is not None else max(0, reach.bit_length() - 1)
        start = sheet.integer((spans(reach) or [(now, now)]) if stays else [(-self._far, self._far)], now)
        forms: dict[int, Known] = {}
        options: dict[int, tuple[int, Known]] = {}
        for form, needs in fitting.items():
            chosen = place is not None and place.template == form
            forms[form] = ALWAYS if stays and len(fitting) == 1 else sheet.boolean(chosen)
            for need, alternatives in enumerate(needs):
                for option, bits in alternatives.items():
                    here = chosen and place is not None and place.choice[need] == option
                    met = forms[form] if len(alternatives) == 1 else sheet.boolean(here)
                    options[option] = need, met
                    if not stays or bits != reach:
                        sheet.within(start, spans(bits), met)
                if len(alternatives) > 1:
                    sheet.cp.add(sum(options[option][1].var for option in alternatives) == forms[form].var)
        sheet.cp.add(sum(known.var for known in forms.values()) == present.var)
        made = _Changing(start, self._end(number, start, forms), present, forms, options)
        self._price(number, reach, made)
        self._use(number, slides, made, reach)
        return made

    def _fitting(self, number: int, slides: bool) -> _Fitting:
        """Return the starts that are free, as bits, by template, need and alternative, where there are any."""
        visit, place = self._problem.visits[number], self._places[number]
        # Where the start alone costs as much as being out, the search puts nobody either.
        worth = np.packbits(visit.start_cost < visit.drop_cost + visit.drop_energy, bitorder="little")
        bits = int.from_bytes(worth.tobytes(), "little") << visit.earliest
        if place is not None:
            bits |= 1 << place.start
        fitting: _Fitting = {}
        option = 0
        for form, template in enumerate(self._problem.shapes[visit.shape].templates):
            window = bits & ((1 << max(0, visit.latest - template.length + 1)) - 1)
            needs: list[dict[int, int]] = []
            for need in template.needs:
                free = {n: window & self._day.free_starts(way) for n, way in enumerate(need, option)}
                kept = {n for n in free if not slides or (place is not None and n in place.choice)}
                needs.append({n: starts for n, starts in free.items() if starts and n in kept})
                option += len(need)
            if all(needs) and _starts(needs):
                fitting[form] = needs
        return fitting

    def _end(self, number: int, start: Known, forms: dict[int, Known]) -> Any:
        templates = self._problem.shapes[self._problem.visits[number].shape].templates
        shortest = self._day.shortest(number)
        longer = total([(templates[form].length - shortest, known) for form, known in forms.items()])
        return start.var + shortest + longer.var

    # --- what it costs and takes ----------------------------------------------------------------------
    def _price(self, number: int, reach: int, made: _Changing) -> None:
        sheet, visit, place = self.sheet, self._problem.visits[number], self._places[number]
        absent = Known(1 - made.present.var, 1 - made.present.now)
        sheet.ranks.append((visit.drop_rank, absent))
        sheet.costs.append((visit.drop_cost, absent))
        sheet.costs.extend((int(visit.choice_cost[option]), met) for option, (_, met) in made.options.items())
        if reach and sheet.priced:
            cells = np.concatenate([np.arange(low, high + 1) for low, high in spans(reach)])
            sheet.price_start(cells, visit.start_cost[cells - visit.earliest], made.start, made.present)
        if visit.former is None or not (visit.move_rank or (visit.move_cost and sheet.priced)):
            return
        kept = sheet.boolean(place is not None and not self._before.moved(number, place))
        sheet.cp.add(kept.var <= made.present.var)
        sheet.cp.add(made.start.var == visit.former.start).only_enforce_if(kept.var)
        for option, (need, met) in made.options.items():
            if not self._day.same_face(number, need, option):
                sheet.cp.add(kept.var + met.var <= 1)
        moved = Known(made.present.var - kept.var, made.present.now - kept.now)
        sheet.ranks.append((visit.move_rank, moved))
        sheet.costs.append((visit.move_cost, moved))

    def _use(self, number: int, slides: bool, made: _Changing, reach: int) -> None:
        visit = self._problem.visits[number]
        alternatives = self._day.alternatives[visit.shape]
        for option, (_, met) in made.options.items():
            for part in alternatives[option].parts:
                loads = part.counts and self._problem.resources[part.resource].load_cost > 0
                if loads and visit.latest + part.rest > self._problem.cells:
                    self.exact = False
                begin = Known(made.start.var + part.offset, made.start.now + part.offset)
                length, cells = part.length + part.rest, reach << part.offset
                if part.counts and self._passes_midnight(part.resource, cells, length):
                    self.exact = False
                use = Use(begin, length, met, slides, part.counts, self._days(cells))
                self._uses.setdefault(part.resource, []).append(use)

    def _days(self, cells: int) -> int:
        """Return on which days some of the cells are, as bits."""
        day_cells = self._problem.day_cells
        return sum(1 << day for day in range(-(-cells.bit_length() // day_cells)) if day_of(cells, day, day_cells))

    def _passes_midnight(self, resource: int, cells: int, length: int) -> bool:
        """Tell whether a use that begins in one of the cells may end on another day, where the resource's gaps cost."""
        if not self._problem.resources[resource].idle_cost:
            return False
        nights = range(self._problem.day_cells, self._problem.cells, self._problem.day_cells)
        return any(cells & (1 << night) - (1 << max(0, night - length + 1)) for night in nights)

    # --- whom it follows ------------------------------------------------------------------------------
    def _follow(self, number: int, mine: _Changing) -> None:
        visits = self._problem.visits
        other, between = visits[number].before, visits[number].gap
        while other >= 0:
            if other in self._changing:
                self.sheet.cp.add(mine.start.var >= self._changing[other].end + between)
                return
            if self._day.places[other] is not None:
                earliest = self._day.end(other) + between
                self.sheet.cp.add(mine.start.var >= earliest).only_enforce_if(mine.present.var)
                return
            between += self._day.shortest(other) + visits[other].gap
            other = visits[other].before

    def _precede(self, number: int, mine: _Changing) -> None:
        other, between = self._day.after[number], 0
        while other >= 0 and other not in self._changing:
            between += self._problem.visits[other].gap
            if self._day.places[other] is not None:
                latest = self._day.where(other).start - between
                self.sheet.cp.add(mine.end <= latest).only_enforce_if(mine.present.var)
                return
            between += self._day.shortest(other)
            other = self._day.after[other]


def _starts(needs: list[dict[int, int]]) -> int:
    """Return the starts at which every need has an alternative that is free."""
    return reduce(and_, (reduce(or_, need.values()) for need in needs))
