"""Finding skin, and the light on it."""

import numpy as np
import pytest

from models.data.lesions import ToneGroup
from models.synthesis.light import read_light
from models.synthesis.optics import to_linear
from models.synthesis.skin import FaceFrame, Skin, find_skin, frame_of

from .conftest import BOX, POINTS, DrawFace


@pytest.mark.parametrize("tone", list(ToneGroup))
def test_cheeks_forehead_and_chin_are_skin_in_every_tone(skins: dict[ToneGroup, Skin], tone: ToneGroup) -> None:
    mask = skins[tone].mask
    for x, y in ((112, 180), (208, 180), (160, 80), (160, 262)):
        assert mask[y - 2 : y + 3, x - 2 : x + 3].all(), (x, y)
    assert mask.sum() > 0.3 * BOX[2] * BOX[3]


@pytest.mark.parametrize("tone", list(ToneGroup))
def test_eyes_brows_mouth_nostrils_hair_and_background_are_not(skins: dict[ToneGroup, Skin], tone: ToneGroup) -> None:
    mask = skins[tone].mask
    y, x = np.mgrid[: mask.shape[0], : mask.shape[1]]
    for eye in POINTS[:2]:
        assert not mask[np.hypot(x - eye[0], y - eye[1]) < 18].any()
        assert not mask[int(eye[1]) - 22 : int(eye[1]) - 13, int(eye[0]) - 20 : int(eye[0]) + 20].any()
    assert not mask[(np.abs(x - 160) < 34) & (np.abs(y - 222) < 11)].any()
    assert not mask[(np.abs(x - 160) < 18) & (np.abs(y - 188) < 6)].any()
    assert not mask[:40].any()
    assert not mask[:, :60].any()


def test_a_strand_of_hair_over_the_cheek_is_left_out(draw_face: DrawFace, frame: FaceFrame) -> None:
    image = draw_face(ToneGroup.LIGHT_MEDIUM).image.copy()
    image[150:250, 100:106] = (30, 24, 20)
    mask = find_skin(image, frame).mask
    assert not mask[155:245, 99:107].any()
    assert mask[180, 120]


def test_a_face_outside_the_picture_has_no_skin(draw_face: DrawFace) -> None:
    image = draw_face(ToneGroup.BROWN).image
    away = frame_of(BOX + np.array([900, 900, 0, 0], np.float32), POINTS + 900)
    assert not find_skin(image, away).mask.any()


def test_a_frame_turns_with_the_eyes(frame: FaceFrame) -> None:
    turn = np.radians(30)
    spin = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]], np.float32)
    middle = np.array([160, 160], np.float32)
    turned = frame_of(BOX, (POINTS - middle) @ spin + middle)
    point = (np.array([230.0, 160.0], np.float32) - middle) @ spin + middle
    x, y = (np.array([value], np.float32) for value in point)
    assert np.allclose(turned.to_frame(x, y), frame.to_frame(*np.array([[230.0], [160.0]], np.float32)), atol=1e-5)


def test_normals_lean_outwards_from_the_middle(frame: FaceFrame) -> None:
    x, y = np.array([160, 230, 90, 160], np.float32), np.array([160, 160, 160, 60], np.float32)
    normals = frame.normals(x, y)
    assert np.allclose(np.linalg.norm(normals, axis=1), 1, atol=1e-5)
    assert normals[0, 2] > 0.99
    assert normals[1, 0] > 0.3 > -0.3 > normals[2, 0]
    assert normals[3, 1] < -0.3


@pytest.mark.parametrize("side", [-1.0, 1.0])
@pytest.mark.parametrize("tone", list(ToneGroup))
def test_light_comes_from_the_brighter_side(
    draw_face: DrawFace, frame: FaceFrame, tone: ToneGroup, side: float
) -> None:
    image = draw_face(tone, light=side).image
    light = read_light(to_linear(image), find_skin(image, frame))
    assert side * light.direction[0] > 0.15
    assert np.linalg.norm(light.direction) == pytest.approx(1, abs=1e-5)
    assert light.direction[2] > 0


def test_without_skin_the_light_is_a_studio_s(draw_face: DrawFace, frame: FaceFrame) -> None:
    image = draw_face(ToneGroup.BROWN).image
    light = read_light(to_linear(image), Skin(np.zeros(image.shape[:2], bool), frame))
    assert light.direction[0] < 0 < light.direction[2]
