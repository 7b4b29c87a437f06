import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.vision.face_crop import FACE_WIDTH, FaceCrop, crop_face
from shared.vision.face_map import OVAL, face_width_pixels
from tests.support.faces import portrait, portrait_face


def cropped(image: np.ndarray, points: np.ndarray) -> FaceCrop:
    crop = crop_face(image, points.astype(np.float32))
    assert crop is not None
    return crop


def turned(degrees: float, scale: float) -> tuple[np.ndarray, np.ndarray]:
    height, width = portrait().shape[:2]
    side = round(1.5 * max(height, width) * scale)
    turn = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), degrees, scale)
    turn[:, 2] += np.array([(side - width) / 2, (side - height) / 2])
    image = cv2.warpAffine(portrait(), turn, (side, side), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    return image, portrait_face().points @ turn[:, :2].T + turn[:, 2]


# The first example loads the landmarker.
@settings(deadline=None, max_examples=30)
@given(st.floats(-40, 40), st.floats(0.5, 6))
def test_a_face_is_as_wide_and_upright_however_it_was_photographed(degrees: float, scale: float) -> None:
    plain, crop = cropped(portrait(), portrait_face().points), cropped(*turned(degrees, scale))
    assert face_width_pixels(crop.points) == pytest.approx(FACE_WIDTH, rel=1e-3)
    assert crop.points == pytest.approx(plain.points, abs=1)
    assert crop.image.shape == pytest.approx(plain.image.shape, abs=2)
    assert crop.zoom == pytest.approx(plain.zoom / scale, rel=1e-3)
    back = crop.points @ crop.backward[:, :2].T + crop.backward[:, 2]
    assert back == pytest.approx(turned(degrees, scale)[1], abs=0.01 * scale + 0.01)


def test_the_same_skin_lies_at_the_same_place_of_the_crop() -> None:
    plain = cropped(portrait(), portrait_face().points).image.astype(float)
    for degrees, scale in ((10, 1.0), (-25, 2.5), (0, 4.0)):
        other = cropped(*turned(degrees, scale)).image.astype(float)
        height, width = min(plain.shape[0], other.shape[0]), min(plain.shape[1], other.shape[1])
        middle = (slice(60, height - 60), slice(60, width - 60))
        assert np.abs(plain[middle] - other[middle]).mean() < 3


def test_sides_are_even_so_that_cells_tile_the_crop() -> None:
    for degrees in (0, 3, 7):
        height, width = cropped(*turned(degrees, 1.3)).image.shape[:2]
        assert (height % 2, width % 2) == (0, 0)


def test_what_lies_beyond_the_photograph_is_marked() -> None:
    points = portrait_face().points
    assert cropped(portrait(), points).inside.all()
    left = int(points[:, 0].mean())
    crop = cropped(portrait()[:, left:], points - np.array([left, 0]))
    seen = crop.inside.mean(axis=0)
    edge = int(np.flatnonzero(seen > 0.5)[0])
    assert edge == pytest.approx(crop.points[:, 0].mean(), abs=6)
    assert not seen[: edge - 20].any()  # the head leans a little
    assert (seen[edge + 20 :] == 1).all()


def test_a_huge_photograph_of_a_tiny_face_is_cropped_as_well() -> None:
    image = np.full((9000, 12000, 3), 120, dtype=np.uint8)
    crop = cropped(image, portrait_face().points * 0.02 + np.array([11_997, 4000]))
    assert crop.inside.any()
    assert not crop.inside.all()


def test_points_that_span_no_face_or_lie_elsewhere_give_no_crop() -> None:
    points = portrait_face().points
    for bad in (points * 0, points * np.nan, points + 5000, points - 5000, points * np.array([1, 0])):
        assert crop_face(portrait(), bad.astype(np.float32)) is None


def test_a_stretched_face_gives_no_endless_crop() -> None:
    points = portrait_face().points * np.array([0.05, 40])
    crop = crop_face(portrait(), points.astype(np.float32))
    assert crop is None or max(crop.image.shape) <= 3 * FACE_WIDTH


def test_the_oval_lies_within_the_crop() -> None:
    crop = cropped(portrait(), portrait_face().points)
    oval = crop.points[list(OVAL)]
    assert (oval > 5).all()
    assert (oval < np.array(crop.image.shape[1::-1]) - 5).all()
