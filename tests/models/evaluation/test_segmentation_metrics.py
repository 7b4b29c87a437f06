"""Overlap and edge distances, held against brute force and against shapes whose answer is known."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from models.evaluation.segmentation_metrics import EdgeDistances, contour_stability, dice, edge, iou

Mask = NDArray[np.bool_]
masks = arrays(np.bool_, (9, 7), elements=st.booleans())


def square(left: int, top: int, side: int, size: int = 40) -> Mask:
    mask = np.zeros((size, size), np.bool_)
    mask[top : top + side, left : left + side] = True
    return mask


def edge_by_hand(mask: Mask) -> set[tuple[int, int]]:
    """Return edge pixels one by one: set, with an unset pixel or the border beside."""
    height, width = mask.shape
    found = set()
    for y, x in zip(*np.nonzero(mask), strict=True):
        beside = [(y - 1, x), (y + 1, x), (y, x - 1), (y, x + 1)]
        if any(not (0 <= j < height and 0 <= i < width) or not mask[j, i] for j, i in beside):
            found.add((int(y), int(x)))
    return found


def directed(start: set[tuple[int, int]], goal: set[tuple[int, int]]) -> list[float]:
    return [min(float(np.hypot(y - j, x - i)) for j, i in goal) for y, x in sorted(start)]


@given(masks)
def test_the_edge_is_what_its_definition_says(mask: Mask) -> None:
    assert set(zip(*(axis.tolist() for axis in np.nonzero(edge(mask))), strict=True)) == edge_by_hand(mask)


@given(masks, masks, st.floats(0, 5))
def test_edge_distances_are_those_of_brute_force(one: Mask, two: Mask, tolerance: float) -> None:
    ours, theirs = edge_by_hand(one), edge_by_hand(two)
    found = EdgeDistances.between(one, two)
    if ours and theirs:
        there, back = directed(ours, theirs), directed(theirs, ours)
        np.testing.assert_allclose(found.from_found, there)
        np.testing.assert_allclose(found.from_truth, back)
        assert found.hd95() == pytest.approx(max(np.percentile(there, 95), np.percentile(back, 95)))
        assert found.mean() == pytest.approx(np.mean(there + back))
        near = [d <= tolerance for d in found.from_found] + [d <= tolerance for d in found.from_truth]
        assert found.surface_dice(tolerance) == pytest.approx(np.mean(near))


@given(masks, masks)
def test_agreement_has_no_direction_and_lies_between_nothing_and_all(one: Mask, two: Mask) -> None:
    assert dice(one, two) == dice(two, one)
    assert 0 <= iou(one, two) <= dice(one, two) <= 1
    assert EdgeDistances.between(one, two).hd95() == pytest.approx(EdgeDistances.between(two, one).hd95())


@given(masks, masks)
def test_dice_and_iou_tell_the_same_story(one: Mask, two: Mask) -> None:
    j = iou(one, two)
    assert dice(one, two) == pytest.approx(2 * j / (1 + j))


@given(masks)
def test_a_mask_agrees_with_itself(mask: Mask) -> None:
    same = EdgeDistances.between(mask, mask)
    assert (dice(mask, mask), iou(mask, mask), same.surface_dice(0), same.hd95()) == (1, 1, 1, 0)


def test_a_square_moved_by_three_pixels_is_three_pixels_off() -> None:
    one, two = square(10, 10, 12), square(13, 10, 12)
    found = EdgeDistances.between(one, two)
    assert dice(one, two) == pytest.approx(2 * 9 * 12 / (2 * 144))
    assert found.hd95() == pytest.approx(3.0)
    assert found.surface_dice(3) == 1.0
    assert found.surface_dice(2.9) < 1.0


def test_a_ring_around_a_square_is_as_far_as_it_is_wide() -> None:
    found = EdgeDistances.between(square(10, 10, 10), square(8, 8, 14))
    assert set(found.from_found) == {2.0}
    assert found.surface_dice(1.9) == 0.0


def test_towards_nothing_every_distance_is_the_diagonal() -> None:
    nothing, something = np.zeros((30, 40), np.bool_), np.zeros((30, 40), np.bool_)
    something[5:9, 5:9] = True
    for one, two in ((nothing, something), (something, nothing)):
        found = EdgeDistances.between(one, two)
        assert (dice(one, two), found.hd95(), found.surface_dice(10)) == (0, 50, 0)
    both = EdgeDistances.between(nothing, nothing)
    assert (dice(nothing, nothing), both.hd95(), both.surface_dice(0), both.mean()) == (1, 0, 1, 0)


def test_masks_of_different_shape_are_refused() -> None:
    with pytest.raises(ValueError, match="different shape"):
        dice(np.zeros((2, 3), np.bool_), np.zeros((3, 2), np.bool_))


def test_an_unmoved_outline_is_wholly_stable() -> None:
    first = square(10, 10, 12)
    steady = contour_stability(first, [first, first])
    assert (steady.dice, steady.edge_px, steady.area_repeatability) == (1, 0, 0)


def test_area_repeatability_is_what_two_captures_differ_by_at_most() -> None:
    rng = np.random.default_rng(3)
    areas = np.rint(rng.normal(400, 20, 400)).astype(int)
    repeats = []
    for area in areas:
        mask = np.zeros(900, np.bool_)
        mask[:area] = True
        repeats.append(mask.reshape(30, 30))
    coefficient = contour_stability(repeats[0], repeats[1:]).area_repeatability
    apart = np.abs(areas[:200] - areas[200:]) / areas.mean()
    assert coefficient == pytest.approx(1.96 * np.sqrt(2) * 20 / 400, rel=0.1)
    assert 0.9 < (apart < coefficient).mean() < 0.99


def test_stability_of_no_repeats_is_no_figure() -> None:
    with pytest.raises(ValueError, match="at least one"):
        contour_stability(square(1, 1, 3), [])
