"""`medspa schedule roll` at the box: shown, written, taken back, and what it refuses."""

import datetime as dt
import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from edge.schedule.book import ScheduleBook
from edge.schedule.cli import app
from edge.schedule.domain import AppointmentRequest, Span, Status
from edge.schedule.ids import AppointmentId, ProviderId, ServiceId
from edge.schedule.nights import AGGREGATE
from edge.schedule.registry import demo_registry
from shared.clock import SystemClock
from shared.ids import ClientId
from tests.support.records import IDENTITY, BoxRecord, open_box_record

ZONE = "Europe/Vienna"


def run(*arguments: str | Path) -> Result:
    given = ["roll", *(str(argument) for argument in arguments)]
    return CliRunner().invoke(app, given, env={"COLUMNS": "200"})


def book_of(record: BoxRecord) -> ScheduleBook:
    return ScheduleBook(record.store, demo_registry(), record.ids, record.clock, ZONE)


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A box on whose day after the next but one a client has somebody else than the one they prefer, who is free."""
    record = open_box_record(tmp_path, SystemClock())
    identity = {"tenant": IDENTITY.tenant, "location": IDENTITY.location, "device": IDENTITY.device}
    (tmp_path / "data" / "identity.json").write_text(json.dumps(identity))
    (tmp_path / "box.toml").write_text(
        f'[edge.store]\nreserve_bytes = 1048576\n[edge.clinic]\ntimezone = "{ZONE}"\n[edge.rolling]\nseconds = 0.1\n',
        encoding="utf-8",
    )
    monkeypatch.chdir(tmp_path)
    book = book_of(record)
    day = book.today() + dt.timedelta(days=3)
    first, second = AppointmentId("first"), AppointmentId("second")
    for name, client in ((first, "Ada Canary"), (second, "Bo Canary")):
        wish = AppointmentRequest(
            name, ClientId(client), ServiceId("consultation"), Span(600, 630), ProviderId("cedar")
        )
        assert book.book_day(day, [wish], "desk") == 1
    book.record(day, lambda plan: plan.change_status(first, Status.CANCELLED, 0), "desk", "care")
    record.store.close()
    return tmp_path / "box.toml"


def types(config: Path) -> list[str]:
    """Return what the box's log holds of its nights."""
    record = open_box_record(config.parent)
    found = [event.fields.type for event in record.store.stream(AGGREGATE)]
    record.store.close()
    return found


def provider(config: Path) -> str:
    record = open_box_record(config.parent, SystemClock())
    book = book_of(record)
    visit = book.day(book.today() + dt.timedelta(days=3)).plan.appointments[AppointmentId("second")]
    record.store.close()
    return visit.providers[0]


def test_the_box_shows_writes_and_takes_back(config: Path) -> None:
    shown = run("--config", config, "--dry-run")
    assert shown.exit_code == 0, shown.output
    assert "1 of 1 visits move" in shown.output
    assert "better: preference 30.0" in shown.output
    assert "Nothing is written" in shown.output
    assert "Canary" not in shown.output
    assert (types(config), provider(config)) == ([], "laurel")
    done = run("--config", config)
    assert "Written; --undo takes it back." in done.output
    assert (types(config), provider(config)) == (["schedule.night_rolled"], "cedar")
    again = run("--config", config)
    assert "Nothing has changed since the latest roll; nobody moves." in again.output
    assert types(config) == ["schedule.night_rolled"]
    back = run("--config", config, "--undo")
    assert "Taken back: everybody is where they were on" in back.output
    assert (types(config)[1:], provider(config)) == (["schedule.night_undone"], "laurel")
    twice = run("--config", config, "--undo")
    assert twice.exit_code == 2
    assert "undone_before" in twice.output


def test_a_limit_that_is_given_goes_before_that_of_the_configuration(config: Path) -> None:
    told = run("--config", config, "--dry-run", "--threshold", "31")
    assert told.exit_code == 0, told.output
    assert "0 of 1 visits move" in told.output
    assert "30.0 points: earns less than a move is worth" in told.output


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "name a file of days, or a box with --config"),
        (("days.json", "--config", "box.toml"), "and not both"),
        (("days.json", "--dry-run"), "name it with --config"),
        (("days.json", "--undo"), "name it with --config"),
        (("--undo",), "name a file of days, or a box with --config"),
        (("--config", "box.toml", "--out", "x.json"), "go with a file of days"),
        (("--config", "box.toml", "--now", "09:00"), "go with a file of days"),
        (("--config", "box.toml", "--undo", "--dry-run"), "--undo goes with --config alone"),
        (("--config", "box.toml", "--undo", "--budget", "2"), "--undo goes with --config alone"),
    ],
)
def test_what_does_not_go_together_is_refused_with_what_to_do(arguments: Sequence[str], said: str) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert said in result.output
