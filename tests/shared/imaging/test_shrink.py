import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.imaging.shrink import Halvings, half, halvings_within, shrink, whole_blocks


def noise(height: int, width: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


@given(st.integers(2, 40), st.integers(2, 40), st.integers(0, 99))
def test_a_half_is_the_mean_of_each_block_of_four(height: int, width: int, seed: int) -> None:
    image = noise(height, width, seed)
    even = image[: height // 2 * 2, : width // 2 * 2].astype(float)
    means = even.reshape(height // 2, 2, width // 2, 2, 3).mean(axis=(1, 3))
    assert np.abs(half(image) - means).max() <= 0.5


def test_a_picture_of_one_line_has_no_half() -> None:
    with pytest.raises(ValueError, match="no half"):
        half(noise(1, 20))


@given(st.integers(1, 200), st.integers(1, 200), st.floats(0.01, 1), st.floats(0.01, 1))
def test_any_smaller_size_can_be_asked_for_and_keeps_the_mean(
    height: int, width: int, down: float, along: float
) -> None:
    image = np.full((height, width, 3), 77, np.uint8)
    size = max(1, int(width * along)), max(1, int(height * down))
    shrunk = shrink(image, *size)
    assert shrunk.shape == (size[1], size[0], 3)
    assert (shrunk == 77).all()


@pytest.mark.parametrize("size", [(500, 500), (333, 420), (199, 251), (64, 90), (1000, 1100)])
def test_soft_shapes_are_averaged_as_in_one_step(size: tuple[int, int]) -> None:
    soft = cv2.GaussianBlur(noise(1100, 1000), (0, 0), 12).astype(float)
    image = np.clip(128 + (soft - soft.mean()) * 40 / soft.std(), 0, 255).astype(np.uint8)
    at_once = cv2.resize(image, size, interpolation=cv2.INTER_AREA).astype(float)
    assert np.abs(shrink(image, *size) - at_once).mean() < 2.0


@given(st.floats(1e-4, 1))
def test_halvings_within_a_scale_never_go_below_it(scale: float) -> None:
    times = halvings_within(scale)
    assert 2.0**-times >= scale * (1 - 1e-12)
    assert 2.0 ** -(times + 1) < scale * (1 + 1e-12)


@given(st.integers(1, 5000), st.floats(1e-4, 1))
def test_whole_blocks_can_be_halved_as_often_as_the_scale_allows(length: int, scale: float) -> None:
    whole = whole_blocks(length, scale)
    block = 2 ** halvings_within(scale)
    assert 0 <= length - whole < block
    assert whole % block == 0 or whole == length < block


@given(st.integers(1, 300), st.integers(1, 300), st.floats(1e-4, 1))
def test_every_level_a_scale_names_can_be_made_and_is_made_once(height: int, width: int, scale: float) -> None:
    picture = Halvings(noise(height, width))
    level = picture.level_within(scale)
    made = picture.at(level)
    assert made.shape == (height >> level, width >> level, 3)
    assert picture.at(level) is made
