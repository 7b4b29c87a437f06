"""The training recipe: a TOML file in which every choice is written down and checked."""

from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, model_validator

from models.training.recipe_file import Section, read_recipe
from models.yolov10.network import Scale

Probability = Annotated[float, Field(ge=0, le=1)]


class ModelSection(Section):
    """What is trained."""

    name: str = Field(pattern=r"^[a-z0-9_]+$", description="File name of the artifact, without suffix")
    version: str = Field(pattern=r"^\d+\.\d+\.\d+$", description="Version written into the sidecar")
    scale: Scale = Field(description="Published size of the network")
    input_size_px: int = Field(ge=320, le=1280, multiple_of=32, description="Side S of the exported input")


class DataSection(Section):
    """What a step's crops are drawn from: shares of labelled photographs and of renderings."""

    photographs: Probability = Field(description="Share of crops from labelled photographs (non-commercial)")
    rendered: Probability = Field(description="Share of crops from rendered lesions on permissive faces")
    rendered_folder: Path = Field(
        default=Path("build/synthetic"), description="Written by `python -m models.synthesis`"
    )
    rendered_until_step: int = Field(
        default=0, ge=0, description="Step from which only photographs are used; 0 is never"
    )

    tone_balance: Probability = Field(
        default=0.0, description="0 draws all photographs alike, 1 draws every skin-tone group equally often"
    )

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if abs(self.photographs + self.rendered - 1) > 1e-6:
            raise ValueError("photographs and rendered must add up to 1")
        return self


class StartSection(Section):
    """Where the weights start; both empty is at random."""

    checkpoint: Path | None = Field(default=None, description="Checkpoint of another run of the same network")
    release: Path | None = Field(default=None, description="ONNX file of an earlier release of the same network")

    @model_validator(mode="after")
    def _one(self) -> Self:
        if self.checkpoint and self.release:
            raise ValueError("name a checkpoint or a release, not both")
        return self


class CropSection(Section):
    """How training crops are drawn."""

    size_px: int = Field(ge=96, le=1280, multiple_of=32, description="Side of a training crop")
    zoom_min: float = Field(gt=0, le=8, description="Smallest enlargement of the photograph")
    zoom_max: float = Field(gt=0, le=8, description="Largest enlargement of the photograph")
    on_object: Probability = Field(description="Probability that a crop is drawn around a labelled box")
    min_visible: Probability = Field(description="Share of a box that must be inside for it to count")


class LightSection(Section):
    """How light and colour vary."""

    gain: float = Field(ge=0, le=2, description="Half-width of the exposure change, in stops")
    cast: float = Field(ge=0, le=1, description="Half-width of the change per colour channel, in stops")
    gamma: float = Field(ge=0, le=1, description="Half-width of log2 of the gamma")
    saturation: Probability = Field(description="Half-width of the relative saturation change")
    blur: Probability = Field(description="Probability of a light blur")


class OptimiserSection(Section):
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


class RunSection(Section):
    """How the run itself behaves."""

    seed: int
    threads: int = Field(ge=1, le=64)
    bf16: bool = Field(description="BF16 autocast: only faster on processors with native BF16")
    checkpoint_every_steps: int = Field(ge=1)
    validate_every_steps: int = Field(ge=1)


class Recipe(Section):
    """A whole recipe."""

    model: ModelSection
    data: DataSection
    start: StartSection = StartSection()
    crop: CropSection
    light: LightSection
    optimiser: OptimiserSection
    run: RunSection


def load_recipe(path: Path) -> Recipe:
    """Read and check a detector's recipe; raises as `read_recipe` does."""
    return read_recipe(path, Recipe)
