"""A detector's study: what is found, by whom it is missed, and how unequally."""

import numpy as np
import pytest

from models.evaluation.conditions import Conditions
from models.evaluation.detection_study import label_scores, recall_at, study_detector
from models.evaluation.metrics import PhotoDetections, PhotoTruth, match_photo

TYPES = ("blemish", "pustule", "spot")
LIGHT = Conditions("light_medium", "good", "sharp", "frontal")
DEEP = Conditions("deep", "dark", "soft", "turned")


def boxes(*corners: tuple[float, float, float]) -> np.ndarray:
    """Return square boxes from (x, y, side)."""
    return np.array([[x, y, x + side, y + side] for x, y, side in corners], np.float32).reshape(-1, 4)


def truth(*corners: tuple[float, float, float], kind: int = 0) -> PhotoTruth:
    return PhotoTruth(boxes(*corners), np.full(len(corners), kind, np.int64))


def found(*scored: tuple[float, float, float, float]) -> PhotoDetections:
    """Return detections from (x, y, side, score), best first."""
    order = sorted(scored, key=lambda row: -row[3])
    scores = np.array([row[3] for row in order], np.float32)
    return PhotoDetections(boxes(*[row[:3] for row in order]), scores, np.zeros(len(order), np.int64))


TRUTHS = [truth((10, 10, 8)), truth((50, 50, 30), (90, 10, 12), kind=2)]
FOUND = [found((10, 10, 8, 0.9), (70, 70, 9, 0.4)), found((50, 50, 30, 0.8))]


def test_a_label_carries_the_score_that_found_it_and_nothing_where_it_was_missed() -> None:
    scores = label_scores(TRUTHS[1], FOUND[1])
    assert scores[0] == pytest.approx(0.8)
    assert np.isnan(scores[1])


def test_one_detection_finds_one_label_only() -> None:
    twin = truth((10, 10, 8), (10, 11, 8))
    scores = label_scores(twin, found((10, 10, 8, 0.9)))
    assert np.isnan(scores).sum() == 1


def test_recall_is_read_where_false_positives_reach_their_allowance() -> None:
    matches = [match_photo(t, f, None) for t, f in zip(TRUTHS, FOUND, strict=True)]
    assert recall_at(matches, 2.0) == pytest.approx(2 / 3)
    late = [match_photo(truth((10, 10, 8)), found((40, 40, 8, 0.9), (10, 10, 8, 0.5)), None)]
    assert recall_at(late, 0.5) == 0.0
    assert recall_at(late, 1.0) == 1.0


def test_a_study_tells_types_sizes_and_groups_apart() -> None:
    study = study_detector(TRUTHS, FOUND, [LIGHT, DEEP], TYPES, threshold=0.5)
    assert study.recall.value == pytest.approx(2 / 3, abs=1e-4)
    assert {name: value.value for name, value in study.by_type.items()} == {"blemish": 1.0, "spot": 0.5}
    assert study.by_size["0 to 10 px"].value == 1.0
    assert study.by_size["10 to 16 px"].value == 0.0
    assert study.by_size["over 24 px"].value == 1.0
    tones = {group.name: group for group in study.groups["tone"]}
    assert tones["light_medium"].recall.value == 1.0
    assert tones["deep"].recall.value == 0.5
    assert all(group.small for group in tones.values())


def test_the_gap_names_the_worst_group_and_says_nothing_of_large_ones_where_there_are_none() -> None:
    study = study_detector(TRUTHS, FOUND, [LIGHT, DEEP], TYPES, threshold=0.5)
    gap = next(gap for gap in study.gaps if gap.dimension == "tone")
    assert (gap.worst, gap.best, gap.all_groups, gap.large_groups) == ("deep", "light_medium", 0.5, None)


def test_a_higher_threshold_finds_less_and_errs_less() -> None:
    low = study_detector(TRUTHS, FOUND, [LIGHT, DEEP], TYPES, threshold=0.3)
    high = study_detector(TRUTHS, FOUND, [LIGHT, DEEP], TYPES, threshold=0.85)
    assert low.recall.value > high.recall.value
    assert low.false_per_photo.value > high.false_per_photo.value
    assert low.map50 == high.map50


def test_gaps_are_told_where_two_false_positives_are_allowed() -> None:
    late = [found((10, 10, 8, 0.9)), found((50, 50, 30, 0.3), (90, 10, 12, 0.2))]
    strict = study_detector(TRUTHS, late, [LIGHT, DEEP], TYPES, threshold=0.5)
    allowed = study_detector(TRUTHS, late, [LIGHT, DEEP], TYPES, threshold=0.5, two_false=0.1)
    assert [gap.all_groups for gap in strict.gaps if gap.dimension == "tone"] == [1.0]
    assert [gap.all_groups for gap in allowed.gaps if gap.dimension == "tone"] == [0.0]
    assert strict.recall == allowed.recall
