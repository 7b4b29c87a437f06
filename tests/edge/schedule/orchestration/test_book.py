"""Checklists on record: folded from the log, refused as a whole, the same after a restart."""

import datetime as dt
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import edge.schedule.book
from edge.api.ports import Actor
from edge.api.schedule_schemas import RoomOut, RunsLate
from edge.faces.checklist import BoxFacts, ChecklistDesk
from edge.schedule.book import ScheduleBook
from edge.schedule.domain import AppointmentRequest, ProviderOut, Span, Status
from edge.schedule.errors import BrokenFold, NotAllowed, UnknownName
from edge.schedule.ids import AppointmentId, ProviderId, ServiceId
from edge.schedule.orchestration.book import ChecklistBook
from edge.schedule.orchestration.checklist import Checklist
from edge.schedule.orchestration.tasks import Task, TaskState
from edge.schedule.orchestration.triggers import ProposalKind
from edge.schedule.registry import demo_registry
from edge.visits.library import CaptureLibrary
from shared.events.catalogue.checklist import SkipReason, TaskReopened
from shared.events.catalogue.schedule import AppointmentCancelled
from shared.ids import ClientId
from shared.vocabulary import ConsentPurpose
from tests.support.records import BoxRecord, open_box_record
from tests.support.replanning import replanned

V = AppointmentId("v")
ACTOR = Actor("staff-1", "Jo")


class Clinic:
    """A box with one visit an hour from now, of a client who consented."""

    def __init__(self, record: BoxRecord) -> None:
        self.record = record
        self.schedule = ScheduleBook(record.store, demo_registry(), record.ids, record.clock, "Europe/Vienna")
        library = CaptureLibrary(record.store, record.vault, record.clients)
        facts = BoxFacts(record.consent, library, self.schedule.zone)
        self.book = ChecklistBook(record.store, self.schedule, facts)
        self.desk = ChecklistDesk(self.book, record.register)
        self.today = self.schedule.today()

    def book_visit(self, client: ClientId) -> None:
        now = self.schedule.now()
        start = -(-(now.hour * 60 + now.minute + 60) // 5) * 5
        wish = AppointmentRequest(V, client, ServiceId("wrinkle-relaxer"), Span(start, start + 240))
        assert self.schedule.book_day(self.today, [wish], "desk") == 1

    def task(self, name: str) -> Task:
        return next(task for task in self.book.day(self.today).tasks if task.template.id == name)


@pytest.fixture
def clinic(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Clinic]:
    monkeypatch.setattr(edge.schedule.book, "REPLAN_SECONDS", 0)
    record = open_box_record(tmp_path)
    clinic = Clinic(record)
    clinic.book_visit(record.new_client("Ada Canary"))
    yield clinic
    record.store.close()


def test_marks_are_the_same_after_a_restart_and_say_who_and_when(clinic: Clinic) -> None:
    clinic.book.do(clinic.today, V, "payment", "staff-1")
    clinic.book.skip(clinic.today, V, "prep", SkipReason.CLIENT_DECLINED, "staff-2")
    clinic.book.do(clinic.today, V, "room", "staff-1")
    clinic.book.reopen(clinic.today, V, "room", "staff-2")
    before = clinic.book.day(clinic.today)
    assert Clinic(clinic.record).book.day(clinic.today) == before
    states = {task.template.id: task.state for task in before.tasks}
    assert (states["payment"], states["prep"], states["room"]) == (
        TaskState.DONE,
        TaskState.SKIPPED,
        TaskState.PENDING,
    )
    mark = clinic.task("payment").mark
    assert mark is not None
    assert (mark.by, mark.at) == ("staff-1", before.now)


def test_consent_on_record_completes_the_forms_and_an_unregistered_client_has_none(clinic: Clinic) -> None:
    assert clinic.task("forms").by_itself
    client = clinic.book.day(clinic.today).plan.appointments[V].client
    clinic.record.consent.withdraw(client, ConsentPurpose.TREATMENT_RECORD, "asked", "desk")
    assert not clinic.task("forms").by_itself


def test_what_is_repeated_gives_no_second_event(clinic: Clinic) -> None:
    clinic.book.do(clinic.today, V, "payment", "staff-1")
    head = clinic.record.store.head()
    clinic.book.do(clinic.today, V, "payment", "staff-1")
    clinic.book.do(clinic.today, V, "forms", "staff-1")
    clinic.book.reopen(clinic.today, V, "room", "staff-1")
    assert clinic.record.store.head() == head
    clinic.book.skip(clinic.today, V, "room", SkipReason.NO_TIME, "staff-1")
    head = clinic.record.store.head()
    clinic.book.skip(clinic.today, V, "room", SkipReason.NO_TIME, "staff-1")
    assert clinic.record.store.head() == head


def skip(book: ChecklistBook, task: str) -> None:
    book.skip(book.schedule.today(), V, task, SkipReason.NO_TIME, "staff-1")


def do(book: ChecklistBook, task: str) -> None:
    book.do(book.schedule.today(), V, task, "staff-1")


def reopen(book: ChecklistBook, task: str) -> None:
    book.reopen(book.schedule.today(), V, task, "staff-1")


@pytest.mark.parametrize(
    ("how", "task", "error"),
    [
        (do, "photographs", NotAllowed),
        (reopen, "forms", NotAllowed),
        (skip, "forms", NotAllowed),
        (skip, "payment", NotAllowed),
        (do, "levitation", UnknownName),
    ],
)
def test_what_cannot_be_is_refused_and_leaves_no_event(
    clinic: Clinic, how: Callable[[ChecklistBook, str], None], task: str, error: type[Exception]
) -> None:
    do(clinic.book, "payment")
    head = clinic.record.store.head()
    with pytest.raises(error):
        how(clinic.book, task)
    assert clinic.record.store.head() == head


def test_tasks_of_a_day_long_gone_are_not_marked(clinic: Clinic) -> None:
    clinic.record.clock.advance(40 * 24 * 3600)
    with pytest.raises(NotAllowed, match="within a month"):
        clinic.book.do(clinic.today, V, "payment", "staff-1")


def test_a_replan_moves_the_times_and_the_marks_stay(clinic: Clinic) -> None:
    clinic.book.do(clinic.today, V, "payment", "staff-1")
    before, plan = clinic.task("room").due, clinic.book.day(clinic.today).plan.appointments[V]
    for provider in plan.providers:
        out = ProviderOut(0, ProviderId(provider), Span(0, 24 * 60))
        replanned(clinic.schedule, clinic.today, out)
    after = clinic.book.day(clinic.today).plan.appointments[V]
    assert clinic.task("room").due - before == after.start - plan.start
    assert after.stages != plan.stages
    assert clinic.task("payment").state is TaskState.DONE


def test_its_version_changes_with_all_that_the_day_is_derived_from_and_with_the_minute(clinic: Clinic) -> None:
    def changed() -> bool:
        versions.append(clinic.book.version(clinic.today))
        return versions[-1] != versions[-2]

    versions = [clinic.book.version(clinic.today)]
    assert not changed()
    clinic.book.do(clinic.today, V, "payment", "staff-1")
    assert changed()
    clinic.schedule.change_status(V, Status.ARRIVED, "desk")
    assert changed()
    clinic.record.new_client("Ben Canary", consents=True)
    assert changed()
    clinic.record.clock.advance(60)
    assert changed()
    assert clinic.book.version(clinic.today + dt.timedelta(days=1)) != versions[-1]
    assert not changed()


def test_a_fold_refuses_what_is_not_a_checklists(clinic: Clinic) -> None:
    day = Checklist(clinic.today)
    with pytest.raises(BrokenFold):
        day.apply(AppointmentCancelled(day=clinic.today, appointment="v", at=1))
    with pytest.raises(BrokenFold):
        day.apply(TaskReopened(day=clinic.today, appointment="v", task="room", by="staff-1", at=1))


def test_the_page_shows_names_states_and_proposals_and_tomorrow_has_none(clinic: Clinic) -> None:
    clinic.schedule.change_status(V, Status.ARRIVED, "desk")
    clinic.record.clock.advance(70 * 60)
    clinic.desk.do(clinic.today, V, "prep", ACTOR)
    shown = clinic.desk.skip(clinic.today, V, "payment", SkipReason.NOT_NEEDED, ACTOR)
    (visit,) = shown.visits
    assert (visit.client_name, visit.settled) == ("Ada Canary", 5)
    states = {task.id: (task.state, task.reason) for task in visit.tasks}
    assert states["payment"] == (TaskState.SKIPPED, SkipReason.NOT_NEEDED)
    assert states["room"] == (TaskState.OVERDUE, None)
    assert visit.overdue == sum(task.state is TaskState.OVERDUE for task in visit.tasks)
    (proposal,) = shown.proposals
    assert proposal.kind is ProposalKind.ROOM_NOT_READY
    assert isinstance(proposal.disruption, RoomOut)
    shown = clinic.desk.reopen(clinic.today, V, "prep", ACTOR)
    assert isinstance(shown.proposals[0].disruption, RunsLate)
    assert clinic.desk.day(clinic.today + dt.timedelta(days=1)).visits == []
