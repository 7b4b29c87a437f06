"""Raw answers put together, as calibrated."""

import numpy as np
import pytest

from shared.vision.assessment import Assessor
from shared.vision.parameters import CropClass
from tests.support.bundles import some_ood, some_parameters

OOD = some_ood()
ASSESSOR = Assessor.of(some_parameters(), OOD)
AT_SPOT = OOD.mean + OOD.projection @ OOD.class_means[2]
SURE_SPOT = np.array([0.0, 0.0, 9.0, 1.5, 0.0])


def test_confidence_is_that_of_a_feature_times_that_of_its_label() -> None:
    [found] = ASSESSOR.assess([0.7], SURE_SPOT[None], AT_SPOT[None], [None])
    chance = np.exp(SURE_SPOT / 1.5) / np.exp(SURE_SPOT / 1.5).sum()
    assert found.label is CropClass.SPOT
    assert found.types == (CropClass.SPOT,)
    # Halfway between the curve's points (0.5, 0.4) and (0.9, 0.95).
    assert found.confidence == pytest.approx(0.675 * chance[2])
    assert found.ood == pytest.approx(0.0, abs=1e-6)


def test_the_group_decides_how_wide_the_set_is() -> None:
    logits = np.array([[0.0, -9.0, 2.0, -9.0, -9.0]] * 2)
    known, unknown = ASSESSOR.assess([0.5, 0.5], logits, np.stack([AT_SPOT, AT_SPOT]), ["deep", None])
    assert known.types == (CropClass.SPOT, CropClass.BLEMISH)
    assert unknown.types == (CropClass.SPOT,)
    assert known.confidence == unknown.confidence


def test_distance_is_counted_in_thresholds() -> None:
    away = AT_SPOT + OOD.projection[:, 0] * 600
    [found] = ASSESSOR.assess([0.5], SURE_SPOT[None], away[None], [None])
    assert found.ood == pytest.approx(600 / 12, rel=0.05)


def test_nothing_found_is_nothing_assessed_and_lengths_must_agree() -> None:
    assert ASSESSOR.assess([], np.zeros((0, 5)), np.zeros((0, 512)), []) == []
    with pytest.raises(ValueError, match="zip"):
        ASSESSOR.assess([0.5], SURE_SPOT[None], AT_SPOT[None], [])
