import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.vision.face_map import (
    EYE_OUTLINES,
    LIPS_OUTLINE,
    OVAL,
    face_width_pixels,
    on_right_half,
    outline_mask,
    region_shares,
)
from shared.vocabulary import FaceRegion
from tests.support.faces import portrait, portrait_face

RIGHT_CHEEK_MIDDLE, LEFT_CHEEK_MIDDLE = 50, 280


# The first example loads the landmarker.
@settings(deadline=None)
@given(st.floats(-180, 180), st.floats(0.2, 5))
def test_the_client_s_right_stays_right_however_the_picture_is_turned(degrees: float, scale: float) -> None:
    turn = cv2.getRotationMatrix2D((40.0, 70.0), degrees, scale)
    points = (portrait_face().points @ turn[:, :2].T + turn[:, 2]).astype(np.float32)
    assert on_right_half(points, *points[RIGHT_CHEEK_MIDDLE])
    assert not on_right_half(points, *points[LEFT_CHEEK_MIDDLE])
    assert face_width_pixels(points) == pytest.approx(scale * face_width_pixels(portrait_face().points), rel=1e-3)


def test_the_width_is_about_that_from_cheek_to_cheek() -> None:
    points = portrait_face().points
    assert face_width_pixels(points) == pytest.approx(float(np.linalg.norm(points[234] - points[454])), rel=0.1)


def test_regions_share_the_face_without_overlap() -> None:
    shares = region_shares(portrait_face().points)
    assert set(shares) == set(FaceRegion)
    assert 0.75 < sum(shares.values()) < 1.0
    assert min(shares.values()) > 0.02
    grown = region_shares(portrait_face().points * np.float32(7.3) + np.float32(250))
    assert grown == pytest.approx(shares, abs=0.003)


def test_points_without_extent_have_no_regions() -> None:
    assert region_shares(np.zeros((468, 2), dtype=np.float32)) == {}


def test_eyes_are_darker_and_lips_redder_than_the_face() -> None:
    points, picture = portrait_face().points, portrait().astype(float)

    def mean_colour(outline: tuple[int, ...]) -> np.ndarray:
        colour: np.ndarray = picture[outline_mask(points, outline, picture.shape)].mean(axis=0)
        return colour

    face, lips = mean_colour(OVAL), mean_colour(LIPS_OUTLINE)
    assert lips[0] / lips[1] > 1.02 * face[0] / face[1]
    for outline in EYE_OUTLINES:
        assert (mean_colour(outline) < 0.9 * face).all()
