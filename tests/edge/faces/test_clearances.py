"""Clearances as the pages see them: over a real record, with the board, and by who may."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

import edge.schedule.book
from edge.api.app import create_edge_api
from edge.api.clearance_schemas import ClearanceState, NewClearance, WithdrawnClearance
from edge.clearances.desk import ClearanceDesk
from edge.clearances.record import ClearanceRecord
from edge.clients.register import ClientUnknown
from edge.faces.actors import SignedInActors
from edge.faces.clearances import ClearanceFace
from edge.faces.errors import STATUSES
from edge.review.errors import NotLicensed
from edge.review.licences import RegistryLicences, StaffLicences
from edge.schedule.domain import ProviderOut, Span
from edge.schedule.errors import UnknownName
from edge.schedule.ids import ProviderId
from edge.staff.opening import open_sign_in
from edge.staff.register import offer_from_command
from shared.vocabulary import ClearanceWithdrawal, StaffRole
from tests.support.cleared import FREE, NURSE, PATCH, TODAY, ClearedClinic, wish
from tests.support.edge_ports import fake_edge_ports
from tests.support.records import open_box_record
from tests.support.replanning import replanned
from tests.support.slots import board_of
from tests.support.staffed import PIN, SETTINGS

REASON = ClearanceWithdrawal.TO_BE_CHECKED_AGAIN


@pytest.fixture
def clinic(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ClearedClinic]:
    monkeypatch.setattr(edge.schedule.book, "REPLAN_SECONDS", 0)
    record = open_box_record(tmp_path)
    yield ClearedClinic(record)
    record.store.close()


@pytest.fixture
def face(clinic: ClearedClinic) -> ClearanceFace:
    return ClearanceFace(clinic.desk, clinic.book)


def states(face: ClearanceFace, visit: str) -> dict[str, ClearanceState]:
    return {one.name: one.state for one in face.of_visit(visit).clearances}


def test_a_visit_shows_what_its_service_asks_for_first_and_what_others_ask_for(
    clinic: ClearedClinic, face: ClearanceFace
) -> None:
    assert clinic.booked("v1", "consultation")
    clinic.clear(FREE, until=TODAY)
    shown = face.of_visit("v1")
    assert [(one.name, one.asked) for one in shown.clearances] == [(FREE, False), (PATCH, False)]
    assert {one.name for one in shown.professionals} >= {"Dr. Cedar", "Nurse Willow"}
    assert "Hazel (aesthetician)" not in {one.name for one in shown.professionals}
    assert clinic.booked("v2", "laser-hair")
    (own, other) = face.of_visit("v2").clearances
    assert (own.name, own.asked, own.state, own.until) == (FREE, True, ClearanceState.CONFIRMED, TODAY)
    assert (own.by_name, other.asked) == ("Nurse Willow", False)


def test_confirming_and_withdrawing_by_the_pages_are_each_others_opposite(
    clinic: ClearedClinic, face: ClearanceFace
) -> None:
    assert clinic.booked("v1", "consultation")
    for _ in range(2):
        face.give("v1", NewClearance(name=FREE), NURSE)
        assert states(face, "v1")[FREE] is ClearanceState.CONFIRMED
        answer = face.withdraw("v1", WithdrawnClearance(name=FREE, reason=REASON), NURSE)
        (gone,) = [one for one in answer.clearances if one.name == FREE]
        assert (gone.state, gone.reason, gone.by_name) == (ClearanceState.WITHDRAWN, REASON, "Nurse Willow")


def test_what_ends_before_the_visit_is_shown_as_over(clinic: ClearedClinic, face: ClearanceFace) -> None:
    tomorrow = TODAY + dt.timedelta(days=1)
    clinic.clear(FREE)
    assert clinic.booked("v1", day=tomorrow)
    clinic.clear(FREE, until=TODAY)
    assert states(face, "v1")[FREE] is ClearanceState.OVER


def test_nothing_is_confirmed_of_who_is_not_registered_and_the_page_says_so(
    clinic: ClearedClinic, face: ClearanceFace
) -> None:
    assert clinic.book.book_day(TODAY, [wish("v1", "walk-in-7", "consultation")], "desk") == 1
    shown = face.of_visit("v1")
    assert (shown.registered, set(states(face, "v1").values())) == (False, {ClearanceState.NOT_CONFIRMED})
    with pytest.raises(ClientUnknown):
        face.give("v1", NewClearance(name=FREE), NURSE)
    with pytest.raises(NotLicensed):
        face.give("v1", NewClearance(name=FREE), "front-desk")
    with pytest.raises(UnknownName):
        face.of_visit("v9")


def test_the_board_says_at_once_that_a_visit_is_not_cleared_and_why_it_waits(
    clinic: ClearedClinic, face: ClearanceFace
) -> None:
    record = clinic.record
    board = board_of(clinic.book, record)
    clinic.clear(FREE)
    assert clinic.booked("v1")
    (visit,) = board.day(TODAY).appointments
    assert visit.uncleared is None
    face.withdraw("v1", WithdrawnClearance(name=FREE, reason=REASON), NURSE)
    day = board.day(TODAY)
    (visit,) = day.appointments
    assert day.asks_clearances
    assert visit.uncleared is not None
    assert FREE in visit.uncleared
    assert "Ada" not in visit.uncleared
    replanned(clinic.book, TODAY, ProviderOut(600, ProviderId("laurel"), Span(1135, 1140)))
    (waiting,) = board.day(TODAY).unplaced
    assert (waiting.uncleared, waiting.reason) == (True, visit.uncleared)
    face.give("v1", NewClearance(name=FREE), NURSE)
    assert not board.day(TODAY).unplaced[0].uncleared


@pytest.mark.parametrize("role", list(StaffRole))
def test_with_sign_in_a_provider_clears_in_their_own_name_and_nobody_else_does(
    clinic: ClearedClinic, role: StaffRole
) -> None:
    record = clinic.record
    sign_in, _ = open_sign_in(SETTINGS, record, record.ids, record.clock)  # type: ignore[arg-type]  # its parts suffice
    licences = StaffLicences(sign_in, RegistryLicences(clinic.book.registry))
    given = ClearanceRecord(record.store, record.clients)
    face = ClearanceFace(ClearanceDesk(record.store, given, record.register, licences, clinic.book), clinic.book)
    assert clinic.booked("v1", "consultation")
    ports = replace(fake_edge_ports(), actors=SignedInActors(sign_in), sign_in=sign_in, clearances=face)
    with TestClient(create_edge_api(ports, statuses=STATUSES), base_url="http://localhost") as browser:
        code = offer_from_command(record.keys, role, 600, record.clock.wall())
        me = browser.post("/api/sign-in/set-up", json={"code": code, "name": "Jo", "pin": PIN}).json()["id"]
        path = "/api/schedule/appointments/v1/clearances"
        assert browser.get(path).status_code == 200
        answer = browser.post(path, json={"name": FREE})
        other = browser.post(path, json={"name": PATCH, "person_id": NURSE})
    assert other.status_code == 403
    events = record.store.stream(f"clearance/{clinic.ada}")
    if role is StaffRole.PROVIDER:
        assert answer.status_code == 200
        assert [event.fields.actor for event in events] == [me]
    else:
        assert (answer.status_code, events) == (403, [])
