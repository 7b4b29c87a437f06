"""Reading outlined features, and the crops they are scored on."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from models.data.lesions import Split, ToneGroup
from models.data.mask_crops import as_input, box_crop, whole_crop
from models.data.masks import (
    FOLDERS,
    MaskSource,
    OutlinedPhoto,
    mask_box,
    read_outlined,
    read_rendered_lesions,
)
from models.errors import DataCorruptError, DataMissingError
from models.synthesis.folder import RenderFolder
from models.synthesis.kinds import LesionKind
from models.synthesis.render import Rendered

SKIN, DARK = (205, 165, 145), (120, 50, 45)


def disc(width: int, height: int, centre: tuple[int, int], radius: int) -> NDArray[np.uint8]:
    mask = np.zeros((height, width), np.uint8)
    cv2.circle(mask, centre, radius, 1, -1)
    return mask


def photo_of(mask: NDArray[np.uint8]) -> OutlinedPhoto:
    image = np.where(mask[..., None] > 0, np.uint8(DARK), np.uint8(SKIN))
    return OutlinedPhoto("drawn.png", MaskSource.PAD, image, mask, mask_box(mask))


def write_pair(root: Path, name: str, mask: NDArray[np.uint8], side: str) -> Path:
    """Add one photograph and its mask to a data set on disk."""
    folder = root / FOLDERS[MaskSource.PAD]
    for part in ("images", "masks"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(folder / "images" / f"{name}.png"), photo_of(mask).image)
    cv2.imwrite(str(folder / "masks" / f"{name}.png"), mask * 255)
    table = folder / "split.csv"
    known = table.read_text() if table.is_file() else "image,split\n"
    table.write_text(known + f"{name}.png,{side}\n")
    return folder


def test_each_side_holds_its_own_photographs_in_order(tmp_path: Path) -> None:
    for name, side in (("b", "train"), ("a", "train"), ("c", "val")):
        write_pair(tmp_path, name, disc(60, 40, (30, 20), 9), side)
    train = read_outlined(tmp_path, MaskSource.PAD, Split.TRAIN)
    assert [photo.name for photo in train] == ["b.png", "a.png"]
    assert train[0].box == (21, 11, 40, 30)
    assert len(read_outlined(tmp_path, MaskSource.PAD, Split.VAL)) == 1
    assert read_outlined(tmp_path, MaskSource.PAD, Split.TEST) == []


def test_an_absent_folder_or_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataMissingError, match="--data-root"):
        read_outlined(tmp_path, MaskSource.PAD, Split.TRAIN)
    folder = write_pair(tmp_path, "a", disc(60, 40, (30, 20), 9), "train")
    (folder / "masks" / "a.png").unlink()
    with pytest.raises(DataMissingError, match=r"a\.png"):
        read_outlined(tmp_path, MaskSource.PAD, Split.TRAIN)


@pytest.mark.parametrize("mask", [np.zeros((40, 60), np.uint8), disc(50, 40, (20, 20), 9)])
def test_an_empty_mask_or_one_of_another_size_is_refused(tmp_path: Path, mask: NDArray[np.uint8]) -> None:
    folder = write_pair(tmp_path, "a", disc(60, 40, (30, 20), 9), "train")
    cv2.imwrite(str(folder / "masks" / "a.png"), mask * 255)
    with pytest.raises(DataCorruptError, match="empty or of another size"):
        read_outlined(tmp_path, MaskSource.PAD, Split.TRAIN)


def test_a_slip_of_the_hand_does_not_widen_the_box_but_a_second_part_does() -> None:
    mask = disc(100, 80, (30, 40), 12)
    alone = mask_box(mask)
    mask[2:4, 90:92] = 1
    assert mask_box(mask) == alone
    mask[60:70, 60:70] = 1
    assert mask_box(mask)[2:] == (70, 70)


def test_a_box_crop_shows_the_feature_half_as_wide_as_itself() -> None:
    crop = box_crop(photo_of(disc(200, 160, (100, 80), 30)))
    ys, xs = np.nonzero(crop.mask)
    assert crop.inside.all()
    assert (np.ptp(xs) + 1, np.ptp(ys) + 1) == pytest.approx((64, 64), abs=2)
    assert (crop.image[crop.mask][:, 0].mean(), crop.image[~crop.mask][:, 0].mean()) == pytest.approx((120, 205), abs=3)


def test_what_lies_outside_the_photograph_is_not_scored() -> None:
    crop = box_crop(photo_of(disc(80, 80, (5, 40), 20)))
    assert 0.2 < (~crop.inside).mean() < 0.6
    assert not crop.mask[~crop.inside].any()
    assert crop.mask.any()


def test_a_whole_picture_is_letterboxed_and_its_bars_are_not_scored() -> None:
    crop = whole_crop(photo_of(disc(200, 100, (100, 50), 30)))
    assert crop.inside[32:96].all()
    assert not crop.inside[:32].any()
    assert not crop.inside[96:].any()
    assert crop.mask.sum() == pytest.approx(np.pi * (30 * 0.64) ** 2, rel=0.05)


def test_networks_get_planes_in_zero_to_one() -> None:
    crops = [box_crop(photo_of(disc(200, 160, (100, 80), 30)))] * 2
    batch = as_input(crops)
    assert (batch.shape, batch.dtype) == ((2, 3, 128, 128), np.float32)
    np.testing.assert_allclose(batch[0, :, 0, 0] * 255, SKIN, atol=0.5)


def rendered(folder: Path, count: int) -> None:
    """Render `count` pictures with two lesions side by side."""
    writer = RenderFolder(folder, seed=1)
    masks = (disc(20, 20, (10, 10), 8).astype(bool), disc(12, 12, (6, 6), 5).astype(bool))
    boxes = np.array([[40, 40, 60, 60], [66, 44, 78, 56]], np.float32)
    for index in range(count):
        image = np.full((160, 160, 3), SKIN, np.uint8)
        picture = Rendered(image, boxes, (LesionKind.PAPULE, LesionKind.FRECKLE), masks)
        writer.write(index, picture, "face", ToneGroup.BROWN)
    writer.finish(count)


def test_each_rendered_lesion_stands_alone_even_where_another_is_near(tmp_path: Path) -> None:
    rendered(tmp_path, 3)
    train = read_rendered_lesions(tmp_path, Split.TRAIN)
    assert len(train) == 4
    first, second = train[:2]
    assert first.mask.sum() == disc(20, 20, (10, 10), 8).sum()
    assert second.mask.sum() == disc(12, 12, (6, 6), 5).sum()
    assert mask_box(first.mask)[2] <= first.box[2]
    assert first.image.shape[:2] == first.mask.shape == (96, 96)


def test_renderings_to_choose_by_are_no_renderings_to_train_on_and_none_is_to_test_on(tmp_path: Path) -> None:
    rendered(tmp_path, 21)
    train, val = (
        {lesion.name.split("#")[0] for lesion in read_rendered_lesions(tmp_path, split)}
        for split in (Split.TRAIN, Split.VAL)
    )
    assert (len(train), len(val), train & val) == (19, 2, set())
    with pytest.raises(ValueError, match="choosing only"):
        read_rendered_lesions(tmp_path, Split.TEST)
