import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.imaging.crops import MIN_SIDE_PX, Crop, crop_batch, network_input, square_crop

COORDINATES = st.floats(-50, 250)
LENGTHS = st.floats(0, 120)
PHOTO = np.random.default_rng(0).integers(0, 256, (150, 200, 3), dtype=np.uint8)


@given(
    st.floats(-12, 200),
    st.floats(-12, 150),
    LENGTHS,
    LENGTHS,
    st.sampled_from([1.0, 2.0, 3.0]),
    st.sampled_from([64, 128]),
)
def test_the_crop_is_a_square_centred_on_the_box(
    x: float, y: float, width: float, height: float, context: float, size: int
) -> None:
    crop = square_crop(PHOTO, (x, y, x + width, y + height), context, size)
    assert crop.image.shape == (size, size, 3)
    middle = crop.placement.backward(np.array([size / 2, size / 2]))
    assert np.abs(middle - [x + width / 2, y + height / 2]).max() <= 0.5 + 1e-9
    side = size / crop.placement.scale
    assert side == pytest.approx(max(MIN_SIDE_PX, context * max(width, height)), abs=0.5)


@given(COORDINATES, COORDINATES, LENGTHS, st.lists(COORDINATES, min_size=2, max_size=2))
def test_points_come_back_where_they_were(x: float, y: float, length: float, point: list[float]) -> None:
    placement = square_crop(PHOTO, (x, y, x + length, y + length), 2.0, 64).placement
    assert np.allclose(placement.backward(placement.forward(np.array(point))), point, atol=1e-9)


@given(st.integers(-80, 220), st.integers(-80, 220), st.integers(12, 60))
def test_at_equal_scale_the_crop_is_the_photograph_with_its_edges_repeated(left: int, top: int, side: int) -> None:
    crop = square_crop(PHOTO, (left, top, left + side, top + side), 1.0, side)
    padded = np.pad(PHOTO, ((100, 300), (100, 300), (0, 0)), mode="edge")
    assert np.array_equal(crop.image, padded[top + 100 : top + 100 + side, left + 100 : left + 100 + side])


def test_a_mark_lands_where_the_mapping_says() -> None:
    image = np.zeros((300, 200, 3), dtype=np.uint8)
    image[100:120, 40:50] = 255
    crop = square_crop(image, (40, 100, 50, 120), 2.0, 64)
    bright = np.argwhere(crop.image[..., 0] > 127)
    x1, y1, x2, y2 = crop.placement.forward(np.array([[40.0, 100.0], [50.0, 120.0]])).ravel()
    assert np.allclose([bright[:, 1].min(), bright[:, 0].min()], [x1, y1], atol=1)
    assert np.allclose([bright[:, 1].max() + 1, bright[:, 0].max() + 1], [x2, y2], atol=1)


def test_a_shrunk_crop_averages_instead_of_skipping_pixels() -> None:
    stripes = np.zeros((256, 256, 3), dtype=np.uint8)
    stripes[:, ::2] = 200
    crop = square_crop(stripes, (64, 64, 192, 192), 2.0, 64)
    assert np.abs(crop.image.astype(int) - 100).max() <= 1


def test_a_tiny_box_still_shows_its_surroundings() -> None:
    crop = square_crop(PHOTO, (100.0, 70.0, 100.0, 70.0), 2.0, 48)
    assert crop.placement.scale == 48 / MIN_SIDE_PX


def test_a_box_beyond_reason_costs_no_more_than_one_of_the_whole_photograph() -> None:
    crop = square_crop(PHOTO, (-1e12, -1e12, 1e12, 1e12), 2.0, 64)
    assert 64 / crop.placement.scale == 2 * 200
    assert square_crop(PHOTO, (1e300, 0, 1e300, 5), 2.0, 64).image.shape == (64, 64, 3)


@pytest.mark.parametrize("box", [(0, 0, float("nan"), 5), (0, 0, float("inf"), 5), (5, 0, 4, 5), (0, 5, 4, 4)])
def test_what_is_no_box_has_no_crop(box: tuple[float, float, float, float]) -> None:
    with pytest.raises(ValueError, match="box"):
        square_crop(PHOTO, box, 2.0, 64)


@pytest.mark.parametrize(("context", "size"), [(0.0, 64), (-1.0, 64), (2.0, 0)])
def test_an_empty_square_is_refused(context: float, size: int) -> None:
    with pytest.raises(ValueError, match="empty"):
        square_crop(PHOTO, (0, 0, 5, 5), context, size)
    with pytest.raises(ValueError, match="empty"):
        square_crop(np.zeros((0, 4, 3), np.uint8), (0, 0, 5, 5), 2.0, 64)


def test_a_batch_keeps_the_order_of_its_boxes() -> None:
    boxes = [(10, 10, 20, 24), (100, 90, 130, 100)]
    crops = crop_batch(PHOTO, boxes, 64)
    batch = network_input(crops, 64)
    assert batch.shape == (2, 3, 64, 64)
    assert batch.dtype == np.float32
    for row, box in zip(batch, boxes, strict=True):
        one = square_crop(PHOTO, box, 2.0, 64)
        assert np.array_equal(np.round(row * 255).transpose(1, 2, 0), one.image)


def test_no_box_is_an_empty_batch() -> None:
    none: list[Crop] = []
    assert network_input(none, 64).shape == (0, 3, 64, 64)
