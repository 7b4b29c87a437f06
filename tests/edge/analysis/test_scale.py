from dataclasses import replace

import pytest

from edge.analysis.domain import ScaleSource
from edge.analysis.scale import scale_from_card, scale_from_eyes
from edge.capture.landmarks import Pose
from shared.vision.face_map import inter_eye_pixels
from tests.support.faces import portrait_face


def test_the_eyes_of_an_adult_are_about_63_mm_apart() -> None:
    face = replace(portrait_face(), pose=Pose(0, 0, 0))
    scale = scale_from_eyes(face)
    assert scale is not None
    assert scale.source is ScaleSource.INTER_EYE
    assert scale.mm_per_pixel * inter_eye_pixels(face.points) == pytest.approx(63.4)
    assert 0.11 < scale.relative_uncertainty < 0.2


def test_a_turned_head_is_allowed_for_and_makes_it_less_certain() -> None:
    straight, turned = (scale_from_eyes(replace(portrait_face(), pose=Pose(yaw, 0, 0))) for yaw in (0, -35))
    assert straight is not None
    assert turned is not None
    assert turned.mm_per_pixel == pytest.approx(straight.mm_per_pixel * 0.819, rel=0.001)
    assert turned.relative_uncertainty > straight.relative_uncertainty


def test_a_profile_or_a_face_without_width_tells_no_scale() -> None:
    face = portrait_face()
    assert scale_from_eyes(replace(face, pose=Pose(60, 0, 0))) is None
    assert scale_from_eyes(replace(face, points=face.points * 0)) is None


def test_a_card_tells_the_scale_by_its_length() -> None:
    scale = scale_from_card(85.6, 428.0)
    assert (scale.mm_per_pixel, scale.source) == (pytest.approx(0.2), ScaleSource.COLOUR_CARD)
    assert scale.relative_uncertainty == pytest.approx(2 / 428)


@pytest.mark.parametrize(("mm", "pixels"), [(0, 10), (10, 0), (-1, 10), (float("nan"), 10), (10, float("inf"))])
def test_a_card_without_length_is_a_mistake(mm: float, pixels: float) -> None:
    with pytest.raises(ValueError, match="positive"):
        scale_from_card(mm, pixels)
