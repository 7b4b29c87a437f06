"""Thresholds whose promise holds on new photographs as often as stated."""

import numpy as np
import pytest

pytest.importorskip("scipy")

from models.calibration.risk_control import (
    GRID,
    Cases,
    control_risk,
    fewest_findings,
    independent_counts,
    upper_bound,
)


def drawn(seed: int, photos: int, per_photo: int, shared_luck: float = 0.0) -> Cases:
    """Findings wrong as often as they say (0.3 · (1 - confidence)), some photographs unluckier as a whole."""
    rng = np.random.default_rng(seed)
    photo = np.repeat(np.arange(photos), per_photo)
    confidence = rng.random(photo.size)
    own, common = rng.random(photo.size), rng.random(photos)[photo]
    luck = np.where(rng.random(photo.size) < shared_luck, common, own)
    return Cases(confidence, luck < error_at(confidence), photo)


def error_at(confidence: np.ndarray) -> np.ndarray:
    return 0.6 * (1 - confidence) ** 1.5


def true_rate(threshold: float) -> float:
    grid = np.linspace(threshold, 1, 20_001)
    return float(error_at(grid).mean())


@pytest.mark.parametrize(("alpha", "luck"), [(0.05, 0.0), (0.2, 0.0), (0.05, 0.8)])
def test_the_promise_is_broken_no_more_often_than_stated(alpha: float, luck: float) -> None:
    broken, found = 0, 0
    for seed in range(60):
        bound = control_risk(drawn(seed, 400, 3, luck), alpha, 0.05)
        if bound.threshold is not None:
            found += 1
            broken += true_rate(bound.threshold) > alpha
    assert found >= 20
    # 5 % of 60 is 3; more than 9 has a probability of about 0.1 % if the promise holds.
    assert broken <= 9


def test_the_threshold_keeps_much_of_what_could_be_kept() -> None:
    cases = drawn(0, 1500, 4)
    bound = control_risk(cases, 0.05, 0.05)
    assert bound.threshold is not None
    perfect = min(t for t in GRID if true_rate(t) <= 0.05)
    assert perfect <= bound.threshold <= perfect + 0.1
    assert bound.n == (cases.confidence >= bound.threshold).sum()
    assert bound.upper <= 0.05


def test_without_enough_findings_or_with_too_many_wrong_there_is_no_threshold() -> None:
    few = Cases(np.full(50, 0.95), np.zeros(50, bool), np.arange(50))
    assert control_risk(few, 0.05, 0.05).threshold is None
    bad = Cases(np.full(500, 0.95), np.arange(500) % 2 == 0, np.arange(500))
    bound = control_risk(bad, 0.2, 0.05)
    assert bound.threshold is None
    assert bound.upper > 0.5
    assert bound.n == 500
    nothing = control_risk(Cases(np.zeros(0), np.zeros(0, bool), np.zeros(0, np.int64)), 0.2, 0.05)
    assert (nothing.threshold, nothing.upper, nothing.n) == (None, 1.0, 0)


def test_fewest_findings_are_those_that_pass_without_an_error() -> None:
    assert fewest_findings(0.05, 0.05) == 59
    assert fewest_findings(0.2, 0.05) == 14


def test_a_failed_threshold_ends_the_walk_however_good_what_lies_below() -> None:
    # Below the failing band everything is right, so the pooled rate is fine again further down.
    confidence = np.concatenate([np.full(400, 0.95), np.full(120, 0.7), np.full(4000, 0.3)])
    wrong = np.concatenate([np.zeros(400, bool), np.ones(120, bool), np.zeros(4000, bool)])
    cases = Cases(confidence, wrong, np.arange(confidence.size))
    bound = control_risk(cases, 0.05, 0.05)
    assert upper_bound(cases, 0.3, 0.05 / 3) <= 0.05 < upper_bound(cases, 0.7, 0.05 / 3)
    assert bound.threshold == 0.71


def test_findings_wrong_together_count_as_fewer() -> None:
    photo = np.repeat(np.arange(40), 10)
    together = np.repeat(np.arange(40) % 4 == 0, 10)
    apart = np.tile(np.arange(10) % 4 == 0, 40)
    errors, trials = independent_counts(together, photo)
    assert trials <= 40
    assert errors / trials == pytest.approx(0.25, abs=0.03)
    assert independent_counts(apart, photo) == (120, 400)


def test_where_nothing_is_wrong_each_photograph_counts_once() -> None:
    photo = np.repeat(np.arange(40), 10)
    assert independent_counts(np.zeros(400, bool), photo) == (0, 40)
    assert independent_counts(np.ones(400, bool), photo) == (40, 40)
    assert independent_counts(np.arange(10) == 0, np.zeros(10, np.int64)) == (1, 1)
