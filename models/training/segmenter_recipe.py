"""The segmenters' recipe: network, data, crops, light, losses, schedule."""

from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, model_validator

from models.data.augment import LightSettings
from models.data.mask_augment import Drawing, PlaceSettings, WearSettings
from models.data.mask_crops import SIZE
from models.data.masks import MaskSource
from models.segmentation.build import Architecture
from models.training.engine import PaceSection, ScheduleSection
from models.training.recipe_file import Section

Probability = Annotated[float, Field(ge=0, le=1)]


class SegmenterModel(Section):
    """What is trained."""

    name: str = Field(pattern=r"^[a-z0-9_]+$", description="Folder of the run and file name of the graph")
    version: str = Field(pattern=r"^\d+\.\d+\.\d+$")
    architecture: Architecture
    encoder_rate: float = Field(
        default=1.0, gt=0, le=1, description="Share of the learning rate that a pre-trained encoder moves with"
    )


class SegmenterData(Section):
    """Shares of the crops from each source; a share of 0 leaves a source unread."""

    isic: Probability
    pad: Probability
    rendered: Probability
    rendered_folder: Path = Path("build/synthetic")

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if abs(self.isic + self.pad + self.rendered - 1) > 1e-6:
            raise ValueError("the shares must add up to 1")
        return self

    def shares(self) -> dict[MaskSource, float]:
        """Return the share of each source that is used."""
        every = {MaskSource.ISIC: self.isic, MaskSource.PAD: self.pad, MaskSource.RENDERED: self.rendered}
        return {source: share for source, share in every.items() if share > 0}


class PlaceSection(Section):
    """Where training crops lie; see PlaceSettings."""

    context_min: float = Field(ge=1, le=4)
    context_max: float = Field(ge=1, le=4)
    shift: float = Field(ge=0, le=0.5)
    stretch: float = Field(ge=0, le=0.5)
    whole: Probability


class LightSection(Section):
    """How light and colour vary; see LightSettings."""

    gain: float = Field(ge=0, le=2)
    cast: float = Field(ge=0, le=1)
    gamma: float = Field(ge=0, le=1)
    saturation: Probability
    blur: Probability


class WearSection(Section):
    """What the camera loses; see WearSettings."""

    coarse: Probability
    coarsest: int = Field(ge=8, le=SIZE)
    jpeg: Probability
    noise: float = Field(ge=0, le=30)


class LossSection(Section):
    """What is made small: binary cross-entropy, Dice, and the distance to a teacher's soft mask."""

    cross_entropy: float = Field(ge=0, le=10)
    dice: float = Field(ge=0, le=10)
    edge: float = Field(ge=0, le=10, description="Extra weight of the cross-entropy at a mask's edge")
    teacher: float = Field(default=0.0, ge=0, le=10, description="Weight of the teacher's soft mask")
    teacher_checkpoint: Path | None = Field(default=None, description="best.pt of the teacher's run")

    @model_validator(mode="after")
    def _taught_or_not(self) -> Self:
        if (self.teacher > 0) != (self.teacher_checkpoint is not None):
            raise ValueError("teacher and teacher_checkpoint belong together")
        return self


class SegmenterRecipe(Section):
    """A whole recipe."""

    model: SegmenterModel
    data: SegmenterData
    place: PlaceSection
    light: LightSection
    wear: WearSection
    loss: LossSection
    schedule: ScheduleSection
    run: PaceSection

    def drawing(self) -> Drawing:
        """Return how training crops are drawn."""
        place = self.place
        return Drawing(
            PlaceSettings(SIZE, (place.context_min, place.context_max), place.shift, place.stretch, place.whole),
            LightSettings(**self.light.model_dump()),
            WearSettings(**self.wear.model_dump()),
        )
