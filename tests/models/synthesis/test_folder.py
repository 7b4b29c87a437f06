"""Folders of rendered photographs: written, continued, refused, read back."""

import csv
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

from models.data.lesions import ToneGroup
from models.errors import CheckpointForeignError, DataCorruptError, DataMissingError
from models.synthesis.faces import DETECTOR, FOLDERS, SourceFace, _tone, _train_rows, read_faces
from models.synthesis.folder import ANNOTATOR_MARGIN, RenderFolder, annotator_boxes, fill, read_rendered
from models.synthesis.photo import TONE_SHARES, choose_face, make_photo
from models.synthesis.settings import PhotoSettings

from .conftest import DrawFace

COUNT = 4


@pytest.fixture(scope="session")
def faces(draw_face: DrawFace) -> list[SourceFace]:
    return [draw_face(tone, seed) for tone in ToneGroup for seed in range(2)]


@pytest.fixture(scope="session")
def whole(faces: list[SourceFace], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder rendered in one go."""
    path = tmp_path_factory.mktemp("whole")
    folder = RenderFolder(path, 3)
    fill(folder, faces, range(COUNT))
    folder.finish(COUNT)
    return path


def contents(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_what_was_rendered_is_read_back_with_exact_masks(whole: Path) -> None:
    photos = read_rendered(whole)
    assert len(photos) == COUNT
    assert sum(len(photo.kinds) for photo in photos) > 5
    for photo in photos:
        assert photo.image.shape == (512, 512, 3)
        assert photo.boxes.dtype == np.float32
        assert len(photo.boxes) == len(photo.kinds) == len(photo.masks)
        for box, mask in zip(photo.boxes.astype(int), photo.masks, strict=True):
            assert mask.shape == (box[3] - box[1], box[2] - box[0])
            assert mask.any(axis=0)[[0, -1]].all()
            assert mask.any(axis=1)[[0, -1]].all()


def test_an_interrupted_rendering_ends_with_the_same_bytes(
    whole: Path, faces: list[SourceFace], tmp_path: Path
) -> None:
    fill(RenderFolder(tmp_path, 3), faces, range(2))
    (tmp_path / "labels" / "00001.json").unlink()  # the power went before the label was written
    (tmp_path / "images" / "00001.jpg").write_bytes(b"half a pict")
    again = RenderFolder(tmp_path, 3)
    assert again.has(0)
    assert not again.has(1)
    fill(again, faces, range(COUNT))
    again.finish(COUNT)
    assert contents(tmp_path) == contents(whole)


def test_a_finished_picture_is_not_drawn_again(whole: Path, faces: list[SourceFace]) -> None:
    before = {p: p.stat().st_mtime_ns for p in whole.rglob("*.jpg")}
    fill(RenderFolder(whole, 3), faces, range(COUNT))
    assert {p: p.stat().st_mtime_ns for p in whole.rglob("*.jpg")} == before


def test_a_folder_of_another_seed_is_refused(whole: Path) -> None:
    with pytest.raises(CheckpointForeignError, match="another rendering"):
        RenderFolder(whole, 4)


def test_an_unfinished_folder_is_not_read(faces: list[SourceFace], tmp_path: Path) -> None:
    fill(RenderFolder(tmp_path, 1), faces, range(1))
    with pytest.raises(DataMissingError, match="to the end"):
        read_rendered(tmp_path)


def test_a_damaged_folder_says_so(whole: Path, tmp_path: Path) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(whole, folder)
    number = next(i for i, photo in enumerate(read_rendered(folder)) if photo.masks)
    mask = folder / "masks" / f"{number:05d}.png"
    blank = cv2.imencode(".png", np.zeros((512, 512), np.uint16))[1].tobytes()
    for damage, sentence in ((blank, "lacks lesion 1"), (b"no picture", "not a readable image")):
        mask.write_bytes(damage)
        with pytest.raises(DataCorruptError, match=sentence):
            read_rendered(folder)
    mask.unlink()
    with pytest.raises(DataMissingError, match="absent"):
        read_rendered(folder)
    (folder / "annotations.json").write_text('{"photos": []}')
    with pytest.raises(DataCorruptError, match="not a rendering's list"):
        read_rendered(folder)


def test_annotators_boxes_are_wider_about_the_same_middle_and_stay_in_the_picture() -> None:
    tight = np.array([[100, 110, 108, 120], [0, 0, 8, 8]], np.float32)
    wide = annotator_boxes(tight, (200, 300))
    assert wide[0] == pytest.approx(
        [104 - 4 * ANNOTATOR_MARGIN, 115 - 5 * ANNOTATOR_MARGIN, 104 + 4 * ANNOTATOR_MARGIN, 115 + 5 * ANNOTATOR_MARGIN]
    )
    assert wide[1].tolist() == [0, 0, 4 + 4 * ANNOTATOR_MARGIN, 4 + 4 * ANNOTATOR_MARGIN]
    assert annotator_boxes(np.zeros((0, 4), np.float32), (200, 300)).shape == (0, 4)


def test_a_photograph_frames_the_face_as_portraits_do(faces: list[SourceFace]) -> None:
    for seed in range(6):
        photo, skin = make_photo(faces[seed % len(faces)], PhotoSettings(), np.random.default_rng(seed))
        assert photo.shape == (512, 512, 3)
        assert 0.4 < skin.frame.width_px / 512 < 0.85
        eyes = skin.frame.points[:2]
        assert eyes[0, 0] < eyes[1, 0]
        assert 128 < eyes[:, 1].mean() < 320
        assert skin.mask.mean() > 0.08


def test_points_stay_on_the_eyes_when_a_photograph_is_framed_turned_or_mirrored(faces: list[SourceFace]) -> None:
    for seed in range(8):
        photo, skin = make_photo(faces[0], PhotoSettings(), np.random.default_rng(seed))
        for x, y in skin.frame.points[:2]:
            # The drawn eyes are nearly white; skin is much darker in blue.
            assert photo[round(float(y)), round(float(x)), 2] > 190


def test_pores_and_grain_are_added(draw_face: DrawFace) -> None:
    smooth = draw_face(ToneGroup.BROWN, noise=0.0)
    photo, skin = make_photo(smooth, PhotoSettings(), np.random.default_rng(0))
    still = PhotoSettings(texture=(0, 0), grain=(0, 0))
    plain, _ = make_photo(smooth, still, np.random.default_rng(0))

    def roughness(image: np.ndarray) -> float:
        return float(np.diff(image[..., 1].astype(float), axis=1)[skin.mask[:, 1:]].std())

    assert roughness(photo) > 1.5 * roughness(plain)


def test_a_face_in_the_dark_is_exposed(draw_face: DrawFace) -> None:
    face = draw_face(ToneGroup.DEEP)
    dark = SourceFace(face.name, (face.image * 0.62).astype(np.uint8), face.box, face.points, face.tone)
    photo, skin = make_photo(dark, PhotoSettings(tone=0.0), np.random.default_rng(0))
    source = dark.image[170:190, 105:120].mean()
    assert photo[skin.mask].mean() > 1.1 * source


def test_tones_are_drawn_by_their_shares_however_many_faces_each_has(draw_face: DrawFace) -> None:
    uneven = [draw_face(ToneGroup.LIGHT_MEDIUM)] * 9 + [draw_face(ToneGroup.BROWN)] * 2 + [draw_face(ToneGroup.DEEP)]
    rng = np.random.default_rng(0)
    tones = [choose_face(uneven, rng).tone for _ in range(600)]
    for tone, share in TONE_SHARES.items():
        assert tones.count(tone) / 600 == pytest.approx(share, abs=0.07)


def test_only_the_training_side_is_drawn_on(tmp_path: Path) -> None:
    folder = tmp_path / "images" / FOLDERS[1]
    folder.mkdir(parents=True)
    with (folder / "split.csv").open("w", newline="") as handle:
        writer = csv.writer(handle)
        writer.writerows([["image", "split"], ["a.jpg", "train"], ["b.jpg", "test"], ["c.jpg", "val"]])
    assert [row["image"] for row in _train_rows(tmp_path, FOLDERS[1])] == ["a.jpg"]


def test_a_tone_is_what_a_viewer_said_or_what_was_asked_for() -> None:
    assert _tone({"tone_visual": "deep"}) is ToneGroup.DEEP
    assert _tone({"query": "old,african", "tone_bin": "light"}) is ToneGroup.DEEP
    assert _tone({"query": "pose=up", "tone_bin": "brown"}) is ToneGroup.BROWN
    assert _tone({"query": "adult,irish", "tone_bin": "very_light"}) is ToneGroup.LIGHT_MEDIUM


def test_missing_data_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataMissingError, match="no face detector"):
        read_faces(tmp_path)
    with pytest.raises(DataMissingError, match="no data set"):
        _train_rows(tmp_path, FOLDERS[0])
    assert DETECTOR.name.endswith(".onnx")
