"""The released detector keeps its contract, and its sidecar and card say what it is."""

import re
from pathlib import Path

import numpy as np
import pytest

from models.data.lesions import CLASSES, DEFAULT_ROOT, FOLDER, Split, read_split
from models.errors import ArtifactCorruptError, DataMissingError
from models.evaluation.metrics import PhotoTruth, average_precision, match_photo
from models.evaluation.report import named_rows
from models.evaluation.runner import OnnxDetector, detect_all, file_sha256
from models.export.card import render_card
from models.export.sidecar import Sidecar, read_sidecar, sidecar_path, write_sidecar

MODEL = Path("models/artifacts/lesion_yolov10n.onnx")
CARD = Path("models/cards/lesion_yolov10n.md")


@pytest.fixture(scope="module")
def sidecar() -> Sidecar:
    return read_sidecar(sidecar_path(MODEL))


@pytest.fixture(scope="module")
def detector(sidecar: Sidecar) -> OnnxDetector:
    return OnnxDetector(MODEL, sidecar.sha256)


def test_the_file_is_the_one_the_sidecar_describes(sidecar: Sidecar) -> None:
    assert file_sha256(MODEL) == sidecar.sha256
    assert sidecar.name == MODEL.stem


def test_input_and_output_are_as_the_contract_says(detector: OnnxDetector, sidecar: Sidecar) -> None:
    assert detector.input_size == sidecar.input_size
    assert sidecar.classes == CLASSES
    images = np.random.default_rng(0).random((2, 3, sidecar.input_size, sidecar.input_size), np.float32)
    rows = detector.run(images)
    assert rows.shape == (2, 100, 6)
    assert rows.dtype == np.float32
    assert np.isfinite(rows).all()
    assert (np.diff(rows[..., 4], axis=1) <= 0).all()
    assert ((rows[..., 4] >= 0) & (rows[..., 4] <= 1)).all()
    assert set(np.unique(rows[..., 5])) <= {0.0, 1.0, 2.0}
    assert (rows[..., 2:4] > rows[..., :2]).all()


def test_an_empty_wall_has_no_findings(detector: OnnxDetector, sidecar: Sidecar) -> None:
    wall = np.full((480, 640, 3), (180, 178, 172), np.uint8)
    assert (detector.detect(wall).scores < sidecar.score_threshold).all()


def test_the_card_is_rendered_from_the_sidecar(sidecar: Sidecar) -> None:
    assert CARD.read_text(encoding="utf-8") == render_card(sidecar)


def test_every_figure_on_the_card_is_the_sidecars(sidecar: Sidecar) -> None:
    card = CARD.read_text(encoding="utf-8")
    keys = ("map50", "map50_95", "recall", "precision", "false_positives_per_photo")
    for name, row in named_rows(sidecar.metrics.figures):
        line = re.search(rf"^\| {re.escape(name)} \|(.*)\|$", card, re.MULTILINE)
        assert line, name
        cells = [cell.strip() for cell in line[1].split("|")]
        assert cells[:2] == [str(row["photos"]), str(row["labels"])]
        for cell, key in zip(cells[2:], keys, strict=True):
            shown = [float(number) for number in re.findall(r"\d+\.\d+", cell)]
            expected = [v for v in (row[key][part] for part in ("value", "low", "high")) if v is not None]
            assert shown == pytest.approx(expected, abs=1e-9), (name, key)


def test_the_card_states_licence_use_and_non_use(sidecar: Sidecar) -> None:
    card = CARD.read_text(encoding="utf-8")
    for phrase in ("Non-commercial", "CC BY-NC-SA 4.0", "moles", "any diagnosis", "lower bound", "incomplete"):
        assert phrase in card, phrase
    assert sidecar.sha256 in card
    assert str(sidecar.score_threshold) in card
    assert f"a share of {sidecar.metrics.figures['repeated_share']}\n" in card


@pytest.mark.skipif(not (DEFAULT_ROOT / FOLDER).is_dir(), reason="the data set is not on this machine")
@pytest.mark.timeout(240)
def test_the_quoted_precision_is_measured_again_on_the_held_out_photographs(
    detector: OnnxDetector, sidecar: Sidecar
) -> None:
    photos = read_split(DEFAULT_ROOT, Split.TEST)
    found = detect_all(detector, photos)
    matches = [match_photo(PhotoTruth(p.boxes, p.classes), f, None) for p, f in zip(photos, found, strict=True)]
    quoted = sidecar.metrics.figures["any_class"]
    assert len(photos) == quoted["photos"]
    assert average_precision(matches)[0] == pytest.approx(quoted["map50"]["value"], abs=0.005)


def test_a_swapped_file_is_refused(tmp_path: Path, sidecar: Sidecar) -> None:
    other = tmp_path / MODEL.name
    other.write_bytes(MODEL.read_bytes() + b"\0")
    with pytest.raises(ArtifactCorruptError, match="not the file its sidecar describes"):
        OnnxDetector(other, sidecar.sha256)


def test_an_absent_file_or_sidecar_is_reported(tmp_path: Path) -> None:
    with pytest.raises(DataMissingError, match="train and export"):
        OnnxDetector(tmp_path / "none.onnx")
    with pytest.raises(DataMissingError, match="without its sidecar"):
        read_sidecar(tmp_path / "none.json")


def test_a_sidecar_reads_back_as_written(tmp_path: Path, sidecar: Sidecar) -> None:
    write_sidecar(tmp_path / "copy.json", sidecar)
    assert read_sidecar(tmp_path / "copy.json") == sidecar


@pytest.mark.parametrize("text", ["", "[]", '{"name": "x"}'])
def test_a_sidecar_of_another_shape_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "bad.json").write_text(text)
    with pytest.raises(ArtifactCorruptError, match="not a detector sidecar"):
        read_sidecar(tmp_path / "bad.json")
