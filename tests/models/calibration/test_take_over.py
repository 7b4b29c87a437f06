"""Measured repeatabilities join the parameters and change nothing else there."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

pytest.importorskip("scipy")

from models.calibration.take_over import app
from shared.vision.parameters import read_parameters, write_parameters
from tests.support.bundles import some_parameters


def run(folder: Path, table: object) -> int:
    write_parameters(folder / "parameters.json", some_parameters())
    (folder / "table.json").write_text(json.dumps(table), encoding="utf-8")
    arguments = ["--parameters", str(folder / "parameters.json"), "--repeatability", str(folder / "table.json")]
    return CliRunner().invoke(app, arguments).exit_code


def test_what_was_measured_stands_beside_what_was_fitted(tmp_path: Path) -> None:
    assert run(tmp_path, {"count": {"coefficient": 0.5, "unit": "absolute", "n": 90}}) == 0
    written = read_parameters(tmp_path / "parameters.json")
    assert written.repeatability["count"].coefficient == 0.5
    assert written.model_copy(update={"repeatability": {}}) == some_parameters()


def test_a_table_of_something_else_is_refused_and_changes_nothing(tmp_path: Path) -> None:
    assert run(tmp_path, {"count": 3}) == 2
    assert read_parameters(tmp_path / "parameters.json") == some_parameters()
