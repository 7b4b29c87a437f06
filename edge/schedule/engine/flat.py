"""A problem as the flat arrays that the compiled core reads."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate

import numpy as np
import numpy.typing as npt

from edge.schedule.engine.problem import MOST_NEEDS, Problem, Shape, Visit

Ints = npt.NDArray[np.int32]
Longs = npt.NDArray[np.int64]
Words = npt.NDArray[np.uint64]
_WORD = 64


@dataclass(frozen=True, slots=True)
class FlatShapes:
    """The shapes of a clinic; they outlive many problems."""

    shape_first: Ints
    template_first: Ints
    template_length: Ints
    need_first: Ints
    alternative_first: Ints
    alternative_face: Ints
    part_resource: Ints
    part_offset: Ints
    part_length: Ints
    part_rest: Ints
    part_counts: Ints

    @classmethod
    def of(cls, shapes: Sequence[Shape]) -> "FlatShapes":
        """Return the arrays of some shapes.

        Raises:
            ValueError: a template has too many needs, or templates of one shape have unlike needs.
        """
        for shape in shapes:
            counts = {len(template.needs) for template in shape.templates}
            if len(counts) != 1 or max(counts) > MOST_NEEDS:
                raise ValueError(f"the templates of a shape have the same needs, {MOST_NEEDS} at most")
        templates = [template for shape in shapes for template in shape.templates]
        needs = [need for template in templates for need in template.needs]
        alternatives = [alternative for need in needs for alternative in need]
        parts = [part for alternative in alternatives for part in alternative.parts]
        return cls(
            shape_first=_firsts(len(shape.templates) for shape in shapes),
            template_first=_firsts(len(template.needs) for template in templates),
            template_length=_ints(template.length for template in templates),
            need_first=_firsts(len(need) for need in needs),
            alternative_first=_firsts(len(alternative.parts) for alternative in alternatives),
            alternative_face=_ints(alternative.face for alternative in alternatives),
            part_resource=_ints(part.resource for part in parts),
            part_offset=_ints(part.offset for part in parts),
            part_length=_ints(part.length for part in parts),
            part_rest=_ints(part.rest for part in parts),
            part_counts=_ints(part.counts for part in parts),
        )

    @property
    def counts(self) -> dict[str, int]:
        """Lengths of the lists."""
        return {
            "shapes": len(self.shape_first) - 1,
            "templates": len(self.template_length),
            "needs": len(self.need_first) - 1,
            "alternatives": len(self.alternative_face),
            "parts": len(self.part_resource),
        }


def resource_arrays(problem: Problem) -> dict[str, Words | Ints | Longs]:
    """Return the arrays of a problem's resources.

    Raises:
        ValueError: a day has no cells.
    """
    if problem.day_cells < 1:
        raise ValueError("a day has cells")
    words = -(-problem.cells // _WORD)
    resources = problem.resources
    return {
        "closed": _words((resource.closed for resource in resources), words),
        "occupied": _words((resource.occupied for resource in resources), words),
        "begun": _words((resource.begun for resource in resources), words),
        "brittle_cells": _ints(resource.brittle_cells for resource in resources),
        "brittle_cost": _longs(resource.brittle_cost for resource in resources),
        "idle_cost": _longs(resource.idle_cost for resource in resources),
        "load_cost": _longs(resource.load_cost for resource in resources),
    }


def visit_arrays(problem: Problem) -> dict[str, Ints | Longs]:
    """Return the arrays of a problem's visits.

    Raises:
        ValueError: a cost table is too short, a cost is negative, a chain forks, or a bound lies outside the day.
    """
    visits = problem.visits
    needs = [len(shape.templates[0].needs) for shape in problem.shapes]
    sizes = [sum(len(need) for form in shape.templates for need in form.needs) for shape in problem.shapes]
    shortest = [min(form.length for form in shape.templates) for shape in problem.shapes]
    after = [-1] * len(visits)
    for number, visit in enumerate(visits):
        _refuse_misfits(problem, visit, sizes[visit.shape], shortest[visit.shape])
        if visit.before >= 0:
            if after[visit.before] >= 0:
                raise ValueError("a chain of visits does not fork")
            after[visit.before] = number
    former: list[int] = []
    for visit in visits:
        former.extend(visit.former.choice if visit.former is not None else [0] * needs[visit.shape])
    return {
        "visit_shape": _ints(visit.shape for visit in visits),
        "earliest": _ints(visit.earliest for visit in visits),
        "latest": _ints(visit.latest for visit in visits),
        "start_cost": _joined([visit.start_cost for visit in visits]),
        "start_cost_first": _firsts64(len(visit.start_cost) for visit in visits),
        "choice_cost": _joined([visit.choice_cost for visit in visits]),
        "choice_cost_first": _firsts64(len(visit.choice_cost) for visit in visits),
        "former_start": _ints(visit.former.start if visit.former else -1 for visit in visits),
        "former_choice": _ints(former),
        "former_first": _firsts64(needs[visit.shape] for visit in visits),
        "drop_rank": _longs(visit.drop_rank for visit in visits),
        "drop_cost": _longs(visit.drop_cost for visit in visits),
        "drop_energy": _longs(visit.drop_energy for visit in visits),
        "move_rank": _longs(visit.move_rank for visit in visits),
        "move_cost": _longs(visit.move_cost for visit in visits),
        "move_energy": _longs(visit.move_energy for visit in visits),
        "chain_before": _ints(visit.before for visit in visits),
        "chain_after": _ints(after),
        "chain_gap": _ints(visit.gap for visit in visits),
    }


def _refuse_misfits(problem: Problem, visit: Visit, size: int, shortest: int) -> None:
    if not 0 <= visit.earliest <= problem.cells or visit.latest > problem.cells:
        raise ValueError("a visit lies within the day")
    if len(visit.start_cost) < visit.latest - visit.earliest - shortest + 1:
        raise ValueError("every possible start has a cost")
    if len(visit.choice_cost) != size:
        raise ValueError("every alternative has a cost")
    if len(visit.choice_cost) and int(visit.choice_cost.min()) < 0:
        raise ValueError("no choice costs less than nothing")


def _firsts(counts: Iterable[int]) -> Ints:
    return _ints(accumulate(counts, initial=0))


def _firsts64(counts: Iterable[int]) -> Longs:
    return _longs(accumulate(counts, initial=0))


def _ints(values: Iterable[int]) -> Ints:
    return np.fromiter(values, np.int32)


def _longs(values: Iterable[int]) -> Longs:
    return np.fromiter(values, np.int64)


def _joined(costs: Sequence[Longs]) -> Longs:
    return np.ascontiguousarray(np.concatenate(costs), np.int64) if costs else np.zeros(0, np.int64)


def _words(sets: Iterable[int], words: int) -> Words:
    packed = b"".join((cells & ((1 << words * _WORD) - 1)).to_bytes(words * 8, "little") for cells in sets)
    return np.frombuffer(packed, np.dtype("<u8")).astype(np.uint64)
