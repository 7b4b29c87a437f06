"""Fitted numbers are checked when read: shape, ranges, and bounds that hold."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from shared.vision.errors import BundleCorrupt, BundleMissing
from shared.vision.parameters import (
    CROP_CLASSES,
    ClassifierParameters,
    ConformalTable,
    CropClass,
    IsotonicCurve,
    RoutingParameters,
    read_parameters,
    write_parameters,
)
from shared.vocabulary import FindingType
from tests.support.bundles import some_parameters, some_routing

TABLE = ConformalTable(overall=0.7, by_group={"deep": 0.8}, n=300)


def test_parameters_read_back_as_written(tmp_path: Path) -> None:
    write_parameters(tmp_path / "parameters.json", some_parameters())
    assert read_parameters(tmp_path / "parameters.json") == some_parameters()


def test_absent_parameters_are_missing_and_broken_ones_corrupt(tmp_path: Path) -> None:
    with pytest.raises(BundleMissing):
        read_parameters(tmp_path / "parameters.json")
    (tmp_path / "parameters.json").write_text("{")
    with pytest.raises(BundleCorrupt):
        read_parameters(tmp_path / "parameters.json")


def test_the_classes_stand_in_the_order_of_the_logits() -> None:
    assert CROP_CLASSES == ("blemish", "pustule", "spot", "clear", "growth")


def test_only_visible_features_become_findings() -> None:
    shown = {kind: kind.finding for kind in CropClass}
    assert shown == {
        CropClass.BLEMISH: FindingType.BLEMISH,
        CropClass.PUSTULE: FindingType.PUSTULE,
        CropClass.SPOT: FindingType.SPOT,
        CropClass.CLEAR: None,
        CropClass.GROWTH: None,
    }


@pytest.mark.parametrize(
    ("x", "y"),
    [((0.1, 0.1), (0.2, 0.3)), ((0.2, 0.1), (0.2, 0.3)), ((0.1, 0.2), (0.3, 0.2)), ((0.1,), (0.2, 0.3)), ((), ())],
)
def test_a_curve_that_falls_or_folds_back_is_refused(x: tuple[float, ...], y: tuple[float, ...]) -> None:
    with pytest.raises(ValidationError):
        IsotonicCurve(x=x, y=y, n=10)


def test_an_unknown_group_is_given_the_overall_quantile() -> None:
    assert TABLE.quantile("deep") == 0.8
    assert TABLE.quantile("brown") == 0.7
    assert TABLE.quantile(None) == 0.7


def test_a_class_missing_from_the_order_is_refused() -> None:
    with pytest.raises(ValidationError):
        ClassifierParameters(classes=CROP_CLASSES[:4], temperature=1, temperature_n=1, conformal=TABLE)
    with pytest.raises(ValidationError):
        ClassifierParameters(
            classes=(CropClass.SPOT, *CROP_CLASSES[1:]), temperature=1, temperature_n=1, conformal=TABLE
        )


def test_a_threshold_whose_bound_exceeds_its_alpha_is_refused() -> None:
    changed = some_routing().model_dump() | {"act_upper_bound": 0.051}
    with pytest.raises(ValidationError):
        RoutingParameters.model_validate(changed)
    without = RoutingParameters.model_validate(changed | {"act_threshold": None})
    assert without.act_threshold is None
