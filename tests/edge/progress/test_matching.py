"""Which feature is which: properties that hold whatever was outlined, and the cases a person would name."""

from dataclasses import dataclass, replace

import numpy as np
from hypothesis import assume, given
from hypothesis import strategies as st

from edge.progress.matching import Ambiguity, GateRule, Matching, Pair, Spot, match
from shared.vocabulary import FindingType

UNCERTAINTY = 0.003
TYPES = (*FindingType, None)


@dataclass(frozen=True)
class Placed:
    """A feature and where it is, in inter-eye distances."""

    x: float
    y: float
    size: float = 0.06
    type: FindingType | None = FindingType.SPOT


def compare(first: list[Placed], second: list[Placed], uncertainty: float = UNCERTAINTY) -> Matching:
    return matched(numbered(first), numbered(second), uncertainty)


def numbered(places: list[Placed]) -> list[tuple[int, Placed]]:
    return list(enumerate(places, start=1))


def matched(first: list[tuple[int, Placed]], second: list[tuple[int, Placed]], uncertainty: float) -> Matching:
    here = np.array([(item.x, item.y) for _, item in first]).reshape(-1, 2)
    there = np.array([(item.x, item.y) for _, item in second]).reshape(-1, 2)
    distances = np.linalg.norm(here[:, None] - there[None], axis=2)
    return match([spot(*item) for item in first], [spot(*item) for item in second], distances, uncertainty)


def spot(number: int, item: Placed) -> Spot:
    return Spot(number, item.type, frozenset() if item.type is None else frozenset({item.type}), item.size)


# Positions on a fine grid, so that ties are common and not only possible.
PLACES = st.lists(
    st.builds(
        Placed,
        x=st.integers(0, 40).map(lambda step: step * 0.02),
        y=st.integers(0, 40).map(lambda step: step * 0.02),
        size=st.sampled_from((0.02, 0.05, 0.1)),
        type=st.sampled_from(TYPES),
    ),
    max_size=9,
)


def apart(places: list[Placed]) -> bool:
    """Whether no two features are so close that one could be taken for the other."""
    return all(
        np.hypot(a.x - b.x, a.y - b.y) > GateRule().gate(UNCERTAINTY, (a.size + b.size) / 2)
        for i, a in enumerate(places)
        for b in places[:i]
    )


@given(PLACES)
def test_a_visit_compared_with_itself_has_every_feature_persisting(places: list[Placed]) -> None:
    assume(apart(places))
    found = compare(places, places)
    assert found.persisting == tuple(Pair(number, number, 0.0) for number, _ in numbered(places))
    assert (found.new, found.resolved, found.ambiguous) == ((), (), ())


@given(PLACES)
def test_nothing_is_new_or_resolved_against_oneself_even_where_features_crowd(places: list[Placed]) -> None:
    found = compare(places, places)
    assert (found.new, found.resolved) == ((), ())
    assert all(len(group.first) == len(group.second) for group in found.ambiguous)


@given(PLACES, PLACES)
def test_every_feature_is_told_exactly_once(first: list[Placed], second: list[Placed]) -> None:
    found = compare(first, second)
    here = [pair.first for pair in found.persisting] + list(found.resolved)
    there = [pair.second for pair in found.persisting] + list(found.new)
    for group in found.ambiguous:
        here += group.first
        there += group.second
    assert sorted(here) == list(range(1, len(first) + 1))
    assert sorted(there) == list(range(1, len(second) + 1))


@given(PLACES, PLACES)
def test_swapping_the_visits_swaps_new_and_resolved_and_nothing_else(first: list[Placed], second: list[Placed]) -> None:
    ahead, back = compare(first, second), compare(second, first)
    assert back.new == ahead.resolved
    assert back.resolved == ahead.new
    assert sorted((pair.second, pair.first) for pair in back.persisting) == [
        (pair.first, pair.second) for pair in ahead.persisting
    ]
    assert {(group.second, group.first) for group in back.ambiguous} == {
        (group.first, group.second) for group in ahead.ambiguous
    }


@given(PLACES, PLACES, st.randoms())
def test_the_order_in_which_features_are_listed_does_not_matter(
    first: list[Placed], second: list[Placed], random: object
) -> None:
    here, there = numbered(first), numbered(second)
    expected = matched(here, there, UNCERTAINTY)
    random.shuffle(here)  # type: ignore[attr-defined]
    random.shuffle(there)  # type: ignore[attr-defined]
    assert matched(here, there, UNCERTAINTY) == expected


@given(PLACES, PLACES)
def test_no_pair_lies_farther_apart_than_its_gate(first: list[Placed], second: list[Placed]) -> None:
    for pair in compare(first, second).persisting:
        size = (first[pair.first - 1].size + second[pair.second - 1].size) / 2
        assert pair.distance < GateRule().gate(UNCERTAINTY, size)


def test_one_that_stayed_one_that_went_and_one_that_came_are_told_apart() -> None:
    found = compare([Placed(0, 0), Placed(0.5, 0)], [Placed(0.005, 0), Placed(0, 0.5)])
    assert [(pair.first, pair.second) for pair in found.persisting] == [(1, 1)]
    assert (found.resolved, found.new, found.ambiguous) == ((2,), (2,), ())


def test_the_least_total_distance_wins_over_the_nearest_pair() -> None:
    """Taking the nearest pair first would pair 2 with 1 and leave the rest unmatched."""
    found = compare([Placed(0, 0, 0.1), Placed(0.04, 0, 0.1)], [Placed(0.026, 0, 0.1), Placed(0.066, 0, 0.1)])
    assert [(pair.first, pair.second) for pair in found.persisting] == [(1, 1), (2, 2)]


def test_one_between_two_is_given_to_neither() -> None:
    found = compare([Placed(0, 0, 0.1)], [Placed(-0.02, 0, 0.1), Placed(0.02, 0, 0.1)])
    assert found.ambiguous == (Ambiguity((1,), (1, 2)),)
    assert (found.persisting, found.new, found.resolved) == ((), (), ())


def test_a_shift_that_could_as_well_be_another_feature_is_not_decided() -> None:
    """Just within the gate: the same, or one gone and a neighbour come; nobody can tell."""
    gate = GateRule().gate(UNCERTAINTY, 0.06)
    found = compare([Placed(0, 0)], [Placed(gate * 0.9, 0)])
    assert found.ambiguous == (Ambiguity((1,), (1,)),)


def test_the_gate_opens_with_the_alignments_uncertainty_and_with_size() -> None:
    moved = ([Placed(0, 0, 0.04)], [Placed(0.03, 0, 0.04)])
    assert compare(*moved).persisting == ()
    assert len(compare(*moved, uncertainty=0.02).persisting) == 1
    large = ([Placed(0, 0, 0.12)], [Placed(0.03, 0, 0.12)])
    assert len(compare(*large).persisting) == 1


def test_among_equally_near_ones_the_one_of_the_same_type_is_taken() -> None:
    first = [Placed(0, 0, 0.1, FindingType.SPOT)]
    second = [Placed(0.01, 0, 0.1, FindingType.PUSTULE), Placed(-0.01, 0, 0.1, FindingType.SPOT)]
    assert [pair.second for pair in compare(first, second).persisting] == [2]


def test_a_blemish_that_looks_like_a_spot_by_now_is_still_the_same() -> None:
    found = compare([Placed(0, 0, type=FindingType.BLEMISH)], [Placed(0.002, 0, type=FindingType.SPOT)])
    assert len(found.persisting) == 1


def test_a_type_that_was_not_ruled_out_costs_nothing() -> None:
    unsure = Spot(1, FindingType.BLEMISH, frozenset({FindingType.BLEMISH, FindingType.SPOT}), 0.06)
    sure = Spot(1, FindingType.SPOT, frozenset({FindingType.SPOT}), 0.06)
    far = np.array([[0.026]])
    assert len(match([unsure], [sure], far, UNCERTAINTY).persisting) == 1
    told = replace(unsure, types=frozenset({FindingType.BLEMISH}))
    assert match([told], [sure], far, UNCERTAINTY).persisting == ()


def test_a_hundred_crowded_features_are_matched_in_good_time() -> None:
    rng = np.random.default_rng(0)
    places = [Placed(float(x), float(y), 0.05) for x, y in rng.uniform(0, 1.6, (120, 2))]
    moved = [replace(item, x=item.x + float(rng.normal(0, 0.002))) for item in places]
    found = compare(places, moved)
    assert len(found.persisting) + sum(len(group.first) for group in found.ambiguous) == 120
    assert all(pair.first == pair.second for pair in found.persisting)
    assert len(found.persisting) > 100
