"""From a recipe and two data sets to graphs, report and card, by the commands a person types."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

torch = pytest.importorskip("torch")

from models.data.lesions import Split  # noqa: E402
from models.data.mask_crops import SIZE  # noqa: E402
from models.data.masks import FOLDERS, MaskSource  # noqa: E402
from models.errors import ArtifactCorruptError  # noqa: E402
from models.evaluation.segmenter import app as evaluate_app  # noqa: E402
from models.evaluation.segmenter_runner import OnnxSegmenter  # noqa: E402
from models.export.quantise_dynamic import quantise_dynamic, quantised_products  # noqa: E402
from models.export.segmenter import MaskParity, require_faithful, write_segmenter  # noqa: E402
from models.export.segmenter import app as export_app  # noqa: E402
from models.segmentation.build import Architecture, build_segmenter  # noqa: E402
from models.training.segmenter import app as train_app  # noqa: E402

pytestmark = [
    pytest.mark.train,
    pytest.mark.timeout(400),
    # The exporter's own deprecations; nothing of ours.
    pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning"),
]


@pytest.fixture(scope="module")
def network() -> "torch.nn.Module":
    torch.manual_seed(5)
    return build_segmenter(Architecture.SWIN_48).eval()


@pytest.fixture(scope="module")
def folder(network: "torch.nn.Module", tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("graphs")
    assert write_segmenter(network, place / "fp32.onnx") == 5_217_373
    quantise_dynamic(place / "fp32.onnx", place / "int8.onnx")
    return place


def crops(count: int) -> "np.ndarray":
    return np.random.default_rng(2).random((count, 3, SIZE, SIZE), np.float32)


def test_onnx_runtime_and_torch_agree_for_any_number_of_crops(network: "torch.nn.Module", folder: Path) -> None:
    graph, images = OnnxSegmenter(folder / "fp32.onnx"), crops(3)
    with torch.inference_mode():
        expected = network(torch.from_numpy(images))[:, 0].numpy()
    np.testing.assert_allclose(graph.logits(images), expected, atol=1e-4)
    np.testing.assert_allclose(graph.logits(images[1:2]), expected[1:2], atol=1e-4)
    np.testing.assert_allclose(graph.probabilities(images), 1 / (1 + np.exp(-expected)), atol=1e-4)
    assert graph.logits(images[:0]).shape == (0, SIZE, SIZE)


def test_every_product_with_weights_is_in_int8_and_the_file_is_a_third(folder: Path) -> None:
    whole, left = quantised_products(folder / "int8.onnx")
    assert left == 0
    # Four products a block in eight blocks, and three mergings of patches.
    assert whole == 35
    assert quantised_products(folder / "fp32.onnx") == (0, 35)
    assert (folder / "int8.onnx").stat().st_size < (folder / "fp32.onnx").stat().st_size / 3


def test_int8_stays_near(folder: Path) -> None:
    images = crops(2)
    exact, rounded = (OnnxSegmenter(folder / name).probabilities(images) for name in ("fp32.onnx", "int8.onnx"))
    assert 0 < np.abs(exact - rounded).max() < 0.05


def test_the_graphs_name_no_place_of_the_exporting_machine(folder: Path) -> None:
    for name in ("fp32.onnx", "int8.onnx"):
        content = (folder / name).read_bytes()
        assert str(Path.cwd()).encode() not in content
        assert str(Path.home()).encode() + b"/" not in content


@pytest.mark.parametrize(("fp32", "int8", "words"), [(0.1, 0.9, "FP32"), (1e-6, 0.89, "INT8")])
def test_an_unfaithful_graph_is_refused(fp32: float, int8: float, words: str) -> None:
    def parity(difference: float, dice: float) -> MaskParity:
        return MaskParity(4, difference, 1.0, 0.9, dice, 1.0)

    require_faithful(parity(1e-6, 0.9), parity(0.02, 0.896))
    with pytest.raises(ArtifactCorruptError, match=words):
        require_faithful(parity(fp32, 0.9), parity(0.02, int8))


def write_data(root: Path) -> None:
    """Write two photographs a side of each labelled data set: a dark disc on skin colour."""
    for source in (MaskSource.ISIC, MaskSource.PAD):
        place, rows = root / FOLDERS[source], ["image,split"]
        for part in ("images", "masks"):
            (place / part).mkdir(parents=True)
        for split in Split:
            for number in range(2):
                mask = np.zeros((120, 160), np.uint8)
                cv2.circle(mask, (70 + 10 * number, 60), 20 + 5 * number, 255, -1)
                image = np.where(mask[..., None] > 0, np.uint8((45, 50, 120)), np.uint8((145, 165, 205)))
                cv2.imwrite(str(place / "images" / f"{split}{number}.png"), image)
                cv2.imwrite(str(place / "masks" / f"{split}{number}.png"), mask)
                rows.append(f"{split}{number}.png,{split}")
        (place / "split.csv").write_text("\n".join(rows) + "\n")


def write_recipe(path: Path) -> None:
    """Cut the shipped recipe down to seconds, without teacher and renderings."""
    text = Path("models/recipes/segmenter_swin_evaluation.toml").read_text(encoding="utf-8")
    small = {"isic": 0.5, "pad": 0.5, "rendered": 0.0, "batch": 2, "steps": 2, "warmup_steps": 1}
    lines = []
    for line in text.splitlines():
        key = line.split("=")[0].strip()
        if not key.startswith("teacher"):
            lines.append(f"{key} = {small[key]}" if key in small else line)
    path.write_text("\n".join(lines), encoding="utf-8")


def test_train_export_and_evaluate_end_in_agreeing_figures(tmp_path: Path) -> None:
    runner, data = CliRunner(), ["--data-root", str(tmp_path / "data")]
    write_data(tmp_path / "data")
    write_recipe(tmp_path / "recipe.toml")

    recipe = ["--recipe", str(tmp_path / "recipe.toml"), "--out", str(tmp_path / "runs")]
    trained = runner.invoke(train_app, [*recipe, *data, "--max-steps", "1"])
    assert trained.exit_code == 0, trained.output
    trained = runner.invoke(train_app, [*recipe, *data])
    assert trained.exit_code == 0, trained.output
    assert "at step 1" in trained.output

    checkpoint, out = tmp_path / "runs" / "segmenter_swin_evaluation" / "last.pt", tmp_path / "out"
    exported = runner.invoke(export_app, ["--checkpoint", str(checkpoint), "--out", str(out), *data])
    assert exported.exit_code == 0, exported.output

    figures = tmp_path / "figures.json"
    model = ["--model", str(out / "segmenter.onnx"), "--against", str(out / "segmenter.fp32.onnx")]
    measured = runner.invoke(evaluate_app, [*model, *data, "--threshold", "0.5", "--out", str(figures)])
    assert measured.exit_code == 0, measured.output
    measured = runner.invoke(evaluate_app, [*model[:2], *data, "--out", str(figures)])
    assert measured.exit_code == 0, measured.output

    report, again = json.loads((out / "segmenter.json").read_text()), json.loads(figures.read_text())
    assert (report["step"], report["parameters"]) == (2, 5_217_373)
    assert again["sha256"] == report["sha256"]
    assert {key: again[key] for key in report["test"]} == report["test"]
    card = (out / "segmenter.md").read_text()
    for phrase in (report["sha256"], "Not for:", "CC BY-NC", "evaluation and demonstration only", "no teacher"):
        assert phrase in card, phrase


def test_commands_say_what_is_missing_and_leave_nothing_behind(tmp_path: Path) -> None:
    runner, nowhere = CliRunner(), ["--data-root", str(tmp_path)]
    write_recipe(tmp_path / "recipe.toml")
    out = ["--out", str(tmp_path / "out")]
    trained = runner.invoke(train_app, ["--recipe", str(tmp_path / "recipe.toml"), *nowhere, *out])
    exported = runner.invoke(export_app, ["--checkpoint", str(tmp_path / "best.pt"), *nowhere, *out])
    measured = runner.invoke(evaluate_app, ["--model", str(tmp_path / "m.onnx"), *nowhere])
    for result, words in ((trained, "--data-root"), (exported, "no checkpoint"), (measured, "--data-root")):
        assert result.exit_code == 2
        assert words in " ".join(result.output.split())
    assert sorted(path.name for path in tmp_path.iterdir()) == ["recipe.toml"]
