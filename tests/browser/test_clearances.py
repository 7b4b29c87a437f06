"""Clearances on the tablet over the real planner: confirmed, withdrawn and confirmed again from a visit's card."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

import edge.schedule.book
from edge.api.app import create_edge_api
from edge.faces.clearances import ClearanceFace
from edge.faces.errors import STATUSES
from edge.schedule.booking import synthesise_day
from edge.schedule.domain import Appointment, Status
from shared.http.guard import GuardSettings
from shared.vocabulary import ClearanceWithdrawal
from tests.browser.conftest import ROOT, Site, serving, watched
from tests.support.cleared import FREE, NURSE, PATCH, TODAY, ClearedClinic
from tests.support.edge_ports import fake_edge_ports
from tests.support.records import open_box_record
from tests.support.slots import board_of

pytestmark = pytest.mark.browser
SIZE = (1180, 820)
AT = 10 * 60
NAMES = [
    f"{first} {last}" for last in ("Alder", "Bramble", "Clover", "Dill") for first in ("Ana", "Ben", "Cleo", "Eli")
]


@pytest.fixture
def board(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Site, ClearedClinic]]:
    """Serve the pages over a day at ten o'clock of a clinic that has cleared everybody for everything."""
    monkeypatch.setattr(edge.schedule.book, "REPLAN_SECONDS", 0.1)
    clinic = ClearedClinic(open_box_record(tmp_path))
    record, book = clinic.record, clinic.book
    clients = [record.new_client(name, consents=False) for name in NAMES]
    for client in clients:
        for name in (FREE, PATCH):
            clinic.desk.give(client, name, None, NURSE)
    book.book_day(TODAY, synthesise_day(book.registry, TODAY, 3, 30, clients), "desk")
    for visit in book.day(TODAY).plan.placed:
        book.change_status(visit.id, Status.IN_PROGRESS if visit.start <= AT else Status.CONFIRMED, "desk")
    ports = replace(
        fake_edge_ports(),
        schedule=board_of(book, record),
        clearances=ClearanceFace(clinic.desk, book),
    )
    app = create_edge_api(ports, ROOT / "edge/web/dist", GuardSettings(hosts=("localhost",)), statuses=STATUSES)
    with serving(app) as port:
        yield Site(f"http://localhost:{port}", port, ports), clinic
    record.store.close()


def laser_visit(clinic: ClearedClinic) -> Appointment:
    return next(v for v in clinic.book.day(TODAY).plan.placed if v.service == "laser-resurfacing" and v.start > AT + 60)


def tile(page: Page, clinic: ClearedClinic, visit: Appointment) -> Locator:
    name = clinic.record.register.get(visit.client).details.name
    service = clinic.book.registry.service(visit.service).name
    return page.locator(".visit").filter(has_text=name).filter(has_text=service).first


def withdraw(page: Page, name: str) -> None:
    page.get_by_role("button", name=f"Withdraw {name}").click()
    page.get_by_label("Why").select_option("to_be_checked_again")
    page.get_by_label("Withdrawn by").select_option("willow")
    page.get_by_role("button", name="Withdraw", exact=True).last.click()


def test_a_clearance_is_withdrawn_and_confirmed_again_from_the_card_and_the_board_says_so_at_once(
    browser: Browser, board: tuple[Site, ClearedClinic]
) -> None:
    site, clinic = board
    visit = laser_visit(clinic)
    with watched(browser, *SIZE) as watch:
        page = watch.page
        page.goto(f"{site.url}/tablet")
        tile(page, clinic, visit).click()
        section = page.get_by_role("region", name="Clearances")
        expect(section).to_contain_text("Confirmed by Nurse Willow, until withdrawn")
        watch.assert_clean()
        withdraw(page, "Patch test")
        expect(section).to_contain_text("Withdrawn by Nurse Willow: to be checked again")
        expect(page.get_by_role("alert")).to_contain_text("which no licensed professional has given")
        watch.assert_clean()
        page.get_by_label("Close").click()
        expect(tile(page, clinic, visit)).to_contain_text("Not cleared")
        watch.assert_clean()
        assert clinic.visit(visit.id).cleared == {FREE}
        tile(page, clinic, visit).click()
        page.get_by_role("button", name="Confirm Patch test").click()
        page.get_by_label("Last day").fill((TODAY + dt.timedelta(days=30)).isoformat())
        watch.assert_clean()
        page.get_by_role("button", name="Confirm", exact=True).click()
        expect(section).to_contain_text("Confirmed by Nurse Willow, until 1 April 2026")
        expect(page.get_by_role("alert")).to_have_count(0)
        page.get_by_label("Close").click()
        expect(page.get_by_text("Not cleared")).to_have_count(0)
        assert clinic.visit(visit.id).cleared == {FREE, PATCH}
        assert watch.errors == []


def test_a_visit_that_lost_its_place_says_which_clearance_it_lacks_and_can_be_cleared_where_it_waits(
    browser: Browser, board: tuple[Site, ClearedClinic]
) -> None:
    site, clinic = board
    visit = laser_visit(clinic)
    with watched(browser, *SIZE) as watch:
        page = watch.page
        page.goto(f"{site.url}/tablet")
        tile(page, clinic, visit).click()
        withdraw(page, "Patch test")
        expect(page.get_by_role("alert")).to_be_visible()
        page.get_by_label("Close").click()
        page.get_by_role("button", name="Something is out").click()
        page.get_by_label("Which").select_option("hazel")
        page.get_by_role("button", name="Work out the day").click()
        expect(page.get_by_role("complementary", name="Proposal")).to_be_visible()
        page.get_by_role("button", name="Approve").or_(page.get_by_role("button", name="Accept")).click()
        waits = page.locator(".slip").filter(has_text="needs the clearance patch_test")
        expect(waits).to_be_visible()
        watch.assert_clean()
        waits.get_by_role("button", name="Clearances").click()
        page.get_by_role("button", name="Confirm Patch test").click()
        watch.assert_clean()
        page.get_by_role("button", name="Confirm", exact=True).click()
        expect(page.get_by_role("region", name="Clearances")).not_to_contain_text("Withdrawn")
        page.get_by_label("Close").click()
        expect(page.locator(".slip").filter(has_text="needs the clearance")).to_have_count(0)
        assert clinic.visit(visit.id).cleared == {FREE, PATCH}
        assert watch.errors == []


def test_what_other_services_ask_for_can_be_confirmed_at_a_visit_that_asks_for_nothing(
    browser: Browser, board: tuple[Site, ClearedClinic]
) -> None:
    site, clinic = board
    visits = clinic.book.day(TODAY).plan.placed
    visit = next(v for v in visits if v.service == "consultation" and v.start > AT)
    clinic.desk.withdraw(visit.client, PATCH, ClearanceWithdrawal.GIVEN_BY_MISTAKE, NURSE)
    with watched(browser, *SIZE) as watch:
        page = watch.page
        page.goto(f"{site.url}/tablet")
        tile(page, clinic, visit).click()
        expect(page.get_by_text("This service asks for none.")).to_be_visible()
        page.get_by_role("button", name="Of other services").click()
        page.get_by_role("button", name="Confirm Patch test").click()
        page.get_by_label("Confirmed by").select_option("cedar")
        page.get_by_role("button", name="Confirm", exact=True).click()
        expect(page.get_by_role("region", name="Clearances")).to_contain_text("Confirmed by Dr. Cedar")
        watch.assert_clean()
    assert clinic.desk.confirmed(visit.client, TODAY) == {FREE, PATCH}
