import pytest
from playwright.sync_api import Browser, expect

from edge.api.ports import Actor, EdgePorts
from edge.api.review_schemas import CorrectionsRequest, NewCorrection
from shared.vocabulary import ReviewAction, ReviewReason
from tests.browser.conftest import Site, watched

pytestmark = pytest.mark.browser
SIZE = (1180, 820)


def ports_of(site: Site) -> EdgePorts:
    """What stands behind a site that serves the box."""
    assert isinstance(site.ports, EdgePorts)
    return site.ports


def test_a_provider_is_taken_out_after_a_proposal_and_put_back_by_undo(browser: Browser, edge_site: Site) -> None:
    with watched(browser, *SIZE) as watch:
        page = watch.page
        page.goto(f"{edge_site.url}/tablet")
        expect(page.get_by_text("Everybody has a place today.")).to_be_visible()
        watch.assert_clean()
        page.get_by_role("button", name="Something is out").click()
        watch.assert_clean()
        page.get_by_role("button", name="Work out the day").click()
        changes = page.get_by_role("list", name="What changes")
        expect(changes).to_contain_text("13:00 Ana Ruiz→14:00 Mia Tran")
        expect(page.get_by_text("A manager decides")).to_be_visible()
        expect(page.get_by_text("Called in sick")).to_have_count(0)
        watch.assert_clean()
        page.get_by_role("button", name="Approve as manager").click()
        expect(page.get_by_text("Called in sick")).to_be_visible()
        expect(page.get_by_text("Nobody else who may do this is free before closing.")).to_be_visible()
        expect(page.locator(".visit[data-moved]")).to_have_count(1)
        page.get_by_role("button", name="Undo this change").click()
        expect(page.get_by_text("Taken back")).to_be_visible()
        expect(page.get_by_text("Called in sick")).to_have_count(0)
        watch.assert_clean()


def test_a_visit_is_marked_as_arrived_from_its_card(browser: Browser, edge_site: Site) -> None:
    with watched(browser, *SIZE) as watch:
        page = watch.page
        page.goto(f"{edge_site.url}/tablet")
        page.get_by_role("button", name="Noor Aziz").click()
        page.get_by_role("button", name="Arrived").click()
        expect(page.locator(".visit", has_text="Noor")).to_have_attribute("data-status", "arrived")
        watch.assert_clean()


def test_a_cut_link_shows_how_long_and_what_waits(browser: Browser, edge_site: Site) -> None:
    ports = ports_of(edge_site)
    with watched(browser, *SIZE) as watch:
        page = watch.page
        page.goto(f"{edge_site.url}/tablet")
        expect(page.get_by_text("In sync with the hub")).to_be_visible()
        ports.status.online = False  # type: ignore[attr-defined]  # the fake's switch
        expect(page.get_by_text("Working offline 12 min · 37 events, 6 photos to send")).to_be_visible()
        watch.assert_clean()


def test_findings_and_boxes_light_each_other_and_the_read_is_recorded(browser: Browser, edge_site: Site) -> None:
    ports = ports_of(edge_site)
    with watched(browser, *SIZE) as watch:
        page = watch.page
        page.goto(f"{edge_site.url}/tablet/captures")
        canvas = page.locator(".photo canvas")
        expect(canvas).to_be_visible()
        expect(page.get_by_text("Supports a professional's review, not a diagnosis.")).to_be_visible()
        size = canvas.bounding_box()
        assert size is not None
        scale = size["width"] / 1050
        canvas.click(position={"x": 715 * scale, "y": 825 * scale})
        line = page.get_by_role("button", name="Blemish")
        expect(line).to_have_attribute("aria-pressed", "true")
        before = canvas.screenshot()
        page.get_by_role("button", name="63 %").hover()
        expect(line).to_have_attribute("aria-pressed", "false")
        assert canvas.screenshot() != before
        watch.assert_clean()
    assert ports.captures.reads == [("capture-1", "provider_review", "staff-1")]  # type: ignore[attr-defined]


def test_captures_show_what_was_reviewed_and_not_what_was_proposed(browser: Browser, edge_site: Site) -> None:
    ports = ports_of(edge_site)
    with watched(browser, *SIZE) as watch:
        page = watch.page
        page.goto(f"{edge_site.url}/tablet/captures")
        expect(page.get_by_text("As the models propose it")).to_be_visible()
        expect(page.locator(".found")).to_have_count(3)
        removal = NewCorrection(action=ReviewAction.REMOVE, reason=ReviewReason.HAIR, finding=2)
        ports.review.correct(
            "capture-1", CorrectionsRequest(revision=0, corrections=[removal]), Actor("staff-1", "Mia Tran")
        )
        expect(page.get_by_text("As corrected so far")).to_be_visible(timeout=10_000)
        expect(page.locator(".found")).to_have_count(2)
        expect(page.get_by_role("button", name="Blemish")).to_have_count(0)
        expect(page.get_by_role("img", name="Photograph with 2 outlined features")).to_be_visible()
        watch.assert_clean()
