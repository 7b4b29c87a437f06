"""The registry as the tablet sees it over a real record: with names, times and what the board shows afterwards."""

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import edge.schedule.book
from edge.api import registry_schemas as shown
from edge.api import schedule_schemas as sched
from edge.api.ports import Actor
from edge.faces.people import FilePeople
from edge.faces.registry import RegistryDesk
from edge.review.licences import RegistryLicences
from edge.schedule.book import ScheduleBook
from edge.schedule.changing.book import RegistryBook, clinic_date
from edge.schedule.changing.editor import RegistryEditor
from edge.schedule.domain import AppointmentRequest, Span
from edge.schedule.errors import NotAllowed
from edge.schedule.ids import AppointmentId, ProviderId, ServiceId
from edge.schedule.orchestration.book import ChecklistBook
from edge.schedule.waitlist_book import WaitlistBook
from shared.http.errors import Refused
from tests.support.records import BoxRecord, open_box_record
from tests.support.slots import board_of

TODAY = dt.date(2026, 3, 2)
CEDAR = Actor("cedar", "Dr. Cedar")


class Tablet:
    """The clinic's page and the board on one record, with a client who comes to Dr. Cedar at two."""

    def __init__(self, record: BoxRecord) -> None:
        self.registry = RegistryBook(record.store, record.ids, None, clinic_date(record.clock, "Europe/Vienna"))
        self.book = ScheduleBook(record.store, self.registry, record.ids, record.clock, "Europe/Vienna")
        self.people = FilePeople(self.registry)
        self.clinic = RegistryDesk(RegistryEditor(self.registry, self.book), self.people)
        self.board = board_of(self.book, record)
        client = record.new_client("Ada Canary", consents=False)
        wish = AppointmentRequest(
            AppointmentId("v"), client, ServiceId("consultation"), Span(840, 1140), ProviderId("cedar")
        )
        assert self.book.book_day(TODAY, [wish], "desk") == 1

    def change(self, **fields: Any) -> shown.RegistryEdit:
        state = self.clinic.registry()
        document: Any = state.document
        document["providers"][0] |= fields
        return shown.RegistryEdit(version=state.version, document=document)

    def conflict(self) -> str | None:
        (visit,) = self.board.day(TODAY).appointments
        return visit.conflict


@pytest.fixture
def record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[BoxRecord]:
    monkeypatch.setattr(edge.schedule.book, "REPLAN_SECONDS", 0)
    record = open_box_record(tmp_path)
    yield record
    record.store.close()


@pytest.fixture
def tablet(record: BoxRecord) -> Tablet:
    return Tablet(record)


def test_a_visit_in_conflict_is_shown_on_the_board_until_the_day_is_planned_again(tablet: Tablet) -> None:
    edit = tablet.change(shift={"start": "09:00", "end": "14:00"})
    effect = tablet.clinic.check(shown.RegistryWish(document=edit.document))
    (hurt,) = effect.hurt
    assert (hurt.starts_at, hurt.day) == (dt.datetime(2026, 3, 2, 13, tzinfo=dt.UTC), TODAY)
    assert "Canary" not in effect.model_dump_json()
    assert tablet.conflict() is None
    state = tablet.clinic.change(edit.model_copy(update={"confirmed": [hurt.id]}), CEDAR)
    assert tablet.conflict() == "Dr. Cedar does not work then."
    assert tablet.board.day(TODAY).providers[0].working[0].ends_at == dt.datetime(2026, 3, 2, 11, 30, tzinfo=dt.UTC)
    made = tablet.board.propose(sched.DisruptionRequest(day=TODAY, disruption=sched.ClinicChanged()), CEDAR)
    assert (made.cause, made.kind) == ("The clinic has changed", "clinic_changed")
    assert tablet.conflict() is None
    (change,) = state.changes
    assert (change.made_by, change.undoable) == ("Dr. Cedar", True)
    undone = tablet.clinic.undo(shown.RegistryUndo(version=state.version, change=change.id), CEDAR)
    assert undone.changes[0].undone_by == "Dr. Cedar"


def test_what_is_yet_to_come_is_shown_apart_and_looked_at_as_from_its_day(tablet: Tablet, record: BoxRecord) -> None:
    leaves = TODAY + dt.timedelta(days=1)
    edit = tablet.change(away=True).model_copy(update={"valid_from": leaves, "drafted_on": TODAY})
    wish = shown.RegistryWish(document=edit.document, drafted_on=TODAY, valid_from=leaves)
    assert tablet.clinic.check(wish).hurt == []
    state = tablet.clinic.change(edit, CEDAR)
    (coming,) = state.to_come
    assert (coming.valid_from, coming.made_by, coming.undoable, state.changes) == (leaves, "Dr. Cedar", True, [])
    first: list[Any] = [tablet.clinic.registry(day).document["providers"] for day in (None, leaves, TODAY)]
    assert [providers[0].get("away", False) for providers in first] == [False, True, False]
    assert [tablet.clinic.registry(day).shown_on for day in (None, leaves, dt.date.min)] == [TODAY, leaves, TODAY]
    boards = [tablet.board.day(day).providers[0] for day in (TODAY, leaves)]
    assert [(len(one.working), len(one.absences)) for one in boards] == [(2, 0), (0, 1)]
    assert tablet.conflict() is None
    record.clock.advance(24 * 3600)
    state = tablet.clinic.registry()
    assert (state.to_come, [one.valid_from for one in state.changes]) == ([], [leaves])
    assert state.changes[0].undoable
    passed = edit.model_copy(update={"version": state.version})
    with pytest.raises(NotAllowed, match="from tomorrow on"):
        tablet.clinic.change(passed.model_copy(update={"valid_from": TODAY}), CEDAR)


def test_a_document_that_is_none_is_refused_with_its_field(tablet: Tablet) -> None:
    edit = tablet.change(shift={"start": "18:00", "end": "09:00"})
    effect = tablet.clinic.check(shown.RegistryWish(document=edit.document))
    assert [fault.message for fault in effect.faults] == ["`end` must be later than `start`"]
    with pytest.raises(Refused) as refusal:
        tablet.clinic.change(edit, CEDAR)
    assert refusal.value.field == "providers.cedar.shift"


def test_everything_that_asks_the_registry_has_a_change_at_once(tablet: Tablet, record: BoxRecord) -> None:
    """Signers, people, the waitlist's services and the checklist read the registry that counts, none a copy."""
    waitlist, licences = WaitlistBook(record.store, tablet.book, record.ids), RegistryLicences(tablet.registry)
    state = tablet.clinic.registry()
    document: Any = state.document
    document["providers"][2]["skills"] = ["injectable", "laser", "microneedling", "prep"]
    document["providers"].append({**document["providers"][0], "id": "fern", "name": "Dr. Fern"})
    document["services"][0] |= {
        "name": "First talk",
        "checklist": [{"id": "tea", "title": "Tea is ready", "owner": "front_desk", "due": -5}],
    }
    tablet.clinic.change(shown.RegistryEdit(version=state.version, document=document), CEDAR)
    assert [signer.id for signer in licences.signers()] == ["cedar", "laurel", "aspen", "fern"]
    assert tablet.people.present()["fern"] == "Dr. Fern"
    assert waitlist.clinic.registry.services[0].name == "First talk"
    facts: Any = _NoFacts()
    assert [task.template.title for task in ChecklistBook(record.store, tablet.book, facts).day(TODAY).tasks] == [
        "Tea is ready"
    ]


class _NoFacts:
    def consented(self, client: str) -> bool:
        return False

    def photographed(self, client: str, day: dt.date) -> bool:
        return False


def test_a_file_is_shown_as_what_counts_until_the_first_change(tablet: Tablet) -> None:
    assert tablet.clinic.registry().file == shown.RegistryFile(state=shown.ClinicFile.COUNTS)
    tablet.clinic.change(tablet.change(name="Dr. Sequoia"), Actor("station-1", "Clinic staff"))
    state = tablet.clinic.registry()
    assert (state.file.state, state.file.news) == (shown.ClinicFile.DIFFERS, False)
    assert state.changes[0].made_by == "Clinic staff"
    decided = shown.RegistryFileDecision(version=state.version, take=True)
    assert tablet.clinic.decide_file(decided, CEDAR).file.state is shown.ClinicFile.SAME
