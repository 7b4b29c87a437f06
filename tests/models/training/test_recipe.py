"""Recipes are checked before anything runs."""

from pathlib import Path

import pytest

pytest.importorskip("torch")

from models.errors import RecipeRejectedError
from models.training.recipe import load_recipe

pytestmark = pytest.mark.train

RECIPES = sorted(Path("models/recipes").glob("detector_*.toml"))


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.stem)
def test_every_recipe_of_the_project_is_valid_and_named_as_its_file(path: Path) -> None:
    assert load_recipe(path).model.name == path.stem


def test_there_is_a_recipe_to_check() -> None:
    assert RECIPES


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("batch = 16", "batch = 0", "optimiser.batch"),
        ("batch = 16", "batch = 16\nmomentum = 0.9", "optimiser.momentum"),
        ("seed = 35", "", "run.seed"),
        ('scale = "n"', 'scale = "x"', "model.scale"),
        ("input_size_px = 768", "input_size_px = 700", "model.input_size_px"),
        ("[model]", "[model", "not valid TOML"),
    ],
)
def test_a_wrong_recipe_is_refused_by_the_name_of_its_field(tmp_path: Path, old: str, new: str, said: str) -> None:
    text = RECIPES[0].read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / "wrong.toml"
    path.write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(RecipeRejectedError, match=said):
        load_recipe(path)


def test_an_absent_recipe_says_where_recipes_are(tmp_path: Path) -> None:
    with pytest.raises(RecipeRejectedError, match="models/recipes"):
        load_recipe(tmp_path / "none.toml")
