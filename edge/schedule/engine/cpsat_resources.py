"""A model for CP-SAT whose variables know their values in the day as it stands, and what resources add to it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any, Final

import numpy as np
from ortools.sat.python import cp_model

from edge.schedule.engine.day import day_of, first_cell
from edge.schedule.engine.problem import Costs, Resource


@dataclass(frozen=True, slots=True)
class Known:
    """A variable or a sum, or a number where nothing is open, and its value in the day as it stands."""

    var: Any
    now: int


ALWAYS: Final = Known(1, 1)
Terms = list[tuple[int, Known]]


@dataclass(frozen=True, slots=True)
class Sheet:
    """A model under way.

    Attributes:
        priced: whether the second level counts.
        cp: the solver's model.
        open: every variable.
        ranks, costs: what counts on the two levels, each with its weight.
    """

    priced: bool = True
    cp: Any = field(default_factory=cp_model.CpModel)
    open: list[Known] = field(default_factory=list)
    ranks: Terms = field(default_factory=list)
    costs: Terms = field(default_factory=list)

    def integer(self, spans: Sequence[tuple[int, int]], now: int) -> Known:
        """Return a new variable that lies in one of some spans."""
        return self._opened(self.cp.new_int_var_from_domain(cp_model.Domain.from_intervals(spans), ""), now)

    def boolean(self, now: bool) -> Known:
        """Return a new variable that is 0 or 1."""
        return self._opened(self.cp.new_bool_var(""), int(now))

    def within(self, known: Known, spans: Sequence[tuple[int, int]], when: Known) -> None:
        """Let a variable lie in one of some spans when a condition holds."""
        allowed = cp_model.Domain.from_intervals(spans)
        self.cp.add_linear_expression_in_domain(known.var, allowed).only_enforce_if(when.var)

    def price_start(self, cells: Costs, costs: Costs, start: Known, present: Known) -> None:
        """Count what a start costs while it counts, straight piece by straight piece.

        Args:
            cells: the ones that are possible, in order.
            costs: of each of them.
            start: one of the cells.
            present: whether it counts.
        """
        least, most = int(costs.min()), int(costs.max())
        self.costs.append((least, present))
        if least == most:
            return
        now = int((costs - least)[cells == start.now].sum()) * present.now
        more = self.integer([(0, most - least)], now)
        self.costs.append((1, more))
        pieces = list(_pieces(cells, costs - least))
        if all((piece.at(cells) <= costs - least).all() for piece in pieces):
            # No piece lies above another where that one holds: the cost is the highest of them.
            for piece in pieces:
                self.cp.add(more.var >= piece.at(start.var)).only_enforce_if(present.var)
            return
        here = [self.boolean(bool(present.now) and piece.first <= start.now <= piece.last) for piece in pieces]
        self.cp.add(sum(known.var for known in here) == present.var)
        for known, piece in zip(here, pieces, strict=True):
            self.cp.add(more.var == piece.at(start.var)).only_enforce_if(known.var)
            self.within(start, [(piece.first, piece.last)], known)

    def _opened(self, var: Any, now: int) -> Known:
        self.open.append(Known(var, now))
        return self.open[-1]


@dataclass(frozen=True, slots=True)
class Use:
    """A stretch of a resource, its rest included.

    Attributes:
        works: whether the resource's costs see it.
        days: on which it may begin, as bits.
    """

    begin: Known
    length: int
    present: Known
    slides: bool = False
    works: bool = True
    days: int = 1

    @property
    def end(self) -> Known:
        """The cell after the last."""
        return Known(self.begin.var + self.length, self.begin.now + self.length)


@dataclass(frozen=True, slots=True)
class Lane:
    """A resource around its uses by those who may change.

    Attributes:
        resource: what it is asked.
        cells, day_cells: of all the days together, and of one.
        worked, begun: cells in which those who stay work, and first cells of their uses, as bits.
        before: cells in which anybody works in the day as it stands.
    """

    resource: Resource
    cells: int
    day_cells: int
    worked: int
    begun: int
    before: int

    def write(self, sheet: Sheet, uses: Sequence[Use]) -> None:
        """Let nobody meet anybody else, let those who slide keep their turns, and count the resource's costs."""
        turns = sorted((use for use in uses if use.slides), key=lambda use: use.begin.now)
        for one, two in pairwise(turns):
            sheet.cp.add(one.end.var <= two.begin.var)
        if len(turns) < len(uses):
            sheet.cp.add_no_overlap([_interval(sheet, use, use.present) for use in uses])
        working = [use for use in uses if use.works]
        if not working or not sheet.priced:
            return
        if self.resource.brittle_cost:
            self._write_brittle(sheet, working)
        taken = self.worked.bit_count()
        load = total([(taken, ALWAYS), *((use.length, use.present) for use in working)])
        if self.resource.load_cost:
            most = taken + sum(use.length for use in working)
            same, square = sheet.integer([(0, most)], load.now), sheet.integer([(0, most * most)], load.now * load.now)
            sheet.cp.add(same.var == load.var)
            sheet.cp.add_multiplication_equality(square.var, [same.var, same.var])
            sheet.costs.append((self.resource.load_cost, square))
        if self.resource.idle_cost:
            for day, here in sorted(self._by_day(sheet, working).items()):
                self._write_idle(sheet, day, here)

    def _by_day(self, sheet: Sheet, uses: Sequence[Use]) -> dict[int, list[Use]]:
        """Return the uses by the days on which they may begin, each present there only when it does."""
        found: dict[int, list[Use]] = {}
        for use in uses:
            days = [day for day in range(use.days.bit_length()) if use.days >> day & 1]
            if len(days) == 1:
                found.setdefault(days[0], []).append(use)
                continue
            present = [sheet.boolean(bool(use.present.now) and use.begin.now // self.day_cells == day) for day in days]
            sheet.cp.add(sum(known.var for known in present) == use.present.var)
            for day, known in zip(days, present, strict=True):
                dawn = day * self.day_cells
                sheet.within(use.begin, [(dawn, dawn + self.day_cells - 1)], known)
                found.setdefault(day, []).append(replace(use, present=known))
        return found

    def _write_idle(self, sheet: Sheet, day: int, uses: Sequence[Use]) -> None:
        """Count what is free on one day between the first and the last of the uses that begin on it, and who stays."""
        dawn, dusk = day * self.day_cells, min(self.cells, (day + 1) * self.day_cells)
        worked = day_of(self.worked, day, self.day_cells)
        here = [use for use in uses if use.present.now]
        firsts, lasts = [use.begin.now for use in here], [use.end.now for use in here]
        if worked:
            firsts.append(dawn + first_cell(worked))
            lasts.append(dawn + worked.bit_length())
        within = [(dawn, dusk + max(use.length for use in uses))]
        first, last = sheet.integer(within, min(firsts, default=dawn)), sheet.integer(within, max(lasts, default=dawn))
        if worked:
            sheet.cp.add(first.var <= firsts[-1])
            sheet.cp.add(last.var >= lasts[-1])
        load = total([(worked.bit_count(), ALWAYS), *((use.length, use.present) for use in uses)])
        sheet.cp.add(last.var - first.var >= load.var)
        for use in uses:
            sheet.cp.add(first.var <= use.begin.var).only_enforce_if(use.present.var)
            sheet.cp.add(last.var >= use.end.var).only_enforce_if(use.present.var)
        cost = self.resource.idle_cost
        sheet.costs.extend([(cost, last), (-cost, first), (-cost, load)])

    def _write_brittle(self, sheet: Sheet, uses: Sequence[Use]) -> None:
        """Count each use that is close behind another: it would meet that one if it began its slack earlier."""
        intervals: list[Any] = []
        cells = self.resource.brittle_cells
        for use, counts in [*((use, True) for use in uses), *_standing(self.worked, self.begun)]:
            if not counts:
                intervals.append(_interval(sheet, use, use.present))
                continue
            slack = (1 << max(0, use.begin.now)) - (1 << max(0, use.begin.now - cells))
            close = sheet.boolean(bool(use.present.now and self.before & slack))
            apart = sheet.boolean(bool(use.present.now and not self.before & slack))
            sheet.cp.add(close.var + apart.var == use.present.var)
            intervals += [_interval(sheet, use, close), _interval(sheet, use, apart, cells)]
            sheet.costs.append((self.resource.brittle_cost, close))
        sheet.cp.add_no_overlap(intervals)


def total(terms: Terms) -> Known:
    """Return a weighted sum."""
    weighted = [(weight, known) for weight, known in terms if weight]
    return Known(sum(weight * known.var for weight, known in weighted), sum(w * known.now for w, known in weighted))


def spans(bits: int) -> list[tuple[int, int]]:
    """Return the first and the last cell of each unbroken stretch of bits."""
    found: list[tuple[int, int]] = []
    at = 0
    while bits >> at:
        low = at + ((bits >> at) & -(bits >> at)).bit_length() - 1
        rest = ~(bits >> low)
        at = low + (rest & -rest).bit_length() - 1
        found.append((low, at - 1))
    return found


def _interval(sheet: Sheet, use: Use, present: Known, sooner: int = 0) -> Any:
    begin, length = use.begin.var - sooner, use.length + sooner
    return sheet.cp.new_optional_fixed_size_interval_var(begin, length, present.var, "")


def _standing(worked: int, begun: int) -> Iterator[tuple[Use, bool]]:
    """Yield the uses of those who stay, each up to the next or to free time, and whether its beginning is known."""
    for low, high in spans(worked):
        begin = low
        for cell in range(low + 1, high + 2):
            if cell > high or begun >> cell & 1:
                yield Use(Known(begin, begin), cell - begin, ALWAYS), bool(begun >> begin & 1)
                begin = cell


@dataclass(frozen=True, slots=True)
class _Piece:
    first: int
    last: int
    cost: int
    slope: int

    def at(self, cell: Any) -> Any:
        return self.cost + self.slope * (cell - self.first)


def _pieces(cells: Costs, costs: Costs) -> Iterator[_Piece]:
    """Yield the straight pieces of a table of costs."""
    at = 0
    while at < len(cells):
        # The last cell, if it is a piece of its own, rises as from the one before it.
        other = at + 1 if at + 1 < len(cells) else at - 1
        slope, left = divmod(int(costs[other] - costs[at]), int(cells[other] - cells[at]))
        piece = _Piece(int(cells[at]), int(cells[at]), int(costs[at]), slope if left == 0 else 0)
        bent = np.flatnonzero(piece.at(cells[at:]) != costs[at:])
        end = at + int(bent[0]) if len(bent) else len(cells)
        yield replace(piece, last=int(cells[end - 1]))
        at = end
