from dataclasses import replace
from types import SimpleNamespace

import pytest

from edge.analysis.domain import Box
from edge.analysis.measures import measure_regions
from edge.capture.landmarks import Face, FaceBox, Pose
from shared.vocabulary import FaceRegion
from tests.benchmarks.repeat_rows import EVERY_REGION, GENERATED, Repeat, rows, table_for_bundle
from tests.benchmarks.repeatability import appearance, areas_of_the_same, rounded
from tests.support.painted_skin import mesh, painting

CHEEK = Repeat("erythema_index", "left_cheek", "deep", True, 30.0, 30.0, 31.0)
CHIN = replace(CHEEK, region="chin", tone="brown", first=20.0, second=23.0)
FACE = replace(CHEEK, region="face", first=25.0, second=25.5)


def test_every_place_and_tone_has_its_row() -> None:
    found = {(row.region, row.tone): row for row in rows([CHEEK, CHIN, FACE])}
    assert set(found) == {
        ("left_cheek", "deep"),
        ("left_cheek", "all"),
        ("chin", "brown"),
        ("chin", "all"),
        (EVERY_REGION, "deep"),
        (EVERY_REGION, "brown"),
        (EVERY_REGION, "all"),
        ("face", "deep"),
        ("face", "all"),
    }
    both = found[EVERY_REGION, "all"]
    assert both.n == 2
    assert both.mean_relative_difference == pytest.approx((1 / 30.5 + 3 / 21.5) / 2)
    assert both.pooled_relative_difference == pytest.approx(2 / 26)
    assert both.coefficient == pytest.approx(1.96 * (5**0.5))


def test_a_bundle_s_table_takes_real_faces_that_the_box_accepts() -> None:
    refused = replace(CHEEK, passed=False, second=90.0)
    drawn = replace(CHEEK, tone=GENERATED, second=90.0)
    table = table_for_bundle([CHEEK, CHIN, FACE, refused, drawn])
    assert set(table) == {"redness"}
    assert (table["redness"].unit, table["redness"].n) == ("absolute", 2)
    assert table["redness"].coefficient == pytest.approx(1.96 * (5**0.5))


def test_a_row_is_written_with_four_digits() -> None:
    row = rounded(rows([CHEEK])[0])
    assert row["mean_relative_difference"] == 0.03279
    assert (row["n"], row["icc"]) == (1, None)


def test_the_whole_face_is_the_mean_over_its_pixels() -> None:
    face = Face(FaceBox(0, 0, 400, 500), 1.0, mesh(), Pose(0, 0, 0))
    measures = measure_regions(painting("brown"), face)
    values = appearance(measures)
    pixels = sum(item.pixels for item in measures)
    expected = sum(item.pixels * item.redness_a for item in measures) / pixels
    assert values["redness_a", "face"] == pytest.approx(expected)
    (chin,) = (item for item in measures if item.region is FaceRegion.CHIN)
    assert values["redness_a", "chin"] == chin.redness_a


def seen(*found: tuple[float, float]) -> SimpleNamespace:
    """A result whose features lie at these x and have these areas."""
    return SimpleNamespace(findings=[SimpleNamespace(box=Box(x, 10, 12, 12), area_px=area) for x, area in found])


def test_areas_are_compared_of_features_that_all_three_show() -> None:
    original, first, second = seen((0, 50), (40, 60), (80, 0)), seen((2, 52), (41, 58)), seen((1, 49), (90, 70))
    assert list(areas_of_the_same([original, first, second])) == [(50, 52, 49)]
    assert list(areas_of_the_same([original, seen(), second])) == []
