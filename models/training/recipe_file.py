"""Reading a recipe: a TOML file in which every choice of a run is written down and checked."""

import tomllib
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from models.errors import RecipeRejectedError


class Section(BaseModel):
    """Base of a recipe's tables: unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


R = TypeVar("R", bound=Section)


def read_recipe(path: Path, kind: type[R]) -> R:
    """Read and check a recipe of one kind.

    Raises:
        RecipeRejectedError: the file is absent, is not TOML, or a field is unknown, missing or out of range.
    """
    try:
        return kind.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError as error:
        message = f"{path}: no such recipe; see models/recipes"
        raise RecipeRejectedError(message) from error
    except tomllib.TOMLDecodeError as error:
        message = f"{path}: not valid TOML: {error}"
        raise RecipeRejectedError(message) from error
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        message = f"{path}: {faults}"
        raise RecipeRejectedError(message) from error
