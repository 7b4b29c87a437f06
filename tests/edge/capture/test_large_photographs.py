"""Large photographs are searched averaged down, and nobody could tell from the faces."""

import cv2
import numpy as np
import pytest

from shared.imaging.image import RgbImage
from tests.support.faces import landmarker, placed, portrait, portrait_face


def enlarged(times: int) -> RgbImage:
    height, width = portrait().shape[:2]
    return np.asarray(cv2.resize(portrait(), (width * times, height * times), interpolation=cv2.INTER_CUBIC), np.uint8)


@pytest.mark.parametrize("times", [10, 19])
def test_a_large_face_has_the_mesh_of_the_small_one_enlarged(times: int) -> None:
    (large,) = landmarker().detect(enlarged(times))
    (small,) = landmarker().detect(enlarged(4))
    apart = np.linalg.norm(large.points[:, :2] / times - small.points[:, :2] / 4, axis=1)
    assert apart.mean() < 0.01 * portrait_face().box.w
    assert large.box.w / times == pytest.approx(small.box.w / 4, rel=0.02)


def test_a_small_face_on_a_large_photograph_is_found_as_finely_as_on_a_small_one() -> None:
    picture = placed(enlarged(2), 3000, 2250, 1200, 700)
    (found,) = landmarker().detect(picture)
    (alone,) = landmarker().detect(enlarged(2))
    apart = np.linalg.norm(found.points[:, :2] - (1200, 700) - alone.points[:, :2], axis=1)
    assert apart.mean() < 0.02 * alone.box.w


def test_an_odd_rest_of_pixels_moves_nothing() -> None:
    picture = enlarged(10)
    whole, cut = landmarker().detect(picture)[0], landmarker().detect(picture[:-1, :-1])[0]
    assert np.abs(whole.points[:, :2] - cut.points[:, :2]).max() < 0.02 * whole.box.w
