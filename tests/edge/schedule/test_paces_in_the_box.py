"""Paces on record: planned with from the calibration on, told to managers alone, and taken back exactly."""

import datetime as dt
import json
from pathlib import Path

import pytest

import edge.schedule.book
from edge.api.openapi import document
from edge.faces.people import FilePeople
from edge.faces.registry import RegistryDesk
from edge.schedule.book import ScheduleBook
from edge.schedule.booking import plan_day, synthesise_day
from edge.schedule.changing.book import RegistryBook, clinic_date
from edge.schedule.changing.editor import RegistryEditor
from edge.schedule.checker import check
from edge.schedule.domain import AppointmentRequest, ProviderOut, Span
from edge.schedule.history_document import parse_history
from edge.schedule.ids import AppointmentId, ProviderId, ReplanId, ServiceId
from edge.schedule.insertion import survey
from edge.schedule.lengths import as_booked
from edge.schedule.pace_words import pace_sentences
from edge.schedule.paces import Pace, estimate_paces
from edge.schedule.registry import Registry
from edge.schedule.replan import SolverLimits, replan
from edge.schedule.whynot import Refusal, why_not
from shared.ids import ClientId
from tests.edge.schedule.paced import with_paces
from tests.support.records import BoxRecord
from tests.support.replanning import replanned

ZONE = "Europe/Vienna"
TODAY = dt.date(2026, 3, 2)
TOMORROW = TODAY + dt.timedelta(days=1)
CEDAR, CONSULTATION = ProviderId("cedar"), ServiceId("consultation")
PACES = (
    Pace(CEDAR, None, 134, 100, 1.22, 1.45, 210, counts=True),
    Pace(CEDAR, ServiceId("filler"), 88, 100, 0.8, 0.95, 84, counts=True),
    Pace(ProviderId("laurel"), None, 104, 100, 0.95, 1.13, 9, counts=False),
)


@pytest.fixture
def registry(record: BoxRecord) -> RegistryBook:
    return RegistryBook(record.store, record.ids, None, clinic_date(record.clock, ZONE))


@pytest.fixture
def book(record: BoxRecord, registry: RegistryBook) -> ScheduleBook:
    return ScheduleBook(record.store, registry, record.ids, record.clock, ZONE)


def wish(name: str) -> AppointmentRequest:
    return AppointmentRequest(AppointmentId(name), ClientId(name), CONSULTATION, Span(540, 1080), CEDAR)


def minutes(book: ScheduleBook, name: str) -> int:
    visit = book.day(TOMORROW).plan.appointments[AppointmentId(name)]
    assert visit.providers == (CEDAR,)
    return visit.end - visit.start


def test_new_visits_are_as_long_as_whoever_serves_takes_until_it_is_taken_back(book: ScheduleBook) -> None:
    before = book.learnt.planning()
    book.book_day(TOMORROW, [wish("before")], "desk")
    assert book.learnt.calibrate({}, "desk", {}, PACES)
    assert not book.learnt.calibrate({}, "desk", {}, PACES)
    book.book_day(TOMORROW, [wish("after")], "desk")
    assert (minutes(book, "before"), minutes(book, "after")) == (30, 40)
    booked = as_booked(book.learnt.planning(), book.day(TOMORROW).plan)
    assert not check(booked.registry, booked.plan)
    book.learnt.undo("desk")
    assert book.learnt.planning() == before
    assert book.learnt.paces == ()
    book.book_day(TOMORROW, [wish("again")], "desk")
    assert [minutes(book, name) for name in ("before", "after", "again")] == [30, 40, 30]


def test_a_visit_that_a_replan_gives_to_somebody_else_takes_as_long_as_they_do(
    book: ScheduleBook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(edge.schedule.book, "REPLAN_SECONDS", 0)
    book.learnt.calibrate({}, "desk", {}, PACES)
    book.book_day(TOMORROW, [wish("v")], "desk")
    assert minutes(book, "v") == 40
    record = replanned(book, TOMORROW, ProviderOut(480, CEDAR, Span(480, 1140)))
    visit = book.day(TOMORROW).plan.appointments[AppointmentId("v")]
    assert (visit.providers, visit.end - visit.start) == (("laurel",), 30)
    book.undo(ReplanId(record.reported.replan), "desk")
    assert minutes(book, "v") == 40


def test_a_box_that_was_off_plans_with_the_same_paces(record: BoxRecord, book: ScheduleBook) -> None:
    book.learnt.calibrate({}, "desk", {}, PACES)
    clinic = RegistryBook(record.store, record.ids, None, clinic_date(record.clock, ZONE))
    again = ScheduleBook(record.store, clinic, record.ids, record.clock, ZONE)
    assert again.learnt.paces == PACES
    assert again.learnt.planning() == book.learnt.planning()


def test_the_clinics_page_tells_each_pace_in_words(book: ScheduleBook, registry: RegistryBook) -> None:
    desk = RegistryDesk(RegistryEditor(registry, book), FilePeople(registry))
    assert desk.registry().paces == []
    book.learnt.calibrate({}, "desk", {}, PACES)
    shown = desk.registry()
    assert [(one.provider, one.service, one.counts, one.text) for one in shown.paces] == [
        ("cedar", None, True, "takes 34% longer, from 210 visits."),
        ("cedar", "filler", True, "takes 12% less time for Dermal filler, from 84 visits."),
        (
            "laurel",
            None,
            False,
            "stays at 100% of a service's length. Told by 9 visits, but not clearly: from 95% to 113%.",
        ),
    ]
    # What is edited and saved is the registry as people wrote it: learnt paces are no part of it.
    assert "pace" not in json.dumps(shown.document)


def test_paces_leave_the_box_by_the_clinics_page_alone() -> None:
    described = json.loads(document())
    schemas, paths = described["components"]["schemas"], described["paths"]
    holding = {name for name, schema in schemas.items() if "pace" in json.dumps(schema).lower().replace("space", "")}
    assert holding == {"ProviderPace", "RegistryState"}
    using = {path for path, what in paths.items() if "RegistryState" in json.dumps(what)}
    assert using == {f"/api/clinic/registry{end}" for end in ("", "/undo", "/file")}


def test_no_reason_tells_how_long_somebody_takes(clinic: Registry) -> None:
    unlike = with_paces(clinic, {provider.id: 134 for provider in clinic.providers})
    day = plan_day(unlike, synthesise_day(unlike, TODAY, 1, 60), TODAY)
    answer = replan(
        unlike, day, ProviderOut(600, CEDAR, Span(600, 900)), ReplanId("r"), lambda: 0.0, SolverLimits(seconds=0)
    )
    told = [move.reason.sentence for move in answer.moves]
    situation = survey(unlike, day, 0)
    for start in range(540, 1080, 60):
        refusal = why_not(situation, wish("new"), start)
        if isinstance(refusal, Refusal):
            told += [one.sentence for one in (*refusal.obstacles, *refusal.alternatives)]
    assert told
    assert not [text for text in told if "%" in text or "pace" in text or "134" in text]


def test_the_example_tells_who_takes_longer_and_from_how_many_visits(clinic: Registry) -> None:
    path = Path("edge/schedule/examples/paces.json")
    past = parse_history(path.read_text(encoding="utf-8"), path.name).history(clinic)
    told = pace_sentences(clinic, estimate_paces(clinic, past))
    assert "Nurse Willow takes 13% longer, from 121 visits." in told
    assert "Dr. Laurel takes 13% less time, from 108 visits." in told
