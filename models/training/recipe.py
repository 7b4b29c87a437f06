"""The training recipe: a TOML file in which every choice is written down and checked."""

import tomllib
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from models.errors import RecipeRejectedError
from models.yolov10.network import Scale

Probability = Annotated[float, Field(ge=0, le=1)]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ModelSection(_Section):
    """What is trained."""

    name: str = Field(pattern=r"^[a-z0-9_]+$", description="File name of the artifact, without suffix")
    version: str = Field(pattern=r"^\d+\.\d+\.\d+$", description="Version written into the sidecar")
    scale: Scale = Field(description="Published size of the network")
    input_size_px: int = Field(ge=320, le=1280, multiple_of=32, description="Side S of the exported input")


class CropSection(_Section):
    """How training crops are drawn."""

    size_px: int = Field(ge=96, le=1280, multiple_of=32, description="Side of a training crop")
    zoom_min: float = Field(gt=0, le=8, description="Smallest enlargement of the photograph")
    zoom_max: float = Field(gt=0, le=8, description="Largest enlargement of the photograph")
    on_object: Probability = Field(description="Probability that a crop is drawn around a labelled box")
    min_visible: Probability = Field(description="Share of a box that must be inside for it to count")


class LightSection(_Section):
    """How light and colour vary."""

    gain: float = Field(ge=0, le=2, description="Half-width of the exposure change, in stops")
    cast: float = Field(ge=0, le=1, description="Half-width of the change per colour channel, in stops")
    gamma: float = Field(ge=0, le=1, description="Half-width of log2 of the gamma")
    saturation: Probability = Field(description="Half-width of the relative saturation change")
    blur: Probability = Field(description="Probability of a light blur")


class OptimiserSection(_Section):
    """How weights move: AdamW; linear warm-up, a flat stretch, then a linear fall to zero."""

    batch: int = Field(ge=1, le=256)
    steps: int = Field(ge=1)
    learning_rate: float = Field(gt=0, le=0.1)
    weight_decay: float = Field(ge=0, le=1)
    warmup_steps: int = Field(ge=0)
    decay_steps: int = Field(ge=0, description="Length of the final fall")
    clip_norm: float = Field(gt=0, description="Largest norm of the gradient")
    one_to_one_from_many_at_step: int = Field(
        ge=0, description="Step before which the one-to-one head is copied from the one-to-many head; 0 is never"
    )
    ema_decay: float = Field(ge=0, lt=1, description="Memory of the averaged weights that are exported")


class RunSection(_Section):
    """How the run itself behaves."""

    seed: int
    threads: int = Field(ge=1, le=64)
    bf16: bool = Field(description="BF16 autocast: only faster on processors with native BF16")
    checkpoint_every_steps: int = Field(ge=1)
    validate_every_steps: int = Field(ge=1)


class Recipe(_Section):
    """A whole recipe."""

    model: ModelSection
    crop: CropSection
    light: LightSection
    optimiser: OptimiserSection
    run: RunSection


def load_recipe(path: Path) -> Recipe:
    """Read and check a recipe.

    Raises:
        RecipeRejectedError: the file is absent, is not TOML, or a field is unknown, missing or out of range.
    """
    try:
        return Recipe.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
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
