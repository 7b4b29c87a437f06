"""Figures of a study against hand calculations, and what must not change them."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.evaluation.readers.comparison import Comparison
from models.evaluation.readers.estimate import Standing
from models.evaluation.readers.reading_file import parse
from models.evaluation.readers.study import ReaderStudy, study
from tests.support.made_up_readings import Chances, made_up_outlines

A, B, C = "blemish 0 0 10 10", "spot 50 50 10 10", "pustule 90 90 10 10"
OUTLINES = "reader,photograph,mode,seconds,grade,features"
COUNTS = "reader,photograph,mode,left_cheek,chin"


def study_of(*rows: str, heads: str = OUTLINES) -> ReaderStudy:
    return study(parse("\n".join([heads, *rows]).encode()))


def figure(found: ReaderStudy, name: str) -> Comparison:
    return next(each for each in (*found.agreement, *found.regions) if each.name == name)


def two_readers() -> ReaderStudy:
    """On p1 both see A, one sees B and the other C; with assistance both see A and B. On p2 nobody sees anything."""
    return study_of(
        f"r1,p1,unassisted,40,few,{A}; {B}",
        f"r2,p1,unassisted,60,some,{A.replace('blemish', 'pustule')}; {C}",
        f"r1,p1,assisted,20,few,{A}; {B}",
        f"r2,p1,assisted,50,few,{A}; {B}",
        "r1,p2,unassisted,10,clear,none",
        "r2,p2,unassisted,10,clear,none",
        "r1,p2,assisted,10,clear,none",
        "r2,p2,assisted,10,clear,none",
    )


def test_one_of_two_features_found_by_both_is_an_agreement_of_one_half() -> None:
    place = figure(two_readers(), "place")
    assert (place.unassisted.value, place.unassisted.cases) == (0.5, 4)
    assert (place.assisted.value, place.difference.value) == (1.0, 0.5)


def test_a_photograph_on_which_nobody_sees_anything_counts_for_the_number_of_features() -> None:
    found = two_readers()
    assert (figure(found, "count").unassisted.value, figure(found, "count").unassisted.photographs) == (1.0, 2)
    assert figure(found, "grade").unassisted.value == pytest.approx(0.6667)


def test_types_are_compared_where_both_found_something() -> None:
    types = figure(two_readers(), "type")
    assert types.unassisted.cases == 1
    assert types.assisted.cases == 2
    assert types.assisted.value == 1


def test_below_ten_photographs_there_is_no_interval_and_below_thirty_it_is_called_small() -> None:
    for number, standing in ((9, Standing.TOO_FEW), (10, Standing.SMALL), (29, Standing.SMALL), (30, Standing.ENOUGH)):
        rows = [f"{r},p{n},unassisted,,,{A}" for n in range(number) for r in ("r1", "r2")]
        found = figure(study_of(*rows), "place").unassisted
        assert (found.standing, found.photographs, found.value) == (standing, number, 1.0)
        assert (found.low is None) == (standing is Standing.TOO_FEW)


def test_one_mode_alone_has_agreement_and_no_difference() -> None:
    found = study_of(f"r1,p1,unassisted,,,{A}", f"r2,p1,unassisted,,,{A}")
    place = figure(found, "place")
    assert place.unassisted.value == 1
    assert place.assisted.standing is place.difference.standing is Standing.NOT_GIVEN
    assert found.changes.readings == 0
    assert found.changes.changed.standing is found.times.ratio.standing is Standing.NOT_GIVEN


def test_a_single_reader_agrees_with_nobody_but_can_change() -> None:
    found = study_of(f"r1,p1,unassisted,,,{A}", f"r1,p1,assisted,,,{A}; {B}")
    assert {each.unassisted.standing for each in found.agreement} == {Standing.NOT_GIVEN}
    assert found.changes.changed.value == 1
    assert found.pairs == ()


def test_the_difference_rests_on_what_was_read_both_ways() -> None:
    found = study_of(
        f"r1,p1,unassisted,,,{A}",
        f"r2,p1,unassisted,,,{A}",
        f"r1,p1,assisted,,,{A}",
        f"r2,p1,assisted,,,{A}",
        f"r1,p2,unassisted,,,{A}",
        f"r2,p2,unassisted,,,{B}",
        f"r2,p2,assisted,,,{B}",
    )
    place = figure(found, "place")
    assert (place.unassisted.value, place.unassisted.photographs) == (0.5, 2)
    assert (place.difference.value, place.difference.photographs) == (0.0, 1)


def test_counts_leave_out_photographs_that_a_reader_left_out() -> None:
    rows = [f"r{r},p{p},unassisted,{p},{p + r}" for p in range(4) for r in (1, 2, 3)][:-1]
    found = study_of(*rows, heads=COUNTS)
    assert figure(found, "count").unassisted.photographs == 3
    assert figure(found, "left_cheek").unassisted.value == 1
    # Readers differ by a constant of 1: MSR 3, MSC 3, MSE 0 of three photographs and readers.
    assert figure(found, "chin").unassisted.value == 0.5
    assert [each.name for each in found.agreement] == ["count", "grade"]


def test_changes_of_outlines_are_told_by_direction() -> None:
    changes = two_readers().changes
    assert (changes.readings, changes.changed.value) == (4, 0.25)
    assert (changes.added.value, changes.removed.value, changes.retyped.value) == (0.25, 0.25, 0.25)
    assert (changes.grade_higher, changes.grade_lower) == (0, 1)
    assert [(each.reader, each.changed, each.added) for each in changes.by_reader] == [("r1", 0, 0), ("r2", 1, 1)]


def test_changes_of_counts_are_told_by_direction_within_each_region() -> None:
    changes = study_of("r1,p1,unassisted,3,2", "r1,p1,assisted,5,1", heads=COUNTS).changes
    assert (changes.added.value, changes.removed.value, changes.retyped.value) == (2, 1, 0)


def test_time_is_told_by_medians_and_their_ratio() -> None:
    times = two_readers().times
    assert (times.unassisted.value, times.assisted.value) == (25, 15)
    assert times.ratio.value == 0.6
    assert times.ratio.cases == 4


def test_what_was_timed_one_way_only_has_no_ratio() -> None:
    times = study_of(f"r1,p1,unassisted,30,,{A}", f"r1,p1,assisted,,,{A}").times
    assert times.unassisted.value == 30
    assert times.ratio.standing is Standing.NOT_GIVEN


def test_pairs_of_readers_are_told_apart() -> None:
    (pair,) = two_readers().pairs
    assert (pair.first, pair.second, pair.unassisted, pair.assisted) == ("r1", "r2", 0.5, 1.0)


def outlined(seed: int, photographs: int, readers: int) -> str:
    return made_up_outlines(photographs, readers, seed)


@settings(max_examples=15)
@given(st.integers(0, 10**6), st.permutations(["r1", "r2", "r3"]))
def test_readers_in_another_order_get_the_same_figures(seed: int, order: list[str]) -> None:
    text = outlined(seed, 4, 3)
    turned = text
    for number, name in enumerate(order, start=1):
        turned = turned.replace(f"\nr{number},", f"\nx{name},")
    one, other = study(parse(text.encode())), study(parse(turned.encode()))
    assert one.agreement == other.agreement
    assert one.times == other.times
    assert one.automation == other.automation
    assert one.changes.added == other.changes.added
    assert sorted(p.unassisted or 0 for p in one.pairs) == sorted(p.unassisted or 0 for p in other.pairs)


@settings(max_examples=15)
@given(st.integers(0, 10**6))
def test_the_rows_order_changes_nothing(seed: int) -> None:
    heads, *rows = outlined(seed, 4, 3).splitlines()
    turned = "\n".join([heads, *reversed(rows)])
    assert study(parse(turned.encode())) == study(parse("\n".join([heads, *rows]).encode()))


@settings(max_examples=15)
@given(st.integers(0, 10**6))
def test_identical_readings_agree_fully_and_change_nothing(seed: int) -> None:
    heads, *rows = outlined(seed, 5, 1).splitlines()
    alone = [row for row in rows if ",unassisted," in row]
    copies = [
        row.replace("r1,", f"{reader},").replace(",unassisted,", f",{mode},")
        for row in alone
        for reader in ("r1", "r2", "r3")
        for mode in ("unassisted", "assisted")
    ]
    found = study(parse("\n".join([heads, *copies]).encode()))
    values = {each.value for c in found.agreement for each in (c.unassisted, c.assisted)}
    assert values <= {1.0, None}
    assert {c.difference.value for c in found.agreement} <= {0.0, None}
    assert figure(found, "place").unassisted.value in {1.0, None}
    assert found.changes.changed.value == 0
    assert found.times.ratio.value == 1


def test_people_who_follow_a_model_agree_more_and_it_shows_that_they_followed() -> None:
    found = study(parse(made_up_outlines(30, 3, chances=Chances(follows=1.0)).encode()))
    place = figure(found, "place")
    assert place.difference.low is not None
    assert place.difference.low > 0
    assert found.automation is not None
    assert found.automation.accepted.value == 1
