"""The training loop: schedule, resuming, refusing."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from models.data.detection import BoxedPhoto, CropSources, boxed  # noqa: E402
from models.data.lesions import LabelledPhoto  # noqa: E402
from models.errors import CheckpointForeignError, DataMissingError, LossDivergedError  # noqa: E402
from models.training.loop import Trainer, learning_rate  # noqa: E402
from models.training.networks import load_average  # noqa: E402
from models.training.recipe import Recipe, load_recipe  # noqa: E402

pytestmark = [pytest.mark.train, pytest.mark.timeout(300)]

SHIPPED = load_recipe(Path("models/recipes/detector_scratch.toml"))


def tiny(**optimiser: Any) -> Recipe:
    """Return the shipped recipe cut down to seconds."""
    data = SHIPPED.model_dump(mode="json")
    data["model"]["input_size_px"] = 320
    data["crop"]["size_px"] = 96
    data["optimiser"] |= {"batch": 2, "steps": 4, "warmup_steps": 1, "decay_steps": 2} | optimiser
    data["run"] |= {"checkpoint_every_steps": 2, "validate_every_steps": 3}
    return Recipe.model_validate(data)


def build(recipe: Recipe, photos: list[LabelledPhoto], folder: Path, max_steps: int | None = None) -> Trainer:
    pictures = boxed(photos)
    return Trainer(recipe, CropSources(pictures[:4], [], 0.0), pictures[4:], folder, max_steps)


def train(recipe: Recipe, photos: list[LabelledPhoto], folder: Path) -> Trainer:
    trainer = build(recipe, photos, folder)
    trainer.run(lambda _: None)
    return trainer


def test_rate_rises_stays_and_falls_to_almost_nothing() -> None:
    section = SHIPPED.optimiser
    rates = [learning_rate(section, step) for step in range(section.steps)]
    assert 0 < rates[0] < section.learning_rate / 10
    assert max(rates) == section.learning_rate
    assert rates[section.warmup_steps] == rates[section.steps - section.decay_steps] == section.learning_rate
    assert 0 < rates[-1] < section.learning_rate / 100


def test_an_interrupted_training_ends_with_the_same_weights(photos: list[LabelledPhoto], tmp_path: Path) -> None:
    whole = train(tiny(), photos, tmp_path / "whole")

    class PowerCutError(Exception):
        pass

    def cut(report: Any) -> None:
        if report.step == 3:
            raise PowerCutError

    first = build(tiny(), photos, tmp_path / "cut")
    with pytest.raises(PowerCutError):
        first.run(cut)
    resumed = build(tiny(), photos, tmp_path / "cut")
    assert resumed.step == 2
    resumed.run(lambda _: None)
    for mine, theirs in zip(whole.average.parameters(), resumed.average.parameters(), strict=True):
        torch.testing.assert_close(mine, theirs, atol=1e-5, rtol=1e-4)


def test_the_log_has_a_line_a_step_and_figures_where_it_validated(photos: list[LabelledPhoto], tmp_path: Path) -> None:
    train(tiny(), photos, tmp_path)
    lines = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines] == [1, 2, 3, 4]
    assert [line["val_ap50"] is not None for line in lines] == [False, False, True, True]


def test_a_checkpoint_loads_with_its_recipe_for_export(photos: list[LabelledPhoto], tmp_path: Path) -> None:
    trainer = train(tiny(), photos, tmp_path)
    network, recipe, step = load_average(tmp_path / "last.pt")
    assert (recipe, step) == (tiny(), 4)
    assert not network.training
    image = torch.rand(1, 3, 64, 64)
    torch.testing.assert_close(network(image), trainer.average(image))


def test_the_one_to_one_head_starts_over_from_the_one_to_many_head(photos: list[LabelledPhoto], tmp_path: Path) -> None:
    trainer = build(tiny(one_to_one_from_many_at_step=2, learning_rate=1e-9), photos, tmp_path)
    trainer._advance((0.0, 0.0))
    trainer._advance((0.0, 0.0))
    head = trainer.network.head
    many, one = head.one_to_many.box[0][0].conv, head.one_to_one.box[0][0].conv
    assert not torch.allclose(many.weight, one.weight)
    trainer._advance((0.0, 0.0))
    torch.testing.assert_close(many.weight, one.weight, atol=1e-6, rtol=0)


def test_another_runs_folder_is_refused(photos: list[LabelledPhoto], tmp_path: Path) -> None:
    train(tiny(steps=2), photos, tmp_path)
    other = tiny().model_dump(mode="json")
    other["run"]["seed"] = 21
    with pytest.raises(CheckpointForeignError, match="--out"):
        build(Recipe.model_validate(other), photos, tmp_path)


def test_a_diverged_loss_stops_and_overwrites_nothing(photos: list[LabelledPhoto], tmp_path: Path) -> None:
    trainer = train(tiny(steps=2), photos, tmp_path)
    before = (tmp_path / "last.pt").read_bytes()
    torch.nn.init.constant_(trainer.network.layers["0"].conv.weight, float("nan"))
    with pytest.raises(LossDivergedError, match="learning_rate"):
        trainer._advance((0.0, 0.0))
    assert (tmp_path / "last.pt").read_bytes() == before


def test_an_absent_checkpoint_names_the_command_to_run(tmp_path: Path) -> None:
    with pytest.raises(DataMissingError, match=r"models\.training\.detector"):
        load_average(tmp_path / "best.pt")


def test_a_run_may_stop_early_and_still_validates(photos: list[LabelledPhoto], tmp_path: Path) -> None:
    trainer = build(tiny(), photos, tmp_path, max_steps=1)
    seen: list[Any] = []
    trainer.run(seen.append)
    assert [(line.step, line.val_ap50 is not None) for line in seen] == [(1, True)]


def test_a_run_that_continues_another_starts_with_its_averaged_weights(
    photos: list[LabelledPhoto], tmp_path: Path
) -> None:
    first = train(tiny(), photos, tmp_path / "first")
    data = tiny().model_dump(mode="json")
    data["start"] = {"checkpoint": str(tmp_path / "first" / "last.pt")}
    second = build(Recipe.model_validate(data), photos, tmp_path / "second")
    for theirs, ours in zip(first.average.parameters(), second.network.parameters(), strict=True):
        torch.testing.assert_close(theirs, ours)


def test_a_run_cannot_continue_what_was_never_trained(photos: list[LabelledPhoto], tmp_path: Path) -> None:
    data = tiny().model_dump(mode="json")
    data["start"] = {"checkpoint": str(tmp_path / "nothing.pt")}
    with pytest.raises(DataMissingError, match="has not been trained yet"):
        build(Recipe.model_validate(data), photos, tmp_path / "second")


def test_renderings_come_first_and_photographs_last() -> None:
    photograph = BoxedPhoto(np.zeros((1, 1, 3), np.uint8), np.zeros((0, 4), np.float32))
    rendering = BoxedPhoto(np.ones((1, 1, 3), np.uint8), np.zeros((0, 4), np.float32))
    sources = CropSources([photograph], [rendering], 0.5, photographs_only_from=10)
    rng = np.random.default_rng(0)
    early = sources.pick(rng, 200, step=9)
    assert 60 < sum(picture is rendering for picture in early) < 140
    assert all(picture is photograph for picture in sources.pick(rng, 200, step=10))
