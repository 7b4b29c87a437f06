"""Weights on record: learnt from what people accepted, applied, planned with, and taken back exactly."""

import datetime as dt
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import pytest

import edge.schedule.book
from edge.schedule.book import ScheduleBook
from edge.schedule.calibration import AGGREGATE
from edge.schedule.choices import LeftOut
from edge.schedule.deciding_policy import Deciding, KindLimits, Mode
from edge.schedule.domain import AppointmentRequest, Span, Status, WalkIn
from edge.schedule.ids import AppointmentId, ProviderId, ReplanId, ServiceId
from edge.schedule.registry import Registry
from edge.schedule.weights import UNIT, unit_points
from edge.schedule.weights_learnt import Verdict, learn
from shared.events.catalogue import proposals as told
from shared.ids import ClientId
from tests.edge.schedule.test_proposals import AT, TODAY, agreed, opened
from tests.support.records import BoxRecord

ASKED = ("filler", "follow-up", "laser-hair", "wrinkle-relaxer")
CEDAR = ProviderId("cedar")
WISHES = (660, 700, 740, 780, 820, 860, 900)
LATER = AppointmentRequest(
    AppointmentId("later"), ClientId("later"), ServiceId("filler"), Span(660, 1140), CEDAR, wish=780
)


@pytest.fixture(autouse=True)
def _unsearched(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(edge.schedule.book, "REPLAN_SECONDS", 0)


@pytest.fixture
def careful(clinic: Registry) -> Registry:
    """Return the clinic that has every walk-in looked at."""
    return clinic.model_copy(update={"deciding": Deciding(walk_in=KindLimits(at_least=Mode.SUGGEST))})


@pytest.fixture
def box(tmp_path: Path, careful: Registry) -> Iterator[tuple[ScheduleBook, BoxRecord]]:
    with opened(tmp_path, careful, visits=25) as both:
        yield both


def propose(book: ScheduleBook, request: AppointmentRequest) -> told.ReplanProposed:
    name, _ = book.propose(TODAY, WalkIn(AT, request), "desk")
    return book.day(TODAY).proposals.find(name).proposed


def liked(proposal: told.ReplanProposed) -> int:
    """Return the answer that people take who would wait two hours for the provider they prefer."""

    def disliked(choice: int) -> tuple[int, float]:
        worth = proposal.answers[choice].objective_after
        missed = worth.terms["preference"] / proposal.unit_points["preference"]
        return worth.walk_ins_unplaced, sum(worth.terms.values()) - worth.terms["preference"] + 120 * missed

    return min(range(len(proposal.answers)), key=disliked)


def live_through(book: ScheduleBook) -> None:
    """Let people who want the provider they prefer come in one after the other; each goes again at once."""
    for service, wish in product(ASKED, WISHES):
        name = f"{service}-{wish}"
        request = AppointmentRequest(
            AppointmentId(name), ClientId(name), ServiceId(service), Span(660, 1140), CEDAR, wish=wish
        )
        proposal = propose(book, request)
        book.accept(ReplanId(proposal.proposal), liked(proposal), "desk", agreed)
        book.change_status(request.id, Status.CANCELLED, "desk")


def test_what_people_accept_becomes_the_weights_that_the_box_plans_with_until_it_is_taken_back(
    box: tuple[ScheduleBook, BoxRecord], careful: Registry
) -> None:
    book, record = box
    before = propose(book, LATER)
    assert before.unit_points == unit_points(careful.weights)
    assert before.answers[0].objective_after.terms["preference"] == 30
    book.reject(ReplanId(before.proposal), "desk")
    live_through(book)
    decisions = book.learnt.decisions(TODAY)
    assert len(decisions.choices) >= 20
    assert decisions.left_out[LeftOut.REJECTED] == 1
    learnt = learn(careful.weights, book.learnt.weights, decisions.choices)
    change = next(change for change in learnt.changes if change.name == "preference")
    assert change.verdict in (Verdict.KNOWN, Verdict.BOUNDED)
    assert change.new > 60
    assert book.learnt.planning() == careful

    assert book.learnt.calibrate({}, "desk", learnt.weights)
    assert not book.learnt.calibrate({}, "desk", learnt.weights)
    after = propose(book, LATER)
    assert after.unit_points["preference"] == change.new
    assert after.unit_points[UNIT] == 1
    assert after.answers[0].objective_after.terms["preference"] == 0
    other = ScheduleBook(record.store, careful, record.ids, record.clock, "Europe/Vienna")
    assert other.learnt.weights == learnt.weights
    assert other.learnt.planning().weights.preference == change.new

    other.learnt.undo("desk")
    assert book.learnt.weights == {}
    assert book.learnt.planning() == careful
    again = propose(book, LATER)
    assert again.unit_points == before.unit_points
    assert [answer.objective_after for answer in again.answers] == [answer.objective_after for answer in before.answers]
    types = [event.fields.type for event in record.store.stream(AGGREGATE)]
    assert types == ["schedule.estimates_calibrated", "schedule.calibration_undone"]


def test_what_people_took_back_or_decided_over_a_year_ago_tells_nothing(box: tuple[ScheduleBook, BoxRecord]) -> None:
    book, _ = box
    proposal = propose(book, LATER)
    name = ReplanId(proposal.proposal)
    book.accept(name, 0, "desk", agreed)
    assert len(book.learnt.decisions(TODAY + dt.timedelta(days=365)).choices) == 1
    assert book.learnt.decisions(TODAY + dt.timedelta(days=366)).choices == ()
    book.undo(name, "desk")
    found = book.learnt.decisions(TODAY)
    assert (found.choices, found.left_out) == ((), {LeftOut.TAKEN_BACK: 1})


def test_a_day_with_proposals_can_be_closed(box: tuple[ScheduleBook, BoxRecord]) -> None:
    book, _ = box
    propose(book, LATER)
    tomorrow = TODAY + dt.timedelta(days=1)
    assert book.learnt.not_closed(tomorrow) == [TODAY]
    assert book.learnt.close_day(TODAY, tomorrow, "desk").day == TODAY
