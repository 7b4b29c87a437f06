"""Reader of the boxed photographs."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from models.data.lesions import CLASSES, DEFAULT_ROOT, FOLDER, Split, ToneGroup, parse_labels, read_split
from models.errors import DataCorruptError, DataMissingError
from shared.vocabulary import FindingType

ORDER = ["acne", "pimple", "spot"]


def write_set(root: Path, rows: list[tuple[str, str, str]], label: str = "0 0.5 0.5 0.2 0.4\n") -> None:
    folder = root / FOLDER
    (folder / "images").mkdir(parents=True)
    (folder / "labels").mkdir()
    (folder / "classes.txt").write_text("\n".join(ORDER))
    lines = ["image,tone_visual,split", *(",".join(row) for row in rows)]
    (folder / "split.csv").write_text("\n".join(lines) + "\n")
    for name, _, _ in rows:
        blue = np.zeros((40, 60, 3), np.uint8)
        blue[..., 0] = 250
        cv2.imwrite(str(folder / "images" / name), blue)
        (folder / "labels" / name).with_suffix(".txt").write_text(label)


def test_each_side_gets_its_own_photographs_only(tmp_path: Path) -> None:
    write_set(tmp_path, [("a.png", "deep", "train"), ("b.png", "brown", "test"), ("c.png", "deep", "val")])
    assert [p.name for p in read_split(tmp_path, Split.TRAIN)] == ["a.png"]
    assert [p.name for p in read_split(tmp_path, Split.TEST)] == ["b.png"]
    assert read_split(tmp_path, Split.VAL)[0].tone is ToneGroup.DEEP


def test_images_are_read_as_rgb_and_boxes_in_their_pixels(tmp_path: Path) -> None:
    write_set(tmp_path, [("a.png", "deep", "train")])
    photo = read_split(tmp_path, Split.TRAIN)[0]
    assert photo.image[0, 0].tolist() == [0, 0, 250]
    assert photo.boxes[0].tolist() == pytest.approx([24, 12, 36, 28])


def test_data_set_words_become_the_products_words() -> None:
    _, classes = parse_labels("0 .5 .5 .1 .1\n1 .5 .5 .1 .1\n2 .5 .5 .1 .1\n", ORDER, 10, 10)
    words = [CLASSES[index] for index in classes]
    assert words == [FindingType.BLEMISH, FindingType.PUSTULE, FindingType.SPOT]


def test_a_photograph_without_labels_has_no_boxes() -> None:
    boxes, classes = parse_labels("\n", ORDER, 10, 10)
    assert boxes.shape == (0, 4)
    assert classes.shape == (0,)


@pytest.mark.parametrize("line", ["0 .5 .5 .1", "7 .5 .5 .1 .1", "x .5 .5 .1 .1", "0 .5 .5 .1 .1 9"])
def test_a_broken_label_line_is_refused(line: str) -> None:
    with pytest.raises(DataCorruptError, match="class cx cy w h"):
        parse_labels(line, ORDER, 10, 10)


def test_an_absent_data_set_says_how_to_point_at_it(tmp_path: Path) -> None:
    with pytest.raises(DataMissingError, match="--data-root"):
        read_split(tmp_path, Split.TRAIN)


def test_a_photograph_named_but_absent_is_reported(tmp_path: Path) -> None:
    write_set(tmp_path, [("a.png", "deep", "train")])
    (tmp_path / FOLDER / "images" / "a.png").unlink()
    with pytest.raises(DataMissingError, match=r"a\.png"):
        read_split(tmp_path, Split.TRAIN)


def test_a_text_file_in_place_of_a_photograph_is_reported(tmp_path: Path) -> None:
    write_set(tmp_path, [("a.png", "deep", "train")])
    (tmp_path / FOLDER / "images" / "a.png").write_text("not an image")
    with pytest.raises(DataCorruptError, match="not a readable image"):
        read_split(tmp_path, Split.TRAIN)


@pytest.mark.skipif(not (DEFAULT_ROOT / FOLDER).is_dir(), reason="the data set is not on this machine")
def test_no_photograph_of_the_real_set_stands_on_two_sides() -> None:
    sides = [{p.name for p in read_split(DEFAULT_ROOT, split)} for split in (Split.VAL, Split.TEST)]
    assert all(sides)
    assert not sides[0] & sides[1]
