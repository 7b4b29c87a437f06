"""The classifier's recipe: a TOML file in which every choice is written down and checked."""

from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, model_validator

from models.classification.resnet import InputScale, Stem
from models.training.recipe import LightSection, Probability
from models.training.recipe_file import Section
from shared.vision.parameters import CropClass

Share = Annotated[float, Field(ge=0, le=1)]


class ClassifierModelSection(Section):
    """What is trained."""

    name: str = Field(pattern=r"^[a-z0-9_]+$", description="File name of the graph, without suffix")
    version: str = Field(pattern=r"^\d+\.\d+\.\d+$", description="Version written into the bundle")
    stem: Stem = Field(description="How a crop enters the network")
    scale: InputScale = Field(default=InputScale.FIXED, description="What is taken off a crop before the first layer")


class ClassifierDataSection(Section):
    """Where renderings lie and how many are read."""

    rendered_folder: Path = Field(description="Written by `python -m models.synthesis`")
    rendered_most: int = Field(ge=20, le=20_000, description="Renderings read, about 0.8 MB of memory each")
    measure_on_photographs: bool = Field(
        description="Whether the held-out real faces are measured after a stage; nothing is chosen by them"
    )


class JitterSection(Section):
    """How boxes are off."""

    centre: Share = Field(description="Half-width of the shift, in longer sides of the box")
    size: Share = Field(description="Half-width of the logarithm of the size")
    misleading: Probability = Field(description="Share of clear crops from eye corners, nostrils, lips, hair and such")


class RoughSection(Section):
    """How a camera spoils a crop."""

    noise: float = Field(ge=0, le=30, description="Largest standard deviation of the noise, in grey levels")
    jpeg: Probability = Field(description="Share of crops that pass through JPEG")
    jpeg_quality: int = Field(ge=10, le=95, description="Lowest quality")


class SourceShares(Section):
    """Shares of the sources among those that show a class."""

    rendered: Share = Field(default=0, description="Rendered lesions on permissive faces")
    growths: Share = Field(default=0, description="Close-ups of growths, CC BY 4.0")
    photographs: Share = Field(default=0, description="Boxed face photographs, non-commercial")


class StageSection(Section):
    """A stretch of steps with one mixture; its rate warms up, then falls to zero along a cosine."""

    name: str = Field(pattern=r"^[a-z0-9_]+$")
    steps: int = Field(ge=1)
    learning_rate: float = Field(gt=0, le=0.1)
    warmup_steps: int = Field(ge=0)
    classes: dict[CropClass, Share] = Field(description="Share of each class among the crops")
    sources: SourceShares
    hint_gain: float = Field(default=0, ge=0, le=100, description="Weight of the ImageNet teacher's hints; 0 is none")
    clear_doubt: Share = Field(description="Doubt that plain skin of a photograph is clear, as labels are incomplete")

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if set(self.classes) != set(CropClass) or abs(sum(self.classes.values()) - 1) > 1e-6:
            raise ValueError("classes must name every class and add up to 1")
        if self.sources.rendered + self.sources.photographs == 0 or self.sources.rendered + self.sources.growths == 0:
            raise ValueError("no source shows some of the classes")
        return self


class ClassifierOptimiserSection(Section):
    """How weights move: AdamW on soft targets."""

    batch: int = Field(ge=2, le=512)
    weight_decay: float = Field(ge=0, le=1)
    smoothing: float = Field(ge=0, lt=1, description="Share of each target spread over all classes")
    clip_norm: float = Field(gt=0, description="Largest norm of the gradient")
    ema_decay: float = Field(ge=0, lt=1, description="Memory of the averaged weights that are exported")


class ClassifierRunSection(Section):
    """How the run itself behaves."""

    seed: int
    threads: int = Field(ge=1, le=64)
    checkpoint_every_steps: int = Field(ge=1)


class ClassifierRecipe(Section):
    """A whole recipe; its stages run in order."""

    model: ClassifierModelSection
    data: ClassifierDataSection
    jitter: JitterSection
    light: LightSection
    rough: RoughSection
    stages: tuple[StageSection, ...] = Field(min_length=1)
    optimiser: ClassifierOptimiserSection
    run: ClassifierRunSection

    @property
    def steps(self) -> int:
        """Steps of all stages."""
        return sum(stage.steps for stage in self.stages)

    def stage_at(self, step: int) -> tuple[StageSection, int]:
        """Return the stage of a 0-based step and the step within it; the last stage has no end."""
        for stage in self.stages[:-1]:
            if step < stage.steps:
                return stage, step
            step -= stage.steps
        return self.stages[-1], step

    @property
    def takes_hints(self) -> bool:
        """Whether any stage learns from the ImageNet teacher."""
        return any(stage.hint_gain > 0 for stage in self.stages)

    def uses(self, source: str) -> bool:
        """Whether any stage draws from a source of `SourceShares`."""
        return any(getattr(stage.sources, source) > 0 for stage in self.stages)
