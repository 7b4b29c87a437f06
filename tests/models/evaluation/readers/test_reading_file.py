"""A clinic's file is read whole or refused with what to mend; what it holds is never repeated."""

from pathlib import Path

import pytest

from models.errors import ReadingsRejectedError
from models.evaluation.readers import reading_file
from models.evaluation.readers.reading_file import load, parse
from models.evaluation.readers.readings import Mode, Shape
from shared.vocabulary import AppearanceGrade, FindingType

OUTLINES = "reader,photograph,mode,seconds,grade,features"
COUNTS = "reader,photograph,mode,grade,left_cheek,chin"
GOOD = "r1,p1,unassisted,40.5,few,spot 1 2 3 4; blemish 5 6 7 8"


def refusal(*rows: str) -> str:
    with pytest.raises(ReadingsRejectedError) as caught:
        parse("\n".join(rows).encode())
    return caught.value.sentence


def test_a_row_of_outlines_is_read_as_written() -> None:
    readings = parse(f"{OUTLINES}\n{GOOD}\n".encode())
    (row,) = readings.rows
    assert readings.shape is Shape.OUTLINES
    assert (row.reader, row.photograph, row.mode, row.seconds) == ("r1", "p1", Mode.UNASSISTED, 40.5)
    assert row.grade is AppearanceGrade.FEW
    assert [(f.type, f.x, f.y, f.w, f.h) for f in row.features] == [
        (FindingType.SPOT, 1, 2, 3, 4),
        (FindingType.BLEMISH, 5, 6, 7, 8),
    ]


def test_a_row_of_counts_is_read_as_written() -> None:
    readings = parse(f"{COUNTS}\nr1,p1,assisted,,3,0\n".encode())
    assert readings.shape is Shape.COUNTS
    assert readings.rows[0].counts == {"left_cheek": 3, "chin": 0}
    assert readings.rows[0].total == 3
    assert readings.rows[0].grade is None


def test_none_means_that_nothing_was_found() -> None:
    assert parse(f"{OUTLINES}\nr1,p1,assisted,,,none".encode()).rows[0].features == ()


def test_what_spreadsheets_add_does_no_harm() -> None:
    windows = f"\ufeff{OUTLINES}\r\n\r\n r1 , p1 ,unassisted,40.5,few,spot 1 2 3 4;blemish 5 6 7 8\r\n,,,,,\r\n"
    assert parse(windows.encode()) == parse(f"{OUTLINES}\n{GOOD}".encode())


def test_the_order_of_rows_changes_nothing() -> None:
    other = "r2,p1,assisted,,,none"
    assert parse("\n".join([OUTLINES, GOOD, other]).encode()) == parse("\n".join([OUTLINES, other, GOOD]).encode())


@pytest.mark.parametrize(
    ("row", "named"),
    [
        ("Anna Example,p1,unassisted,,,none", "row 3, reader: give a code"),
        ("Anna,p1,unassisted,,,none", "row 3, reader: give a code"),
        ("anna1@example.org,p1,unassisted,,,none", "row 3, reader: give a code"),
        ("r1,,unassisted,,,none", "row 3, photograph: give a code"),
        ("r1,face_of_anna_01.jpg,unassisted,,,none", "row 3, photograph: give a code"),
        ("r1,p2,alone,,,none", "row 3, mode: write unassisted, assisted, model"),
        ("r1,p2,assisted,-1,,none", "row 3, seconds: give seconds above 0"),
        ("r1,p2,assisted,nan,,none", "row 3, seconds: give seconds above 0"),
        ('r1,p2,assisted,"4,5",,none', "row 3, seconds: give seconds above 0"),
        ("r1,p2,assisted,,severe,none", "row 3, grade: write one of clear"),
        ("r1,p2,assisted,,,", "row 3, features: write none"),
        ("r1,p2,assisted,,,spot 1 2 3", "row 3, features: write none"),
        ("r1,p2,assisted,,,spot 1 2 3 4;", "row 3, features: write none"),
        ("r1,p2,assisted,,,spot 1 2 3 4; mole 1 2 3 4", "row 3, features, feature 2, type: write one of blemish"),
        ("r1,p2,assisted,,,spot 1 2 0 4", "row 3, features, feature 1, w: give pixels above 0"),
        ("r1,p2,assisted,,,spot 1 -2 3 4", "row 3, features, feature 1, y: give pixels from 0"),
        ("r1,p2,assisted,,,spot inf 2 3 4", "row 3, features, feature 1, x: give pixels from 0"),
        ("r1,p2,assisted,,", "row 3: has 5 cells where row 1 names 6 columns"),
        ("r1,p1,unassisted,,,none", "row 3: the same reader, photograph and mode as row 2"),
        ("r1,p1,model,,,none", "row 3, reader: a person has this code too"),
        ("m1,p1,model,3,,none", "row 3, mode: only people's readings have seconds"),
    ],
)
def test_a_bad_row_is_named_with_its_field_and_what_to_write(row: str, named: str) -> None:
    told = refusal(OUTLINES, GOOD, row)
    assert named in told
    assert told.startswith("nothing was read:")


def test_a_name_is_never_repeated() -> None:
    told = refusal(OUTLINES, "Anna Example,anna@example.org,Annas mode,Anna,Anna,Anna 1 2 3 4")
    assert "anna" not in told.lower()
    assert told.count("row 2, ") == 6


@pytest.mark.parametrize(
    ("row", "named"),
    [
        ("r1,p2,assisted,,3.5,0", "row 3, left_cheek: give a whole number"),
        ("r1,p2,assisted,,3,", "row 3, chin: give a whole number"),
        ("r1,p2,assisted,,-3,0", "row 3, left_cheek: give a whole number"),
        ("m1,p1,model,,3,0", "row 3, mode: the model's findings are compared as features only"),
    ],
)
def test_a_bad_count_is_named_by_its_column(row: str, named: str) -> None:
    assert named in refusal(COUNTS, "r1,p1,unassisted,,1,2", row)


@pytest.mark.parametrize(
    ("heads", "named"),
    [
        ("", "row 1 names no columns"),
        ("reader;photograph;mode;features", "row 1, column 1: not a known name"),
        ("reader,photograph,mode,features,patient", "row 1, column 5: not a known name"),
        ("reader,photograph,mode,mode,features", "row 1 names a column twice"),
        ("reader,mode,features", "the column photograph is missing"),
        ("reader,photograph,mode", "row 1: give either the column features or columns of counts"),
        ("reader,photograph,mode,features,chin", "row 1: give either the column features or columns of counts"),
        ("reader,photograph,mode,face,chin", "row 1: face counts the regions again"),
    ],
)
def test_a_bad_first_row_is_refused(heads: str, named: str) -> None:
    assert named in refusal(heads, GOOD)


def test_a_second_model_reading_of_a_photograph_is_refused() -> None:
    assert "row 4: the same" in refusal(OUTLINES, GOOD, "m1,p1,model,,,none", "m2,p1,model,,,none")


def test_a_file_without_people_is_refused() -> None:
    assert "no row is a person's reading" in refusal(OUTLINES, "m1,p1,model,,,none")
    assert "no row is a person's reading" in refusal(OUTLINES)


def test_many_faults_are_counted_and_ten_are_shown() -> None:
    told = refusal(OUTLINES, *["r1,p1,alone,,,none"] * 14)
    assert told.count("mode: write") == 10
    assert told.endswith("and 4 more")


def test_more_than_a_study_holds_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading_file, "MAX_ROWS", 1)
    monkeypatch.setattr(reading_file, "MAX_READERS", 1)
    assert "more than 1 rows" in refusal(OUTLINES, GOOD, GOOD)
    monkeypatch.setattr(reading_file, "MAX_ROWS", 2)
    assert "2 readers: compare up to 1" in refusal(OUTLINES, GOOD, "r2,p1,assisted,,,none")


def test_too_many_features_in_one_cell_are_refused() -> None:
    cell = ";".join(["spot 1 2 3 4"] * 501)
    assert "row 2, features: write none" in refusal(OUTLINES, f"r1,p1,assisted,,,{cell}")


def test_what_is_no_text_or_no_table_is_refused() -> None:
    with pytest.raises(ReadingsRejectedError, match="UTF-8"):
        parse(b"reader,photograph\xff\xfe")
    assert "quotation mark" in refusal(OUTLINES, 'r1,p1,assisted,,,"spot')


def test_an_absent_or_huge_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ReadingsRejectedError, match="--readings"):
        load(tmp_path / "absent.csv")
    monkeypatch.setattr(reading_file, "MAX_BYTES", 3)
    path = tmp_path / "huge.csv"
    path.write_bytes(b"four")
    with pytest.raises(ReadingsRejectedError, match="larger than"):
        load(path)
