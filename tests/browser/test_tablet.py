import re

import pytest
from playwright.sync_api import Browser, expect

from edge.api.ports import Actor, EdgePorts
from edge.api.review_schemas import CorrectionsRequest, NewCorrection
from edge.staff.permissions import PERMITTED, Action
from shared.vocabulary import ReviewAction, ReviewReason, StaffRole
from tests.browser.conftest import Site, watched
from tests.support.day_ports import DAY, DOUBTFUL, LENT, FakeSchedule
from tests.support.edge_ports import FakeActors

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


def test_the_front_desk_is_told_that_a_manager_decides_and_may_reject(browser: Browser, edge_site: Site) -> None:
    actors = ports_of(edge_site).actors
    assert isinstance(actors, FakeActors)
    actors.rights = PERMITTED[StaffRole.FRONT_DESK]
    with watched(browser, *SIZE) as watch:
        page = watch.page
        page.goto(f"{edge_site.url}/tablet")
        page.get_by_role("button", name="Something is out").click()
        page.get_by_role("button", name="Work out the day").click()
        expect(page.get_by_text("A manager decides this")).to_be_visible()
        approve = page.get_by_role("button", name="Approve as manager")
        expect(approve).to_be_disabled()
        expect(approve).to_have_accessible_description(
            "This is left to a manager. It waits here until one signs in and accepts it."
        )
        watch.assert_clean()
        page.get_by_role("button", name="Later").click()
        expect(page.get_by_text("A manager decides")).to_be_visible()
        page.get_by_role("button", name="Look at it").click()
        actors.rights = PERMITTED[StaffRole.MANAGER]
        expect(approve).to_be_enabled(timeout=15_000)
        actors.rights = PERMITTED[StaffRole.FRONT_DESK]
        expect(approve).to_be_disabled(timeout=15_000)
        page.get_by_role("button", name="Reject").click()
        expect(page.get_by_role("complementary", name="Proposal")).to_have_count(0)
        watch.assert_clean()
    assert ports_of(edge_site).schedule.day(DAY).proposals == []


def test_who_may_not_change_the_day_sees_it_with_everything_switched_off_and_why(
    browser: Browser, edge_site: Site
) -> None:
    actors = ports_of(edge_site).actors
    assert isinstance(actors, FakeActors)
    actors.rights = frozenset(Action) - {Action.CHANGE_SCHEDULE, Action.DECIDE_SCHEDULE}
    with watched(browser, *SIZE) as watch:
        page = watch.page
        page.goto(f"{edge_site.url}/tablet")
        expect(page.get_by_text("Your role can look at this, not change it.")).to_be_visible()
        expect(page.get_by_role("button", name="Walk-in")).to_be_disabled()
        expect(page.get_by_role("button", name="Something is out")).to_be_disabled()
        watch.assert_clean()
        page.get_by_role("button", name="Noor Aziz").click()
        card = page.get_by_role("dialog")
        expect(card.get_by_text("Your role can look at this, not change it.")).to_be_visible()
        for name in ("Arrived", "The client is late", "Cancelled", "No show"):
            expect(card.get_by_role("button", name=name, exact=True)).to_be_disabled()
        watch.assert_clean()


def test_a_place_held_for_online_booking_is_drawn_and_asked_back(browser: Browser, edge_site: Site) -> None:
    ports = ports_of(edge_site)
    with watched(browser, *SIZE) as watch:
        page = watch.page
        page.goto(f"{edge_site.url}/tablet")
        block = page.locator("[data-provider=ben] .lent")
        expect(block).to_contain_text("held for online booking")
        expect(block).to_contain_text("Consultation")
        expect(block).to_contain_text("17:00")
        block.click()
        card = page.get_by_role("dialog", name="Held for online booking")
        expect(card).to_contain_text("The hub can sell it until 16:00.")
        watch.assert_clean()
        ports.status.online = False  # type: ignore[attr-defined]  # the fake's switch
        card.get_by_role("button", name="Recall").click()
        expect(card).to_contain_text("It stays held until the hub has answered")
        expect(card).to_contain_text("it is asked as soon as it is")
        expect(card.get_by_role("button", name="Recall")).to_have_count(0)
        watch.assert_clean()
        expect(block).to_contain_text("asked back")
        ports.schedule.lent = []  # type: ignore[attr-defined]  # the hub gives it back
        expect(card).to_contain_text("the place is the clinic's again", timeout=15_000)
        watch.assert_clean()
        card.get_by_role("button", name="Close").last.click()
        expect(block).to_have_count(0)


def test_who_may_not_change_the_day_cannot_ask_a_place_back(browser: Browser, edge_site: Site) -> None:
    actors = ports_of(edge_site).actors
    assert isinstance(actors, FakeActors)
    actors.rights = frozenset(Action) - {Action.CHANGE_SCHEDULE}
    with watched(browser, *SIZE) as watch:
        page = watch.page
        page.goto(f"{edge_site.url}/tablet")
        page.locator(".lent").click()
        expect(page.get_by_role("button", name="Recall")).to_be_disabled()
        watch.assert_clean()


def test_a_slot_in_doubt_is_given_up_only_after_the_risk_was_read_and_is_held_again(
    browser: Browser, edge_site: Site
) -> None:
    schedule = ports_of(edge_site).schedule
    assert isinstance(schedule, FakeSchedule)
    schedule.lent = [LENT, DOUBTFUL]
    with watched(browser, *SIZE) as watch:
        page = watch.page
        page.goto(f"{edge_site.url}/tablet")
        side = page.get_by_role("region", name="Held for online booking")
        expect(side.get_by_role("listitem")).to_have_text(
            [
                re.compile("14:00.14:45 Consultation.*in doubt since 12:30"),
                re.compile("17:00.*the hub can sell it until 16:00"),
            ]
        )
        block = page.locator("[data-provider=mia] .lent")
        expect(block).to_contain_text("in doubt, held for online booking")
        watch.assert_clean()
        block.click()
        card = page.get_by_role("dialog", name="Held for online booking")
        expect(card).to_contain_text("nobody here knows whether somebody bought it")
        expect(card).to_contain_text("It stays held until 14:30, unless a manager gives it up.")
        watch.assert_clean()
        card.get_by_role("button", name="Give it up…").click()
        for word in ("In doubt", "The risk", "Who was told", "Look first", "The way back"):
            expect(card.get_by_role("term").filter(has_text=word)).to_be_visible()
        expect(card).to_contain_text("two clients may come to one place")
        expect(card.get_by_role("button", name="Give it up")).to_be_disabled()
        watch.assert_clean()
        card.get_by_role("button", name="Keep it held").click()
        assert schedule.lent == [LENT, DOUBTFUL]
        card.get_by_role("button", name="Give it up…").click()
        expect(card.get_by_label("I have looked, and take this risk")).not_to_be_checked()
        card.get_by_label("I have looked, and take this risk").check()
        card.get_by_role("button", name="Give it up").click()
        expect(card).to_contain_text("Given up: the place is the clinic's again. Nothing has been heard of a sale.")
        watch.assert_clean()
        card.get_by_role("button", name="Close").last.click()
        expect(block).to_have_count(0)
        expect(side).to_contain_text("Given up by Jo at 12:40")
        side.get_by_role("button", name="Hold it again").click()
        expect(block).to_be_visible()
        expect(side).not_to_contain_text("Given up by Jo")
        watch.assert_clean()


def test_a_slot_is_given_up_by_a_manager_only_and_the_others_read_why(browser: Browser, edge_site: Site) -> None:
    ports = ports_of(edge_site)
    assert isinstance(ports.actors, FakeActors)
    assert isinstance(ports.schedule, FakeSchedule)
    ports.schedule.lent = [DOUBTFUL]
    ports.actors.rights = PERMITTED[StaffRole.FRONT_DESK]
    with watched(browser, *SIZE) as watch:
        page = watch.page
        page.goto(f"{edge_site.url}/tablet")
        page.get_by_role("region", name="Held for online booking").get_by_role("button").click()
        card = page.get_by_role("dialog", name="Held for online booking")
        expect(card).to_contain_text("Giving it up is left to a manager, who signs in here.")
        expect(card.get_by_role("button", name="Give it up…")).to_be_disabled()
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
