from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

import edge.schedule.book
from edge.api.app import create_edge_api
from edge.api.proposal_schemas import ProposalState
from edge.api.schedule_schemas import AppointmentStatus
from edge.faces.checklist import BoxFacts, ChecklistDesk
from edge.faces.errors import STATUSES
from edge.schedule.deciding_policy import Deciding, KindLimits, Mode
from edge.schedule.orchestration.book import ChecklistBook
from edge.schedule.registry import demo_registry
from edge.staff.permissions import Action
from edge.visits.library import CaptureLibrary
from shared.http.guard import GuardSettings
from tests.browser.conftest import ROOT, Site, serving, watched
from tests.browser.test_tablet import SIZE, ports_of
from tests.edge.faces.test_schedule import TODAY, Tablet
from tests.support.edge_ports import FakeActors, fake_edge_ports
from tests.support.records import open_box_record

pytestmark = pytest.mark.browser


@pytest.fixture
def board(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Site, Tablet]]:
    """Serve the pages over a real day on which a client is ten minutes late, and whose lateness is looked at."""
    monkeypatch.setattr(edge.schedule.book, "REPLAN_SECONDS", 0)
    record = open_box_record(tmp_path)
    looked_at = Deciding(late=KindLimits(at_least=Mode.SUGGEST))
    tablet = Tablet(record, demo_registry().model_copy(update={"deciding": looked_at}))
    tablet.book_visit("v", tablet.ada)
    starts = tablet.visit("v").starts_at
    record.clock.advance((starts - record.clock.wall()).total_seconds() + 10 * 60)
    library = CaptureLibrary(record.store, record.vault, record.clients)
    facts = BoxFacts(record.consent, library, tablet.book.zone)
    checklist = ChecklistDesk(ChecklistBook(record.store, tablet.book, facts), record.register)
    ports = replace(fake_edge_ports(), schedule=tablet.desk, checklist=checklist)
    app = create_edge_api(ports, ROOT / "edge/web/dist", GuardSettings(hosts=("localhost",)), statuses=STATUSES)
    with serving(app) as port:
        yield Site(f"http://localhost:{port}", port, ports), tablet
    record.store.close()


def open_checklist(page: Page, site: Site) -> None:
    page.goto(f"{site.url}/tablet")
    page.get_by_role("navigation", name="Views of the day").get_by_role("link", name="Checklist").click()
    expect(page.get_by_role("heading", name="Checklist")).to_be_visible()


def test_the_day_shows_how_far_each_visit_is_and_what_is_open_by_time(browser: Browser, edge_site: Site) -> None:
    with watched(browser, *SIZE) as watch:
        page = watch.page
        open_checklist(page, edge_site)
        expect(page.get_by_role("link", name="Today")).to_have_class("active")
        expect(page.get_by_text("33 open, 10 overdue · 17 settled")).to_be_visible()
        expect(page.get_by_role("region", name="Visits").get_by_role("button", name="Ana Prieto")).to_contain_text(
            "1 overdue"
        )
        expect(page.get_by_role("img", name="3 of 8 settled, 1 overdue")).to_be_visible()
        tasks = page.get_by_role("list").get_by_role("listitem")
        expect(tasks).to_have_count(33)
        expect(tasks.first).to_contain_text("Tue 15:00")
        expect(tasks.nth(3)).to_contain_text("45 min ago")
        watch.assert_clean()
        page.get_by_role("group", name="Who sees to it").get_by_role("button", name="Client").click()
        expect(page.get_by_role("listitem", name="Client is here, Lea Novak")).to_be_visible()
        expect(page.get_by_role("listitem", name="Payment ready, Lea Novak")).to_have_count(0)
        page.get_by_role("button", name="Tomorrow").click()
        expect(page.get_by_text("No visits on this day.")).to_be_visible()
        watch.assert_clean()


def test_a_task_is_done_and_taken_back_and_another_is_skipped_with_its_reason(
    browser: Browser, edge_site: Site
) -> None:
    with watched(browser, *SIZE) as watch:
        page = watch.page
        open_checklist(page, edge_site)
        page.get_by_role("region", name="Visits").get_by_role("button", name="Ana Prieto").click()
        page.get_by_role("button", name="Done: Numbing cream applied, Ana Prieto").click()
        expect(page.get_by_role("status").filter(has_text="Done: Numbing cream applied")).to_be_visible()
        expect(page.get_by_role("img", name="4 of 8 settled")).to_be_visible()
        watch.assert_clean()
        page.get_by_role("status").get_by_role("button", name="Undo").click()
        expect(page.get_by_role("img", name="3 of 8 settled, 1 overdue")).to_be_visible()
        page.get_by_role("button", name="Skip: Payment ready, Ana Prieto").click()
        watch.assert_clean()
        page.get_by_role("menuitem", name="Not needed").click()
        paid = page.get_by_role("listitem", name="Payment ready, Ana Prieto")
        expect(paid).to_contain_text("Skipped: not needed")
        page.get_by_role("button", name="Undo: Payment ready, Ana Prieto").click()
        expect(paid.get_by_role("button", name="Done: Payment ready, Ana Prieto")).to_be_enabled()
        forms = page.get_by_role("listitem", name="Forms and consent signed, Ana Prieto")
        expect(forms).to_contain_text("Done by itself")
        expect(forms.get_by_role("button")).to_have_count(0)


def test_what_waits_for_something_cannot_be_done_yet(browser: Browser, edge_site: Site) -> None:
    with watched(browser, *SIZE) as watch:
        page = watch.page
        open_checklist(page, edge_site)
        photographs = page.get_by_role("listitem", name="Photographs before treatment, Noor Aziz")
        expect(photographs).to_contain_text("after forms and consent signed and client is here")
        expect(photographs.get_by_role("button", name="Done: ")).to_be_disabled()
        watch.assert_clean()


def test_what_is_reported_from_the_checklist_is_decided_on_the_board(
    browser: Browser, board: tuple[Site, Tablet]
) -> None:
    site, tablet = board
    with watched(browser, *SIZE) as watch:
        page = watch.page
        open_checklist(page, site)
        page.get_by_role("button", name="Look: Not here yet, Ada Canary").click()
        watch.assert_clean()
        page.get_by_role("dialog").get_by_role("button", name="Report 15 minutes late").click()
        expect(page.get_by_role("complementary", name="Proposal")).to_contain_text("late")
        assert [one.state for one in tablet.desk.day(TODAY).proposals] == [ProposalState.OPEN]
        assert tablet.desk.day(TODAY).replans == []
        watch.assert_clean()
        page.get_by_role("button", name="Accept").click()
        expect(page.get_by_text("The day is changed.")).to_be_visible()
        page.reload()
        expect(page.get_by_text("Changes today")).to_be_visible()
        expect(page.get_by_text("The day is changed.")).to_have_count(0)
    assert len(tablet.desk.day(TODAY).replans) == 1


def test_a_page_asks_only_for_what_has_changed_since(browser: Browser, edge_site: Site) -> None:
    answers: list[int] = []
    with watched(browser, *SIZE) as watch:
        page = watch.page
        page.on("response", lambda one: answers.append(one.status) if one.url.endswith("/api/checklist") else None)
        open_checklist(page, edge_site)
        with page.expect_response(lambda one: one.url.endswith("/api/checklist") and one.status == 304):
            pass
        assert answers[0] == 200
        expect(page.get_by_text("33 open, 10 overdue · 17 settled")).to_be_visible()
        page.get_by_role("button", name="Done: Numbing cream applied, Ana Prieto").click()
        expect(page.get_by_text("32 open")).to_be_visible()
        with page.expect_response(lambda one: one.url.endswith("/api/checklist") and one.status == 200):
            pass
        watch.assert_clean()


def test_who_may_not_change_the_schedule_sees_the_tasks_switched_off_and_why(browser: Browser, edge_site: Site) -> None:
    actors = ports_of(edge_site).actors
    assert isinstance(actors, FakeActors)
    actors.rights = frozenset(Action) - {Action.CHANGE_SCHEDULE}
    with watched(browser, *SIZE) as watch:
        page = watch.page
        open_checklist(page, edge_site)
        expect(page.get_by_text("Your role can look at this, not change it.")).to_be_visible()
        expect(page.get_by_role("button", name="Done: Numbing cream applied, Ana Prieto")).to_be_disabled()
        expect(page.get_by_role("button", name="Look: Start slips, Ana Prieto")).to_be_disabled()
        watch.assert_clean()


def test_a_proposal_is_only_reported_after_somebody_has_looked_at_it(browser: Browser, edge_site: Site) -> None:
    ports = ports_of(edge_site)
    with watched(browser, *SIZE) as watch:
        page = watch.page
        open_checklist(page, edge_site)
        expect(page.get_by_text("Booked for 12:30, and 10 minutes later nobody has marked")).to_be_visible()
        page.get_by_role("button", name="Look: Start slips, Ana Prieto").click()
        dialog = page.get_by_role("dialog")
        expect(dialog).to_contain_text("the start at 12:50 slips by 10")
        watch.assert_clean()
        dialog.get_by_role("button", name="Leave as it is").click()
        expect(dialog).to_have_count(0)
        assert ports.schedule.day(ports.schedule.today()).replans == []
        assert all(
            visit.status is not AppointmentStatus.NO_SHOW or visit.id == "m1"
            for visit in ports.schedule.day(ports.schedule.today()).appointments
        )
