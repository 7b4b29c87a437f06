"""The fitted numbers of a bundle (`parameters.json`): thresholds, calibration, bounds, repeatability.

Every fitted number stands beside the number of cases it was fitted on. None of them has seen a test photograph.
"""

from collections.abc import Mapping
from enum import StrEnum
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from shared.vision.errors import BundleCorrupt, BundleMissing
from shared.vision.looks import Glance
from shared.vocabulary import FindingType

Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=0)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]


_FINDINGS: dict[str, FindingType] = {kind.value: kind for kind in FindingType}


class CropClass(StrEnum):
    """What the classifier can call a crop, in the order of its logits."""

    BLEMISH = "blemish"
    PUSTULE = "pustule"
    SPOT = "spot"
    CLEAR = "clear"
    GROWTH = "growth"

    @property
    def finding(self) -> FindingType | None:
        """The type a finding of this class is shown as; None for clear skin and for growths."""
        return _FINDINGS.get(self.value)


CROP_CLASSES: tuple[CropClass, ...] = tuple(CropClass)


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class IsotonicCurve(_Section):
    """Raw score to probability: straight lines between the points (x, y), flat outside them."""

    x: tuple[Share, ...] = Field(min_length=1)
    y: tuple[Share, ...] = Field(min_length=1)
    n: Count = Field(description="Detections it was fitted on.")

    @model_validator(mode="after")
    def _rises(self) -> Self:
        if len(self.x) != len(self.y):
            raise ValueError("x and y must be equally long")
        if any(a >= b for a, b in pairwise(self.x)) or any(a > b for a, b in pairwise(self.y)):
            raise ValueError("x must increase and y must not fall")
        return self


class DetectorParameters(_Section):
    """Where detections begin, and what their raw score is worth."""

    score_threshold: Share = Field(description="Raw score of the best F1 at IoU 0.5; findings begin here.")
    two_false_threshold: Share | None = Field(
        default=None, description="Lowest raw score with at most two false positives a photograph; None if none has."
    )
    calibration: IsotonicCurve
    looks: tuple[Glance, ...] = Field(
        default=(Glance(),), min_length=1, max_length=8, description="How the square is looked at, one after the other."
    )
    count_per_score: Positive | None = Field(
        default=None, description="Features per unit of summed raw scores; None where counts are not estimated."
    )
    count_n: Count = Field(default=0, description="Photographs it was fitted on.")


class ConformalTable(_Section):
    """Quantiles of 1 - p(true class) that split-conformal sets are cut at (LAC; Sadinle et al. 2019)."""

    level: Share = 0.9
    overall: Share
    by_group: dict[str, Share] = Field(default_factory=dict, description="By skin-tone group.")
    n: Count
    n_by_group: dict[str, Count] = Field(default_factory=dict)

    def quantile(self, group: str | None) -> float:
        """Return the quantile of a group, or the overall one where the group is unknown."""
        return self.overall if group is None else self.by_group.get(group, self.overall)


class ClassifierParameters(_Section):
    """How logits become probabilities and sets of types."""

    classes: tuple[CropClass, ...] = CROP_CLASSES
    temperature: Positive
    temperature_n: Count
    conformal: ConformalTable

    @model_validator(mode="after")
    def _every_class_once(self) -> Self:
        if sorted(self.classes) != sorted(CROP_CLASSES):
            raise ValueError("classes must name each class once")
        return self


class OodParameters(_Section):
    """Beyond which Mahalanobis distance a crop is unlike anything the classifier learnt from."""

    threshold: Positive = Field(description="The 99th percentile of known features on validation photographs.")
    n: Count


class RoutingParameters(_Section):
    """From which joint confidence on the share of wrong findings is bounded.

    An upper bound is that at the threshold, or the lowest one seen where no threshold reaches its alpha; then
    the threshold is None and nothing is routed there.
    """

    act_threshold: Share | None
    suggest_threshold: Share | None
    act_alpha: Share = 0.05
    suggest_alpha: Share = 0.20
    confidence: Share = Field(default=0.95, description="Probability with which each bound holds.")
    act_upper_bound: Share
    suggest_upper_bound: Share
    act_n: Count = Field(description="Findings at or above the threshold, or all eligible ones where it is None.")
    suggest_n: Count
    n: Count = Field(description="Findings of the calibration photographs, eligible or not.")

    @model_validator(mode="after")
    def _bounds_hold(self) -> Self:
        for threshold, bound, alpha in (
            (self.act_threshold, self.act_upper_bound, self.act_alpha),
            (self.suggest_threshold, self.suggest_upper_bound, self.suggest_alpha),
        ):
            if threshold is not None and bound > alpha:
                raise ValueError("a threshold's upper bound must not exceed its alpha")
        return self


class SegmenterParameters(_Section):
    """From which probability on a pixel belongs to the feature."""

    threshold: Share
    n: Count = 0


class Repeatability(_Section):
    """The 95 % repeatability coefficient of a measure: two captures of unchanged skin differ less, 19 times in 20."""

    coefficient: float = Field(ge=0, allow_inf_nan=False)
    unit: Literal["relative", "absolute"]
    n: Count


class Checked(_Section):
    """A figure on validation photographs that fitted nothing."""

    value: float = Field(allow_inf_nan=False)
    n: Count


class FittedOn(_Section):
    """Which photographs the numbers come from, and which ones they were checked on."""

    data: str
    licence: str
    split: Literal["val"] = "val"
    rule: str = Field(description="How the photographs were divided and what each side was used for.")
    fit_photos: Count
    check_photos: Count


class Parameters(_Section):
    """Everything fitted after training."""

    schema_version: Literal[1] = 1
    detector: DetectorParameters
    classifier: ClassifierParameters
    ood: OodParameters
    routing: RoutingParameters
    segmenter: SegmenterParameters
    repeatability: dict[str, Repeatability] = Field(default_factory=dict)
    fitted_on: FittedOn
    checked: Mapping[str, Checked] = Field(default_factory=dict)


def read_parameters(path: Path) -> Parameters:
    """Read and check a parameters file.

    Raises:
        BundleMissing: there is none.
        BundleCorrupt: it is not JSON of the expected shape.
    """
    if not path.is_file():
        raise BundleMissing(f"{path} is not there: fit it with python -m models.calibration.fit")
    try:
        return Parameters.model_validate_json(path.read_bytes())
    except ValidationError as error:
        raise BundleCorrupt(f"{path} holds no usable parameters: fit it again") from error


def write_parameters(path: Path, parameters: Parameters) -> None:
    """Write a parameters file with stable formatting."""
    path.write_text(parameters.model_dump_json(indent=2) + "\n", encoding="utf-8")
