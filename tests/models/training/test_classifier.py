"""The classifier's training: stages, resuming, refusing, and what its graphs must show before they ship."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from models.data.type_crops import TypeSource  # noqa: E402
from models.data.type_sources import exact_crops  # noqa: E402
from models.errors import CheckpointForeignError, DataMissingError, LossDivergedError, RecipeRejectedError  # noqa: E402
from models.training.classifier_loop import (  # noqa: E402
    ClassifierTrainer,
    load_classifier,
    stage_rate,
    step_batch,
)
from models.training.classifier_recipe import ClassifierRecipe  # noqa: E402
from models.training.recipe_file import read_recipe  # noqa: E402
from tests.models.data.test_type_crops import photo  # noqa: E402

pytestmark = [pytest.mark.train, pytest.mark.timeout(180)]

RECIPES = Path("models/recipes")
SHIPPED = read_recipe(RECIPES / "classifier_evaluation.toml", ClassifierRecipe)
NO_GROWTH = {"blemish": 0.25, "pustule": 0.25, "spot": 0.25, "clear": 0.25, "growth": 0.0}
SOURCES = {"photographs": TypeSource([photo(seed) for seed in range(3)], labels_incomplete=True)}
HELD_OUT = {"photographs": exact_crops([photo(9)])}


def tiny(**run: Any) -> ClassifierRecipe:
    """Two stages of two steps on drawn photographs."""
    data = SHIPPED.model_dump(mode="json")
    only = {"classes": NO_GROWTH, "sources": {"rendered": 0.1, "growths": 0.0, "photographs": 0.9}}
    data["stages"] = [stage | only | {"steps": 2, "warmup_steps": 1, "hint_gain": 0.0} for stage in data["stages"]]
    data["optimiser"]["batch"] = 4
    data["run"] |= {"checkpoint_every_steps": 1} | run
    return ClassifierRecipe.model_validate(data)


def trainer(recipe: ClassifierRecipe, folder: Path) -> ClassifierTrainer:
    sources = {**SOURCES, "rendered": TypeSource([]), "growths": TypeSource([])}
    return ClassifierTrainer(recipe, sources, HELD_OUT, folder)


def test_rate_rises_then_falls_along_a_cosine_in_each_stage() -> None:
    for stage in SHIPPED.stages:
        rates = [stage_rate(stage, step) for step in range(stage.steps)]
        assert max(rates) == stage.learning_rate
        assert rates[0] < stage.learning_rate
        assert (np.diff(rates[stage.warmup_steps :]) <= 0).all()
        assert rates[-1] < 0.01 * stage.learning_rate


def test_stages_follow_each_other() -> None:
    first = SHIPPED.stages[0].steps
    assert [SHIPPED.stage_at(step)[0].name for step in (0, first - 1, first, SHIPPED.steps - 1)] == [
        SHIPPED.stages[0].name,
        SHIPPED.stages[0].name,
        SHIPPED.stages[1].name,
        SHIPPED.stages[1].name,
    ]
    assert SHIPPED.stage_at(first + 3)[1] == 3


def test_the_open_recipe_never_sees_a_photograph_that_forbids_commerce() -> None:
    recipe = read_recipe(RECIPES / "classifier_open.toml", ClassifierRecipe)
    assert not recipe.uses("photographs")
    assert recipe.uses("rendered")
    assert recipe.uses("growths")
    assert SHIPPED.uses("photographs")


def test_synthetic_comes_first_and_real_last() -> None:
    assert SHIPPED.stages[0].sources.photographs == 0
    assert SHIPPED.stages[-1].sources.photographs > 0.5


def test_an_interrupted_training_ends_with_the_same_weights(tmp_path: Path) -> None:
    whole = trainer(tiny(), tmp_path / "whole")
    whole.run(lambda _: None)
    trainer(tiny(), tmp_path / "cut").run(lambda _: None, until=3)
    resumed = trainer(tiny(), tmp_path / "cut")
    assert resumed.step == 3
    resumed.run(lambda _: None)
    for mine, theirs in zip(whole.average.parameters(), resumed.average.parameters(), strict=True):
        torch.testing.assert_close(mine, theirs, atol=1e-5, rtol=1e-4)


def test_the_log_has_a_line_a_step_and_figures_at_the_end_of_each_stage(tmp_path: Path) -> None:
    trainer(tiny(), tmp_path).run(lambda _: None)
    lines = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines] == [1, 2, 3, 4]
    assert [line["stage"] for line in lines] == ["rendered", "rendered", "photographs", "photographs"]
    assert [bool(line["measured"]) for line in lines] == [False, True, False, True]
    assert lines[-1]["measured"]["photographs"]["cases"] == len(HELD_OUT["photographs"].labels)
    spent = [line["cpu_seconds"] for line in lines]
    assert spent == sorted(spent)
    assert spent[0] > 0


def test_a_step_follows_from_seed_and_number_alone() -> None:
    recipe, sources = tiny(), {**SOURCES, "rendered": TypeSource([])}
    first, again = (step_batch(recipe, sources, 2) for _ in range(2))
    other = step_batch(recipe, sources, 3)
    assert torch.equal(first[0], again[0])
    assert torch.equal(first[1], again[1])
    assert not torch.equal(first[0], other[0])


def test_a_few_steps_on_one_batch_lower_the_loss(tmp_path: Path) -> None:
    data = tiny().model_dump(mode="json")
    data["stages"][0]["steps"] = 30
    learner = trainer(ClassifierRecipe.model_validate(data), tmp_path)
    losses: list[float] = []
    learner.run(lambda line: losses.append(line.loss), until=25)
    # Blemish, pustule and spot look alike in the drawn photographs; clear can be told, so guessing is beaten.
    assert np.mean(losses[-5:]) < losses[0]


def test_a_checkpoint_loads_with_its_recipe_for_export(tmp_path: Path) -> None:
    done = trainer(tiny(), tmp_path)
    done.run(lambda _: None)
    network, recipe, step = load_classifier(tmp_path / "last.pt")
    assert (recipe, step) == (tiny(), 4)
    assert not network.training
    crops = torch.rand(2, 3, 64, 64)
    torch.testing.assert_close(network(crops).logits, done.average(crops).logits)


def test_another_recipes_folder_is_refused(tmp_path: Path) -> None:
    trainer(tiny(), tmp_path).run(lambda _: None, until=1)
    with pytest.raises(CheckpointForeignError, match="--out"):
        trainer(tiny(seed=99), tmp_path)


def test_a_diverged_loss_stops_and_overwrites_nothing(tmp_path: Path) -> None:
    broken = trainer(tiny(), tmp_path)
    broken.run(lambda _: None, until=1)
    before = (tmp_path / "last.pt").read_bytes()
    torch.nn.init.constant_(broken.network.head.weight, float("nan"))
    with pytest.raises(LossDivergedError, match="learning_rate"):
        broken.run(lambda _: None, until=2)
    assert (tmp_path / "last.pt").read_bytes() == before


def test_an_absent_checkpoint_names_the_command_to_run(tmp_path: Path) -> None:
    with pytest.raises(DataMissingError, match=r"models\.training\.classifier"):
        load_classifier(tmp_path / "last.pt")


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"classes": {"blemish": 1.0}}, "every class"),
        ({"classes": {**NO_GROWTH, "clear": 0.5}}, "add up"),
        ({"sources": {"growths": 1.0}}, "no source"),
        ({"sources": {"photographs": 1.0}}, "no source"),
        ({"epochs": 3}, "epochs"),
    ],
)
def test_a_stage_that_cannot_be_drawn_is_refused(change: dict[str, Any], fault: str, tmp_path: Path) -> None:
    data = SHIPPED.model_dump(mode="json")
    data["stages"][0] |= change
    with pytest.raises(ValueError, match=fault):
        ClassifierRecipe.model_validate(data)


def test_a_recipe_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(RecipeRejectedError, match=r"none\.toml"):
        read_recipe(tmp_path / "none.toml", ClassifierRecipe)
