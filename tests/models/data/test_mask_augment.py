"""Training crops: image and mask stay together, whatever is done to them."""

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.data.augment import LightSettings
from models.data.mask_augment import Drawing, Layers, PlaceSettings, WearSettings, WeightedSources, place, wear
from models.data.masks import MaskSource, OutlinedPhoto, mask_box

CALM = PlaceSettings(128, (1.3, 3.0), 0.12, 0.15, 0.0)
WORN = WearSettings(0.5, 20, 0.5, 5.0)


def ellipse(seed: int, size: int = 300) -> OutlinedPhoto:
    """Return a white ellipse on black, so that the picture is its own mask."""
    rng = np.random.default_rng(seed)
    mask = np.zeros((size, size + 60), np.uint8)
    centre = (int(rng.integers(100, size - 100)), int(rng.integers(100, size - 100)))
    cv2.ellipse(mask, centre, (int(rng.integers(8, 60)), int(rng.integers(8, 60))), 30, 0, 360, 1, -1)
    return OutlinedPhoto(f"{seed}", MaskSource.ISIC, cv2.merge([mask * np.uint8(255)] * 3), mask, mask_box(mask))


@given(st.integers(0, 10_000))
def test_the_mask_lies_where_the_feature_lies(seed: int) -> None:
    image, mask = place(Layers.of(ellipse(seed)), CALM, np.random.default_rng(seed))
    assert np.abs(image[..., 0].astype(int) - mask).max() <= 2


@given(st.integers(0, 10_000))
def test_the_whole_feature_is_near_the_middle_of_its_crop_and_as_large_as_its_context_says(seed: int) -> None:
    photo = ellipse(seed)
    _, mask = place(Layers.of(photo), CALM, np.random.default_rng(seed))
    ys, xs = np.nonzero(mask > 127)
    assert np.hypot(xs.mean() - 63.5, ys.mean() - 63.5) < 0.13 * np.sqrt(2) * 128 / 1.3 * 1.2
    longer = max(photo.box[2] - photo.box[0], photo.box[3] - photo.box[1])
    share = photo.mask.sum() / longer**2
    assert 0.8 * share / 9 < (mask / 255).sum() / 128**2 < 1.25 * share / 1.69


def test_strong_shrinking_does_not_alias() -> None:
    stripes = np.zeros((512, 512, 3), np.uint8)
    stripes[:, ::2] = 255
    mask = np.ones((512, 512), np.uint8)
    photo = OutlinedPhoto("stripes", MaskSource.PAD, stripes, mask, mask_box(mask))
    settings = PlaceSettings(64, (1.0, 1.0), 0.0, 0.0, 0.0)
    image, _ = place(Layers.of(photo), settings, np.random.default_rng(1))
    assert image[20:44, 20:44].std() < 5


def test_beyond_the_photograph_there_is_no_feature() -> None:
    mask = np.zeros((80, 80), np.uint8)
    mask[:, :30] = 1
    photo = OutlinedPhoto("edge", MaskSource.PAD, np.full((80, 80, 3), 90, np.uint8), mask, mask_box(mask))
    settings = PlaceSettings(128, (3.0, 3.0), 0.0, 0.0, 0.0)
    image, found = place(Layers.of(photo), settings, np.random.default_rng(0))
    # The feature fills 30 x 80 of the 240 x 240 px that the crop spans.
    assert (found / 255).mean() == pytest.approx(30 * 80 / 240**2, rel=0.1)
    assert (image == 90).all()


def test_a_whole_picture_is_padded_with_grey() -> None:
    photo = ellipse(3)
    settings = PlaceSettings(128, (1.3, 3.0), 0.0, 0.0, 1.0)
    image, mask = place(Layers.of(photo), settings, np.random.default_rng(5))
    assert (image == 114).all(axis=2).mean() > 0.05
    assert (mask / 255).sum() < photo.mask.sum() / (300 * 360) * 128**2


def test_wear_changes_pixels_but_not_what_is_shown() -> None:
    smooth = np.tile(np.linspace(60, 200, 128).astype(np.uint8)[:, None, None], (1, 128, 3))
    for seed in range(20):
        worn = wear(smooth, WORN, np.random.default_rng(seed))
        assert worn.shape == smooth.shape
        assert np.abs(cv2.blur(worn, (15, 15)).astype(int) - smooth)[20:-20, 20:-20].max() < 15


def test_the_same_seed_draws_the_same_crop_and_another_another() -> None:
    drawing = Drawing(CALM, LightSettings(0.4, 0.1, 0.3, 0.3, 0.1), WORN)
    layers = Layers.of(ellipse(1))
    one, two, other = (drawing.draw(layers, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert np.array_equal(one[0], two[0])
    assert np.array_equal(one[1], two[1])
    assert not np.array_equal(one[0], other[0])


def test_sources_are_drawn_from_by_their_shares() -> None:
    small, large = [Layers.of(ellipse(0))], [Layers.of(ellipse(seed)) for seed in (1, 2)]
    picked = WeightedSources((small, large), (0.25, 0.75)).pick(2000, np.random.default_rng(0))
    assert sum(layers is small[0] for layers in picked) / 2000 == pytest.approx(0.25, abs=0.04)
    assert {layers.photo.name for layers in picked} == {"0", "1", "2"}
