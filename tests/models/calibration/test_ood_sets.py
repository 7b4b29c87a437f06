"""Strange pictures are the same each time, boxed like features, and noticed when they lie far away."""

import cv2
import numpy as np
import pytest

pytest.importorskip("skimage")

from models.calibration.graph import Graph
from models.calibration.ood_sets import FILES, OodKind, OodPicture, OodSet, _bundled, distracted, drawn_texture, notice
from models.data.lesions import ToneGroup
from models.evaluation.classifier_runner import OnnxClassifier
from models.synthesis.faces import SourceFace
from shared.vision.parameters import CropClass
from tests.support.test_bundle import COLOURS, ODD, classifier_graph, drawn_ood


@pytest.fixture(scope="module")
def classifier(tmp_path_factory: pytest.TempPathFactory) -> OnnxClassifier:
    path = tmp_path_factory.mktemp("graph") / "classifier.onnx"
    path.write_bytes(classifier_graph())
    assert Graph(path).side == 64
    return OnnxClassifier(path)


def plain(colour: tuple[int, int, int], boxes: int) -> OodPicture:
    image = np.full((100, 100, 3), colour, np.uint8)
    return OodPicture(image, np.tile([30.0, 30.0, 60.0, 60.0], (boxes, 1)))


def test_what_lies_far_away_is_noticed_and_what_is_known_is_not(classifier: OnnxClassifier) -> None:
    known, odd = plain(COLOURS[CropClass.SPOT], 3), plain(ODD, 1)
    assert notice(classifier, drawn_ood(), 5.0, OodSet(OodKind.TEXTURES, (odd,))).share == 1
    assert notice(classifier, drawn_ood(), 5.0, OodSet(OodKind.TEXTURES, (known,))).share == 0
    mixed = notice(classifier, drawn_ood(), 5.0, OodSet(OodKind.TEXTURES, (known, odd)))
    assert (mixed.share, mixed.n) == (0.25, 4)


def test_an_empty_set_tells_nothing(classifier: OnnxClassifier) -> None:
    nothing = notice(classifier, drawn_ood(), 5.0, OodSet(OodKind.TATTOOS, ()))
    assert np.isnan(nothing.share)
    assert nothing.n == 0


@pytest.mark.parametrize("kind", FILES)
def test_bundled_pictures_are_there_without_a_network_and_boxed_inside(kind: str) -> None:
    for first, again in zip(
        _bundled(OodKind(kind), np.random.default_rng(1)),
        _bundled(OodKind(kind), np.random.default_rng(1)),
        strict=True,
    ):
        height, width = first.image.shape[:2]
        sides = first.boxes[:, 2:] - first.boxes[:, :2]
        assert max(height, width) <= 512
        assert first.boxes.min() >= 0
        assert (first.boxes[:, 2] <= width).all()
        assert (first.boxes[:, 3] <= height).all()
        assert 10 <= sides.min() <= sides.max() <= 48
        assert (first.boxes == again.boxes).all()


def test_drawn_textures_are_all_different_and_always_the_same() -> None:
    pictures = [drawn_texture(number) for number in range(8)]
    assert len({picture.tobytes() for picture in pictures}) == 8
    assert all((drawn_texture(n) == picture).all() for n, picture in enumerate(pictures))
    assert min(picture.std() for picture in pictures) > 5


def test_pictures_of_a_set_become_one_batch_for_the_classifier() -> None:
    batch = OodSet(OodKind.OBJECTS, (plain(ODD, 2), plain(ODD, 3))).crops()
    assert batch.shape == (5, 3, 64, 64)
    assert OodSet(OodKind.OBJECTS, ()).crops().shape == (0, 3, 64, 64)


def oval_face() -> SourceFace:
    """An evenly coloured oval with eyes and mouth on blue."""
    image = np.full((320, 320, 3), (30, 60, 180), np.uint8)
    cv2.ellipse(image, (160, 165), (86, 118), 0, 0, 360, (205, 165, 145), -1)
    for centre, axes in (((120, 130), (15, 7)), ((200, 130), (15, 7)), ((160, 222), (32, 9))):
        cv2.ellipse(image, centre, axes, 0, 0, 360, (60, 25, 25), -1)
    points = np.array([[120, 130], [200, 130], [160, 180], [130, 222], [190, 222]], np.float32)
    return SourceFace("oval", image, np.array([70, 40, 180, 240], np.float32), points, ToneGroup.LIGHT_MEDIUM)


def test_faces_come_back_painted_and_tattooed_with_boxes_on_what_was_drawn() -> None:
    face = oval_face()
    make_up, tattoos = distracted([face], np.random.default_rng(3))
    assert (make_up.kind, tattoos.kind) == (OodKind.MAKE_UP, OodKind.TATTOOS)
    for drawn in (make_up, tattoos):
        [picture] = drawn.pictures
        assert len(picture.boxes) > 0
        changed = (picture.image != face.image).any(axis=2)
        for x1, y1, x2, y2 in picture.boxes.astype(int):
            assert changed[y1:y2, x1:x2].mean() > 0.1
