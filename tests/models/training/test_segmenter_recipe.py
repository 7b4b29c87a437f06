"""The segmenters' recipes: what ships learns from open data only, and what is compared is trained alike."""

from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch")

from models.data.masks import MaskSource
from models.errors import RecipeRejectedError
from models.segmentation.build import Architecture
from models.training.recipe_file import read_recipe
from models.training.segmenter_recipe import SegmenterRecipe

pytestmark = pytest.mark.train

RECIPES = {path.stem: path for path in Path("models/recipes").glob("segmenter_*.toml")}


def recipe(name: str) -> SegmenterRecipe:
    return read_recipe(RECIPES[name], SegmenterRecipe)


@pytest.mark.parametrize("name", sorted(RECIPES))
def test_every_shipped_recipe_is_valid_and_named_as_its_file(name: str) -> None:
    assert recipe(name).model.name == name


def test_the_segmenter_that_may_ship_and_whoever_taught_it_saw_open_data_only() -> None:
    learner = recipe("segmenter_swin_open")
    assert MaskSource.ISIC not in learner.data.shares()
    checkpoint = learner.loss.teacher_checkpoint
    if checkpoint is not None:
        assert MaskSource.ISIC not in recipe(checkpoint.parent.name).data.shares()


def test_unet_and_swin_are_trained_exactly_alike() -> None:
    swin, unet = (recipe(name).model_dump() for name in ("segmenter_swin_evaluation", "segmenter_unet"))
    assert (swin.pop("model")["architecture"], unet.pop("model")["architecture"]) == (
        Architecture.SWIN_48,
        Architecture.UNET,
    )
    assert swin == unet


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("rendered = 0.3", "rendered = 0.4", "add up to 1"),
        ("[run]", "[run]\nspeed = 1", "run.speed"),
        ("teacher = 1.0", "teacher = 0.0", "belong together"),
        ("batch = 16", 'batch = "many"', "schedule.batch"),
        ("[model]", "[model", "not valid TOML"),
    ],
)
def test_a_wrong_recipe_is_refused_by_the_field(tmp_path: Path, old: str, new: str, words: str) -> None:
    text = RECIPES["segmenter_unet"].read_text(encoding="utf-8")
    assert old in text
    wrong = tmp_path / "wrong.toml"
    wrong.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(RecipeRejectedError, match=words):
        read_recipe(wrong, SegmenterRecipe)


def test_an_absent_recipe_is_named(tmp_path: Path) -> None:
    with pytest.raises(RecipeRejectedError, match=r"none\.toml: no such recipe"):
        read_recipe(tmp_path / "none.toml", SegmenterRecipe)


def test_fields_reach_what_draws_the_crops() -> None:
    chosen: Any = recipe("segmenter_unet")
    drawing = chosen.drawing()
    assert drawing.place.context == (chosen.place.context_min, chosen.place.context_max)
    assert (drawing.place.size, drawing.light.gain, drawing.wear.jpeg) == (128, chosen.light.gain, chosen.wear.jpeg)
