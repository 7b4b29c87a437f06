import pytest
from playwright.sync_api import Browser, Page, expect

from edge.api.ports import EdgePorts
from shared.vocabulary import ConsentDecision
from tests.browser.conftest import Site, edge_app, serving, watched
from tests.support.edge_ports import fake_edge_ports
from tests.support.kiosk_ports import FakeKiosk, FakeStation

pytestmark = pytest.mark.browser


def sign(page: Page) -> None:
    """Draw on the pad."""
    pad = page.locator(".signature canvas").bounding_box()
    assert pad is not None
    page.mouse.move(pad["x"] + 60, pad["y"] + 80)
    page.mouse.down()
    for step in range(12):
        page.mouse.move(pad["x"] + 60 + step * 20, pad["y"] + 80 + (step * 37 % 60) - 30)
    page.mouse.up()


def answer_all(page: Page, label: str, questions: int = 3) -> None:
    """Give each question of the consent the same answer."""
    answers = page.get_by_role("radio", name=label)
    expect(answers).to_have_count(questions)
    for answer in answers.all():
        answer.check(force=True)


def still_station(site: Site) -> FakeStation:
    """Return the page's station, which takes nothing before it is told to: each picture can be looked at."""
    ports = site.ports
    assert isinstance(ports, EdgePorts)
    assert isinstance(ports.kiosk, FakeKiosk)
    station = ports.kiosk.stations[-1]
    station.steps = 0
    return station


@pytest.mark.parametrize(("width", "height"), [(1080, 1920), (1920, 1080)])
def test_a_client_goes_from_welcome_through_consent_and_two_views_to_thanks(
    browser: Browser, edge_site: Site, width: int, height: int
) -> None:
    with watched(browser, width, height) as watch:
        page = watch.page
        page.goto(f"{edge_site.url}/kiosk")
        expect(page.get_by_role("heading", name="Welcome")).to_be_visible()
        watch.assert_clean()
        page.get_by_role("button", name="Ana").click()
        agree = page.get_by_role("button", name="Continue")
        expect(agree).to_be_disabled()
        page.get_by_role("radio", name="Yes, I agree").nth(0).check(force=True)
        page.get_by_role("radio", name="No").nth(1).check(force=True)
        page.get_by_role("radio", name="No").nth(2).check(force=True)
        sign(page)
        watch.assert_clean()
        station = still_station(edge_site)
        agree.click()
        expect(page.get_by_text("Hold still")).to_be_visible()
        station.steps = 1
        expect(page.get_by_text("That is a good photograph")).to_be_visible()
        station.steps = 1
        expect(page.get_by_role("heading", name="left cheek")).to_be_visible()
        watch.assert_clean()
        station.steps = None
        expect(page.get_by_role("heading", name="Thank you, Ana")).to_be_visible()
        watch.assert_clean()
    answer = station.accepted_consent
    assert answer is not None
    assert [one.decision for one in answer.choices] == [
        ConsentDecision.GRANTED,
        ConsentDecision.DENIED,
        ConsentDecision.DENIED,
    ]
    assert len(answer.signature.strokes[0]) >= 10


def test_the_preview_is_really_drawn_and_not_an_empty_canvas(browser: Browser, edge_site: Site) -> None:
    with watched(browser, 1080, 1920) as watch:
        page = watch.page
        page.goto(f"{edge_site.url}/kiosk")
        page.get_by_role("button", name="Ana").click()
        answer_all(page, "Yes, I agree")
        sign(page)
        still_station(edge_site)
        page.get_by_role("button", name="Continue").click()
        expect(page.get_by_text("Hold still")).to_be_visible()
        shades = page.evaluate(
            """() => { const c = document.querySelector('.kiosk-live canvas');
            const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data;
            return new Set(d.filter((_, i) => i % 4 === 0)).size }"""
        )
        assert shades > 100


def test_the_whole_visit_can_be_read_in_spanish(browser: Browser, edge_site: Site) -> None:
    with watched(browser, 1080, 1920) as watch:
        page = watch.page
        page.goto(f"{edge_site.url}/kiosk")
        page.get_by_role("button", name="Español").click()
        expect(page.get_by_role("heading", name="Le damos la bienvenida")).to_be_visible()
        assert page.evaluate("document.documentElement.lang") == "es"
        page.get_by_role("button", name="Ana").click()
        expect(page.get_by_role("button", name="Continuar")).to_be_visible()
        watch.assert_clean()


def test_refusing_what_the_visit_needs_keeps_the_camera_off(browser: Browser, edge_site: Site) -> None:
    with watched(browser, 1080, 1920) as watch:
        page = watch.page
        page.goto(f"{edge_site.url}/kiosk")
        page.get_by_role("button", name="Ana").click()
        answer_all(page, "No")
        sign(page)
        expect(page.get_by_text("we cannot take photographs")).to_be_visible()
        expect(page.get_by_role("button", name="Continue")).to_be_disabled()
        page.get_by_role("button", name="Stop").click()
        expect(page.get_by_role("heading", name="Welcome")).to_be_visible()


def test_a_restarted_box_is_found_again_and_the_age_of_the_screen_is_told_meanwhile(browser: Browser) -> None:
    with watched(browser, 1080, 1920) as watch:
        page = watch.page
        with serving(edge_app(fake_edge_ports())) as port:
            page.goto(f"http://localhost:{port}/kiosk")
            expect(page.get_by_role("heading", name="Welcome")).to_be_visible()
        expect(page.get_by_role("alert")).to_contain_text("What you see is")
        with serving(edge_app(fake_edge_ports()), port):
            expect(page.get_by_role("alert")).to_have_count(0)
            expect(page.get_by_role("button", name="Ana")).to_be_enabled()
