"""`medspa schedule simulate`, `overbook` and `shadow`: what they print, write and refuse."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from edge.schedule.cli import app, schema_text
from edge.schedule.document import DayDocument, parse_day
from edge.schedule.registry import Registry
from edge.schedule.shadow_document import EventsDocument, ShadowDocument
from tests.edge.schedule.shadowed import lived_day

EXAMPLES = Path("edge/schedule/examples")
PLANNED = EXAMPLES / "planned.json"


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments], env={"COLUMNS": "200"})


@pytest.fixture
def doubtful(clinic: Registry, tmp_path: Path) -> Path:
    """A full day with a waiting list on which every fourth client probably stays away."""
    morning = lived_day(clinic).morning
    visits = tuple(
        visit.model_copy(update={"show": 0.2 if number % 4 == 0 else 1.0})
        for number, visit in enumerate(morning.appointments)
    )
    path = tmp_path / "doubtful.json"
    path.write_text(morning.model_copy(update={"appointments": visits}).model_dump_json(), encoding="utf-8")
    return path


def test_a_day_is_simulated_with_waits_overtime_idle_time_and_revenue_and_again_the_same(tmp_path: Path) -> None:
    out = tmp_path / "figures.json"
    one = run("simulate", PLANNED, "--draws", "200", "--seed", "7", "--out", out)
    assert one.exit_code == 0, one.output
    for word in ("wait of a client", "overtime", "idle", "revenue", "p50", "p90", "no prices"):
        assert word in one.output
    assert run("simulate", PLANNED, "--draws", "200", "--seed", "7").output == one.output
    assert run("simulate", PLANNED, "--draws", "200", "--seed", "8").output != one.output
    figures = json.loads(out.read_text(encoding="utf-8"))
    assert (figures["draws"], figures["seed"]) == (200, 7)
    assert figures["figures"]["served"]["mean"] + figures["figures"]["absent"]["mean"] == pytest.approx(24, abs=1)


def test_the_assumptions_are_printed_with_their_sources_and_a_clinics_own_are_used(tmp_path: Path) -> None:
    own = tmp_path / "own.toml"
    own.write_text("no_show = 0\ncancellation = 0\ngrace_minutes = 240\nprovider_absent = 0\n", encoding="utf-8")
    result = run("simulate", PLANNED, "--draws", "100", "--behaviour", own, "--assumptions")
    assert result.exit_code == 0, result.output
    assert "no_show = 0:" in result.output
    assert "Zenoti" in result.output
    (absent,) = [line for line in result.output.splitlines() if line.startswith("did not come")]
    assert absent.split()[-3:] == ["0.0", "0.0", "0.0"]


@pytest.mark.parametrize(
    ("text", "said"),
    [("no_show = 2", "no_show: "), ("luck = 1", "luck: "), ("no_show =", "is not valid TOML")],
)
@pytest.mark.parametrize(("command", "option"), [("simulate", "--behaviour"), ("overbook", "--policy")])
def test_figures_that_are_wrong_are_refused_with_the_field(
    command: str, option: str, text: str, said: str, tmp_path: Path
) -> None:
    wrong, out = tmp_path / "wrong.toml", tmp_path / "out.json"
    wrong.write_text(text, encoding="utf-8")
    result = run(command, PLANNED, option, wrong, "--out", out)
    assert result.exit_code == 2
    assert said in result.output
    assert not out.exists()


def test_double_bookings_are_proposed_with_wait_and_overtime_before_and_after(doubtful: Path, tmp_path: Path) -> None:
    out, policy = tmp_path / "proposals.json", tmp_path / "policy.toml"
    policy.write_text("draws = 200\ntries = 6\nturned_away = 10\n", encoding="utf-8")
    result = run("overbook", doubtful, "--policy", policy, "--wait", "30", "--overtime", "300", "--out", out)
    assert result.exit_code == 0, result.output
    assert "on top of" in result.output
    assert "No further: " in result.output
    answer = json.loads(out.read_text(encoding="utf-8"))
    assert answer["proposals"]
    assert answer["policy"]["wait_minutes"] == 30
    day = parse_day(doubtful.read_text(encoding="utf-8"), doubtful.name)
    assert {p["request"] for p in answer["proposals"]} <= {request.id for request in day.requests}
    assert not set(answer["refused"]) & {p["request"] for p in answer["proposals"]}


def test_a_double_booking_past_the_ceiling_is_refused_with_the_reason(doubtful: Path) -> None:
    result = run("overbook", doubtful, "--wait", "1")
    assert result.exit_code == 0, result.output
    assert "Clients would wait up to" in result.output
    assert "1 are allowed" in result.output


def test_a_time_that_is_none_is_refused(doubtful: Path) -> None:
    result = run("overbook", doubtful, "--now", "noonish")
    assert result.exit_code == 2
    assert "write a time" in result.output


def test_the_example_of_a_day_that_people_ran_is_compared_and_drawn(tmp_path: Path) -> None:
    out, svg = tmp_path / "shadow.json", tmp_path / "shadow.svg"
    lived = EXAMPLES / "shadow"
    files = (lived / "day.json", lived / "events.json", "--morning", PLANNED)
    result = run("shadow", *files, "--seconds", "0", "--out", out, "--svg", svg)
    assert result.exit_code == 0, result.output
    for word in ("fill rate", "idle minutes", "without a place", "overtime", "notified", "People decided otherwise in"):
        assert word in result.output
    document = ShadowDocument.model_validate_json(out.read_text(encoding="utf-8"))
    assert document.product.served > document.people.served
    assert len(document.steps) == 5
    assert svg.read_text(encoding="utf-8").startswith("<svg")


def test_without_the_morning_it_is_said_what_cannot_be_known() -> None:
    lived = EXAMPLES / "shadow"
    result = run("shadow", lived / "day.json", lived / "events.json", "--seconds", "0")
    assert result.exit_code == 0, result.output
    assert "not known without `--morning`" in result.output


@pytest.mark.parametrize(
    ("events", "said"),
    [
        ({"events": [{"kind": "cancelled", "at": "10:00", "appointment": "v-99"}]}, "the day has none"),
        ({"events": [{"kind": "late", "at": "10:00"}]}, "Field required"),
        (
            {"events": [{"kind": "room_down", "at": "10:00", "room": "x", "start": "10:00", "end": "12:00"}]},
            "no room 'x'",
        ),
        (
            {"events": [{"kind": "room_down", "at": "10:00", "room": "laser-1", "start": "10:00", "end": "09:00"}]},
            "ends before it starts",
        ),
    ],
)
def test_events_that_are_wrong_are_refused_and_nothing_is_written(
    events: dict[str, object], said: str, tmp_path: Path
) -> None:
    given, out = tmp_path / "events.json", tmp_path / "out.json"
    given.write_text(json.dumps(events), encoding="utf-8")
    result = run("shadow", EXAMPLES / "shadow" / "day.json", given, "--seconds", "0", "--out", out)
    assert result.exit_code == 2, result.output
    assert said in result.output.replace("\n", " ")
    assert not out.exists()


def test_the_schema_of_a_days_events_on_file_is_that_of_the_model() -> None:
    kept = Path("edge/schedule/schemas/events.schema.json").read_text(encoding="utf-8")
    assert kept == schema_text(EventsDocument) == run("schema", "events").stdout


def test_the_example_morning_is_the_planned_example() -> None:
    morning = parse_day(PLANNED.read_text(encoding="utf-8"), "planned.json")
    day = parse_day((EXAMPLES / "shadow" / "day.json").read_text(encoding="utf-8"), "day.json")
    assert isinstance(morning, DayDocument)
    assert (morning.clinic, morning.date) == (day.clinic, day.date)
