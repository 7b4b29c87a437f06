"""The clinic's page over the real planner and a real record: one edit that hurts a visit, planned again, taken back."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

import edge.schedule.book
from edge.api.app import create_edge_api
from edge.faces.errors import STATUSES
from edge.faces.people import FilePeople
from edge.faces.registry import RegistryDesk
from edge.schedule.book import ScheduleBook
from edge.schedule.changing.book import RegistryBook
from edge.schedule.changing.editor import RegistryEditor
from edge.schedule.domain import AppointmentRequest, Span
from edge.schedule.ids import AppointmentId, ProviderId, ServiceId
from edge.schedule.registry import demo_registry
from shared.http.guard import GuardSettings
from tests.browser.conftest import ROOT, serving, watched
from tests.support.edge_ports import fake_edge_ports
from tests.support.records import open_box_record
from tests.support.slots import board_of

pytestmark = pytest.mark.browser
SIZE = (1180, 820)
TODAY = dt.date(2026, 3, 2)


@dataclass
class Clinic:
    """A served clinic, and what stands behind its pages."""

    url: str
    registry: RegistryBook
    book: ScheduleBook


@pytest.fixture
def clinic(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Clinic]:
    """Serve the pages at ten o'clock; Dr. Cedar sees a client at two."""
    monkeypatch.setattr(edge.schedule.book, "REPLAN_SECONDS", 0.1)
    record = open_box_record(tmp_path)
    registry = RegistryBook(record.store, record.ids, None)
    book = ScheduleBook(record.store, registry, record.ids, record.clock, "Europe/Vienna")
    client = record.new_client("Ada Alder", consents=False)
    wish = AppointmentRequest(
        AppointmentId("v"), client, ServiceId("consultation"), Span(840, 1140), ProviderId("cedar")
    )
    assert book.book_day(TODAY, [wish], "desk") == 1
    desk = RegistryDesk(RegistryEditor(registry, book), FilePeople(registry))
    board = board_of(book, record)
    ports = replace(fake_edge_ports(), schedule=board, registry=desk)
    app = create_edge_api(ports, ROOT / "edge/web/dist", GuardSettings(hosts=("localhost",)), statuses=STATUSES)
    with serving(app) as port:
        yield Clinic(f"http://localhost:{port}", registry, book)
    record.store.close()


def open_page(page: Page, clinic: Clinic) -> None:
    page.goto(f"{clinic.url}/tablet")
    page.get_by_role("link", name="Clinic").click()
    expect(page.get_by_role("heading", name="Riverside Skin Studio")).to_be_visible()


def choose(page: Page, section: str) -> None:
    page.get_by_role("radiogroup", name="What to look at").get_by_text(section, exact=True).click()


def test_a_shorter_shift_shows_whom_it_hurts_and_is_planned_around_and_taken_back(
    browser: Browser, clinic: Clinic
) -> None:
    before = clinic.registry.current()
    with watched(browser, *SIZE) as watch:
        page = watch.page
        open_page(page, clinic)
        expect(page.get_by_role("img", name="Works 09:00 to 18:00, break 12:30 to 13:15")).to_be_visible()
        watch.assert_clean()
        page.get_by_role("button", name="Change Dr. Cedar").click()
        dialog = page.get_by_role("dialog")
        dialog.get_by_label("Until").first.fill("08:00")
        dialog.get_by_role("button", name="Keep in the draft").click()
        expect(dialog.get_by_text("End must be later than start.")).to_be_visible()
        watch.assert_clean()
        dialog.get_by_label("Until").first.fill("14:00")
        dialog.get_by_role("button", name="Keep in the draft").click()
        expect(page.get_by_text("1 visit would stand without what they need.")).to_be_visible()
        assert clinic.registry.version == 0
        watch.assert_clean()
        page.get_by_role("button", name="See what changes").click()
        expect(dialog.get_by_text("Dr. Cedar: shift 09:00-18:00 → 09:00-14:00.")).to_be_visible()
        expect(dialog.get_by_text("Mon 2 Mar 14:00")).to_be_visible()
        expect(dialog.get_by_text("Dr. Cedar does not work then.")).to_be_visible()
        assert "Ada" not in dialog.inner_text()
        expect(dialog.get_by_role("button", name="Save")).to_be_disabled()
        dialog.get_by_label("I have looked at them").check()
        watch.assert_clean()
        dialog.get_by_role("button", name="Save").click()
        expect(page.get_by_text("The clinic is changed.")).to_be_visible()
        assert clinic.book.registry.provider(ProviderId("cedar")).shift.end == 840
        page.get_by_role("link", name="1 visit waits").click()
        side = page.get_by_role("complementary", name="Unplaced visits and changes")
        expect(side.get_by_text("Dr. Cedar does not work then.")).to_be_visible()
        watch.assert_clean()
        side.get_by_role("button", name="Plan them again").click()
        expect(page.get_by_text("The clinic has changed").first).to_be_visible()
        expect(side.get_by_text("Dr. Cedar does not work then.")).to_have_count(0)
        assert clinic.book.day(TODAY).plan.appointments[AppointmentId("v")].providers == ("laurel",)
        page.get_by_role("link", name="Clinic").click()
        page.get_by_role("button", name="Undo this change").click()
        dialog.get_by_role("button", name="Take it back").click()
        expect(page.get_by_text("Taken back today")).to_be_visible()
        expect(page.get_by_role("img", name="Works 09:00 to 18:00, break 12:30 to 13:15")).to_be_visible()
        watch.assert_clean()
    assert clinic.registry.current() == before == demo_registry()


def test_a_device_is_added_and_a_service_gets_a_price_in_one_change(browser: Browser, clinic: Clinic) -> None:
    with watched(browser, *SIZE) as watch:
        page = watch.page
        open_page(page, clinic)
        choose(page, "Devices")
        page.get_by_role("button", name="Add a device").click()
        dialog = page.get_by_role("dialog")
        dialog.get_by_role("button", name="Keep in the draft").click()
        expect(dialog.get_by_text("Write something here.").first).to_be_visible()
        dialog.get_by_label("Name").fill("Laser C")
        dialog.get_by_label("Type").fill("laser")
        expect(dialog.get_by_label("Minutes of cooldown")).to_have_value("10")
        dialog.get_by_text("Laser room 1", exact=True).click()
        watch.assert_clean()
        dialog.get_by_role("button", name="Keep in the draft").click()
        expect(page.get_by_text("Laser C")).to_be_visible()
        choose(page, "Services")
        page.get_by_role("button", name="Change Chemical peel").click()
        dialog.get_by_label("Price").fill("140")
        dialog.get_by_role("button", name="Add a task").click()
        dialog.get_by_label("Task 1", exact=True).fill("Towels are warm")
        watch.assert_clean()
        dialog.get_by_role("button", name="Keep in the draft").click()
        page.get_by_role("button", name="See what changes").click()
        expect(dialog.get_by_text("Added the device Laser C.")).to_be_visible()
        dialog.get_by_role("button", name="Save").click()
        expect(page.get_by_text("It is planned with from now on.")).to_be_visible()
        watch.assert_clean()
    saved = clinic.registry.current()
    assert [(one.name, one.rooms) for one in saved.devices if one.id == "laser-c"] == [("Laser C", ("laser-1",))]
    (peel,) = [one for one in saved.services if one.id == "peel"]
    assert (peel.price, [(task.title, task.due) for task in peel.checklist]) == (140, [("Towels are warm", -10)])


def test_what_a_visit_uses_is_not_removed(browser: Browser, clinic: Clinic) -> None:
    with watched(browser, *SIZE) as watch:
        page = watch.page
        open_page(page, clinic)
        page.get_by_role("button", name="Change Dr. Cedar").click()
        page.get_by_role("dialog").get_by_role("button", name="Remove").click()
        expect(page.get_by_text("Dr. Cedar cannot be removed: 1 visit uses it: 2 Mar 14:00")).to_be_visible()
        expect(page.get_by_role("button", name="See what changes")).to_be_disabled()
        watch.assert_clean()
        page.get_by_role("button", name="Discard").click()
        expect(page.get_by_role("button", name="Change Dr. Cedar")).to_be_visible()


def test_two_tablets_do_not_overwrite_each_other(browser: Browser, clinic: Clinic) -> None:
    with watched(browser, *SIZE) as watch:
        page = watch.page
        open_page(page, clinic)
        page.get_by_role("button", name="Hours and rules").click()
        dialog = page.get_by_role("dialog")
        dialog.get_by_label("The clinic's name").fill("Riverside")
        watch.assert_clean()
        dialog.get_by_role("button", name="Keep in the draft").click()
        expect(page.get_by_text("1 change not saved yet.")).to_be_visible()
        other = clinic.registry.current().model_copy(update={"clinic": "Lakeside"})
        clinic.registry.change(other, TODAY, 0, "other")
        expect(page.get_by_text("Somebody else has saved a change meanwhile.")).to_be_visible()
        page.get_by_role("button", name="Discard").click()
        expect(page.get_by_role("heading", name="Lakeside")).to_be_visible()
        watch.assert_clean()
