"""Which outlined feature of one visit is which of another: optimal assignment with a way to stay unmatched.

A pair costs its distance over a gate (how far alignment and outlines may be off), more when type or size
differ; leaving a feature unmatched costs half a gate. The assignment of least total cost is found per group of
features within reach of each other (Kuhn-Munkres by scipy). A pair is certain when every assignment without it
costs clearly more; where two answers are nearly as good, none is given and the group is called ambiguous. All
of this depends on the costs alone, so order of the features and order of the visits do not matter.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from shared.vocabulary import FindingType

_UNMATCHED: Final = 0.5
_MARGIN: Final = 0.15
_IMPOSSIBLE: Final = 1e6
_RELATED: Final = frozenset({FindingType.BLEMISH, FindingType.PUSTULE})
_RELATED_TYPE_COST: Final = 0.15
_OTHER_TYPE_COST: Final = 0.3
_MOST_SIZE_COST: Final = 0.3

Costs = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Spot:
    """One outlined feature, as far as telling it again needs it.

    Attributes:
        number: names it within its visit.
        type: what it looks like; None when it is not assessed.
        types: types that are not ruled out.
        size: its longer side over the inter-eye distance of its photograph.
    """

    number: int
    type: FindingType | None
    types: frozenset[FindingType]
    size: float


@dataclass(frozen=True, slots=True, order=True)
class Pair:
    """The same feature on both visits, by number, and how far apart it was found over the inter-eye distance."""

    first: int
    second: int
    distance: float


@dataclass(frozen=True, slots=True, order=True)
class Ambiguity:
    """Features of which it cannot be told which is which, or whether they are the same at all."""

    first: tuple[int, ...]
    second: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Matching:
    """What became of every feature; each number stands in exactly one place.

    Attributes:
        persisting: outlined on both.
        resolved: outlined on the first visit only.
        new: outlined on the second visit only.
        ambiguous: not told.
    """

    persisting: tuple[Pair, ...]
    resolved: tuple[int, ...]
    new: tuple[int, ...]
    ambiguous: tuple[Ambiguity, ...]


@dataclass(frozen=True, slots=True)
class GateRule:
    """How far apart two outlines of one feature may be, over the inter-eye distance.

    Attributes:
        alignment_times: how many times the alignment's uncertainty; at 3 one pair in ninety lies farther out.
        size_times: how many times the features' mean size, for outlines drawn a little differently.
        floor: never less than this.
    """

    alignment_times: float = 3.0
    size_times: float = 0.5
    floor: float = 0.02

    def gate(self, uncertainty: float, size: float) -> float:
        """Return the gate for features of a mean size under an alignment this uncertain."""
        return max(self.floor, self.alignment_times * uncertainty + self.size_times * size)


def match(
    first: Sequence[Spot],
    second: Sequence[Spot],
    distances: Costs,
    uncertainty: float,
    rule: GateRule | None = None,
) -> Matching:
    """Return which features persist, are new, are resolved, or cannot be told.

    Args:
        first: the earlier visit's features; numbers are unique.
        second: the later visit's features; numbers are unique.
        distances: (len(first), len(second)), over the inter-eye distance.
        uncertainty: RMS error of the alignment, over the inter-eye distance.
        rule: how far apart they may be.
    """
    costs = pair_costs(first, second, distances, uncertainty, rule or GateRule())
    pairs: list[Pair] = []
    unclear: list[Ambiguity] = []
    told_first: set[int] = set()
    told_second: set[int] = set()
    for rows, columns in _groups(costs < 1.0):
        certain, possible = _judge(costs[np.ix_(rows, columns)])
        for i, j in certain:
            row, column = rows[i], columns[j]
            pairs.append(Pair(first[row].number, second[column].number, float(distances[row, column])))
            told_first.add(row)
            told_second.add(column)
        for here, there in _groups(possible):
            unclear.append(_ambiguity(first, second, [rows[i] for i in here], [columns[j] for j in there]))
            told_first.update(rows[i] for i in here)
            told_second.update(columns[j] for j in there)
    return Matching(
        persisting=tuple(sorted(pairs)),
        resolved=tuple(sorted(spot.number for i, spot in enumerate(first) if i not in told_first)),
        new=tuple(sorted(spot.number for j, spot in enumerate(second) if j not in told_second)),
        ambiguous=tuple(sorted(unclear)),
    )


def pair_costs(
    first: Sequence[Spot], second: Sequence[Spot], distances: Costs, uncertainty: float, rule: GateRule
) -> Costs:
    """Return what each pair costs, in gates; from 1 on it is no pair."""
    costs = np.full((len(first), len(second)), np.inf)
    for i, here in enumerate(first):
        for j, there in enumerate(second):
            gate = rule.gate(uncertainty, (here.size + there.size) / 2)
            costs[i, j] = distances[i, j] / gate + _type_cost(here, there) + _size_cost(here, there)
    return costs


def _type_cost(first: Spot, second: Spot) -> float:
    if first.type is second.type or first.types & second.types:
        return 0.0
    # One comes of the other within days, so a different word is no sign of a different place.
    related = first.type in _RELATED and second.type in _RELATED
    return _RELATED_TYPE_COST if related else _OTHER_TYPE_COST


def _size_cost(first: Spot, second: Spot) -> float:
    """Return up to the most when one is four times as large as the other."""
    if min(first.size, second.size) <= 0:
        return _MOST_SIZE_COST if max(first.size, second.size) > 0 else 0.0
    return _MOST_SIZE_COST * min(1.0, abs(math.log2(first.size / second.size)) / 2)


def _groups(linked: NDArray[np.bool_]) -> Iterator[tuple[list[int], list[int]]]:
    """Yield rows and columns that hang together through true entries; lone ones are left out."""
    rows, columns = linked.shape
    graph = csr_array(
        np.block([[np.zeros((rows, rows), bool), linked], [linked.T, np.zeros((columns, columns), bool)]])
    )
    count, labels = connected_components(graph, directed=False)
    for label in range(count):
        members = np.flatnonzero(labels == label)
        if len(members) > 1:
            yield [int(i) for i in members if i < rows], [int(j) - rows for j in members if j >= rows]


def _judge(costs: Costs) -> tuple[list[tuple[int, int]], NDArray[np.bool_]]:
    """Return the certain pairs of a group, and which pairs belong to answers nearly as good as the best."""
    best, chosen = _assign(costs)
    certain: list[tuple[int, int]] = []
    possible = np.zeros(costs.shape, dtype=np.bool_)
    for i, j in zip(*np.nonzero(costs < 1.0), strict=True):
        if (i, j) in chosen:
            barred = costs.copy()
            barred[i, j] = np.inf
            if _assign(barred)[0] - best >= _MARGIN:
                certain.append((int(i), int(j)))
                continue
        rest = np.delete(np.delete(costs, i, axis=0), j, axis=1)
        possible[i, j] = costs[i, j] + _assign(rest)[0] - best < _MARGIN
    return certain, possible


def _assign(costs: Costs) -> tuple[float, set[tuple[int, int]]]:
    """Return the least total cost and its pairs; unmatched rows and columns cost half a gate each."""
    rows, columns = costs.shape
    square = np.full((rows + columns, rows + columns), _IMPOSSIBLE)
    square[:rows, :columns] = np.where(costs < 1.0, costs, _IMPOSSIBLE)
    square[:rows, columns:][np.diag_indices(rows)] = _UNMATCHED
    square[rows:, :columns][np.diag_indices(columns)] = _UNMATCHED
    square[rows:, columns:] = 0.0
    at_rows, at_columns = linear_sum_assignment(square)
    # Rounded, so that the order of the summands never decides about a margin.
    total = round(float(square[at_rows, at_columns].sum()), 9)
    pairs = {(int(i), int(j)) for i, j in zip(at_rows, at_columns, strict=True) if i < rows and j < columns}
    return total, pairs


def _ambiguity(first: Sequence[Spot], second: Sequence[Spot], rows: list[int], columns: list[int]) -> Ambiguity:
    return Ambiguity(tuple(sorted(first[i].number for i in rows)), tuple(sorted(second[j].number for j in columns)))
