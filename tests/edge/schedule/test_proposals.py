"""A replan as a decision: proposed, accepted or rejected, edited, worked out again, taken back; never half of it."""

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import edge.schedule.book
from edge.schedule.book import ScheduleBook
from edge.schedule.booking import synthesise_day
from edge.schedule.checker import check_replan
from edge.schedule.deciding_policy import Deciding, KindLimits, Mode
from edge.schedule.domain import AddOn, Cancelled, Disruption, Late, MoveWanted, ProviderOut, RoomDown, Span, Status
from edge.schedule.errors import BrokenFold, NotAllowed, UnknownName
from edge.schedule.ids import AppointmentId, ProviderId, ReplanId, RoomId, ServiceId
from edge.schedule.pinning import Pin, PinRefused
from edge.schedule.proposals import State
from edge.schedule.registry import Registry, demo_registry
from edge.schedule.schedule import Schedule
from edge.schedule.whynot import Possible, Refusal
from shared.errors import Rejected
from shared.events.catalogue import proposals as told
from shared.http.errors import Forbidden
from tests.support.clocks import ManualClock
from tests.support.records import BoxRecord, open_box_record

TODAY = dt.date(2026, 3, 2)
AT = 10 * 60
"""The box's clock says so at the clinic."""
LOOKED_AT = {
    name: KindLimits(at_least=Mode.SUGGEST)
    for name, field in Deciding.model_fields.items()
    if field.annotation is KindLimits
}
SICK = ProviderOut(AT, ProviderId("laurel"), Span(AT, 19 * 60))


def agreed() -> None:
    """Let a manager agree."""


def not_a_manager() -> None:
    raise Forbidden("not_permitted", "Only a manager may decide this.")


@contextmanager
def opened(folder: Path, clinic: Registry, visits: int = 30, seed: int = 1) -> Iterator[tuple[ScheduleBook, BoxRecord]]:
    """Open a book with a day of visits, two thirds of them told their time."""
    record = open_box_record(folder)
    book = ScheduleBook(record.store, clinic, record.ids, record.clock, "Europe/Vienna")
    wishes = synthesise_day(clinic, TODAY, seed, visits)
    book.book_day(TODAY, [replace(w, show=0.8, tier="gold", wish=w.window.start) for w in wishes], "desk")
    for number, visit in enumerate(book.day(TODAY).plan.placed):
        if visit.start <= AT:
            book.change_status(visit.id, Status.IN_PROGRESS, "desk")
        elif number % 3:
            book.change_status(visit.id, Status.CONFIRMED, "desk")
    yield book, record
    record.store.close()


@pytest.fixture
def careful(clinic: Registry) -> Registry:
    """Return the clinic that has every disruption looked at."""
    return clinic.model_copy(update={"deciding": Deciding(**LOOKED_AT)})


@pytest.fixture(autouse=True)
def _unsearched(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(edge.schedule.book, "REPLAN_SECONDS", 0)


@pytest.fixture
def day(tmp_path: Path, careful: Registry) -> Iterator[tuple[ScheduleBook, BoxRecord]]:
    with opened(tmp_path, careful) as both:
        yield both


def coming(book: ScheduleBook) -> list[AppointmentId]:
    """Return who comes later than the next hour."""
    return [v.id for v in book.day(TODAY).plan.placed if v.start > AT + 60 and not v.status.begun]


@st.composite
def disruptions(draw: st.DrawFn, book: ScheduleBook) -> Disruption:
    visit = draw(st.sampled_from(coming(book)))
    clinic = book.registry
    who = draw(st.sampled_from([provider.id for provider in clinic.providers]))
    where = draw(st.sampled_from([room.id for room in clinic.rooms]))
    what = draw(st.sampled_from([service.id for service in clinic.services]))
    kinds: list[Disruption] = [
        ProviderOut(AT, who, Span(AT, 840)),
        RoomDown(AT, where, Span(AT, 900)),
        Late(AT, visit, draw(st.integers(1, 18)) * 5),
        Cancelled(AT, visit),
        AddOn(AT, visit, what, draw(st.booleans())),
    ]
    return draw(st.sampled_from(kinds))


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), seed=st.integers(0, 50))
def test_accepting_any_answer_and_undoing_it_restores_the_day_exactly(
    careful: Registry, data: st.DataObject, seed: int
) -> None:
    with TemporaryDirectory() as folder, opened(Path(folder), careful, seed=seed) as (book, record):
        before = book.day(TODAY).plan
        disruption = data.draw(disruptions(book))
        name, _ = book.propose(TODAY, disruption, "desk")
        assert book.day(TODAY).plan == before
        waiting = book.day(TODAY).proposals.find(name)
        choice = data.draw(st.integers(0, len(waiting.proposed.answers) - 1))
        promised = waiting.replan(careful, before, choice)
        book.accept(name, choice, "desk", agreed)
        assert book.day(TODAY).plan == promised.plan
        assert check_replan(careful, promised.facts, promised.plan, AT) == ()
        again = ScheduleBook(record.store, careful, record.ids, record.clock, "Europe/Vienna")
        assert again.day(TODAY).plan == promised.plan
        book.undo(name, "desk")
        assert book.day(TODAY).plan == before


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_an_edited_proposal_is_refused_or_keeps_every_hard_constraint(careful: Registry, data: st.DataObject) -> None:
    with TemporaryDirectory() as folder, opened(Path(folder), careful) as (book, _):
        disruption = data.draw(disruptions(book))
        name, _ = book.propose(TODAY, disruption, "desk")
        for _ in range(2):
            visit = data.draw(st.sampled_from(coming(book)))
            start = data.draw(st.none() | st.integers(AT // 5, 210).map(lambda step: step * 5))
            who = data.draw(st.none() | st.sampled_from([p.id for p in careful.providers]))
            room = data.draw(st.none() | st.sampled_from([r.id for r in careful.rooms]))
            before = book.day(TODAY)
            version, waiting = before.version, [one.id for one in before.proposals.open]
            try:
                _, name = book.renew(name, "desk", Pin(visit, start, who, room))
            except NotAllowed:
                assert book.day(TODAY).version == version
                assert [one.id for one in book.day(TODAY).proposals.open] == waiting
                continue
            record = book.day(TODAY).proposals.find(name)
            edited = record.replan(careful, book.day(TODAY).plan, 0)
            assert check_replan(careful, edited.facts, edited.plan, AT) == ()
            there = edited.plan.appointments[visit]
            assert start is None or there.start == start
            assert who is None or who in there.providers
            assert room is None or room in {stage.room for stage in there.stages}


def test_a_stale_proposal_is_refused_with_what_to_do_and_changes_nothing(day: tuple[ScheduleBook, BoxRecord]) -> None:
    book, record = day
    name, _ = book.propose(TODAY, SICK, "desk")
    book.change_status(coming(book)[0], Status.CANCELLED, "desk")
    plan, events = book.day(TODAY).plan, record.store.head().seq
    with pytest.raises(NotAllowed, match="work it out again"):
        book.accept(name, 0, "desk", agreed)
    assert (book.day(TODAY).plan, record.store.head().seq) == (plan, events)
    _, renewed = book.renew(name, "desk")
    assert book.day(TODAY).proposals.find(name).state is State.SUPERSEDED
    book.accept(renewed, 0, "desk", agreed)
    assert book.day(TODAY).proposals.find(renewed).state is State.ACCEPTED


def test_a_proposal_keeps_as_long_as_the_clinic_says(day: tuple[ScheduleBook, BoxRecord]) -> None:
    book, record = day
    name, _ = book.propose(TODAY, SICK, "desk")
    assert isinstance(record.clock, ManualClock)
    waiting = book.day(TODAY).proposals.find(name)
    assert book.out_of_date(TODAY, waiting) is None
    record.clock.advance(31 * 60)
    assert "30 minutes ago" in str(book.out_of_date(TODAY, waiting))
    with pytest.raises(NotAllowed, match="minutes ago"):
        book.accept(name, 0, "desk", agreed)


def test_what_is_left_to_a_manager_needs_one(tmp_path: Path, clinic: Registry) -> None:
    strict = clinic.model_copy(update={"deciding": Deciding(suggest_notified=0, suggest_points=0)})
    with opened(tmp_path, strict) as (book, record):
        name, decision = book.propose(TODAY, SICK, "desk")
        assert decision.mode is Mode.ESCALATE
        plan, events = book.day(TODAY).plan, record.store.head().seq
        with pytest.raises(Forbidden):
            book.accept(name, 0, "desk", not_a_manager)
        assert (book.day(TODAY).plan, record.store.head().seq) == (plan, events)
        book.accept(name, 0, "manager", agreed)
        assert book.day(TODAY).plan != plan


def test_what_harms_nobody_is_carried_out_at_once_and_can_be_undone(tmp_path: Path, clinic: Registry) -> None:
    with opened(tmp_path, clinic) as (book, _):
        before, visit = book.day(TODAY).plan, coming(book)[0]
        name, decision = book.propose(TODAY, Cancelled(AT, visit), "desk")
        assert decision.mode is Mode.EXECUTE
        assert book.day(TODAY).plan.appointments[visit].status is Status.CANCELLED
        assert book.day(TODAY).proposals.open == []
        book.undo(name, "desk")
        assert book.day(TODAY).plan == before


def test_accepting_one_proposal_closes_the_others_and_twice_is_once(day: tuple[ScheduleBook, BoxRecord]) -> None:
    book, record = day
    one, _ = book.propose(TODAY, SICK, "desk")
    other, _ = book.propose(TODAY, Cancelled(AT, coming(book)[0]), "desk")
    book.accept(other, 0, "desk", agreed)
    assert book.day(TODAY).proposals.find(one).state is State.EXPIRED
    events = record.store.head().seq
    book.accept(other, 0, "desk", agreed)
    assert record.store.head().seq == events
    with pytest.raises(NotAllowed, match="expired"):
        book.accept(one, 0, "desk", agreed)
    _, again = book.renew(one, "desk")
    assert book.day(TODAY).proposals.find(again).state is State.OPEN


def test_a_rejected_proposal_leaves_the_day_and_cannot_be_taken(day: tuple[ScheduleBook, BoxRecord]) -> None:
    book, _ = day
    before = book.day(TODAY).plan
    name, _ = book.propose(TODAY, SICK, "desk")
    for _ in range(2):
        book.reject(name, "desk")
    assert book.day(TODAY).plan == before
    for ask in (lambda: book.accept(name, 0, "desk", agreed), lambda: book.renew(name, "desk")):
        with pytest.raises(NotAllowed, match="rejected"):
            ask()


@pytest.mark.parametrize("choice", [7, -1])
def test_an_answer_that_a_proposal_does_not_have_is_refused(day: tuple[ScheduleBook, BoxRecord], choice: int) -> None:
    book, _ = day
    name, _ = book.propose(TODAY, SICK, "desk")
    with pytest.raises(NotAllowed, match="choose one"):
        book.accept(name, choice, "desk", agreed)
    with pytest.raises(UnknownName):
        book.accept(ReplanId("nothing"), 0, "desk", agreed)


def test_a_visit_wanted_where_it_cannot_be_is_refused_with_the_reasons(day: tuple[ScheduleBook, BoxRecord]) -> None:
    book, record = day
    visit = coming(book)[0]
    events = record.store.head().seq
    with pytest.raises(PinRefused, match="is past: it is 10:00"):
        book.propose(TODAY, MoveWanted(AT, visit, start=AT - 60), "desk")
    wrong = next(p.id for p in book.registry.providers if not {*p.skills} & {"consult"})
    consult = next(v.id for v in book.day(TODAY).plan.placed if v.service == "consultation" and v.id in coming(book))
    with pytest.raises(PinRefused, match="skill or a licence is missing"):
        book.propose(TODAY, MoveWanted(AT, consult, provider=wrong), "desk")
    with pytest.raises(PinRefused, match="takes place there"):
        book.propose(TODAY, MoveWanted(AT, consult, room=RoomId("laser-1")), "desk")
    assert record.store.head().seq == events


def test_a_next_best_place_can_be_wanted_and_moves_nobody_else(day: tuple[ScheduleBook, BoxRecord]) -> None:
    book, _ = day
    for visit in coming(book):
        _, answer = book.why_not(visit, AT + 30)
        if isinstance(answer, Refusal) and answer.alternatives:
            break
    assert isinstance(answer, Refusal)
    assert answer.obstacles
    slot = answer.alternatives[0]
    who = next((stage.provider for stage in slot.stages if stage.provider), None)
    name, _ = book.propose(TODAY, MoveWanted(AT, visit, slot.start, who), "desk")
    (move,) = book.day(TODAY).proposals.find(name).proposed.answers[0].moves
    assert (move.appointment, move.after[0].start, move.forced_by) == (visit, slot.start, "by_hand")
    book.accept(name, 0, "desk", agreed)
    assert isinstance(book.why_not(visit, slot.start)[1], Possible)


def test_what_is_known_of_a_client_outlives_a_restart(day: tuple[ScheduleBook, BoxRecord]) -> None:
    book, record = day
    again = ScheduleBook(record.store, book.registry, record.ids, record.clock, "Europe/Vienna")
    for visit in again.day(TODAY).plan.placed:
        assert (visit.show, visit.tier, visit.wish) == (0.8, "gold", visit.window.start)


def test_an_add_on_is_booked_by_accepting_it(day: tuple[ScheduleBook, BoxRecord]) -> None:
    book, _ = day
    before = book.day(TODAY).plan
    for visit in coming(book):
        name, _ = book.propose(TODAY, AddOn(AT, visit, ServiceId("follow-up")), "desk")
        if not book.day(TODAY).proposals.find(name).proposed.answers[0].declined:
            break
    book.accept(name, 0, "desk", agreed)
    (new,) = set(book.day(TODAY).plan.appointments) - set(before.appointments)
    assert book.day(TODAY).plan.appointments[new].client == before.appointments[visit].client


def test_a_decision_about_a_proposal_never_made_breaks_the_fold() -> None:
    with pytest.raises(BrokenFold):
        Schedule(TODAY).apply(told.ProposalRejected(day=TODAY, proposal="nothing"))


def test_every_refusal_is_one_that_people_can_act_on() -> None:
    assert issubclass(PinRefused, NotAllowed)
    assert issubclass(PinRefused, Rejected)
    assert demo_registry().deciding.keeps_minutes == 30
