import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.imaging.letterbox import PAD_VALUE, Letterbox

SIDES = st.integers(1, 6000)


@given(SIDES, SIDES, st.integers(32, 1024), st.lists(st.floats(0, 1), min_size=4, max_size=4))
def test_boxes_come_back_where_they_were(width: int, height: int, side: int, corners: list[float]) -> None:
    letterbox = Letterbox.fit(width, height, side)
    boxes = np.array([corners]) * np.array([width, height, width, height])
    assert np.allclose(letterbox.backward(letterbox.forward(boxes)), boxes, atol=1e-6 * max(width, height))


@given(SIDES, SIDES, st.integers(32, 1024))
def test_the_whole_picture_lies_inside_the_square(width: int, height: int, side: int) -> None:
    letterbox = Letterbox.fit(width, height, side)
    mapped = letterbox.forward(np.array([[0.0, 0.0, width, height]]))
    assert mapped.min() >= 0
    assert mapped.max() <= side + 1


def test_picture_is_centred_on_grey() -> None:
    image = np.full((50, 100, 3), 200, dtype=np.uint8)
    square = Letterbox.fit(100, 50, 64).apply(image)
    assert square.shape == (64, 64, 3)
    assert (square[16:48] == 200).all()
    assert (square[:16] == PAD_VALUE).all()
    assert (square[48:] == PAD_VALUE).all()


def test_a_mark_lands_where_the_mapping_says() -> None:
    image = np.zeros((300, 200, 3), dtype=np.uint8)
    image[100:160, 40:80] = 255
    letterbox = Letterbox.fit(200, 300, 150)
    bright = np.argwhere(letterbox.apply(image)[..., 0] > 200)
    expected = letterbox.forward(np.array([[40.0, 100.0, 80.0, 160.0]]))[0]
    assert np.allclose([bright[:, 1].min(), bright[:, 0].min()], expected[:2], atol=1)
    assert np.allclose([bright[:, 1].max() + 1, bright[:, 0].max() + 1], expected[2:], atol=1)


@pytest.mark.parametrize("lengths", [(0, 5, 5), (5, 0, 5), (5, 5, 0)])
def test_empty_pictures_have_no_letterbox(lengths: tuple[int, int, int]) -> None:
    with pytest.raises(ValueError, match="positive"):
        Letterbox.fit(*lengths)
