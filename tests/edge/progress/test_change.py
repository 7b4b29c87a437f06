"""What is said about values, and what is not said."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.progress.change import Direction, allowance, area_change, changes
from edge.progress.readings import Measure, Place, Reading, readings, shared_regions
from shared.events.catalogue.capture import AnalysisCompleted, RegionGraded, RegionMeasured
from shared.vision.parameters import Repeatability
from shared.vocabulary import AppearanceGrade, FaceRegion, Route

VALUES = st.floats(0.0, 1000.0)
TABLE = {
    "count": Repeatability(coefficient=2, unit="absolute", n=40),
    "redness": Repeatability(coefficient=0.1, unit="relative", n=40),
    "lesion_area": Repeatability(coefficient=0.2, unit="relative", n=40),
}
WORDS_NEVER_SAID = ("diagnos", "disease", "severe", "severity", "acne", "lesion", "improve", "worse", "heal")


def told(place: Place, before: Reading, after: Reading) -> tuple[Direction, str]:
    (change,) = changes({place: before}, {place: after}, TABLE)
    return change.direction, change.sentence


def count(value: int, low: int, high: int) -> Reading:
    return Reading(value, low, high)


def test_fewer_and_more_features_are_said_in_numbers() -> None:
    forehead = (Measure.COUNT, FaceRegion.FOREHEAD)
    assert told(forehead, count(9, 8, 10), count(4, 3, 5)) == (
        Direction.LESS,
        "Fewer features seen on the forehead: 4 instead of 9.",
    )
    assert told((Measure.COUNT, None), count(4, 3, 5), count(9, 8, 10)) == (
        Direction.MORE,
        "More features seen on the face: 9 instead of 4.",
    )


def test_a_count_whose_intervals_meet_has_not_changed_although_the_coefficient_is_exceeded() -> None:
    direction, sentence = told((Measure.COUNT, None), count(9, 5, 12), count(4, 2, 6))
    assert (direction, sentence) == (Direction.WITHIN, "Features seen: no change beyond repeatability.")


def test_a_change_up_to_the_coefficient_is_none() -> None:
    assert told((Measure.COUNT, None), count(4, 4, 4), count(6, 6, 6))[0] is Direction.WITHIN
    assert told((Measure.COUNT, None), count(4, 4, 4), count(7, 7, 7))[0] is Direction.MORE


def test_a_measure_without_a_known_repeatability_is_not_told() -> None:
    direction, sentence = told((Measure.SHINE, FaceRegion.NOSE), Reading(0.1), Reading(0.9))
    assert direction is Direction.UNKNOWN
    assert sentence == "Shine, nose: not compared, because its repeatability is not known."


@given(VALUES, VALUES)
def test_a_value_never_both_rises_and_stays_and_swapping_the_visits_swaps_more_and_less(a: float, b: float) -> None:
    place = (Measure.REDNESS, FaceRegion.CHIN)
    ahead, back = told(place, Reading(a), Reading(b))[0], told(place, Reading(b), Reading(a))[0]
    opposite = {Direction.MORE: Direction.LESS, Direction.LESS: Direction.MORE, Direction.WITHIN: Direction.WITHIN}
    assert back is opposite[ahead]
    if ahead is not Direction.WITHIN:
        assert abs(a - b) > allowance(a, b, TABLE["redness"])


@given(VALUES, st.sampled_from(list(Measure)), st.sampled_from([None, *FaceRegion]))
def test_the_same_value_twice_is_never_a_change(value: float, measure: Measure, region: FaceRegion | None) -> None:
    assert told((measure, region), Reading(value), Reading(value))[0] in {Direction.WITHIN, Direction.UNKNOWN}


@pytest.mark.parametrize("measure", [item for item in Measure if item is not Measure.LESION_AREA])
@pytest.mark.parametrize(("before", "after"), [(1.0, 5.0), (5.0, 1.0), (1.0, 1.0)])
def test_every_sentence_is_about_appearance_and_judges_nothing(measure: Measure, before: float, after: float) -> None:
    table = {measure: Repeatability(coefficient=0.1, unit="relative", n=9)}
    for region in (None, *FaceRegion):
        place = (measure, region)
        (change,) = changes({place: Reading(before)}, {place: Reading(after)}, table)
        assert change.sentence.endswith(".")
        assert "_" not in change.sentence
        assert not [word for word in WORDS_NEVER_SAID if word in change.sentence.lower()]


def test_an_area_is_said_in_per_cent_and_only_beyond_its_repeatability() -> None:
    assert area_change(10.0, 14.0, TABLE) == (Direction.MORE, "It looks 40% larger than before.")
    assert area_change(10.0, 5.0, TABLE) == (Direction.LESS, "It looks 50% smaller than before.")
    assert area_change(10.0, 11.0, TABLE)[0] is Direction.WITHIN
    assert area_change(10.0, 0.0, TABLE)[0] is Direction.UNKNOWN
    assert area_change(10.0, 20.0, {})[0] is Direction.UNKNOWN


def analysis(*measured: RegionMeasured, grades: tuple[RegionGraded, ...] = ()) -> AnalysisCompleted:
    return AnalysisCompleted(
        findings=(), measures=measured, grades=grades, models=(), route=Route.SUGGEST, milliseconds=1
    )


def region(name: FaceRegion, redness: float | None, pixels: int) -> RegionMeasured:
    return RegionMeasured(
        region=name, ita_degrees=40, redness_a=10, lightness=60, pixels=pixels, erythema_index=redness
    )


def test_the_whole_face_is_the_mean_over_its_pixels_of_the_regions_asked_for() -> None:
    both = analysis(region(FaceRegion.CHIN, 0.2, 100), region(FaceRegion.NOSE, 0.5, 300))
    assert readings(both)[Measure.REDNESS, None].value == pytest.approx(0.425)
    assert readings(both, [FaceRegion.CHIN])[Measure.REDNESS, None].value == pytest.approx(0.2)
    assert readings(both)[Measure.REDNESS, FaceRegion.NOSE].value == 0.5


def test_a_region_that_only_one_visit_measured_moves_nothing() -> None:
    first = analysis(region(FaceRegion.CHIN, 0.2, 100), region(FaceRegion.NOSE, 0.9, 900))
    second = analysis(region(FaceRegion.CHIN, 0.2, 100))
    regions = shared_regions(first, second)
    assert regions == {FaceRegion.CHIN}
    (change,) = [
        item
        for item in changes(readings(first, regions), readings(second, regions), TABLE)
        if item.region is None and item.measure is Measure.REDNESS
    ]
    assert (change.before, change.after, change.direction) == (0.2, 0.2, Direction.WITHIN)


def test_a_measure_that_a_region_does_not_have_is_not_read() -> None:
    found = readings(analysis(region(FaceRegion.CHIN, None, 100)))
    assert (Measure.REDNESS, FaceRegion.CHIN) not in found
    assert (Measure.REDNESS, None) not in found
    assert found[Measure.COUNT, None] == Reading(0, 0, 0)


def test_counts_come_with_their_interval_from_the_grades() -> None:
    grade = RegionGraded(
        region=None, grade=AppearanceGrade.FEW, count=4, count_low=2, count_high=7, inflammatory=1, rule="hayashi-2008"
    )
    assert readings(analysis(grades=(grade,)))[Measure.COUNT, None] == Reading(4, 2, 7)


def test_visits_are_compared_by_the_steady_estimate_where_there_is_one() -> None:
    grade = RegionGraded(
        region=None,
        grade=AppearanceGrade.FEW,
        count=4,
        count_low=2,
        count_high=7,
        inflammatory=1,
        expected=7.4,
        rule="hayashi-2008",
    )
    assert readings(analysis(grades=(grade,)))[Measure.COUNT, None] == Reading(7.4, 2, 7.4)
    assert told((Measure.COUNT, None), Reading(4.25), Reading(9))[1] == (
        "More features seen on the face: 9 instead of about 4.2."
    )
