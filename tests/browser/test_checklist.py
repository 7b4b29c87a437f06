import pytest
from playwright.sync_api import Browser, Page, expect

from edge.api.schedule_schemas import AppointmentStatus
from tests.browser.conftest import Site, watched
from tests.browser.test_tablet import SIZE, ports_of

pytestmark = pytest.mark.browser


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
