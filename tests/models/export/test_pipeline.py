"""From a recipe and a data set to a measured artifact, by the commands a person types."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

pytest.importorskip("torch")

from models.data.lesions import FOLDER
from models.evaluation.detector import app as evaluate_app
from models.export.detector import app as export_app
from models.export.sidecar import read_sidecar
from models.training.detector import app as train_app

pytestmark = [
    pytest.mark.train,
    pytest.mark.timeout(240),
    # The exporter's own deprecations; nothing of ours.
    pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning"),
]


def write_data(root: Path) -> None:
    """Write two photographs a side: a dark square on skin colour, labelled."""
    folder = root / FOLDER
    (folder / "images").mkdir(parents=True)
    (folder / "labels").mkdir()
    (folder / "classes.txt").write_text("acne\npimple\nspot\n")
    rows = ["image,tone_visual,split"]
    for side in ("train", "val", "test"):
        for number in range(2):
            image = np.full((160, 160, 3), (145, 165, 205), np.uint8)
            image[60:80, 60:80] = (45, 50, 120)
            cv2.imwrite(str(folder / "images" / f"{side}{number}.png"), image)
            (folder / "labels" / f"{side}{number}.txt").write_text("2 0.4375 0.4375 0.125 0.125\n")
            rows.append(f"{side}{number}.png,brown,{side}")
    (folder / "split.csv").write_text("\n".join(rows) + "\n")


def write_recipe(path: Path) -> None:
    text = Path("models/recipes/lesion_yolov10n.toml").read_text(encoding="utf-8")
    small = {"input_size_px": 320, "size_px": 96, "batch": 2, "steps": 2, "warmup_steps": 1, "decay_steps": 1}
    lines = []
    for line in text.splitlines():
        key = line.split("=")[0].strip()
        lines.append(f"{key} = {small[key]}" if key in small else line)
    path.write_text("\n".join(lines), encoding="utf-8")


def test_train_export_and_evaluate_end_in_agreeing_figures(tmp_path: Path) -> None:
    runner, data = CliRunner(), tmp_path / "data"
    write_data(data)
    write_recipe(tmp_path / "recipe.toml")
    root = ["--data-root", str(data)]

    arguments = ["--recipe", str(tmp_path / "recipe.toml"), *root, "--out", str(tmp_path / "runs")]
    trained = runner.invoke(train_app, arguments)
    assert trained.exit_code == 0, trained.output

    checkpoint = tmp_path / "runs" / "lesion_yolov10n" / "last.pt"
    (tmp_path / "cards").mkdir()
    places = ["--artifacts", str(tmp_path / "artifacts"), "--cards", str(tmp_path / "cards")]
    exported = runner.invoke(export_app, ["--checkpoint", str(checkpoint), *root, *places])
    assert exported.exit_code == 0, exported.output

    model, out = tmp_path / "artifacts" / "lesion_yolov10n.onnx", tmp_path / "eval.json"
    evaluated = runner.invoke(evaluate_app, ["--model", str(model), *root, "--out", str(out)])
    assert evaluated.exit_code == 0, evaluated.output

    sidecar = read_sidecar(model.with_suffix(".json"))
    document = json.loads(out.read_text())
    assert document["figures"] == sidecar.metrics.figures
    assert document["model"]["sha256"] == sidecar.sha256
    assert document["figures"]["by_tone"]["brown"]["photos"] == 2
    assert (sidecar.input_size, sidecar.training.step) == (320, 2)


def test_commands_say_what_is_missing_and_leave_nothing_behind(tmp_path: Path) -> None:
    runner = CliRunner()
    write_recipe(tmp_path / "recipe.toml")
    nowhere = ["--data-root", str(tmp_path)]
    trained = runner.invoke(train_app, ["--recipe", str(tmp_path / "recipe.toml"), *nowhere])
    exported = runner.invoke(export_app, ["--checkpoint", str(tmp_path / "best.pt"), *nowhere])
    measured = runner.invoke(evaluate_app, ["--model", str(tmp_path / "m.onnx"), *nowhere])
    for result, words in ((trained, "--data-root"), (exported, "no checkpoint"), (measured, "sidecar")):
        assert result.exit_code == 2
        assert words in " ".join(result.output.split())
    assert sorted(path.name for path in tmp_path.iterdir()) == ["recipe.toml"]
