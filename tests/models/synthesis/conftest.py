"""Faces drawn for the tests of the renderer: shaded ovals with eyes, mouth and hair, in any tone of skin."""

from collections.abc import Callable

import cv2
import numpy as np
import pytest

from models.data.lesions import ToneGroup
from models.synthesis.faces import SourceFace
from models.synthesis.optics import Plane, to_image
from models.synthesis.skin import FaceFrame, Skin, find_skin, frame_of

# Linear colours, about as portraits show them.
TONES: dict[ToneGroup, tuple[float, float, float]] = {
    ToneGroup.LIGHT_MEDIUM: (0.60, 0.38, 0.28),
    ToneGroup.BROWN: (0.30, 0.15, 0.085),
    ToneGroup.DEEP: (0.13, 0.06, 0.035),
}
SIDE = 320
BOX = np.array([70, 40, 180, 240], np.float32)
POINTS = np.array([[120, 130], [200, 130], [160, 180], [130, 222], [190, 222]], np.float32)
DrawFace = Callable[..., SourceFace]


def _oval(centre: tuple[float, float], axes: tuple[float, float]) -> Plane:
    canvas = np.zeros((SIDE, SIDE), np.uint8)
    cv2.ellipse(canvas, (round(centre[0]), round(centre[1])), (round(axes[0]), round(axes[1])), 0, 0, 360, 255, -1)
    return np.asarray(cv2.GaussianBlur(canvas, (0, 0), 1.0), np.float32) / np.float32(255)


def _drawn(tone: ToneGroup, seed: int = 0, light: float = 0.0, noise: float = 0.02) -> SourceFace:
    """Draw a face lit from the right by `light` (-1 to 1), with fine texture of relative SD `noise`."""
    rng = np.random.default_rng(seed)
    x = np.linspace(-1, 1, SIDE, dtype=np.float32)[None, :, None]
    shade = 1 + np.float32(0.45 * light) * x
    linear = np.broadcast_to(np.array([0.05, 0.12, 0.5], np.float32), (SIDE, SIDE, 3)).copy()
    skin = np.array(TONES[tone], np.float32) * shade
    skin = skin * (1 + np.float32(noise) * rng.standard_normal((SIDE, SIDE, 1), np.float32))
    layers: list[tuple[Plane, Plane]] = [
        (_oval((160, 130), (105, 118)), np.full((1, 1, 3), 0.012, np.float32)),
        (_oval((160, 165), (86, 118)), skin),
    ]
    for eye in POINTS[:2]:
        layers.append((_oval((eye[0], eye[1] - 18), (20, 4)), np.full((1, 1, 3), 0.012, np.float32)))
        layers.append((_oval((eye[0], eye[1]), (15, 7)), np.full((1, 1, 3), 0.7, np.float32)))
    layers.append((_oval((160, 222), (32, 9)), np.array([[[0.35, 0.05, 0.05]]], np.float32)))
    for cover, colour in layers:
        linear = linear + cover[..., None] * (colour - linear)
    return SourceFace(f"drawn/{tone}_{seed}.png", to_image(linear.astype(np.float32)), BOX, POINTS, tone)


@pytest.fixture(scope="session")
def draw_face() -> DrawFace:
    return _drawn


@pytest.fixture(scope="session")
def frame() -> FaceFrame:
    return frame_of(BOX, POINTS)


@pytest.fixture(scope="session")
def skins(frame: FaceFrame) -> dict[ToneGroup, Skin]:
    """Return the skin found in each tone's drawn face."""
    return {tone: find_skin(_drawn(tone).image, frame) for tone in ToneGroup}
