"""The readers keep the splits apart and cut what they were told to."""

from pathlib import Path

import numpy as np
import pytest

from models.data.face_places import FaceFinder
from models.data.lesions import DEFAULT_ROOT, FOLDER, Split
from models.data.type_crops import CLEAR, LABEL, SIZE, TypePhoto
from models.data.type_sources import (
    PAD_FOLDER,
    PAD_SIDE_PX,
    exact_crops,
    growth_copies,
    read_growths,
    read_photographs,
    read_renderings,
)
from models.errors import DataMissingError
from models.synthesis.folder import RenderFolder, annotator_boxes
from models.synthesis.kinds import LesionKind
from models.synthesis.render import Rendered
from shared.vision.parameters import CropClass
from tests.models.data.test_type_crops import photo

GROWTH = LABEL[CropClass.GROWTH]


def close_up(side: int, spot: int) -> tuple[np.ndarray, np.ndarray]:
    image = np.full((side, side, 3), 180, np.uint8)
    mask = np.zeros((side, side), np.bool_)
    start = (side - spot) // 2
    mask[start : start + spot, start : start + spot] = True
    image[mask] = 60
    return image, mask


def test_a_growth_is_scaled_to_what_a_faces_photograph_would_show() -> None:
    copies = growth_copies(*close_up(400, 150), np.random.default_rng(0))
    assert len(copies) > 1
    sides = set()
    for copy in copies:
        x1, y1, x2, y2 = copy.boxes[0]
        sides.add(round(x2 - x1, 3))
        assert PAD_SIDE_PX[0] - 1e-6 <= x2 - x1 <= PAD_SIDE_PX[1] + 1e-6
        assert copy.labels.tolist() == [GROWTH]
        inside = copy.image[round(y1) + 1 : round(y2) - 1, round(x1) + 1 : round(x2) - 1]
        assert np.abs(inside.astype(int) - 60).max() < 25
    assert len(sides) > 1


def test_a_growth_that_fills_its_picture_is_left_out_as_its_border_would_tell_it() -> None:
    assert growth_copies(*close_up(100, 80), np.random.default_rng(0)) == []


def test_an_empty_mask_shows_no_growth() -> None:
    image, mask = close_up(100, 20)
    assert growth_copies(image, mask & False, np.random.default_rng(0)) == []


def test_exact_crops_are_every_box_and_clear_places_of_each_face() -> None:
    crops = exact_crops([photo(0), photo(1, marks=2, face=False)], clear_per_face=3)
    assert crops.images.shape == (6 + 3 + 2, SIZE, SIZE, 3)
    assert np.bincount(crops.labels, minlength=5).tolist() == [3, 3, 2, 3, 0]
    assert len(crops.tones) == len(crops.labels)
    batch = crops.network_input()
    assert batch.shape == (11, 3, SIZE, SIZE)
    assert 0 <= batch.min() <= batch.max() <= 1


def test_exact_crops_are_the_same_every_time() -> None:
    first, again = (exact_crops([photo(4)]) for _ in range(2))
    assert np.array_equal(first.images, again.images)


def test_nothing_gives_no_crops() -> None:
    none: list[TypePhoto] = []
    assert exact_crops(none).network_input().shape == (0, 3, SIZE, SIZE)


def test_what_is_absent_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataMissingError, match="--data-root"):
        read_growths(tmp_path, Split.TRAIN)
    with pytest.raises(DataMissingError, match="--data-root"):
        FaceFinder(tmp_path)


@pytest.mark.skipif(not (DEFAULT_ROOT / PAD_FOLDER).is_dir(), reason="the data sets are not on this machine")
def test_the_sides_of_the_growths_share_no_picture() -> None:
    sides = [read_growths(DEFAULT_ROOT, split) for split in (Split.VAL, Split.TEST)]
    seen = [{one.image.tobytes() for one in side} for side in sides]
    assert all(seen)
    assert not seen[0] & seen[1]


@pytest.mark.skipif(not (DEFAULT_ROOT / FOLDER).is_dir(), reason="the data sets are not on this machine")
def test_faces_are_found_on_the_labelled_photographs_and_hold_their_boxes() -> None:
    photos = read_photographs(DEFAULT_ROOT, Split.TEST)[:25]
    found = [one for one in photos if one.face is not None]
    assert len(found) >= 0.9 * len(photos)
    inside = total = 0
    for one in found:
        assert one.face is not None
        middles = (one.boxes[:, :2] + one.boxes[:, 2:]) / 2
        inside += int(((((middles - one.face.centre) / (1.4 * one.face.half)) ** 2).sum(axis=1) < 1).sum())
        total += len(middles)
    assert inside / total > 0.9
    assert all(set(one.labels) <= {0, 1, 2} for one in photos)
    crops = exact_crops(found[:3])
    assert (crops.labels == CLEAR).sum() == 6


def test_renderings_keep_one_in_twenty_for_measuring(tmp_path: Path) -> None:
    if not (DEFAULT_ROOT / "weights").is_dir():
        pytest.skip("the face detector is not on this machine")
    written = draw_folder(tmp_path, 23)
    train = read_renderings(DEFAULT_ROOT, tmp_path, Split.TRAIN, most=23)
    val = read_renderings(DEFAULT_ROOT, tmp_path, Split.VAL, most=23)
    assert (len(train), len(val), read_renderings(DEFAULT_ROOT, tmp_path, Split.TEST, most=23)) == (21, 2, [])
    assert len(read_renderings(DEFAULT_ROOT, tmp_path, Split.TRAIN, most=5)) == 4
    assert val[0].labels.tolist() == [LABEL[CropClass.PUSTULE], GROWTH]
    assert np.array_equal(val[0].boxes, annotator_boxes(written, val[0].image.shape[:2]))


def draw_folder(folder: Path, count: int) -> np.ndarray:
    """Write a folder of plain renderings with a pustule and a growth; return their boxes."""
    boxes = np.array([[10, 10, 20, 22], [30, 30, 38, 38]], np.float32)
    masks = (np.ones((12, 10), np.bool_), np.ones((8, 8), np.bool_))
    kinds = (LesionKind.PUSTULE, LesionKind.GROWTH)
    image = np.full((64, 64, 3), 170, np.uint8)
    out = RenderFolder(folder, seed=1)
    for index in range(count):
        out.write(index, Rendered(image, boxes, kinds, masks), "drawn", photo().tone)
    out.finish(count)
    return boxes
