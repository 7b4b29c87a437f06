"""From a recipe and a data set to a faithful INT8 graph, by the commands a person types."""

import json
from pathlib import Path

import cv2
import numpy as np
import onnx
import pytest
from typer.testing import CliRunner

pytest.importorskip("torch")

from models.data.lesions import FOLDER
from models.errors import ArtifactCorruptError
from models.evaluation.runner import OnnxDetector
from models.export.detector import FP32_NAME, INT8_NAME, REPORT_NAME, decode_nodes
from models.export.detector import app as export_app
from models.training.detector import app as train_app

pytestmark = [
    pytest.mark.train,
    pytest.mark.timeout(400),
    # The exporter's own deprecations; nothing of ours.
    pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning"),
]


def write_data(root: Path) -> None:
    """Write two photographs a side: a dark square on skin colour, labelled."""
    folder = root / FOLDER
    (folder / "images").mkdir(parents=True)
    (folder / "labels").mkdir()
    (folder / "classes.txt").write_text("acne\npimple\nspot\n")
    rows = ["image,tone_visual,yaw,pitch,exposure,blur,split"]
    for side in ("train", "val", "test"):
        for number in range(2):
            image = np.full((160, 160, 3), (145, 165, 205), np.uint8)
            image[60:80, 60:80] = (45, 50, 120)
            cv2.imwrite(str(folder / "images" / f"{side}{number}.png"), image)
            (folder / "labels" / f"{side}{number}.txt").write_text("2 0.4375 0.4375 0.125 0.125\n")
            rows.append(f"{side}{number}.png,brown,1.0,2.0,goodExposure,low,{side}")
    (folder / "split.csv").write_text("\n".join(rows) + "\n")


def write_recipe(path: Path) -> None:
    text = Path("models/recipes/detector_scratch.toml").read_text(encoding="utf-8")
    small = {"input_size_px": 320, "size_px": 96, "batch": 2, "steps": 2, "warmup_steps": 1, "decay_steps": 1}
    lines = []
    for line in text.splitlines():
        key = line.split("=")[0].strip()
        lines.append(f"{key} = {small[key]}" if key in small else line)
    path.write_text("\n".join(lines), encoding="utf-8")


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of graphs of a network trained for two steps."""
    root = tmp_path_factory.mktemp("export")
    write_data(root / "data")
    write_recipe(root / "recipe.toml")
    data = ["--data-root", str(root / "data")]
    trained = CliRunner().invoke(train_app, ["--recipe", str(root / "recipe.toml"), "--out", str(root / "runs"), *data])
    assert trained.exit_code == 0, trained.output
    checkpoint = root / "runs" / "detector_scratch" / "last.pt"
    result = CliRunner().invoke(export_app, ["--checkpoint", str(checkpoint), "--out", str(root / "graphs"), *data])
    assert result.exit_code == 0, result.output
    return root / "graphs"


def test_the_report_says_how_faithful_the_small_graph_is(exported: Path) -> None:
    report = json.loads((exported / REPORT_NAME).read_text())
    assert report["int8_share_of_macs"] >= 0.95
    assert report["parity"]["rows"] > 0
    assert report["parity"]["score"] <= 1e-4
    assert report["fp32"]["map50"] - report["int8"]["map50"] <= 0.005
    assert report["validation_pictures"] == 2


def test_both_graphs_answer_by_the_same_contract(exported: Path) -> None:
    image = np.full((160, 160, 3), (205, 165, 145), np.uint8)
    for name in (FP32_NAME, INT8_NAME):
        found = OnnxDetector(exported / name).detect_raw(image)
        assert found.boxes.shape == (100, 4)
        assert ((found.scores >= 0) & (found.scores <= 1)).all()
        assert (np.diff(found.scores) <= 0).all()


def test_the_decode_stays_in_float(exported: Path) -> None:
    kept = set(decode_nodes(exported / FP32_NAME))
    quantised = onnx.load(str(exported / INT8_NAME)).graph
    between = {name for node in quantised.node if node.op_type == "DequantizeLinear" for name in node.output}
    softmax = [node for node in quantised.node if node.op_type == "Softmax" and node.name in kept]
    assert softmax
    assert all(not between.intersection(node.input) for node in softmax)


def test_the_small_graph_is_small(exported: Path) -> None:
    assert (exported / INT8_NAME).stat().st_size < (exported / FP32_NAME).stat().st_size / 2


def test_a_graph_without_the_head_is_refused(tmp_path: Path) -> None:
    identity = onnx.helper.make_node("Identity", ["a"], ["b"])
    value = [onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [1]) for name in ("a", "b")]
    graph = onnx.helper.make_graph([identity], "identity", value[:1], value[1:])
    onnx.save(onnx.helper.make_model(graph), str(tmp_path / "identity.onnx"))
    with pytest.raises(ArtifactCorruptError, match="one-to-one"):
        decode_nodes(tmp_path / "identity.onnx")
