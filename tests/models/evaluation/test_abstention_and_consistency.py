"""Answering less to err less, and saying the same of the same face."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.evaluation.abstention import abstention_curve
from models.evaluation.bootstrap import bootstrap, mean_interval
from models.evaluation.consistency import matched, study_consistency
from models.evaluation.metrics import PhotoDetections
from shared.vision.repeat_capture import read_limits


def test_the_most_confident_findings_are_answered_first() -> None:
    curve = abstention_curve(np.array([0.9, 0.8, 0.7, 0.6]), np.array([False, False, True, True]))
    assert curve.points[0] == (0.25, 0.0)
    assert curve.points[-1] == (1.0, 0.5)


def test_findings_of_equal_confidence_are_answered_together() -> None:
    curve = abstention_curve(np.full(4, 0.5), np.array([True, False, True, False]))
    assert curve.points == ((1.0, 0.5),)


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=60))
def test_the_curve_ends_with_the_share_of_all_that_is_wrong(cases: list[tuple[float, bool]]) -> None:
    confidence, wrong = np.array([c for c, _ in cases]), np.array([w for _, w in cases])
    curve = abstention_curve(confidence, wrong)
    assert curve.points[-1][0] == 1.0
    assert curve.points[-1][1] == pytest.approx(wrong.mean(), abs=1e-4)
    shares = [share for share, _ in curve.points]
    assert shares == sorted(shares)


def test_no_findings_give_an_empty_curve() -> None:
    assert abstention_curve(np.zeros(0), np.zeros(0, np.bool_)).points == ()


def test_an_interval_holds_its_figure_and_repeats_itself() -> None:
    values = np.random.default_rng(0).normal(10, 1, 40)
    first, second = mean_interval(values), mean_interval(values)
    assert first == second
    assert first.low < first.value < first.high


def test_an_interval_of_nothing_is_undefined() -> None:
    assert mean_interval([float("nan")]).value is None
    assert bootstrap(0, lambda index: 1.0).value is None


def box(x: float, y: float) -> list[float]:
    return [x, y, x + 10, y + 10]


def test_boxes_are_paired_once_and_best_first() -> None:
    first = np.array([box(0, 0), box(3, 0), box(60, 60)], np.float32)
    second = np.array([box(1, 0), box(90, 90)], np.float32)
    assert matched(first, second) == 1
    assert matched(first, first) == 3
    assert matched(first, np.zeros((0, 4), np.float32)) == 0


def test_a_detector_that_ignores_the_picture_agrees_with_itself() -> None:
    def same(_image: np.ndarray) -> PhotoDetections:
        return PhotoDetections(np.array([box(5, 5)], np.float32), np.array([0.9], np.float32), np.zeros(1, np.int64))

    images = [np.full((64, 64, 3), 120, np.uint8)] * 3
    study = study_consistency(same, images, 0.5, read_limits())
    assert study.count_difference.value == 0.0
    assert study.total_difference == 0.0
    assert study.agreement.value == 1.0


def test_a_detector_that_counts_grains_is_caught() -> None:
    def noisy(image: np.ndarray) -> PhotoDetections:
        count = int(image.astype(np.int64).sum() % 5)
        rows = np.array([box(20 * i, 0) for i in range(count)], np.float32).reshape(-1, 4)
        return PhotoDetections(rows, np.full(count, 0.9, np.float32), np.zeros(count, np.int64))

    images = [np.full((64, 64, 3), 90 + 5 * i, np.uint8) for i in range(12)]
    assert study_consistency(noisy, images, 0.5, read_limits()).count_difference.value > 0.1
