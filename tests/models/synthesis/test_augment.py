"""Disturbances: what they may change, what they must keep, and where boxes go."""

from collections.abc import Callable
from dataclasses import replace

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.data.lesions import ToneGroup
from models.synthesis import camera, cover
from models.synthesis.augment import AugmentSettings, Shares, augment
from models.synthesis.optics import luminance, to_linear
from shared.imaging.image import RgbImage

from .conftest import DrawFace

Effect = Callable[[RgbImage, np.random.Generator], RgbImage]

EFFECTS: dict[str, Effect] = {
    "colour_cast": lambda image, rng: camera.colour_cast(image, rng, camera.CastSettings()),
    "blur": lambda image, rng: camera.blur(image, rng, camera.BlurSettings()),
    "jpeg": lambda image, rng: camera.jpeg(image, rng, camera.JpegSettings()),
    "phone_noise": lambda image, rng: camera.phone_noise(image, rng, camera.PhoneSettings()),
    "perspective": lambda image, rng: camera.perspective(image, rng, camera.PerspectiveSettings()).image,
    "foundation": lambda image, rng: cover.foundation(image, rng, cover.FoundationSettings()),
    "blush": lambda image, rng: cover.blush(image, rng, cover.BlushSettings()),
    "hair_strands": lambda image, rng: cover.hair_strands(image, rng, cover.HairSettings()),
    "cast_shadow": lambda image, rng: cover.cast_shadow(image, rng, cover.ShadowSettings()),
}
ALWAYS = AugmentSettings(shares=Shares(**dict.fromkeys(Shares.__slots__, 1.0)))
NEVER = AugmentSettings(shares=Shares(**dict.fromkeys(Shares.__slots__, 0.0)))
seeds = st.integers(0, 2**32 - 1)


def dotted(side: int = 96) -> RgbImage:
    """Return skin with one soft dark dot in the middle."""
    y, x = np.mgrid[:side, :side] - (side - 1) / 2
    dot = np.exp(-(x**2 + y**2) / (2 * 3.0**2))[..., None]
    return np.asarray(np.array([205, 160, 140]) - dot * np.array([60, 70, 60]), np.uint8)


@pytest.mark.parametrize("name", list(EFFECTS))
def test_an_effect_keeps_size_and_input_and_repeats_with_its_seed(name: str, draw_face: DrawFace) -> None:
    image = draw_face(ToneGroup.BROWN).image[40:200, 60:200]
    kept = image.copy()
    first, second = (EFFECTS[name](image, np.random.default_rng(3)) for _ in range(2))
    assert first.shape == image.shape
    assert first.dtype == np.uint8
    assert np.array_equal(first, second)
    assert np.array_equal(image, kept)
    assert not np.array_equal(first, image)


@pytest.mark.parametrize("name", list(EFFECTS))
@pytest.mark.parametrize("shape", [(64, 64), (65, 33), (17, 90)])
def test_an_effect_takes_any_shape(name: str, shape: tuple[int, int]) -> None:
    image = np.full((*shape, 3), 140, np.uint8)
    assert EFFECTS[name](image, np.random.default_rng(0)).shape == image.shape


@given(seeds)
@settings(max_examples=25, deadline=None)
def test_a_feature_can_still_be_seen_after_everything_that_keeps_pixels_in_place(seed: int) -> None:
    for name in ("foundation", "blush", "cast_shadow", "colour_cast", "jpeg"):
        after = luminance(to_linear(EFFECTS[name](dotted(), np.random.default_rng(seed))))
        ring = np.median(after[36:60, 36:60])
        assert after[44:52, 44:52].mean() < 0.96 * ring, name


@given(seeds)
@settings(max_examples=25, deadline=None)
def test_foundation_covers_at_most_its_share(seed: int) -> None:
    image = dotted()
    after = cover.foundation(image, np.random.default_rng(seed), cover.FoundationSettings(cover=(0.5, 0.5)))

    def contrast(picture: RgbImage) -> float:
        light = luminance(to_linear(picture))
        return 1 - float(light[46:50, 46:50].mean() / light[20:30, 20:30].mean())

    assert 0.45 * contrast(image) < contrast(after) < contrast(image)


@given(seeds)
@settings(max_examples=25, deadline=None)
def test_shadow_and_colour_on_the_skin_never_brighten(seed: int) -> None:
    image = dotted()
    for name in ("cast_shadow", "blush"):
        assert (EFFECTS[name](image, np.random.default_rng(seed)) <= image).all(), name


def test_hairs_are_thin_and_cross_the_picture() -> None:
    image = np.full((96, 96, 3), 170, np.uint8)
    wanted = cover.HairSettings(most=1, cover=(0.9, 0.9))
    shares = []
    for seed in range(12):
        touched = (
            np.abs(cover.hair_strands(image, np.random.default_rng(seed), wanted).astype(int) - 170).max(axis=2) > 20
        )
        shares.append(touched.mean())
    assert max(shares) < 0.08
    assert np.median(shares) > 0.005


def test_a_cast_warms_or_cools_and_grey_stays_grey_without_one() -> None:
    grey = np.full((8, 8, 3), 120, np.uint8)
    still = camera.CastSettings(warmth=0, tint=0, gain=0)
    assert np.array_equal(camera.colour_cast(grey, np.random.default_rng(0), still), grey)
    warm = [camera.colour_cast(grey, np.random.default_rng(seed), camera.CastSettings())[0, 0] for seed in range(20)]
    differences = np.array([int(colour[0]) - int(colour[2]) for colour in warm])
    assert differences.min() < -10
    assert differences.max() > 10


def test_blur_lowers_contrast_and_keeps_the_mean() -> None:
    noise = np.random.default_rng(0).integers(60, 200, (64, 64, 3)).astype(np.uint8)
    for seed in range(8):
        after = camera.blur(noise, np.random.default_rng(seed), camera.BlurSettings())
        assert after.std() < noise.std()
        assert after.mean() == pytest.approx(noise.mean(), abs=2)


def test_a_phone_is_noisier_in_the_dark_relative_to_its_light() -> None:
    wanted = camera.PhoneSettings(shot=(0.001, 0.001), read=(0.002, 0.002), denoise=0, sharpen=0)

    def relative(level: int) -> float:
        linear = to_linear(camera.phone_noise(np.full((64, 64, 3), level, np.uint8), np.random.default_rng(0), wanted))
        return float(linear.std() / linear.mean())

    assert relative(60) > 2 * relative(200) > 0


@given(seeds)
@settings(max_examples=40, deadline=None)
def test_boxes_follow_what_they_hold_through_a_tilt(seed: int) -> None:
    rng = np.random.default_rng(seed)
    image = np.zeros((120, 100, 3), np.uint8)
    x, y = int(rng.integers(20, 70)), int(rng.integers(20, 90))
    image[y : y + 10, x : x + 12] = 255
    warped = camera.perspective(image, rng, camera.PerspectiveSettings(degrees=12))
    (x1, y1, x2, y2) = camera.move_boxes(np.array([[x, y, x + 12, y + 10]], np.float32), warped.matrix, (120, 100))[0]
    rows, columns = np.nonzero(warped.image[..., 0] > 127)
    assert x1 == pytest.approx(columns.min(), abs=1.1)
    assert y1 == pytest.approx(rows.min(), abs=1.1)
    assert x2 == pytest.approx(columns.max() + 1, abs=1.1)
    assert y2 == pytest.approx(rows.max() + 1, abs=1.1)


def test_boxes_moved_out_have_no_area_and_no_boxes_stay_none() -> None:
    away = np.array([[1, 0, 500], [0, 1, 0], [0, 0, 1]], np.float64)
    moved = camera.move_boxes(np.array([[1, 1, 9, 9]], np.float32), away, (50, 50))
    assert moved[0, 2] - moved[0, 0] == 0
    assert camera.move_boxes(np.zeros((0, 4), np.float32), away, (50, 50)).shape == (0, 4)


def test_augment_changes_nothing_when_nothing_is_asked() -> None:
    boxes = np.array([[40, 40, 56, 56]], np.float32)
    plain = augment(dotted(), boxes, np.random.default_rng(0), NEVER)
    assert np.array_equal(plain.image, dotted())
    assert np.array_equal(plain.boxes, boxes)


def test_augment_with_everything_keeps_one_box_per_feature() -> None:
    boxes = np.array([[40, 40, 56, 56]], np.float32)
    for seed in range(10):
        disturbed = augment(dotted(), boxes, np.random.default_rng(seed), ALWAYS)
        again = augment(dotted(), boxes, np.random.default_rng(seed), ALWAYS)
        assert disturbed.image.shape == (96, 96, 3)
        assert np.array_equal(disturbed.image, again.image)
        assert np.abs(disturbed.boxes - boxes).max() < 8
        assert np.array_equal(disturbed.boxes, again.boxes)


def test_jpeg_loses_more_at_lower_quality() -> None:
    image = np.asarray(
        cv2.GaussianBlur(np.random.default_rng(0).integers(0, 255, (64, 64, 3)).astype(np.uint8), (0, 0), 1)
    )

    def loss(quality: int) -> float:
        wanted = replace(camera.JpegSettings(), quality=(quality, quality), twice=0.0)
        after = camera.jpeg(image, np.random.default_rng(0), wanted)
        return float(np.abs(after.astype(int) - image.astype(int)).mean())

    assert loss(40) > loss(90) > 0
