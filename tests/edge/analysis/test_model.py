from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edge.analysis.errors import ModelCorrupt, ModelMissing
from edge.analysis.model import Detector, SessionSettings
from tests.support.red_patch_detector import SIDE, red_patch_graph, write_detector

ARTIFACT = Path("models/artifacts/lesion_yolov10n.onnx")


def test_a_detector_says_what_it_is_and_what_it_runs_on(tmp_path: Path) -> None:
    detector = Detector(write_detector(tmp_path))
    assert (detector.version.name, detector.version.version) == ("red_patch", "1.2.3")
    assert detector.version.sha256 == detector.sidecar.sha256
    assert detector.providers == ("CPUExecutionProvider",)


def test_a_provider_this_machine_lacks_is_not_claimed(tmp_path: Path) -> None:
    wanted = SessionSettings(threads=2, providers=["TensorrtExecutionProvider"])
    assert Detector(write_detector(tmp_path), wanted).providers == ("CPUExecutionProvider",)


@pytest.mark.parametrize("name", ["red_patch.onnx", "red_patch.json"])
def test_a_missing_file_is_named_as_missing(tmp_path: Path, name: str) -> None:
    path = write_detector(tmp_path)
    (tmp_path / name).unlink()
    with pytest.raises(ModelMissing):
        Detector(path)


def test_a_graph_that_is_not_the_one_described_never_runs(tmp_path: Path) -> None:
    path = write_detector(tmp_path)
    path.write_bytes(path.read_bytes() + b"\0")
    with pytest.raises(ModelCorrupt) as caught:
        Detector(path)
    assert caught.value.code == "model_hash_differs"


@pytest.mark.parametrize(
    "change",
    [{"classes": ["scar"]}, {"classes": []}, {"sha256": "short"}, {"score_threshold": 2}, {"input_size": "wide"}],
)
def test_a_sidecar_outside_its_contract_is_corrupt(tmp_path: Path, change: dict[str, Any]) -> None:
    with pytest.raises(ModelCorrupt) as caught:
        Detector(write_detector(tmp_path, **change))
    assert caught.value.code == "model_sidecar_invalid"


def test_an_input_size_other_than_described_is_corrupt(tmp_path: Path) -> None:
    with pytest.raises(ModelCorrupt) as caught:
        Detector(write_detector(tmp_path, input_size=SIDE * 2))
    assert caught.value.code == "model_breaks_contract"


@pytest.mark.parametrize("kind", [3.0, -1.0, float("nan")])
def test_an_answer_naming_no_class_is_corrupt(tmp_path: Path, kind: float) -> None:
    detector = Detector(write_detector(tmp_path, red_patch_graph(kind=kind)))
    red = np.zeros((1, 3, SIDE, SIDE), dtype=np.float32)
    red[:, 0, 10:20, 10:20] = 1.0
    with pytest.raises(ModelCorrupt):
        detector.run(red)


@pytest.mark.skipif(not ARTIFACT.is_file(), reason="no trained detector in this checkout yet")
def test_the_trained_detector_keeps_its_contract() -> None:
    detector = Detector(ARTIFACT)
    side = detector.sidecar.input_size
    detections = detector.run(np.full((2, 3, side, side), 0.5, dtype=np.float32))
    assert detections.shape == (2, 100, 6)
    assert (np.diff(detections[..., 4], axis=1) <= 1e-6).all()
