"""The board of the tablet over the real planner: proposals to look at, compare, edit, accept, reject and undo."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

import edge.schedule.book
from edge.api.app import create_edge_api
from edge.faces.errors import STATUSES
from edge.schedule.book import ScheduleBook
from edge.schedule.booking import synthesise_day
from edge.schedule.domain import Status
from edge.schedule.ids import ServiceId
from edge.schedule.lending import LendingPolicy
from edge.schedule.registry import demo_registry
from edge.schedule.slot_desk import SlotDesk
from shared.http.guard import GuardSettings
from tests.browser.conftest import ROOT, Site, serving, watched
from tests.support.edge_ports import fake_edge_ports
from tests.support.records import open_box_record
from tests.support.slots import board_of

pytestmark = pytest.mark.browser
SIZE = (1180, 820)
TODAY = dt.date(2026, 3, 2)
AT = 10 * 60
NAMES = [
    f"{first} {last}" for last in ("Alder", "Bramble", "Clover", "Dill") for first in ("Ana", "Ben", "Cleo", "Eli")
]


@pytest.fixture
def board(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Site, ScheduleBook]]:
    """Serve the pages over a real schedule of the example clinic at ten o'clock."""
    monkeypatch.setattr(edge.schedule.book, "REPLAN_SECONDS", 0.1)
    record = open_box_record(tmp_path)
    clinic = demo_registry()
    book = ScheduleBook(record.store, clinic, record.ids, record.clock, "Europe/Vienna")
    clients = [record.new_client(name, consents=False) for name in NAMES]
    book.book_day(TODAY, synthesise_day(clinic, TODAY, 3, 30, clients), "desk")
    for number, visit in enumerate(book.day(TODAY).plan.placed):
        if visit.start <= AT:
            book.change_status(visit.id, Status.IN_PROGRESS, "desk")
        elif number % 3:
            book.change_status(visit.id, Status.CONFIRMED, "desk")
    ports = replace(fake_edge_ports(), schedule=board_of(book, record))
    app = create_edge_api(ports, ROOT / "edge/web/dist", GuardSettings(hosts=("localhost",)), statuses=STATUSES)
    with serving(app) as port:
        yield Site(f"http://localhost:{port}", port, ports), book
    record.store.close()


def report_laurel_out(page: Page) -> None:
    page.get_by_role("button", name="Something is out").click()
    page.get_by_label("Which").select_option("laurel")
    page.get_by_role("button", name="Work out the day").click()
    expect(page.get_by_role("complementary", name="Proposal")).to_be_visible()


def test_a_proposal_shows_ghosts_and_costs_and_is_accepted_and_taken_back(
    browser: Browser, board: tuple[Site, ScheduleBook]
) -> None:
    site, book = board
    before = book.day(TODAY).plan
    with watched(browser, *SIZE) as watch:
        page = watch.page
        page.goto(f"{site.url}/tablet")
        report_laurel_out(page)
        expect(page.locator(".ghost").first).to_be_visible()
        expect(page.locator(".visit[data-leaving]").first).to_be_attached()
        expect(page.get_by_text("nothing done").first).to_be_attached()
        expect(page.get_by_text("Tell the client").first).to_be_attached()
        assert book.day(TODAY).plan == before
        watch.assert_clean()
        page.get_by_role("button", name="Approve").or_(page.get_by_role("button", name="Accept")).click()
        expect(page.get_by_text("The day is changed.")).to_be_visible()
        expect(page.locator(".ghost")).to_have_count(0)
        assert book.day(TODAY).plan != before
        watch.assert_clean()
        page.get_by_role("button", name="Undo", exact=True).click()
        expect(page.get_by_text("Taken back")).to_be_visible()
        assert book.day(TODAY).plan == before
        assert watch.errors == []


def test_a_visit_of_a_proposal_is_put_elsewhere_and_the_rest_is_planned_around_it(
    browser: Browser, board: tuple[Site, ScheduleBook]
) -> None:
    site, book = board
    with watched(browser, *SIZE) as watch:
        page = watch.page
        page.goto(f"{site.url}/tablet")
        report_laurel_out(page)
        page.get_by_role("button", name="Put elsewhere").first.click()
        watch.assert_clean()
        page.get_by_label("Start").select_option("10:05")
        page.get_by_role("button", name="Plan around it").click()
        expect(page.get_by_role("alert")).to_contain_text("It cannot be there")
        assert [one.state.value for one in book.day(TODAY).proposals.records.values()] == ["open"]
        page.get_by_label("Start").select_option("17:00")
        page.get_by_role("button", name="Plan around it").click()
        expect(page.get_by_text("edited")).to_be_visible()
        expect(page.get_by_role("list", name="What changes")).to_contain_text("Put there by hand.")
        assert [one.state.value for one in book.day(TODAY).proposals.records.values()] == ["superseded", "open"]
        page.get_by_role("button", name="Reject").click()
        expect(page.get_by_role("complementary", name="Proposal")).to_have_count(0)
        assert book.day(TODAY).proposals.open == []


def test_a_stale_proposal_says_so_and_is_worked_out_again(browser: Browser, board: tuple[Site, ScheduleBook]) -> None:
    site, book = board
    with watched(browser, *SIZE) as watch:
        page = watch.page
        page.goto(f"{site.url}/tablet")
        report_laurel_out(page)
        book.change_status(book.day(TODAY).plan.placed[-1].id, Status.CANCELLED, "other desk")
        expect(page.get_by_text("Out of date")).to_be_visible(timeout=15_000)
        approve = page.get_by_role("button", name="Approve").or_(page.get_by_role("button", name="Accept"))
        expect(approve).to_be_disabled()
        watch.assert_clean()
        page.get_by_role("button", name="Work it out again").click()
        expect(page.get_by_text("Out of date")).to_have_count(0)
        expect(approve).to_be_enabled()


def test_a_wished_time_is_answered_with_reasons_and_a_next_best_place_is_proposed(
    browser: Browser, board: tuple[Site, ScheduleBook]
) -> None:
    site, book = board
    with watched(browser, *SIZE) as watch:
        page = watch.page
        page.goto(f"{site.url}/tablet")
        page.locator(".visit[data-status=confirmed]").last.click()
        page.get_by_role("tab", name="Another time").click()
        page.get_by_label("Wished start").select_option("10:10")
        expect(page.get_by_text("Why not 10:10?")).to_be_visible()
        expect(page.locator(".why li").first).to_contain_text("10:10")
        watch.assert_clean()
        slot = page.locator(".why-slots button").first
        start = slot.locator("b").inner_text()
        slot.click()
        expect(page.get_by_role("list", name="What changes")).to_contain_text(start)
        assert len(book.day(TODAY).proposals.open) == 1


def test_a_service_is_added_from_a_visits_card(browser: Browser, board: tuple[Site, ScheduleBook]) -> None:
    site, book = board
    before = len(book.day(TODAY).plan.appointments)
    with watched(browser, *SIZE) as watch:
        page = watch.page
        page.goto(f"{site.url}/tablet")
        page.locator(".visit[data-status=confirmed]").last.click()
        page.get_by_role("tab", name="Add a service").click()
        page.get_by_label("Another service").select_option("follow-up")
        watch.assert_clean()
        page.get_by_role("button", name="Add where nobody moves").click()
        expect(page.get_by_text("Follow-up check added").first).to_be_visible()
        accept = page.get_by_role("button", name="Accept")
        if accept.count():
            accept.click()
        expect(page.get_by_text("The day is changed.")).to_be_visible()
    assert len(book.day(TODAY).plan.appointments) == before + 1


def test_what_is_lent_to_online_booking_is_on_the_board_and_asked_back(
    browser: Browser, board: tuple[Site, ScheduleBook]
) -> None:
    site, book = board
    policy = LendingPolicy(per_service=2, services=frozenset({ServiceId("consultation"), ServiceId("peel")}))
    SlotDesk(book, policy, lambda: "life-1", book._clock, book._ids).top_up()
    held = book.day(TODAY).leases.open
    assert held
    with watched(browser, *SIZE) as watch:
        page = watch.page
        page.goto(f"{site.url}/tablet")
        expect(page.locator(".lent")).to_have_count(len(held))
        watch.assert_clean()
        page.locator(".lent").last.click()
        card = page.get_by_role("dialog", name="Held for online booking")
        expect(card).to_contain_text("The hub can sell it until")
        watch.assert_clean()
        card.get_by_role("button", name="Recall").click()
        expect(card).to_contain_text("Asked back.")
        watch.assert_clean()
    assert [lease.recalled for lease in book.day(TODAY).leases.open.values()].count(True) == 1


def test_what_is_lent_to_a_hub_that_was_restored_is_given_up_by_name_and_held_again(
    browser: Browser, board: tuple[Site, ScheduleBook]
) -> None:
    site, book = board
    policy = LendingPolicy(per_service=2, services=frozenset({ServiceId("consultation")}))
    SlotDesk(book, policy, lambda: "life-0", book._clock, book._ids).top_up()
    doubtful = len(book.day(TODAY).leases.open)
    with watched(browser, *SIZE) as watch:
        page = watch.page
        page.goto(f"{site.url}/tablet")
        side = page.get_by_role("region", name="Held for online booking")
        ahead = sum(len(book.day(day).leases.open) for day in book.days_from(TODAY))
        expect(side.get_by_role("listitem")).to_have_count(ahead)
        expect(page.locator(".lent[data-state=in_doubt]")).to_have_count(doubtful)
        watch.assert_clean()
        page.locator(".lent").last.click()
        card = page.get_by_role("dialog", name="Held for online booking")
        expect(card).to_contain_text("The hub was restored from a backup after it got this slot")
        card.get_by_role("button", name="Give it up…").click()
        card.get_by_label("I have looked, and take this risk").check()
        card.get_by_role("button", name="Give it up").click()
        expect(card).to_contain_text("Given up: the place is the clinic's again.")
        assert len(book.day(TODAY).leases.unresolved) == 1
        watch.assert_clean()
        card.get_by_role("button", name="Hold it again").click()
        expect(card).to_contain_text("It was given up once and then held again.")
        assert book.day(TODAY).leases.unresolved == ()
        assert len(book.day(TODAY).leases.open) == doubtful
        watch.assert_clean()
