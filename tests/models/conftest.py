"""Photographs drawn for the tests of the models: dark dots on a skin-coloured ground."""

import numpy as np
import pytest

from models.data.lesions import LabelledPhoto, ToneGroup


def draw_photo(seed: int, dots: int = 3, side: int = 160) -> LabelledPhoto:
    """Return a photograph with `dots` dark squares of 12 px, each labelled."""
    rng = np.random.default_rng(seed)
    image = np.full((side, side, 3), (205, 165, 145), np.uint8)
    boxes = []
    for _ in range(dots):
        x, y = (int(v) for v in rng.integers(4, side - 16, 2))
        image[y : y + 12, x : x + 12] = (120, 50, 45)
        boxes.append((x, y, x + 12, y + 12))
    classes = rng.integers(0, 3, dots).astype(np.int64)
    array = np.asarray(boxes, np.float32).reshape(-1, 4)
    return LabelledPhoto(f"drawn_{seed}.jpg", image, array, classes, list(ToneGroup)[seed % 3])


@pytest.fixture
def photos() -> list[LabelledPhoto]:
    return [draw_photo(seed) for seed in range(6)]
