"""From mask to polygon: on the edge, of the right part, bounded in length."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from edge.analysis.contours import NO_OUTLINE, outline_of
from shared.events.limits import MAX_CONTOUR_POINTS
from shared.imaging.crops import CropPlacement

SIDE = 128
SAME = CropPlacement(1.0, 0, 0)


def discs(*circles: tuple[float, float, float]) -> NDArray[np.float32]:
    """Logits that cross 0 on the circles x, y, radius and grow by one a pixel inwards."""
    y, x = np.mgrid[0:SIDE, 0:SIDE] + 0.5
    fields = [radius - np.hypot(x - cx, y - cy) for cx, cy, radius in circles]
    return np.max(fields, axis=0).astype(np.float32)


def test_a_disc_s_outline_runs_on_its_edge_and_has_its_area() -> None:
    outline = outline_of(discs((64, 64, 30)), 0.5, SAME)
    assert outline.area_px == pytest.approx(math.pi * 30**2, rel=0.01)
    assert {round(math.dist(corner, (64, 64)) - 30) for corner in outline.contour} <= {-1, 0, 1}


def test_the_outline_lies_where_the_crop_lay_in_the_photograph() -> None:
    placement = CropPlacement(scale=4.0, left=1000, top=-10)
    outline = outline_of(discs((64, 48, 20)), 0.5, placement)
    centre = np.mean(outline.contour, axis=0)
    assert centre == pytest.approx((1000 + 16, -10 + 12), abs=0.5)
    assert outline.area_px == pytest.approx(math.pi * 5**2, rel=0.03)


def test_a_higher_threshold_draws_a_smaller_outline() -> None:
    areas = [outline_of(discs((64, 64, 30)), threshold, SAME).area_px for threshold in (0.1, 0.5, 0.9)]
    assert areas == sorted(areas, reverse=True)
    assert areas[2] == pytest.approx(math.pi * (30 - math.log(9)) ** 2, rel=0.02)


def test_a_neighbour_in_the_corner_is_left_out_even_when_it_is_larger() -> None:
    outline = outline_of(discs((64, 64, 10), (110, 15, 28)), 0.5, SAME)
    assert outline.area_px == pytest.approx(math.pi * 100, rel=0.03)
    assert outline_of(discs((118, 8, 20)), 0.5, SAME) == NO_OUTLINE


@pytest.mark.parametrize(("threshold", "level"), [(0.5, -3.0), (1.0, 50.0)])
def test_no_mask_is_no_outline(threshold: float, level: float) -> None:
    assert outline_of(np.full((SIDE, SIDE), level, np.float32), threshold, SAME) == NO_OUTLINE


def test_a_mask_that_fills_the_crop_is_outlined_by_the_crop() -> None:
    outline = outline_of(np.full((SIDE, SIDE), 3.0, np.float32), 0.5, SAME)
    assert outline.area_px == SIDE**2
    assert len(outline.contour) == 4


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), threshold=st.floats(0.05, 0.95))
def test_any_mask_gives_a_bounded_polygon_within_its_crop(seed: int, threshold: float) -> None:
    rough = np.random.default_rng(seed).normal(size=(16, 16)).astype(np.float32)
    logits = np.kron(rough, np.ones((8, 8), np.float32)) * 3
    outline = outline_of(logits, threshold, SAME)
    assert len(outline.contour) <= MAX_CONTOUR_POINTS
    assert 0 <= outline.area_px <= SIDE**2
    for x, y in outline.contour:
        assert 0 <= x <= SIDE
        assert 0 <= y <= SIDE
    assert (outline.contour == ()) == (outline.area_px == 0)
