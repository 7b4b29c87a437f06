"""The progress page in Chromium on real comparisons of a real face: nothing of the comparison is faked."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect

from edge.api.app import create_edge_api
from edge.faces.captures import CaptureDesk
from edge.faces.clients import ClientDesk
from edge.faces.errors import STATUSES
from edge.faces.progress import ProgressDesk
from edge.progress.comparison import VisitComparer
from edge.progress.similar import SimilarCases
from edge.review.licences import RegistryLicences
from edge.review.reviews import Reviews
from edge.schedule.registry import demo_registry
from edge.visits.intake import CaptureIntake
from edge.visits.library import CaptureLibrary
from shared.events.catalogue.audit import PhotoRead
from shared.events.catalogue.capture import FindingFound
from shared.events.catalogue.progress import SimilarSearched
from shared.http.guard import GuardSettings
from shared.ids import ClientId
from shared.imaging.decode import ImageLimits
from shared.imaging.image import RgbImage
from shared.vision.face_map import inter_eye_pixels
from shared.vocabulary import ConsentDecision, ConsentPurpose, FaceRegion, FindingType, LightProfile, View
from tests.browser.conftest import ROOT, Watched, serving, watched
from tests.support.edge_ports import fake_edge_ports
from tests.support.faces import landmarker, portrait
from tests.support.records import BoxRecord, open_box_record
from tests.support.second_visit import Warp, relit
from tests.support.visits import REPEATS, STANDARD, Drawn, Values, Visits, draw, found, moved

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]
SIZE = (1180, 820)


@dataclass
class Clinic:
    """A box with two clients: Ana with three front visits and two left ones, Ben who may be found."""

    box: BoxRecord
    url: str
    ana: ClientId
    ben: ClientId


@pytest.fixture
def clinic(tmp_path: Path) -> Iterator[Clinic]:
    box = open_box_record(tmp_path)
    ana, ben = box.new_client("Ana Prieto"), box.new_client("Ben Cole")
    add_visits(Visits(box, ana))
    version = box.consent.texts.text("en").version
    granted = [(ConsentPurpose.SIMILAR_CASES, ConsentDecision.GRANTED)]
    box.consent.record(ben, "en", version, granted, "[]", "tester")
    image, features, values = front_visits()[0]
    Visits(box, ben).add(image, features[:3], values=values, looks=[np.ones(20)] * 3)
    library = CaptureLibrary(box.store, box.vault, box.clients)
    reviews = Reviews(box.store, box.clients, RegistryLicences(demo_registry()), box.clock)
    comparer = VisitComparer(library, reviews, box.consent, landmarker(), ImageLimits(), lambda _analysis: REPEATS)
    similar = SimilarCases(box.store, box.clients, box.consent, lambda _space: None)
    never = CaptureIntake.__new__(CaptureIntake)  # nothing is photographed here
    ports = replace(
        fake_edge_ports(),
        progress=ProgressDesk(library, box.register, box.consent, comparer, similar, lambda _analysis: REPEATS),
        clients=ClientDesk(box.register, box.consent, library),
        captures=CaptureDesk(never, library, box.register, None, reviews),  # type: ignore[arg-type]
    )
    app = create_edge_api(ports, ROOT / "edge/web/dist", GuardSettings(hosts=("localhost",)), STATUSES)
    with serving(app) as port:
        yield Clinic(box, f"http://localhost:{port}", ana, ben)
    box.store.close()


def enlarged():
    return cv2.resize(portrait(), None, fx=3, fy=3, interpolation=cv2.INTER_CUBIC)


def on_face(points) -> list[Drawn]:
    unit = inter_eye_pixels(points)
    kinds = (FindingType.SPOT, FindingType.BLEMISH, FindingType.PUSTULE, FindingType.SPOT)
    places = zip((50, 280, 151, 205, 425, 199), (*kinds, *kinds), strict=False)
    return [Drawn(float(points[i][0]), float(points[i][1]), unit * 0.04, kind) for i, kind in places]


@cache
def front_visits() -> list[tuple[RgbImage, list[FindingFound], Values]]:
    """Six features, then five of them, then four of them and one more."""
    first = enlarged()
    face = landmarker().detect(first)[0]
    centre = face.points.mean(axis=0)
    warp = Warp((float(centre[0]), float(centre[1])), inter_eye_pixels(face.points), 2.0, 0.97, (0.04, -0.03), 0.02)
    drawn = on_face(face.points)
    came = Drawn(float(face.points[330][0]), float(face.points[330][1]), drawn[0].radius, FindingType.BLEMISH)
    visits = [(draw(first, drawn), found(drawn, face), Values(redness=0.44))]
    paler = Values(redness=0.44, by_region={FaceRegion.LEFT_CHEEK: {"redness": 0.36}})
    for seed, (kept, values) in enumerate(((drawn[:5], Values(redness=0.43)), ([*drawn[:4], came], paler))):
        seen = replace(warp, seed=seed)
        image = relit(seen.photograph(draw(first, kept)), seed)
        visits.append((image, found(moved(kept, seen), landmarker().detect(image)[0], 0.7, seed), values))
    return visits


def add_visits(visits: Visits) -> None:
    """The front visits, and a left view in two lights."""
    rng = np.random.default_rng(0)
    for image, features, values in front_visits():
        visits.add(image, features, values=values, looks=list(rng.normal(1, 0.2, (len(features), 20))))
    left = STANDARD.model_copy(update={"view": View.LEFT})
    visits.add(enlarged(), (), values=Values(), metadata=left)
    polarised = left.model_copy(update={"light_profile": LightProfile.CROSS_POLARISED})
    visits.add(enlarged(), (), values=Values(), metadata=polarised)


def opened(watch: Watched, clinic: Clinic) -> Page:
    page = watch.page
    page.set_default_timeout(30_000)
    page.goto(f"{clinic.url}/tablet/progress")
    page.get_by_role("button", name="Ana Prieto").click()
    expect(page.locator(".pg-pane img")).to_have_count(2, timeout=60_000)
    return page


def test_two_visits_stand_side_by_side_with_what_stayed_came_and_went(browser: Browser, clinic: Clinic) -> None:
    with watched(browser, *SIZE) as watch:
        page = opened(watch, clinic)
        expect(page.get_by_text("4 on both, 1 on the later photograph only, 2 on the")).to_be_visible()
        expect(page.get_by_text("The left cheek looks redder")).to_have_count(0)
        expect(page.get_by_text("The left cheek looks less red than before.")).to_be_visible()
        expect(page.get_by_text("Laid over each other by the skin's texture")).to_be_visible()
        panes = page.locator(".pg-pane")
        expect(panes.nth(0).locator("[data-kind=resolved]")).to_have_count(2)
        expect(panes.nth(0).locator("[data-kind=new]")).to_have_count(0)
        expect(panes.nth(1).locator("[data-kind=new]")).to_have_count(1)
        expect(panes.nth(1).locator("[data-kind=persisting]")).to_have_count(4)
        shapes = {
            kind: panes.nth(side).locator(f"[data-kind={kind}] .line").first.get_attribute("d") or ""
            for side, kind in ((0, "resolved"), (1, "new"), (1, "persisting"))
        }
        corners = {kind: path.count("L") + path.count("a") for kind, path in shapes.items()}
        assert "a" in shapes["persisting"], "a circle"
        assert "a" not in shapes["new"] + shapes["resolved"], "and two polygons, one standing on its corner"
        assert corners["new"] == corners["resolved"] == 3
        assert shapes["new"].split("L")[0][1:].split(",")[0] == shapes["new"].split("L")[2].split(",")[0]
        watch.assert_clean()


def test_a_feature_chosen_in_the_list_comes_into_sight_on_both_photographs(browser: Browser, clinic: Clinic) -> None:
    with watched(browser, *SIZE) as watch:
        page = opened(watch, clinic)
        expect(page.locator(".pg-signs [data-elsewhere]")).to_have_count(0)
        page.get_by_role("button", name="Closer").click()
        page.get_by_role("button", name="Closer").click()
        line = page.locator(".pg-feature").first
        line.click()
        expect(line).to_have_attribute("aria-pressed", "true")
        expect(page.locator(".pg-signs [data-chosen]")).to_have_count(2)
        expect(page.locator(".pg-signs [data-chosen][data-elsewhere]")).to_have_count(1)
        for pane in page.locator(".pg-pane").all():
            frame, mark = pane.bounding_box(), pane.locator("[data-chosen]").bounding_box()
            assert frame is not None
            assert mark is not None
            assert frame["x"] <= mark["x"]
            assert mark["x"] + mark["width"] <= frame["x"] + frame["width"]
        page.get_by_role("button", name="Only before").click()
        expect(page.locator(".pg-signs [data-kind=resolved]")).to_have_count(0)
        watch.assert_clean()


def test_the_slider_shows_more_of_the_one_or_the_other_and_blinking_can_be_stepped(
    browser: Browser, clinic: Clinic
) -> None:
    with watched(browser, *SIZE) as watch:
        page = opened(watch, clinic)
        page.get_by_role("button", name="Slider").click()
        slider = page.get_by_role("slider", name="How much of the earlier photograph")
        stage = page.locator(".pg-stage")
        slider.fill("10")
        mostly_after = stage.screenshot()
        slider.fill("90")
        assert stage.screenshot() != mostly_after
        slider.press("ArrowRight")
        expect(slider).to_have_value("91")
        watch.assert_clean()
        page.get_by_role("button", name="Blink").click()
        # Less motion was asked for, so it waits to be switched.
        expect(page.get_by_role("button", name="Play")).to_be_visible()
        name = page.locator(".pg-name")
        expect(name).to_have_text("Before")
        before = stage.screenshot()
        page.get_by_role("button", name="Switch").click()
        expect(name).to_have_text("After")
        assert stage.screenshot() != before
        watch.assert_clean()


def test_another_visit_is_chosen_on_the_curve_and_within_the_band_nothing_is_said_to_have_changed(
    browser: Browser, clinic: Clinic
) -> None:
    with watched(browser, *SIZE) as watch:
        page = opened(watch, clinic)
        expect(page.locator(".pg-plot .band")).to_have_count(1)
        points = page.locator(".pg-point")
        expect(points).to_have_count(3)
        points.nth(1).click()
        expect(points.nth(1)).to_have_attribute("data-role", "before")
        expect(page.get_by_label("Before", exact=True)).to_have_value(clinic_capture(clinic, 1))
        expect(page.get_by_text("The left cheek looks less red than before.")).to_be_visible()
        page.get_by_label("Before", exact=True).select_option(clinic_capture(clinic, 0))
        page.get_by_label("After", exact=True).select_option(clinic_capture(clinic, 1))
        expect(page.get_by_text("No value changed beyond repeatability.")).to_be_visible()
        page.get_by_label("Measure").select_option("redness")
        page.get_by_label("Where").select_option("left_cheek")
        expect(points).to_have_count(3)
        expect(page.locator(".pg-pane img")).to_have_count(2)
        watch.assert_clean()


def test_two_lights_are_shown_but_not_compared_and_the_page_says_why(browser: Browser, clinic: Clinic) -> None:
    with watched(browser, *SIZE) as watch:
        page = opened(watch, clinic)
        page.get_by_role("button", name="Left 2").click()
        expect(page.get_by_text("cross-polarised light, the other in standard light")).to_be_visible()
        expect(page.locator(".pg-pane img")).to_have_count(2)
        expect(page.locator(".pg-signs path")).to_have_count(0)
        expect(page.get_by_text("A dashed line: other models or other light")).to_be_visible()
        watch.assert_clean()


def test_similar_cases_are_searched_on_purpose_named_nobody_and_gone_after_withdrawal(
    browser: Browser, clinic: Clinic
) -> None:
    with watched(browser, *SIZE) as watch:
        page = opened(watch, clinic)
        assert searches(clinic) == []
        page.get_by_role("button", name="Look for similar cases").click()
        other = page.locator(".pg-case", has_text="Another client")
        expect(other).to_have_count(1)
        expect(page.locator(".pg-case", has_text="Same client")).to_have_count(2)
        expect(page.get_by_role("region", name="Similar cases")).not_to_contain_text("Ben")
        assert len(searches(clinic)) == 1
        other.click()
        expect(page.get_by_role("img", name="Another client")).to_be_visible()
        assert clinic.box.store.read(clinic.box.store.head().seq - 1, 1)[0].fields.type == PhotoRead.event_type
        watch.assert_clean()
        page.get_by_role("button", name="Close", exact=True).click()
        clinic.box.consent.withdraw(clinic.ben, ConsentPurpose.SIMILAR_CASES, "", "tester")
        other.click()
        expect(page.get_by_role("alert")).to_contain_text("has not allowed this")
        # A refusal is a message of the browser's own; everything else must be silent.
        assert all("403" in error for error in watch.errors)
        assert watch.foreign == []


def searches(clinic: Clinic) -> list[str]:
    rows = clinic.box.store.rows("SELECT id FROM events WHERE type = ?", (SimilarSearched.event_type,))
    return [row[0] for row in rows]


def clinic_capture(clinic: Clinic, place: int) -> str:
    rows = clinic.box.store.rows("SELECT capture FROM captures WHERE client = ? ORDER BY rowid", (clinic.ana,))
    return str(rows[place][0])
