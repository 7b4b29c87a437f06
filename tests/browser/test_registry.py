"""The clinic's page over the real planner and a real record: one edit that hurts a visit, planned again, taken back."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

import edge.schedule.book
from edge.api.app import create_edge_api
from edge.faces.errors import STATUSES
from edge.faces.people import FilePeople
from edge.faces.registry import RegistryDesk
from edge.schedule.book import ScheduleBook
from edge.schedule.changing.book import RegistryBook, clinic_date
from edge.schedule.changing.document import document_of, registry_of
from edge.schedule.changing.editor import RegistryEditor
from edge.schedule.domain import AppointmentRequest, Span
from edge.schedule.ids import AppointmentId, ProviderId, ServiceId
from edge.schedule.paces import Pace
from edge.schedule.registry import demo_registry
from shared.http.guard import GuardSettings
from shared.ids import ClientId
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
    registry = RegistryBook(record.store, record.ids, None, clinic_date(record.clock, "Europe/Vienna"))
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


def test_a_provider_leaves_on_a_day_to_come_which_is_shown_looked_at_and_taken_back(
    browser: Browser, clinic: Clinic
) -> None:
    leaves = TODAY + dt.timedelta(days=2)
    wish = AppointmentRequest(
        AppointmentId("w"), ClientId("new-client"), ServiceId("consultation"), Span(840, 1140), ProviderId("cedar")
    )
    assert clinic.book.book_day(leaves, [wish], "desk") == 1
    with watched(browser, *SIZE) as watch:
        page = watch.page
        open_page(page, clinic)
        page.get_by_role("button", name="Change Dr. Cedar").click()
        dialog = page.get_by_role("dialog")
        dialog.get_by_role("switch", name="Away").check()
        watch.assert_clean()
        dialog.get_by_role("button", name="Keep in the draft").click()
        expect(page.get_by_text("2 visits would stand without what they need.")).to_be_visible()
        page.get_by_text("From a day on", exact=True).click()
        page.get_by_label("First day it counts for").fill(str(leaves))
        expect(page.get_by_text("1 visit would stand without what they need.")).to_be_visible()
        watch.assert_clean()
        page.get_by_role("button", name="See what changes").click()
        expect(dialog.get_by_text("What changes, from Wed 4 Mar on")).to_be_visible()
        expect(dialog.get_by_text("Dr. Cedar: is away.")).to_be_visible()
        expect(dialog.get_by_text("Wed 4 Mar 14:00")).to_be_visible()
        dialog.get_by_label("I have looked at them").check()
        watch.assert_clean()
        dialog.get_by_role("button", name="Save").click()
        expect(page.get_by_text("The clinic changes on Wed 4 Mar.")).to_be_visible()
        page.get_by_role("link", name="1 visit waits on Wed 4 Mar").click()
        expect(page.get_by_role("heading", name="Wednesday 4 March")).to_be_visible()
        side = page.get_by_role("complementary", name="Unplaced visits and changes")
        expect(side.get_by_text("Dr. Cedar is away.")).to_be_visible()
        watch.assert_clean()
        side.get_by_role("button", name="Plan them again").click()
        expect(page.get_by_text("The clinic has changed").first).to_be_visible()
        expect(side.get_by_text("Dr. Cedar is away.")).to_have_count(0)
        assert clinic.book.day(leaves).plan.appointments[AppointmentId("w")].providers == ("laurel",)
        watch.assert_clean()
        page.get_by_role("link", name="Back to today").click()
        expect(page.get_by_role("heading", name="Monday 2 March")).to_be_visible()
        page.get_by_role("link", name="Clinic").click()
        coming = page.get_by_role("region", name="Yet to come")
        expect(coming.get_by_text("From Wed 4 Mar")).to_be_visible()
        expect(page.get_by_role("img", name="Works 09:00 to 18:00, break 12:30 to 13:15")).to_be_visible()
        watch.assert_clean()
        days = [TODAY, leaves - dt.timedelta(days=1), leaves]
        assert [clinic.registry.on(day).provider(ProviderId("cedar")).away for day in days] == [False, False, True]


def test_what_is_yet_to_come_is_looked_at_edited_as_from_its_day_and_taken_back(
    browser: Browser, clinic: Clinic
) -> None:
    leaves = TODAY + dt.timedelta(days=2)
    document: Any = document_of(clinic.registry.current())
    document["providers"][0]["away"] = True
    clinic.registry.change(registry_of(document), 0, "cedar", leaves)
    with watched(browser, *SIZE) as watch:
        page = watch.page
        open_page(page, clinic)
        dialog, coming = page.get_by_role("dialog"), page.get_by_role("region", name="Yet to come")
        page.get_by_label("Which days' clinic to look at").select_option(label="From Wed 4 Mar on")
        expect(page.get_by_role("img", name="Away")).to_be_visible()
        watch.assert_clean()
        page.get_by_role("button", name="Change Hazel").click()
        dialog.get_by_label("Tier, if any").fill("senior")
        dialog.get_by_role("button", name="Keep in the draft").click()
        expect(page.get_by_label("First day it counts for")).to_have_value(str(leaves))
        expect(page.get_by_label("Which days' clinic to look at")).to_be_disabled()
        page.get_by_role("button", name="Discard").click()
        coming.get_by_role("button", name="Take it back").click()
        dialog.get_by_role("button", name="Take it back").click()
        expect(coming).to_have_count(0)
        expect(page.get_by_role("img", name="Works 09:00 to 18:00, break 12:30 to 13:15")).to_be_visible()
        watch.assert_clean()
    assert clinic.registry.on(leaves) == demo_registry()


def test_each_kind_of_event_has_its_own_row_of_who_decides(browser: Browser, clinic: Clinic) -> None:
    with watched(browser, *SIZE) as watch:
        page = watch.page
        open_page(page, clinic)
        page.get_by_role("button", name="Hours and rules").click()
        dialog = page.get_by_role("dialog")
        expect(dialog.get_by_label("A client is late: told clients whom the desk may move")).to_have_attribute(
            "placeholder", "4"
        )
        dialog.get_by_label("A client is late: who decides").select_option("Is suggested")
        dialog.get_by_label("A client is late: told clients whom the desk may move").fill("-2")
        dialog.get_by_role("button", name="Keep in the draft").click()
        expect(dialog.get_by_role("row", name="A client is late").get_by_role("alert")).to_be_visible()
        dialog.get_by_label("A client is late: told clients whom the desk may move").fill("2")
        dialog.get_by_label("A visit is cancelled: who decides").select_option("A manager decides")
        watch.assert_clean()
        dialog.get_by_role("button", name="Keep in the draft").click()
        page.get_by_role("button", name="See what changes").click()
        expect(dialog.get_by_text("When a client is late: happens by itself → is suggested;")).to_be_visible()
        expect(dialog.get_by_text("When a visit is cancelled: happens by itself → a manager decides.")).to_be_visible()
        dialog.get_by_role("button", name="Save").click()
        expect(page.get_by_text("It is planned with from now on.")).to_be_visible()
        watch.assert_clean()
    deciding = clinic.registry.current().deciding
    assert (deciding.late.at_least, deciding.late.suggest_notified) == ("suggest", 2)
    assert (deciding.cancelled.at_least, deciding.walk_in.at_least) == ("escalate", "execute")


def test_a_task_and_a_service_are_edited_with_all_that_the_file_can_say(browser: Browser, clinic: Clinic) -> None:
    with watched(browser, *SIZE) as watch:
        page = watch.page
        open_page(page, clinic)
        choose(page, "Services")
        page.get_by_role("button", name="Change Chemical peel").click()
        dialog = page.get_by_role("dialog")
        dialog.get_by_label("How often, against others").fill("9")
        for number, title in enumerate(("Towels are warm", "Cream is on"), start=1):
            dialog.get_by_role("button", name="Add a task").click()
            dialog.get_by_label(f"Task {number}", exact=True).fill(title)
        dialog.get_by_text("Holds nothing up").last.click()
        dialog.get_by_role("switch", name="The visit cannot begin without it").locator("visible=true").check()
        dialog.get_by_label("Minutes that it takes").fill("20")
        dialog.get_by_label("Done when").locator("visible=true").select_option("The client is here")
        dialog.get_by_text("Towels are warm", exact=True).locator("visible=true").click()
        watch.assert_clean()
        dialog.get_by_role("button", name="Keep in the draft").click()
        page.get_by_role("button", name="See what changes").click()
        dialog.get_by_role("button", name="Save").click()
        expect(page.get_by_text("It is planned with from now on.")).to_be_visible()
        watch.assert_clean()
    (peel,) = [one for one in clinic.registry.current().services if one.id == "peel"]
    first, second = peel.checklist
    assert (peel.share, second.after, second.takes, second.holds_start, second.done_by) == (
        9,
        (first.id,),
        20,
        True,
        "arrived",
    )


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
        clinic.registry.change(other, 0, "other")
        expect(page.get_by_text("Somebody else has saved a change meanwhile.")).to_be_visible()
        page.get_by_role("button", name="Discard").click()
        expect(page.get_by_role("heading", name="Lakeside")).to_be_visible()
        watch.assert_clean()


def test_a_manager_reads_how_long_each_provider_takes_and_writes_another_pace(browser: Browser, clinic: Clinic) -> None:
    cedar, willow = ProviderId("cedar"), ProviderId("willow")
    paces = (
        Pace(cedar, None, 92, 100, 0.88, 0.96, 210, counts=True),
        Pace(willow, None, 106, 100, 0.97, 1.16, 38, counts=False),
        Pace(willow, ServiceId("laser-hair"), 112, 100, 1.05, 1.19, 84, counts=True),
    )
    clinic.book.learnt.calibrate({}, "operator", {}, paces)
    with watched(browser, *SIZE) as watch:
        page = watch.page
        open_page(page, clinic)
        expect(page.get_by_text("Takes 8% less time, from 210 visits.")).to_be_visible()
        expect(page.get_by_text("Takes 12% longer for Laser hair removal, from 84 visits.")).to_be_visible()
        expect(page.get_by_text("Told by 38 visits")).to_have_count(0)
        watch.assert_clean()
        page.get_by_role("button", name="Change Nurse Willow").click()
        dialog = page.get_by_role("dialog")
        expect(dialog.get_by_text("Told by 38 visits, but not clearly: from 97% to 116%.")).to_be_visible()
        pace = dialog.get_by_label("Pace in per cent")
        expect(pace).to_have_value("100")
        pace.fill("180")
        dialog.get_by_role("button", name="Keep in the draft").click()
        expect(dialog.get_by_text("Input should be less than or equal to 135.")).to_be_visible()
        pace.fill("110")
        watch.assert_clean()
        dialog.get_by_role("button", name="Keep in the draft").click()
        page.get_by_role("button", name="See what changes").click()
        expect(dialog.get_by_text("Nurse Willow: pace 100 → 110.")).to_be_visible()
        dialog.get_by_role("button", name="Save").click()
        expect(page.get_by_text("Planned with 110% of a service's length.")).to_be_visible()
        watch.assert_clean()
    assert clinic.book.learnt.planning().provider(willow).pace == 110
