"""When the box rolls by itself, and what keeps it waiting."""

from typing import cast

import pytest
from pydantic import ValidationError
from structlog.testing import capture_logs

from edge.config import EdgeSettings
from edge.record import Record
from edge.schedule.horizon_situation import Horizon
from edge.schedule.night_book import Night
from edge.schedule.night_workers import NightRoller
from edge.schedule.registry import Registry
from edge.threads import NoThreadFree, Priority, ThreadBudget
from edge.wiring.clinic import Clinic
from edge.wiring.core import Core
from shared.vocabulary import ClockQuality
from tests.edge.schedule.night_box import THURSDAY, WEDNESDAY, Box
from tests.support.records import BoxRecord


@pytest.fixture
def box(record: BoxRecord, clinic: Registry) -> Box:
    return Box(record, clinic)


def test_while_photographs_need_every_thread_the_night_waits(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge.schedule.night_book._PATIENCE_SECONDS", 0)
    box.could_be_better(WEDNESDAY)
    box.at_night()
    with box.threads.take(Priority.LIVE, 1, 0), pytest.raises(NoThreadFree):
        box.nights.step()
    assert box.rolls().moves
    assert box.threads.used(Priority.SOLVER) == 0


def test_the_worker_says_how_many_moved_and_tries_again_after_a_booking(
    box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    box.could_be_better(WEDNESDAY)
    box.at_night()
    roller, look = NightRoller(box.nights, box.record.clock), box.nights.look

    def and_somebody_books() -> Night:
        monkeypatch.setattr(box.nights, "look", look)
        night = look()
        box.books(THURSDAY, "meanwhile")
        return night

    monkeypatch.setattr(box.nights, "look", and_somebody_books)
    with capture_logs() as lines:
        roller._step()
        roller._step()
        roller._step()
    assert [line["event"] for line in lines] == ["night_not_rolled", "night_rolled"]
    assert (lines[0]["code"], lines[1]["moves"]) == ("day_changed", 1)


def test_by_a_clock_that_is_not_believed_nothing_is_rolled(box: Box) -> None:
    box.at_night()
    box.record.clock.believed = ClockQuality.SUSPECT
    head = box.head
    NightRoller(box.nights, box.record.clock)._step()
    assert box.head == head


def test_the_limits_are_those_of_the_configuration_and_wrong_ones_are_refused(
    record: BoxRecord, clinic: Registry
) -> None:
    assert not EdgeSettings().rolling.enabled
    told_so = EdgeSettings.model_validate({"rolling": {"enabled": True, "frozen_hours": 12, "budget": 2}})
    assert Box(record, clinic, told_so.rolling).nights.horizon == Horizon(budget=2, frozen_minutes=720, seconds=10.0)
    for wrong in ({"hour": 24}, {"days": 0}, {"days": 8}, {"again": 0.5}, {"seconds": 0}, {"surprise": 1}):
        with pytest.raises(ValidationError):
            EdgeSettings.model_validate({"rolling": wrong})


@pytest.mark.parametrize("enabled", [True, False])
def test_the_box_rolls_by_itself_only_where_the_clinic_wants_it(record: BoxRecord, enabled: bool) -> None:
    settings = EdgeSettings.model_validate({"rolling": {"enabled": enabled}})
    clinic = Clinic(Core(settings, "test", record.clock, record.ids, cast("Record", record), ThreadBudget(1)))
    assert (clinic.night_roller is not None) is enabled
