import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import Site, watched

pytestmark = pytest.mark.browser


def test_a_colleague_erases_a_client_for_good(browser: Browser, edge_site: Site) -> None:
    with watched(browser, 1180, 820) as watch:
        page = watch.page
        page.goto(f"{edge_site.url}/tablet/erasures")
        proven = page.get_by_role("listitem", name="client-1")
        expect(proven).to_contain_text("This client was erased")
        expect(proven.get_by_role("link", name="Signed receipt")).to_have_attribute(
            "href", "/api/erasures/erasure-1/receipt"
        )
        page.get_by_role("listitem", name="Ana Prieto").get_by_role("button", name="Decide…").click()
        dialog = page.get_by_role("dialog")
        expect(dialog.get_by_label("Decided by").locator("option")).to_have_text(["Ben Okafor"])
        watch.assert_clean()
        dialog.get_by_role("button", name="Erase for good").click()
        expect(page.get_by_role("listitem", name="client-2")).to_contain_text(
            "Mara Lindqvist asked, Ben Okafor approved"
        )
        watch.assert_clean()


def test_a_client_is_found_by_name_and_a_colleague_is_asked(browser: Browser, edge_site: Site) -> None:
    with watched(browser, 1180, 820) as watch:
        page = watch.page
        page.goto(f"{edge_site.url}/tablet/erasures")
        page.get_by_role("button", name="Erase a client…").click()
        dialog = page.get_by_role("dialog")
        dialog.get_by_label("Find by name").fill("a")
        expect(dialog.get_by_role("button", name="Ask a colleague")).to_be_disabled()
        dialog.get_by_label("Find by name").fill("an")
        dialog.get_by_role("group", name="Clients found").get_by_role("button").first.click()
        watch.assert_clean()
        dialog.get_by_role("button", name="Ask a colleague").click()
        expect(page.get_by_role("listitem", name="Iris Vale")).to_contain_text("Waits for a colleague")
        watch.assert_clean()
