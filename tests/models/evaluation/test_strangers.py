"""What is strange is called unlike and gets no type; what is known is not."""

from pathlib import Path

import numpy as np
import pytest

from models.evaluation.classifier_runner import OnnxClassifier
from models.evaluation.strangers import _figures
from shared.vision.assessment import Assessor
from shared.vision.bundle import GraphRole
from shared.vision.parameters import CropClass
from tests.support.test_bundle import COLOURS, ODD, drawn_graphs, drawn_ood, drawn_parameters


def crops_of(colour: tuple[int, int, int], count: int) -> np.ndarray:
    """Return crops of one colour all over."""
    pixel = np.array(colour, np.float32).reshape(1, 3, 1, 1) / np.float32(255)
    return np.ascontiguousarray(np.broadcast_to(pixel, (count, 3, 64, 64)))


@pytest.fixture
def classifier(tmp_path: Path) -> OnnxClassifier:
    path = tmp_path / "classifier.onnx"
    path.write_bytes(drawn_graphs()[GraphRole.CLASSIFIER])
    return OnnxClassifier(path)


@pytest.fixture
def assessor() -> Assessor:
    return Assessor.of(drawn_parameters(), drawn_ood())


def test_a_strange_colour_is_unlike_and_never_suggested(classifier: OnnxClassifier, assessor: Assessor) -> None:
    found = _figures("odd", crops_of(ODD, 3), classifier, assessor, drawn_parameters().routing)
    assert (found.crops, found.unlike, found.not_typed, found.suggested) == (3, 1.0, 1.0, 0.0)


def test_a_known_colour_is_not_unlike(classifier: OnnxClassifier, assessor: Assessor) -> None:
    crops = crops_of(COLOURS[CropClass.BLEMISH], 2)
    found = _figures("blemish", crops, classifier, assessor, drawn_parameters().routing)
    assert (found.unlike, found.not_typed) == (0.0, 0.0)


def test_a_growth_gets_no_type_although_it_is_known(classifier: OnnxClassifier, assessor: Assessor) -> None:
    crops = crops_of(COLOURS[CropClass.GROWTH], 2)
    found = _figures("growth", crops, classifier, assessor, drawn_parameters().routing)
    assert (found.unlike, found.not_typed, found.suggested) == (0.0, 1.0, 0.0)
