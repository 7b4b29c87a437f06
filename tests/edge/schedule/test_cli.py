"""The command that plans any day given as JSON: what it prints, writes and refuses."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from edge.schedule.checker import check
from edge.schedule.cli import app, schema_text
from edge.schedule.document import DayDocument, parse_day
from edge.schedule.event_document import EventDocument

EXAMPLES = Path("edge/schedule/examples")
SCHEMAS = Path("edge/schedule/schemas")


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments], env={"COLUMNS": "200"})


@pytest.mark.parametrize(("model", "name"), [(DayDocument, "day"), (EventDocument, "event")])
def test_the_schemas_on_file_are_those_of_the_models(model: type[DayDocument | EventDocument], name: str) -> None:
    assert (SCHEMAS / f"{name}.schema.json").read_text(encoding="utf-8") == schema_text(model)
    assert run("schema", name).stdout == schema_text(model)


def test_everybody_who_asks_in_the_example_gets_a_place_and_the_day_it_writes_can_be_read_again(
    tmp_path: Path,
) -> None:
    out, picture = tmp_path / "planned.json", tmp_path / "planned.svg"
    result = run("plan", EXAMPLES / "day.json", "--seconds", "0.1", "--out", out, "--svg", picture)
    assert result.exit_code == 0, result.output
    assert "0 requests have none" in result.output
    planned = parse_day(out.read_text(encoding="utf-8"), "planned.json")
    assert planned.requests == ()
    assert check(planned.clinic, planned.plan()) == ()
    assert picture.read_text(encoding="utf-8").startswith("<svg")


@pytest.mark.parametrize("event", sorted(path.name for path in (EXAMPLES / "events").glob("*.json")))
def test_every_example_event_is_answered_with_what_moves_and_the_objective(event: str, tmp_path: Path) -> None:
    planned, out = EXAMPLES / "planned.json", tmp_path / "replanned.json"
    result = run("replan", planned, EXAMPLES / "events" / event, "--seconds", "0.1", "--out", out)
    assert result.exit_code == 0, result.output
    assert "objective" in result.output
    replanned = parse_day(out.read_text(encoding="utf-8"), out.name)
    before = parse_day(planned.read_text(encoding="utf-8"), planned.name)
    assert {visit.id for visit in before.appointments} <= {visit.id for visit in replanned.appointments}


def test_a_late_client_is_moved_alone_and_the_reason_is_said(tmp_path: Path) -> None:
    result = run("replan", EXAMPLES / "planned.json", EXAMPLES / "events" / "late.json", "--seconds", "0.1")
    assert "The client is expected at" in result.output


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"days": 9}, "days: Input should be less than or equal to 7"),
        ({"date": "someday"}, "date: "),
        ({"surprise": 1}, "surprise: Extra inputs are not permitted"),
    ],
)
def test_a_day_that_is_wrong_is_refused_with_the_field_and_nothing_is_written(
    change: dict[str, object], said: str, tmp_path: Path
) -> None:
    day = json.loads((EXAMPLES / "day.json").read_text(encoding="utf-8")) | change
    given, out = tmp_path / "day.json", tmp_path / "out.json"
    given.write_text(json.dumps(day), encoding="utf-8")
    result = run("plan", given, "--out", out)
    assert result.exit_code == 2
    assert said in result.output.replace("\n", " ")
    assert not out.exists()


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("service", "levitation", "the clinic has no service 'levitation'"),
        ("preferred", "nobody", "the clinic has no provider 'nobody'"),
        ("history", [{"service": "levitation", "days_ago": 3}], "the clinic has no service 'levitation'"),
        ("history", [{"service": "peel", "days_ago": 0}], "0 days ago is a day of the document"),
        ("window", {"start": "12:00", "end": "09:00"}, "09:00 is not later than 12:00"),
        ("window", {"start": "12:00", "end": "2027-01-01T09:00"}, "does not lie within"),
        ("window", {"start": "noon", "end": "13:00"}, 'write a time such as "09:30"'),
        ("window", {"start": "T0930", "end": "13:00"}, 'write a time such as "09:30"'),
        ("window", {"start": "2026-12-01T09:30+05:00", "end": "13:00"}, 'write a time such as "09:30"'),
        ("window", {"start": "2026-02-30T09:30", "end": "13:00"}, "day is out of range for month"),
        ("wish", "0930Z", 'write a time such as "09:30"'),
        ("wish", "2031-01-01T09:30", "does not lie within the 1 day(s)"),
    ],
)
def test_a_request_that_is_wrong_is_refused_by_name(field: str, value: object, said: str, tmp_path: Path) -> None:
    day = json.loads((EXAMPLES / "day.json").read_text(encoding="utf-8"))
    day["requests"][0][field] = value
    given = tmp_path / "day.json"
    given.write_text(json.dumps(day), encoding="utf-8")
    result = run("plan", given)
    assert result.exit_code == 2
    assert said in result.output.replace("\n", " ")


def test_an_event_of_a_visit_that_is_not_there_is_refused(tmp_path: Path) -> None:
    event = {"event": {"kind": "late", "at": "09:00", "appointment": "nobody", "minutes": 10}}
    given = tmp_path / "event.json"
    given.write_text(json.dumps(event), encoding="utf-8")
    result = run("replan", EXAMPLES / "planned.json", given)
    assert result.exit_code == 2
    assert "unknown_appointment" in result.output


ASKS = {"id": "w", "client": "c", "service": "follow-up", "window": {"start": "12:00", "end": "16:00"}}


def replanned(event: dict[str, object], folder: Path, day: Path = EXAMPLES / "planned.json") -> Result:
    given = folder / "event.json"
    given.write_text(json.dumps({"event": event}), encoding="utf-8")
    return run("replan", day, given, "--seconds", "0", "--out", folder / "out.json")


@pytest.mark.parametrize(
    ("event", "said"),
    [
        ({"kind": "cancelled", "at": "T0930", "appointment": "v-16"}, 'write a time such as "09:30"'),
        ({"kind": "cancelled", "at": "2030-01-01T09:00", "appointment": "v-16"}, "does not lie within"),
        ({"kind": "provider_out", "at": "09:00", "provider": "willow", "start": "12:00", "end": "10:00"}, "not later"),
        (
            {"kind": "room_down", "at": "09:00", "room": "laser-1", "start": "2026-11-05T09:00", "end": "10:00"},
            "does not lie within",
        ),
        (
            {"kind": "device_down", "at": "09:00", "device": "laser-a", "start": "12:00", "end": "2026-12-02T10:00"},
            "does not lie within",
        ),
        (
            {
                "kind": "walk_in",
                "at": "12:00",
                "request": ASKS | {"window": {"start": "16:00", "end": "2026-12-08T19:00"}},
            },
            "does not lie within",
        ),
        ({"kind": "urgent", "at": "12:00", "request": ASKS | {"preferred": "nobody"}}, "no provider 'nobody'"),
        ({"kind": "urgent", "at": "12:00", "request": ASKS | {"service": "levitation"}}, "no service 'levitation'"),
        (
            {"kind": "walk_in", "at": "12:00", "request": ASKS | {"history": [{"service": "peel", "days_ago": 0}]}},
            "0 days ago is a day of the document",
        ),
    ],
)
def test_an_event_that_does_not_belong_to_the_day_is_refused_and_nothing_is_written(
    event: dict[str, object], said: str, tmp_path: Path
) -> None:
    result = replanned(event, tmp_path)
    assert result.exit_code == 2
    assert said in result.stderr
    assert not (tmp_path / "out.json").exists()


def test_who_waits_may_ask_again_under_the_same_id_and_nobody_else(tmp_path: Path) -> None:
    day = json.loads((EXAMPLES / "planned.json").read_text(encoding="utf-8")) | {"requests": [ASKS]}
    given = tmp_path / "day.json"
    given.write_text(json.dumps(day), encoding="utf-8")
    again = replanned({"kind": "walk_in", "at": "12:00", "request": ASKS}, tmp_path, given)
    assert again.exit_code == 0, again.output
    other = replanned({"kind": "walk_in", "at": "12:00", "request": ASKS | {"client": "another"}}, tmp_path, given)
    assert "the id 'w' is that of another request" in other.stderr
    assert "another'" not in other.stderr


def test_who_would_come_after_midnight_is_not_late_but_cancelled(tmp_path: Path) -> None:
    day = json.loads((EXAMPLES / "planned.json").read_text(encoding="utf-8"))
    last = max((visit for visit in day["appointments"]), key=lambda visit: str(visit["stages"][0]["start"]))
    assert last["stages"][0]["start"] >= "14:00"
    result = replanned({"kind": "late", "at": "09:00", "appointment": last["id"], "minutes": 600}, tmp_path)
    assert result.exit_code == 2
    assert "report that the visit is cancelled" in result.stderr


@pytest.mark.parametrize("name", ["[/red] x", "[bold]", ":smile:", "\\[x]"])
def test_names_are_printed_as_they_are_written(name: str, tmp_path: Path) -> None:
    day = json.loads((EXAMPLES / "day.json").read_text(encoding="utf-8"))
    for provider in day["clinic"]["providers"]:
        provider["name"] = name
    day["requests"][0]["id"] = name
    given, out = tmp_path / "day.json", tmp_path / "planned.json"
    given.write_text(json.dumps(day), encoding="utf-8")
    planned = run("plan", given, "--seconds", "0", "--out", out)
    assert planned.exit_code == 0, planned.output
    assert name in planned.stdout
    assert name in run("show", out).stdout
    assert name in replanned({"kind": "late", "at": "08:00", "appointment": name, "minutes": 300}, tmp_path, out).stdout
    assert f"visit nor a request {name!r}" in run("why-not", EXAMPLES / "planned.json", name, "15:00").stderr


def test_a_file_that_cannot_be_written_is_said_without_its_folder(tmp_path: Path) -> None:
    for option in ("--out", "--svg"):
        result = run("plan", EXAMPLES / "day.json", "--seconds", "0", option, tmp_path / "nowhere" / "x.json")
        assert result.exit_code == 2
        assert result.stderr == "unwritable: x.json cannot be written; check the folder and its rights\n"


def test_a_file_is_read_with_the_mark_that_some_programs_put_before_it(tmp_path: Path) -> None:
    given = tmp_path / "day.json"
    given.write_text((EXAMPLES / "day.json").read_text(encoding="utf-8"), encoding="utf-8-sig")
    assert run("show", given).exit_code == 0


def test_a_file_that_is_no_text_is_refused_with_what_to_do(tmp_path: Path) -> None:
    given = tmp_path / "day.json"
    given.write_text("{}", encoding="utf-16")
    assert run("show", given).stderr == "unreadable: day.json cannot be read; save it as text in UTF-8\n"


def test_what_is_wrong_within_a_list_is_not_told_as_a_list_too_short(tmp_path: Path) -> None:
    day = json.loads((EXAMPLES / "day.json").read_text(encoding="utf-8"))
    day["clinic"]["services"][1]["stages"][0]["minutes"] = 10_000
    given = tmp_path / "day.json"
    given.write_text(json.dumps(day), encoding="utf-8")
    said = run("plan", given).stderr
    assert "services.1.stages.0.minutes: Input should be less than or equal to 720" in said
    assert "at least 1 item" not in said


@pytest.mark.parametrize("status", ["booked", "confirmed", "arrived", "in_progress"])
def test_of_two_visits_booked_on_top_of_each_other_plan_finds_one_another_place(status: str, tmp_path: Path) -> None:
    day = json.loads((EXAMPLES / "planned.json").read_text(encoding="utf-8"))
    one, other = day["appointments"][:2]
    other["service"], other["window"] = one["service"], {"start": "00:00", "end": "24:00"}
    other["stages"], one["status"] = one["stages"], status
    given, out = tmp_path / "day.json", tmp_path / "planned.json"
    given.write_text(json.dumps(day), encoding="utf-8")
    result = run("plan", given, "--seconds", "0", "--out", out)
    assert result.exit_code == 0, result.output
    planned = parse_day(out.read_text(encoding="utf-8"), out.name)
    assert check(planned.clinic, planned.plan()) == ()
    assert len(planned.appointments) == len(day["appointments"])


def test_a_wish_that_is_impossible_is_answered_with_reasons_and_other_times() -> None:
    taken = run("why-not", EXAMPLES / "planned.json", "v-01", "07:00")
    assert taken.exit_code == 0, taken.output
    assert "08:30" in taken.output
    assert "Alternative 1: At " in taken.output
    visits = parse_day((EXAMPLES / "planned.json").read_text(encoding="utf-8"), "planned.json").appointments
    own = next(visit for visit in visits if visit.id == "v-01").stages[0].start
    assert "is possible" in run("why-not", EXAMPLES / "planned.json", "v-01", own).output


@pytest.mark.parametrize(
    ("visit", "start", "said"), [("nobody", "10:00", "unknown_visit"), ("v-01", "noon", "invalid_time")]
)
def test_a_wish_that_makes_no_sense_is_refused(visit: str, start: str, said: str) -> None:
    result = run("why-not", EXAMPLES / "planned.json", visit, start)
    assert result.exit_code == 2
    assert said in result.output


def test_a_file_that_is_missing_is_said_by_its_name_only(tmp_path: Path) -> None:
    result = run("plan", tmp_path / "nowhere.json")
    assert result.exit_code == 2
    assert "nowhere.json cannot be read" in result.output
    assert str(tmp_path) not in result.output


def test_a_day_says_what_a_client_has_on_days_before_and_after_it() -> None:
    document = json.loads((EXAMPLES / "day.json").read_text(encoding="utf-8"))
    document["requests"][0]["history"] = [{"service": "peel", "days_ago": days} for days in (4, -3)]
    read = parse_day(json.dumps(document), "day.json")
    assert [past.days_ago for past in read.asked()[0].history] == [4, -3]
    assert parse_day(read.model_dump_json(), "day.json") == read


def test_a_day_in_two_days_time_is_written_with_its_date() -> None:
    document = parse_day((EXAMPLES / "day.json").read_text(encoding="utf-8"), "day.json")
    for minute in (0, 575, 1440, 1441, 2 * 1440 + 545):
        assert document.minute(document.moment(minute)) == minute
