import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import Site, watched

pytestmark = pytest.mark.browser


def test_an_owner_sees_health_lag_activity_and_what_was_set_aside(browser: Browser, portal_site: Site) -> None:
    with watched(browser, 1440, 900) as watch:
        page = watch.page
        page.goto(f"{portal_site.url}/portal")
        expect(page.get_by_role("heading", name="Coastal Skin Group")).to_be_visible()
        park = page.get_by_role("row", name="Park Avenue")
        expect(park).to_contain_text("Offline, working")
        expect(park).to_contain_text("412")
        expect(page.get_by_role("row", name="Mill Lane")).to_contain_text("Held for review")
        expect(page.get_by_text("Update the hub; it is applied by itself then.")).to_be_visible()
        expect(page.locator(".chart canvas").first).to_be_visible()
        watch.assert_clean()


def test_an_owner_replays_an_event_and_skips_it_with_a_reason(browser: Browser, portal_site: Site) -> None:
    with watched(browser, 1440, 900) as watch:
        page = watch.page
        page.goto(f"{portal_site.url}/portal")
        event = page.get_by_role("article", name="treatment.noted")
        event.get_by_role("button", name="Replay").click()
        expect(event.get_by_role("status")).to_contain_text("still cannot be applied")
        event.get_by_role("button", name="Skip…").click()
        event.get_by_label("Why is it to have no effect?").fill("Entered twice by mistake")
        event.get_by_role("button", name="Skip for good").click()
        expect(page.get_by_text("Every event that arrived was applied.")).to_be_visible()
        watch.assert_clean()


def test_a_booking_request_waits_for_the_clinics_answer(browser: Browser, portal_site: Site) -> None:
    with watched(browser, 1440, 900) as watch:
        page = watch.page
        page.goto(f"{portal_site.url}/portal")
        page.get_by_label("Service").select_option("Peel")
        page.get_by_label("Client").fill("A visitor")
        page.get_by_label("From").fill("2031-03-14T10:00")
        page.get_by_role("button", name="Send request").click()
        first = page.get_by_role("list", name="Requests").get_by_role("listitem").first
        expect(first).to_contain_text("Peel")
        expect(first).to_contain_text("Waiting for the clinic")
        watch.assert_clean()


def test_an_owner_approves_an_erasure_asks_for_another_and_fetches_the_receipt(
    browser: Browser, portal_site: Site
) -> None:
    with watched(browser, 1440, 900) as watch:
        page = watch.page
        page.goto(f"{portal_site.url}/portal")
        proven = page.get_by_role("row", name="client-7")
        expect(proven).to_contain_text("Erased and proven")
        expect(proven.get_by_role("link", name="Signed receipt")).to_have_attribute(
            "href", "/api/portal/erased/client-7/receipt"
        )
        waiting = page.get_by_role("row", name="client-31")
        waiting.get_by_role("button", name="Approve for good").click()
        expect(waiting).to_contain_text("Approved, at the clinic")
        page.get_by_role("button", name="Ask for an erasure…").click()
        form = page.get_by_role("form", name="Ask for an erasure")
        form.get_by_label("Client number").fill("client-40")
        form.get_by_label("Reason").select_option("retention_ended")
        form.get_by_role("button", name="Send to the clinic").click()
        expect(page.get_by_role("row", name="client-40")).to_contain_text("Waits for another person")
        watch.assert_clean()


def test_an_owner_acknowledges_an_alert_with_what_was_found(browser: Browser, portal_site: Site) -> None:
    with watched(browser, 1440, 900) as watch:
        page = watch.page
        page.goto(f"{portal_site.url}/portal")
        alert = page.get_by_role("article", name="Many photographs opened")
        expect(alert).to_contain_text("212 photographs")
        alert.get_by_role("button", name="Acknowledge…").click()
        alert.get_by_label("What did you find?").fill("A yearly review of the archive")
        alert.get_by_role("button", name="Acknowledge").click()
        expect(alert).to_contain_text("Acknowledged: A yearly review of the archive")
        watch.assert_clean()
