"""The page says what was measured and no more; the command writes both reports or neither."""

import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from models.evaluation.readers.__main__ import app
from models.evaluation.readers.estimate import NOT_GIVEN, Estimate, Standing
from models.evaluation.readers.page import cell, render
from models.evaluation.readers.reading_file import COLUMNS, MAX_READERS, MAX_ROWS, parse
from models.evaluation.readers.readings import Mode
from models.evaluation.readers.sketches import most_changed
from models.evaluation.readers.study import study
from models.evaluation.readers.words import number, plain, verdict
from shared.vocabulary import AppearanceGrade, FindingType
from tests.support.made_up_readings import made_up_outlines

DOCUMENT = Path("docs/readers.md")
COUNTS = "reader,photograph,mode,seconds,grade,left_cheek,chin"
SMALL_FILE = """reader,photograph,mode,seconds,grade,features
r1,p1,unassisted,40,few,blemish 0 0 10 10; spot 50 50 10 10
r2,p1,unassisted,60,some,blemish 1 0 10 10; pustule 90 90 10 10
r1,p1,assisted,20,few,blemish 0 0 10 10; spot 50 50 10 10
r2,p1,assisted,40,few,blemish 0 0 10 10; spot 50 50 10 10; pustule 20 20 8 8
m1,p1,model,,,spot 50 50 10 10; pustule 20 20 8 8
r1,p2,unassisted,10,clear,none
r2,p2,unassisted,10,clear,none
r1,p2,assisted,10,clear,none
r2,p2,assisted,10,clear,none
"""


def page_of(text: str) -> str:
    readings = parse(text.encode())
    return render(study(readings), readings)


def run(tmp_path: Path, text: str) -> tuple[int, str, Path, Path]:
    source, html, figures = tmp_path / "in.csv", tmp_path / "new" / "readers.html", tmp_path / "readers.json"
    source.write_text(text, encoding="utf-8")
    result = CliRunner().invoke(app, ["--readings", str(source), "--html", str(html), "--json", str(figures)])
    return result.exit_code, result.output, html, figures


def test_the_command_writes_the_figures_of_a_small_file(tmp_path: Path) -> None:
    code, output, html, figures = run(tmp_path, SMALL_FILE)
    assert code == 0
    found = json.loads(figures.read_text(encoding="utf-8"))
    place, _, count, grade = found["agreement"]
    assert (place["name"], place["unassisted"]["value"], place["assisted"]["value"]) == ("place", 0.5, 0.8)
    assert place["difference"] == {
        "value": 0.3,
        "low": None,
        "high": None,
        "photographs": 2,
        "cases": 9,
        "standing": "too_few",
    }
    assert count["unassisted"]["value"] == 1
    # Assisted counts are (2, 3) and (0, 0): MSR 6.25, MSC 0.25, MSE 0.25.
    assert count["assisted"]["value"] == pytest.approx(6 / 6.5, abs=1e-4)
    assert grade["unassisted"]["value"] == pytest.approx(2 / 3, abs=1e-4)
    assert found["changes"]["changed"]["value"] == 0.25
    assert (found["changes"]["added"]["value"], found["changes"]["removed"]["value"]) == (0.5, 0.25)
    assert (found["times"]["unassisted"]["value"], found["times"]["ratio"]["value"]) == (25, 0.6)
    # One reader of two had the spot, nobody the pustule: only that one was most readers' miss, and one took it over.
    assert (found["automation"]["unsupported"], found["automation"]["accepted"]["value"]) == (1, 0.5)
    assert re.fullmatch(r"[0-9a-f]{64}", found["readings_sha256"])
    assert "2 photographs, 2 readers" in output
    assert "Readings with and without assistance" in html.read_text(encoding="utf-8")


def test_a_bad_file_writes_nothing_and_says_where(tmp_path: Path) -> None:
    code, output, html, figures = run(tmp_path, SMALL_FILE.replace("r2,p2,assisted,10", "r2,p2,[bold]assisted,10"))
    assert code == 2
    assert "row 10, mode: write unassisted, assisted, model" in output
    assert not html.exists()
    assert not figures.exists()


def test_the_page_needs_nothing_from_elsewhere_and_calls_nothing_a_diagnosis() -> None:
    page = page_of(made_up_outlines(12, 3))
    assert not re.search(r"<script|https?://|<img|<link", page)
    assert page.count("diagnosis") == page.count("nothing here is a diagnosis") == 1
    assert not re.search(r"\blesion|\bacne\b|\bpatient", page, re.IGNORECASE)
    assert "nan" not in re.sub(r"<[^>]*>", " ", page).lower().split()


def test_every_figure_of_the_page_stands_beside_its_photographs() -> None:
    page = page_of(made_up_outlines(12, 3))
    assert page.count("n 12") > 10
    assert "small" in page
    assert page.count("<svg") == page.count("</svg>") == 3 + 4


def test_a_study_of_few_photographs_claims_no_difference() -> None:
    page = page_of(made_up_outlines(5, 2))
    assert "fewer than 10 photographs: nothing can be said" in page
    assert "higher with assistance" not in page
    assert "no interval" in page


def test_counts_have_a_page_without_places() -> None:
    rows = [f"r{r},p{p},{m},9,few,{p},{p + r}" for p in range(12) for r in (1, 2) for m in ("unassisted", "assisted")]
    page = page_of("\n".join([COUNTS, *rows]))
    assert "Counts by region" in page
    assert "left cheek" in page
    assert "Agreement on places" not in page
    assert "called another type" not in page
    assert "this needs the model" in page


def test_a_file_of_one_mode_has_a_page_too() -> None:
    page = page_of("reader,photograph,mode,features\nr1,p1,unassisted,none\nr2,p1,unassisted,none")
    assert "No reader read the same photograph both ways." in page
    assert "The file gives no times." in page
    assert "Too little was read twice to compare readers." in page


def test_photographs_that_did_not_change_are_not_drawn() -> None:
    readings = parse(SMALL_FILE.encode())
    assert most_changed(readings, 4) == ["p1"]


def test_thirty_readers_fit_a_page() -> None:
    page = page_of(
        "\n".join(["reader,photograph,mode,features", *(f"r{n},p1,assisted,spot 1 1 5 5" for n in range(30))])
    )
    assert page.count("rotate(-40") == 30


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [(0.01, 0.2, "higher with assistance"), (-0.2, -0.01, "lower with assistance"), (-0.1, 0.1, "no difference shown")],
)
def test_a_difference_is_claimed_only_where_its_interval_leaves_nothing_out(
    low: float, high: float, words: str
) -> None:
    assert verdict(Estimate(0.0, low, high, 40, 80, Standing.ENOUGH)) == words


def test_figures_without_a_value_say_why() -> None:
    undefined = Estimate(None, None, None, 5, 5, Standing.UNDEFINED)
    assert (plain(NOT_GIVEN), plain(undefined)) == ("not given", "undefined")
    assert (verdict(NOT_GIVEN), verdict(undefined)) == ("not read both ways", "undefined")
    assert "undefined" in cell(undefined)


def test_numbers_that_round_to_nothing_have_no_sign() -> None:
    assert number(-0.001, signed=True) == number(0.004, signed=True) == "0.00"
    assert number(-0.014, signed=True) == "-0.01"


def test_the_document_names_every_column_word_and_limit_and_its_example_is_read() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    words = [*COLUMNS, *Mode, *AppearanceGrade, *FindingType]
    assert [word for word in words if f"`{word}`" not in text] == []
    assert f"{MAX_READERS} readers, {MAX_ROWS} rows" in text
    example = text.split("```csv\n")[1].split("```")[0]
    assert len(parse(example.encode()).rows) == 4
