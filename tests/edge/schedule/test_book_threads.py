"""The solver's share of the machine."""

import datetime as dt
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

import edge.schedule.book
from edge.schedule.book import ScheduleBook
from edge.schedule.booking import synthesise_day
from edge.schedule.domain import ProviderOut, Span
from edge.schedule.ids import ProviderId
from edge.schedule.registry import Registry
from edge.schedule.replans import SolverStatus
from edge.threads import Priority, ThreadBudget
from shared.events.catalogue.proposals import AnswerPart
from tests.support.records import BoxRecord, open_box_record

TODAY = dt.date(2026, 3, 2)
OUT = ProviderOut(600, ProviderId("laurel"), Span(600, 1140))


class NotedBudget(ThreadBudget):
    """A budget that remembers who asked for how much."""

    def __init__(self, total: int) -> None:
        super().__init__(total)
        self.asked: list[tuple[Priority, int]] = []

    def take(self, priority: Priority, wanted: int, patience_seconds: float) -> AbstractContextManager[int]:
        self.asked.append((priority, wanted))
        return super().take(priority, wanted, patience_seconds)


@pytest.fixture
def record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[BoxRecord]:
    monkeypatch.setattr(edge.schedule.book, "REPLAN_SECONDS", 0.05)
    record = open_box_record(tmp_path)
    yield record
    record.store.close()


def filled(record: BoxRecord, clinic: Registry, budget: ThreadBudget) -> ScheduleBook:
    book = ScheduleBook(record.store, clinic, record.ids, record.clock, "Europe/Vienna", budget)
    book.book_day(TODAY, synthesise_day(clinic, TODAY, 1, 40), "desk")
    return book


def proposed(book: ScheduleBook) -> AnswerPart:
    """Return what is proposed when a provider is out."""
    name, _ = book.propose(TODAY, OUT, "desk")
    return book.day(TODAY).proposals.find(name).proposed.answers[0]


def test_a_replan_asks_for_the_whole_machine_and_gives_it_back(record: BoxRecord, clinic: Registry) -> None:
    budget = NotedBudget(3)
    assert proposed(filled(record, clinic, budget)).moves
    assert budget.asked == [(Priority.SOLVER, 3)]
    assert budget.used(Priority.SOLVER) == 0


def test_while_photographs_need_every_thread_the_repair_answers_alone(record: BoxRecord, clinic: Registry) -> None:
    budget = NotedBudget(1)
    book = filled(record, clinic, budget)
    with budget.take(Priority.LIVE, 1, 0):
        answer = proposed(book)
    assert answer.solver_status == SolverStatus.REPAIR.value
    assert answer.moves
