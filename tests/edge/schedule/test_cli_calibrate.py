"""`medspa schedule calibrate`: from a file for anybody, at the box with events, and what it refuses."""

import json
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from edge.schedule.book import ScheduleBook
from edge.schedule.cli import app, schema_text
from edge.schedule.domain import AppointmentRequest, Span, Status
from edge.schedule.history_document import HistoryDocument, parse_history
from edge.schedule.ids import AppointmentId, ServiceId
from edge.schedule.registry import demo_registry
from shared.clock import SystemClock
from shared.ids import ClientId
from tests.support.clocks import ManualClock
from tests.support.records import IDENTITY, BoxRecord, open_box_record

EXAMPLE = Path("edge/schedule/examples/history.json")
DECISIONS = Path("edge/schedule/examples/decisions.json").resolve()
PACES = Path("edge/schedule/examples/paces.json").resolve()
ZONE = "Europe/Vienna"


def run(*arguments: str | Path) -> Result:
    given = ["calibrate", *(str(argument) for argument in arguments)]
    return CliRunner().invoke(app, given, env={"COLUMNS": "200"})


def written(folder: Path, visits: object, what: str = "visits") -> Path:
    path = folder / "history.json"
    path.write_text(json.dumps({"format": 1, what: visits}), encoding="utf-8")
    return path


def test_the_schema_on_file_is_that_of_the_model() -> None:
    schema = Path("edge/schedule/schemas/history.schema.json").read_text(encoding="utf-8")
    assert schema == schema_text(HistoryDocument)
    assert CliRunner().invoke(app, ["schema", "history"]).stdout == schema


def test_the_example_shows_what_would_change_with_numbers_and_in_words() -> None:
    result = run("--history", EXAMPLE)
    assert result.exit_code == 0, result.output
    assert "Dermal filler" in result.output
    assert "65 → 75 (n=45)" in result.output
    assert (
        "Dermal filler: new visits get 75 minutes instead of 65. 68% of them should take at most 71 minutes"
        in result.output
    )
    assert "by 45 measured visits and what was known before." in result.output
    assert "No decision of the clinic tells about its weights; they stay as they are." in result.output
    assert "Applied" not in result.output


def test_every_visit_of_the_example_is_of_the_example_clinic() -> None:
    history = parse_history(EXAMPLE.read_text(encoding="utf-8"), EXAMPLE.name).history(demo_registry())
    assert sum(service.came + service.no_shows for service in history.values()) == 212


def test_another_clinics_file_can_be_named(tmp_path: Path) -> None:
    text = Path("edge/schedule/clinics/demo.toml").read_text(encoding="utf-8").replace('"filler"', '"lips"')
    clinic = tmp_path / "clinic.toml"
    clinic.write_text(text, encoding="utf-8")
    history = written(tmp_path, [{"service": "lips", "actual": 70}])
    assert "Dermal filler" in run("--history", history, "--clinic", clinic).output
    refused = run("--history", history)
    assert refused.exit_code == 2
    assert "visits.0.service: the clinic has no service 'lips'" in refused.output


@pytest.mark.parametrize(
    ("visits", "said"),
    [
        ([], "there is nothing in it: give `visits`, `choices` or both"),
        ([{"service": "filler", "actual": -3}], "visits.0.actual: Input should be greater than 0"),
        ([{"service": "filler", "actual": 3000}], "visits.0.actual: Input should be less than or equal to 1440"),
        ([{"service": "filler", "outcome": "late"}], "visits.0.outcome"),
        ([{"service": "filler", "outcome": "no_show", "actual": 20}], 'a visit that is a "no_show" took no time'),
        ([{"service": "filler", "client": "Ada"}], "visits.0.client: Extra inputs are not permitted"),
        ([{"service": "filler", "stages": {"magic": 3}}], "visits.0.stages: 'filler' has no stage 'magic'"),
        ([{"actual": 30}], "visits.0.service: Field required"),
        ("none", "visits: "),
    ],
)
def test_a_history_that_is_wrong_is_refused_with_the_field(visits: object, said: str, tmp_path: Path) -> None:
    result = run("--history", written(tmp_path, visits))
    assert result.exit_code == 2
    assert said in result.output
    assert "Ada" not in result.output


def test_the_example_of_decisions_shows_what_they_make_of_the_weights_and_what_they_leave_open() -> None:
    result = run("--history", DECISIONS)
    assert result.exit_code == 0, result.output
    assert "30 → 49.49 (n=48)" in result.output
    assert (
        "A client who misses the preferred provider: 49.49 points, instead of 30. By 48 decisions and what was known"
        " before." in result.output
    )
    assert (
        "A visit that gets another device: 5 points, as before. Told by 31 decisions, but not clearly" in result.output
    )
    assert "59 decisions between answers that only the weights tell apart" in result.output
    assert "Left out: 13 in which no other answer drops, moves and refuses as few." in result.output
    assert "no-show" not in result.output


ANSWER = {"units": {"wait": 20}}


@pytest.mark.parametrize(
    ("choices", "said"),
    [
        ([{"answers": [ANSWER], "taken": 0}], "choices.0.answers: Tuple should have at least 2 items"),
        ([{"answers": [ANSWER] * 2, "taken": 2}], "choices.0: `taken` is 2, the last answer is 1; count from 0"),
        ([{"answers": [ANSWER] * 2}], "choices.0.taken: Field required"),
        ([{"answers": [ANSWER, {"units": {"wait": -1}}], "taken": 0}], "choices.0.answers.1.units.wait"),
        ([{"answers": [ANSWER, {"units": {"mood": 1}}], "taken": 0}], "choices.0.answers.1.units.mood"),
        ([{"answers": [ANSWER, {"moved": 1.5}], "taken": 0}], "choices.0.answers.1.moved"),
    ],
)
def test_decisions_that_are_wrong_are_refused_with_the_field(choices: object, said: str, tmp_path: Path) -> None:
    result = run("--history", written(tmp_path, choices, "choices"))
    assert result.exit_code == 2
    assert said in result.output


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "name past visits or decisions"),
        (("--history", EXAMPLE, "--apply"), "name the box with --config"),
        (("--undo",), "name the box with --config"),
        (("--config", "box.toml", "--undo", "--apply"), "--undo goes with --config alone"),
        (("--config", "box.toml", "--clinic", "clinic.toml"), "leave --clinic out"),
        (("--history", "nowhere.json"), "nowhere.json cannot be read"),
        (("--history", EXAMPLE, "--clinic", "nowhere.toml"), "nowhere.toml cannot be read"),
    ],
)
def test_what_does_not_go_together_is_refused_with_what_to_do(arguments: Sequence[str | Path], said: str) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert said in result.output


def box(folder: Path) -> BoxRecord:
    """Return an enrolled box's record that `config` opens; its day is over since last week."""
    morning = SystemClock().wall().replace(hour=8, minute=0) - timedelta(days=8)
    record = open_box_record(folder, ManualClock(morning))
    identity = {"tenant": IDENTITY.tenant, "location": IDENTITY.location, "device": IDENTITY.device}
    (folder / "data" / "identity.json").write_text(json.dumps(identity))
    (folder / "box.toml").write_text(
        f'[edge.store]\nreserve_bytes = 1048576\n[edge.clinic]\ntimezone = "{ZONE}"\n', encoding="utf-8"
    )
    return record


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A box that lived through a day: five consultations of 50 minutes each, booked for 30."""
    record = box(tmp_path)
    monkeypatch.chdir(tmp_path)
    book = ScheduleBook(record.store, demo_registry(), record.ids, record.clock, ZONE)
    day = book.today()
    visits = [AppointmentId(f"visit-{number}") for number in range(5)]
    wishes = [AppointmentRequest(v, ClientId(v), ServiceId("consultation"), Span(540, 1080)) for v in visits]
    assert book.book_day(day, wishes, "desk") == 5
    for name in visits:
        book.change_status(name, Status.IN_PROGRESS, "desk")
        record.clock.advance(50 * 60)
        book.change_status(name, Status.DONE, "desk")
    record.store.close()
    return tmp_path / "box.toml"


def types(config: Path) -> list[str]:
    """Return what the box's log holds of estimates."""
    record = open_box_record(config.parent)
    found = [event.fields.type for event in record.store.stream("schedule-estimates")]
    record.store.close()
    return found


def test_the_box_shows_applies_and_takes_back(config: Path) -> None:
    shown = run("--config", config)
    assert shown.exit_code == 0, shown.output
    assert "30 → 40 (n=5)" in shown.output
    assert "Nothing is written" in shown.output
    assert types(config) == []
    done = run("--config", config, "--apply")
    assert "Applied; --undo takes it back." in done.output
    assert types(config) == ["schedule.day_closed", "schedule.estimates_calibrated"]
    again = run("--config", config, "--apply")
    assert "40 (n=5)" in again.output
    assert "Nothing has changed." in again.output
    back = run("--config", config, "--undo")
    assert "40 → 30 (n=0)" in back.output
    assert types(config)[2:] == ["schedule.calibration_undone"]
    twice = run("--config", config, "--undo")
    assert twice.exit_code == 2
    assert "nothing_to_undo" in twice.output


def test_a_history_file_counts_besides_the_boxs_own_days(config: Path) -> None:
    more = written(config.parent, [{"service": "consultation", "actual": 50}] * 5)
    assert "(n=10)" in run("--config", config, "--history", more).output


def test_the_box_learns_its_weights_from_a_file_of_decisions_and_takes_them_back(config: Path) -> None:
    done = run("--config", config, "--history", DECISIONS, "--apply")
    assert "30 → 49.49 (n=48)" in done.output, done.output
    assert "Applied; --undo takes it back." in done.output
    kept = run("--config", config, "--apply")
    assert "No decision of the clinic tells about its weights; they stay as they are." in kept.output
    assert "Nothing has changed." in kept.output
    back = run("--config", config, "--undo")
    assert "A client who misses the preferred provider: 30 points instead of 49.49." in back.output
    assert "40 → 30 (n=0)" in back.output
    again = run("--config", config, "--history", DECISIONS, "--apply")
    assert "30 → 49.49 (n=48)" in again.output


def test_the_box_learns_paces_from_a_file_of_visits_and_takes_them_back(config: Path) -> None:
    done = run("--config", config, "--history", PACES, "--apply")
    assert "100% → 113% (n=121)" in done.output, done.output
    assert "Nurse Willow takes 13% longer, from 121 visits." in done.output
    # 114 of the file, and four consultations of the box's own day.
    assert "Dr. Cedar stays at 100% of a service's length. Told by 118 visits, but not clearly" in done.output
    back = run("--config", config, "--undo")
    assert "Nurse Willow: 100% of a service's length instead of 113%." in back.output
    assert types(config)[-1] == "schedule.calibration_undone"


def test_whoever_served_is_named_by_an_id_or_not_at_all(tmp_path: Path) -> None:
    refused = run("--history", written(tmp_path, [{"service": "filler", "actual": 60, "provider": "Dr. Cedar"}]))
    assert refused.exit_code == 2
    assert "visits.0.provider" in refused.output
    assert (
        run("--history", written(tmp_path, [{"service": "filler", "actual": 60, "provider": "maple"}])).exit_code == 0
    )


def test_a_box_without_a_past_day_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    box(tmp_path).store.close()
    monkeypatch.chdir(tmp_path)
    result = run("--config", tmp_path / "box.toml")
    assert result.exit_code == 2
    assert "no past day of this box has visits" in result.output
