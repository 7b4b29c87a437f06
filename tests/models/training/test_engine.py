"""The engine of a training run: schedule, resuming, refusing, choosing."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from models.errors import CheckpointForeignError, DataMissingError, LossDivergedError  # noqa: E402
from models.training.engine import (  # noqa: E402
    Engine,
    PaceSection,
    RunSettings,
    ScheduleSection,
    StepLine,
    learning_rate,
    read_checkpoint,
)

pytestmark = pytest.mark.train


class LineTask:
    """Fits a line through noisy points, with dropout so that torch's own randomness matters."""

    def __init__(self, scores: list[float] | None = None, scale: float = 1.0) -> None:
        self._scores, self._scale, self.validations = scores, scale, 0

    def build(self) -> Any:
        return torch.nn.Sequential(torch.nn.Linear(3, 8), torch.nn.Dropout(0.3), torch.nn.Linear(8, 1))

    def parameter_groups(self, network: Any) -> list[dict[str, Any]]:
        return [{"params": list(network[0].parameters()), "scale": self._scale}, {"params": network[2].parameters()}]

    def losses(self, network: Any, rng: np.random.Generator) -> dict[str, Any]:
        points = torch.from_numpy(rng.standard_normal((8, 3)).astype(np.float32))
        apart = network(points)[:, 0] - points.sum(dim=1)
        return {"square": apart.square().mean(), "flat": apart.abs().mean()}

    def validate(self, network: Any) -> dict[str, float]:
        self.validations += 1
        if self._scores is not None:
            return {"score": self._scores[self.validations - 1]}
        points = torch.eye(3)
        with torch.no_grad():
            return {"score": -float((network(points)[:, 0] - 1).square().mean())}


def settings(folder: Path, **schedule: Any) -> RunSettings:
    section = {"batch": 8, "steps": 12, "learning_rate": 0.02, "weight_decay": 0.01, "warmup_steps": 2} | schedule
    return RunSettings(
        folder,
        ScheduleSection(clip_norm=5.0, ema_decay=0.9, **section),
        PaceSection(seed=3, threads=1, checkpoint_every_steps=4, validate_every_steps=3),
        {"schedule": section},
    )


def quiet(_: StepLine) -> None:
    """Report to nobody."""


def lines(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]


def test_the_rate_rises_then_falls_along_a_cosine() -> None:
    section = settings(Path(), steps=100, warmup_steps=10).schedule
    rates = [learning_rate(section, step) for step in range(100)]
    assert rates[0] == pytest.approx(0.002)
    assert max(rates) == rates[9] == rates[10] == 0.02
    assert rates[55] == pytest.approx(0.01)
    assert 0 < rates[99] < 0.0001
    assert np.all(np.diff(rates[10:]) < 0)


def test_an_interrupted_run_ends_with_the_same_weights(tmp_path: Path) -> None:
    whole = Engine(LineTask(), settings(tmp_path / "whole"))
    whole.run(quiet)

    class PowerCutError(Exception):
        pass

    def cut(line: StepLine) -> None:
        if line.step == 7:
            raise PowerCutError

    with pytest.raises(PowerCutError):
        Engine(LineTask(), settings(tmp_path / "cut")).run(cut)
    resumed = Engine(LineTask(), settings(tmp_path / "cut"))
    assert resumed.step == 4
    resumed.run(quiet)
    for mine, theirs in zip(whole.average.parameters(), resumed.average.parameters(), strict=True):
        torch.testing.assert_close(mine, theirs)


def test_a_run_of_few_steps_goes_on_where_it_stopped(tmp_path: Path) -> None:
    for expected in (5, 10, 12):
        engine = Engine(LineTask(), settings(tmp_path))
        engine.run(quiet, max_steps=5)
        assert engine.step == expected
    assert [line["step"] for line in lines(tmp_path)] == list(range(1, 13))


def test_the_loss_falls_and_the_averaged_weights_improve(tmp_path: Path) -> None:
    engine = Engine(LineTask(), settings(tmp_path, steps=150))
    engine.run(quiet)
    log = lines(tmp_path)
    assert np.mean([line["loss"] for line in log[-20:]]) < 0.7 * np.mean([line["loss"] for line in log[:20]])
    assert log[-1]["validation"]["score"] > log[2]["validation"]["score"]


def test_the_best_checkpoint_is_that_of_the_best_score(tmp_path: Path) -> None:
    Engine(LineTask([0.1, 0.5, 0.3, 0.2]), settings(tmp_path)).run(quiet)
    assert read_checkpoint(tmp_path / "best.pt")["step"] == 6
    assert read_checkpoint(tmp_path / "last.pt")["step"] == 12


def test_the_log_names_the_parts_and_counts_processor_time_over_all_processes(tmp_path: Path) -> None:
    Engine(LineTask(), settings(tmp_path)).run(quiet, max_steps=6)
    first = lines(tmp_path)[-1]["cpu_seconds"]
    stored = read_checkpoint(tmp_path / "last.pt")["cpu_seconds"]
    resumed = Engine(LineTask(), settings(tmp_path))
    assert resumed.cpu_seconds() >= stored > 0
    # The log rounds to a tenth of a second.
    assert first == pytest.approx(stored, abs=0.06)
    resumed.run(quiet)
    log = lines(tmp_path)
    assert all(line["loss"] == pytest.approx(sum(line["parts"].values()), abs=1e-4) for line in log)
    assert [bool(line["validation"]) for line in log] == [step % 3 == 0 for step in range(1, 13)]
    assert log[-1]["cpu_seconds"] >= first


def test_a_group_of_half_the_scale_moves_at_half_the_rate(tmp_path: Path) -> None:
    engine = Engine(LineTask(scale=0.5), settings(tmp_path))
    engine.run(quiet, max_steps=3)
    slow, fast = (group["lr"] for group in engine.optimiser.param_groups)
    assert slow == pytest.approx(fast / 2)


def test_the_folder_of_another_recipe_is_refused(tmp_path: Path) -> None:
    Engine(LineTask(), settings(tmp_path)).run(quiet, max_steps=1)
    with pytest.raises(CheckpointForeignError, match="--out"):
        Engine(LineTask(), settings(tmp_path, learning_rate=0.01))


def test_a_diverged_loss_stops_and_overwrites_nothing(tmp_path: Path) -> None:
    engine = Engine(LineTask(), settings(tmp_path))
    engine.run(quiet, max_steps=4)
    before = (tmp_path / "last.pt").read_bytes()
    torch.nn.init.constant_(engine.network[0].weight, float("nan"))
    with pytest.raises(LossDivergedError, match="learning rate"):
        engine.run(quiet)
    assert (tmp_path / "last.pt").read_bytes() == before


def test_an_absent_checkpoint_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(DataMissingError, match="train that run first"):
        read_checkpoint(tmp_path / "best.pt")
