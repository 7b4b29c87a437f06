"""Training crops keep boxes on their objects."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.data.augment import CropSettings, LightSettings, Sample, draw, flip, random_crop, vary_light
from models.data.detection import BoxedPhoto
from models.data.letterbox import to_input

CROP = CropSettings(size=96, zoom=(0.8, 2.5), on_object=0.8, min_visible=0.9)
LIGHT = LightSettings(gain=0.4, cast=0.1, gamma=0.3, saturation=0.3, blur=0.5)


def one_object(x: int, y: int, side: int = 14) -> BoxedPhoto:
    image = np.full((200, 240, 3), 200, np.uint8)
    image[y : y + side, x : x + side] = 0
    boxes = np.array([[x, y, x + side, y + side]], np.float32)
    return BoxedPhoto(image, boxes)


@given(seed=st.integers(0, 10_000), x=st.integers(0, 226), y=st.integers(0, 186))
def test_a_box_lies_on_its_dark_object_after_any_crop(seed: int, x: int, y: int) -> None:
    sample = random_crop(one_object(x, y), CROP, np.random.default_rng(seed))
    for box in sample.boxes:
        x1, y1, x2, y2 = box
        centre = sample.image[int((y1 + y2) / 2), int((x1 + x2) / 2)]
        assert centre.max() < 60
        outside = sample.image[max(int(y1) - 4, 0), max(int(x1) - 4, 0)]
        assert outside.min() >= 100 or min(x1, y1) < 4


@given(seed=st.integers(0, 10_000))
def test_every_crop_has_the_size_asked_for_and_boxes_inside(seed: int) -> None:
    sample = draw(one_object(100, 90), CROP, LIGHT, np.random.default_rng(seed))
    assert sample.image.shape == (96, 96, 3)
    assert sample.image.dtype == np.uint8
    assert ((sample.boxes >= 0) & (sample.boxes <= 96)).all()


def test_crops_drawn_on_objects_mostly_hold_one() -> None:
    held = [len(random_crop(one_object(30, 40), CROP, np.random.default_rng(s)).boxes) for s in range(60)]
    assert sum(held) > 40


def test_flipping_twice_changes_nothing() -> None:
    sample = random_crop(one_object(100, 90), CROP, np.random.default_rng(1))
    twice = flip(flip(sample))
    assert (twice.image == sample.image).all()
    np.testing.assert_allclose(twice.boxes, sample.boxes)


def test_flipping_moves_a_box_to_the_other_side() -> None:
    image = np.zeros((96, 96, 3), np.uint8)
    flipped = flip(Sample(image, np.array([[0, 10, 20, 30]], np.float32)))
    assert flipped.boxes.tolist() == [[76, 10, 96, 30]]


def test_light_stays_as_it_is_when_nothing_may_vary() -> None:
    image = np.random.default_rng(0).integers(0, 256, (32, 32, 3), dtype=np.uint8)
    still = vary_light(image, LightSettings(0, 0, 0, 0, 0), np.random.default_rng(0))
    assert np.abs(still.astype(int) - image).max() <= 1


def test_the_same_seed_draws_the_same_sample() -> None:
    a = draw(one_object(50, 50), CROP, LIGHT, np.random.default_rng(5))
    b = draw(one_object(50, 50), CROP, LIGHT, np.random.default_rng(5))
    assert (a.image == b.image).all()
    assert (a.boxes == b.boxes).all()


def test_a_photograph_without_boxes_gives_background_crops() -> None:
    bare = BoxedPhoto(one_object(50, 50).image, np.zeros((0, 4), np.float32))
    assert random_crop(bare, CROP, np.random.default_rng(2)).boxes.shape == (0, 4)


def test_network_input_is_rgb_in_unit_range_centred_on_grey() -> None:
    image = np.full((50, 100, 3), (255, 0, 51), np.uint8)
    tensor, placed = to_input(image, 64)
    assert tensor.shape == (3, 64, 64)
    assert tensor[:, 32, 32].tolist() == pytest.approx([1.0, 0.0, 0.2])
    assert tensor[:, 0, 0].tolist() == pytest.approx([114 / 255] * 3)
    back = placed.backward(placed.forward(np.array([[10.0, 20.0, 30.0, 40.0]])))
    assert back[0].tolist() == pytest.approx([10, 20, 30, 40])
