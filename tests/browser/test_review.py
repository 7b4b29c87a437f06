"""The review page in Chromium: a reviewer's whole work by pointer and by keys, and nothing for axe to say."""

import pytest
from playwright.sync_api import Browser, FloatRect, Locator, Page, expect

from edge.api import review_schemas as shown
from edge.api.ports import Actor, EdgePorts
from shared.vocabulary import ReviewAction, ReviewReason
from tests.browser.conftest import Site, Watched, watched
from tests.support.review_ports import FakeReview

pytestmark = pytest.mark.browser
SIZE = (1180, 820)
PHOTO = (1050, 1400)


def fake(site: Site) -> FakeReview:
    ports = site.ports
    assert isinstance(ports, EdgePorts)
    assert isinstance(ports.review, FakeReview)
    return ports.review


def open_review(watch: Watched, site: Site) -> Page:
    page = watch.page
    page.goto(f"{site.url}/tablet/review")
    expect(page.locator(".stage > img")).to_be_visible(timeout=20_000)
    expect(page.get_by_role("heading", name="Ana Prieto")).to_be_visible()
    return page


def line(page: Page, number: int) -> Locator:
    """The line of a finding in the list."""
    return page.locator(".rv-line").filter(has=page.locator(".rv-number", has_text=str(number)))


def frame(page: Page) -> FloatRect:
    """Where the photograph lies on the screen."""
    found = page.locator(".stage > img").bounding_box()
    assert found is not None
    return found


def on_photo(page: Page, x: float, y: float) -> tuple[float, float]:
    """Where a point of the photograph lies on the screen."""
    found = frame(page)
    return found["x"] + x * found["width"] / PHOTO[0], found["y"] + y * found["height"] / PHOTO[1]


def test_a_result_is_confirmed_corrected_undone_and_signed(browser: Browser, edge_site: Site) -> None:
    with watched(browser, *SIZE) as watch:
        page = open_review(watch, edge_site)
        expect(page.get_by_text("Supports a professional's review, not a diagnosis.")).to_be_visible()
        expect(page.get_by_role("button", name="Sign result")).to_be_disabled()
        watch.assert_clean()
        page.get_by_role("button", name="Confirm", exact=False).first.click()
        expect(page.get_by_text("1 of 3 decided")).to_be_visible()
        page.get_by_role("button", name="Remove").click()
        expect(page.get_by_role("heading", name="Remove 2")).to_be_visible()
        page.get_by_text("Hair").click()
        watch.assert_clean()
        page.locator(".rv-decision").get_by_role("button", name="Remove").click()
        expect(line(page, 2)).to_contain_text("removed")
        page.get_by_role("button", name="Undo").click()
        expect(line(page, 2)).to_contain_text("Needs you")
        page.get_by_role("button", name="Retype").click()
        page.get_by_text("Pustule").click()
        page.get_by_role("button", name="Save").click()
        expect(line(page, 2)).to_contain_text("changed")
        page.get_by_text("1 finding still needs your decision").click()
        page.get_by_role("button", name="Confirm", exact=False).first.click()
        page.get_by_role("button", name="Sign result").click()
        expect(page.get_by_text("3 findings: 2 confirmed, 1 changed, 0 added, 0 removed")).to_be_visible()
        expect(page.get_by_role("dialog").get_by_role("button", name="Sign result")).to_be_disabled()
        watch.assert_clean()
        page.get_by_label("Signed by").select_option("Mia Tran, NP")
        page.get_by_role("button", name="Sign as Mia Tran, NP").click()
        expect(page.get_by_text("Signed by Mia Tran, NP,")).to_be_visible()
        expect(page.get_by_role("button", name="Remove")).to_be_disabled()
        watch.assert_clean()
        page.get_by_role("button", name="Reopen").click()
        expect(page.get_by_text("Not signed: not shown to the client, not printed.")).to_be_visible()
    steps = [type(item.entry.step).__name__ for item in fake(edge_site).reviews["capture-1"].corrections]
    assert steps == ["Correction"] * 4


def test_everything_works_without_a_pointer(browser: Browser, edge_site: Site) -> None:
    with watched(browser, *SIZE) as watch:
        page = open_review(watch, edge_site)
        page.keyboard.press("?")
        expect(page.get_by_role("dialog", name="Keyboard shortcuts")).to_be_visible()
        watch.assert_clean()
        page.keyboard.press("Escape")
        expect(page.get_by_role("dialog")).to_have_count(0)
        page.keyboard.press("c")
        expect(page.get_by_text("1 of 3 decided")).to_be_visible()
        page.keyboard.press("x")
        page.keyboard.press("4")
        page.keyboard.press("Enter")
        expect(line(page, 2)).to_contain_text("removed")
        page.keyboard.press("Control+z")
        expect(line(page, 2)).to_contain_text("Needs you")
        page.keyboard.press("d")
        page.keyboard.press("Shift+ArrowRight")
        for _ in range(20):
            page.keyboard.press("Shift+ArrowDown")
        page.keyboard.press("Enter")
        expect(line(page, 2)).to_contain_text("changed")
        page.keyboard.press("n")
        page.keyboard.press("t")
        page.keyboard.press("Escape")
        page.keyboard.press("Shift+C")
        expect(page.get_by_text("3 of 3 decided")).to_be_visible()
        page.keyboard.press("s")
        page.get_by_label("Signed by").select_option("Ben Cole, RN")
        page.get_by_role("button", name="Sign as Ben Cole, RN").focus()
        page.keyboard.press("Enter")
        expect(page.get_by_text("Signed by Ben Cole, RN,")).to_be_visible()
        page.keyboard.press("]")
        expect(page.get_by_role("heading", name="Lea Novak")).to_be_visible()
        watch.assert_clean()
    second = fake(edge_site).reviews["capture-1"].findings[1]
    assert second.redrawn
    assert second.box.h > 55


def test_single_keys_can_be_switched_off(browser: Browser, edge_site: Site) -> None:
    with watched(browser, *SIZE) as watch:
        page = open_review(watch, edge_site)
        page.get_by_role("button", name="Keyboard shortcuts").click()
        page.get_by_role("switch", name="Single-key shortcuts").click()
        page.keyboard.press("Escape")
        expect(page.get_by_role("dialog")).to_have_count(0)
        page.keyboard.press("c")
        expect(page.get_by_text("0 of 3 decided")).to_be_visible()
    assert fake(edge_site).reviews["capture-1"].revision == 0


def test_a_missed_feature_is_drawn_where_it_is_after_zooming_in(browser: Browser, edge_site: Site) -> None:
    with watched(browser, *SIZE) as watch:
        page = open_review(watch, edge_site)
        before = frame(page)["width"]
        x, y = on_photo(page, 500, 900)
        page.mouse.move(x, y)
        page.mouse.wheel(0, -400)
        page.wait_for_function(
            "width => document.querySelector('.stage > img').getBoundingClientRect().width > 1.5 * width", arg=before
        )
        assert on_photo(page, 500, 900) == pytest.approx((x, y), abs=1.5)
        page.get_by_role("button", name="Add").click()
        start, end = on_photo(page, 480, 880), on_photo(page, 540, 950)
        page.mouse.move(*start)
        page.mouse.down()
        page.mouse.move(*end, steps=5)
        page.mouse.up()
        page.locator(".rv-choice label", has_text="Blemish").click()
        watch.assert_clean()
        page.locator(".rv-decision").get_by_role("button", name="Add").click()
        expect(line(page, 4)).to_contain_text("added")
    box = fake(edge_site).reviews["capture-1"].findings[3].box
    assert (box.x, box.y, box.w, box.h) == pytest.approx((480, 880, 60, 70), abs=2.5)


def test_a_handle_drawn_to_the_edge_stays_on_the_photograph(browser: Browser, edge_site: Site) -> None:
    with watched(browser, *SIZE) as watch:
        page = open_review(watch, edge_site)
        line(page, 1).click()
        page.get_by_role("button", name="Redraw").click()
        corner = page.locator("[data-grip=se]").bounding_box()
        assert corner is not None
        page.mouse.move(corner["x"] + corner["width"] / 2, corner["y"] + corner["height"] / 2)
        page.mouse.down()
        page.mouse.move(*on_photo(page, 1300, 800), steps=6)
        page.mouse.up()
        expect(page.get_by_label("Too small")).to_be_checked()
        page.get_by_role("button", name="Save").click()
        expect(line(page, 1)).to_contain_text("changed")
    box = fake(edge_site).reviews["capture-1"].findings[0].box
    assert box.x + box.w <= PHOTO[0]
    assert box.x + box.w == pytest.approx(PHOTO[0], abs=1)


def test_outline_and_line_light_each_other_and_the_look_is_recorded(browser: Browser, edge_site: Site) -> None:
    ports = edge_site.ports
    assert isinstance(ports, EdgePorts)
    with watched(browser, *SIZE) as watch:
        page = open_review(watch, edge_site)
        page.mouse.click(*on_photo(page, 493, 352))
        expect(line(page, 3)).to_have_attribute("aria-pressed", "true")
        line(page, 2).click()
        expect(page.locator(".outline[data-chosen]")).to_have_count(1)
        page.get_by_role("tab", name="Grades").click()
        expect(page.get_by_role("row", name="Forehead").first).to_be_visible()
        watch.assert_clean()
        page.get_by_role("tab", name="History").click()
        expect(page.get_by_text("Nothing was corrected yet.")).to_be_visible()
        page.get_by_role("button", name="Figures").click()
        expect(page.get_by_text("No result is signed yet.")).to_be_visible()
        watch.assert_clean()
    assert ports.captures.reads == [("capture-1", "provider_review", "staff-1")]  # type: ignore[attr-defined]


def test_what_another_reviewer_did_meanwhile_is_said_and_shown(browser: Browser, edge_site: Site) -> None:
    with watched(browser, *SIZE) as watch:
        page = open_review(watch, edge_site)
        page.route("**/review", lambda route: route.abort())
        review = fake(edge_site)
        removal = shown.NewCorrection(action=ReviewAction.REMOVE, reason=ReviewReason.HAIR, finding=1)
        review.correct("capture-1", shown.CorrectionsRequest(revision=0, corrections=[removal]), Actor("staff-2", "Lu"))
        page.get_by_role("button", name="Confirm", exact=False).first.click()
        expect(page.get_by_text("This review has changed meanwhile. Look again, then decide.")).to_be_visible()
        page.unroute("**/review")
        expect(line(page, 1)).to_contain_text("removed")
    assert review.reviews["capture-1"].revision == 1


def test_two_fingers_zoom_and_one_finger_moves_the_photograph(browser: Browser, edge_site: Site) -> None:
    with watched(browser, *SIZE) as watch:
        page = open_review(watch, edge_site)
        fingers = page.context.new_cdp_session(page)

        def touch(kind: str, *points: tuple[float, float]) -> None:
            where = [{"x": x, "y": y, "id": number} for number, (x, y) in enumerate(points)]
            fingers.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": where})

        x, y = on_photo(page, 525, 700)
        before = frame(page)
        touch("touchStart", (x - 30, y), (x + 30, y))
        for step in range(1, 7):
            touch("touchMove", (x - 30 - 10 * step, y), (x + 30 + 10 * step, y))
        touch("touchEnd")
        page.wait_for_function(
            "width => document.querySelector('.stage > img').getBoundingClientRect().width > 2.98 * width",
            arg=before["width"],
        )
        assert on_photo(page, 525, 700) == pytest.approx((x, y), abs=4)
        left = frame(page)["x"]
        touch("touchStart", (x, y))
        for step in range(1, 7):
            touch("touchMove", (x + 10 * step, y + 5 * step))
        touch("touchEnd")
        # The picture follows with the next frame, not with the event.
        page.wait_for_function(
            "x => document.querySelector('.stage > img').getBoundingClientRect().left > x", arg=left + 60 - 6
        )
        assert on_photo(page, 525, 700) == pytest.approx((x + 60, y + 30), abs=6)
    assert fake(edge_site).reviews["capture-1"].revision == 0
