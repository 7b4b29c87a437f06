"""Reports: groups, intervals, and what is undefined."""

import numpy as np
import pytest

from models.data.lesions import ToneGroup
from models.evaluation.detector import cell
from models.evaluation.metrics import PhotoDetections, PhotoTruth
from models.evaluation.report import build_report, named_rows

BOX = np.array([[0, 0, 10, 10]], np.float32)
NOTHING = PhotoDetections(np.zeros((0, 4), np.float32), np.zeros(0, np.float32), np.zeros(0, np.int64))


def hit(index: int) -> PhotoDetections:
    return PhotoDetections(BOX, np.array([0.9], np.float32), np.array([index]))


def mixed() -> tuple[list[PhotoTruth], list[ToneGroup], list[PhotoDetections]]:
    """Light photographs are found, deep ones missed; nobody is brown; no pustule is labelled."""
    truths = [PhotoTruth(BOX, np.array([0 if i % 2 else 2])) for i in range(20)]
    tones = [ToneGroup.LIGHT_MEDIUM if i < 10 else ToneGroup.DEEP for i in range(20)]
    found = [hit(0 if i % 2 else 2) if i < 10 else NOTHING for i in range(20)]
    return truths, tones, found


def test_groups_are_measured_apart() -> None:
    report = build_report(*mixed(), threshold=0.5, resamples=50)
    assert report.by_tone["light_medium"].recall.value == 1
    assert report.by_tone["deep"].recall.value == 0
    assert report.by_tone["deep"].photos == 10
    assert report.overall.recall.value == 0.5


def test_an_interval_holds_its_figure_and_a_group_without_photographs_has_none() -> None:
    report = build_report(*mixed(), threshold=0.5, resamples=200)
    recall = report.overall.recall
    assert recall.low is not None
    assert recall.high is not None
    assert 0 < recall.low < 0.5 < recall.high < 1
    assert report.by_tone["brown"].photos == 0
    assert report.by_tone["brown"].recall.value is None


def test_a_class_without_labels_does_not_pull_the_mean_down() -> None:
    truths, tones, found = mixed()
    report = build_report(truths[:10], tones[:10], found[:10], threshold=0.5, resamples=20)
    assert report.by_class["pustule"].map50.value is None
    assert report.overall.map50.value == 1


def test_the_same_input_gives_the_same_intervals() -> None:
    assert build_report(*mixed(), threshold=0.5, resamples=30) == build_report(*mixed(), threshold=0.5, resamples=30)


@pytest.mark.parametrize(
    ("interval", "text"),
    [
        ({"value": None, "low": None, "high": None}, "-"),
        ({"value": 0.5, "low": 0.25, "high": 0.75}, "0.500\n0.250-0.750"),
    ],
)
def test_undefined_figures_are_shown_as_a_dash(interval: dict[str, float | None], text: str) -> None:
    assert cell(interval) == text


def test_tables_name_every_group() -> None:
    from dataclasses import asdict  # noqa: PLC0415

    names = [name for name, _ in named_rows(asdict(build_report(*mixed(), threshold=0.5, resamples=5)))]
    assert len(names) == len(set(names)) == 11
