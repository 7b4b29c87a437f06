import re

import pytest
from playwright.sync_api import Browser, expect

from edge.api.ports import EdgePorts
from edge.api.waitlist_schemas import WaitlistEntryState
from edge.staff.permissions import Action
from tests.browser.conftest import Site, watched
from tests.support.edge_ports import FakeActors
from tests.support.waitlist_ports import FakeWaitlist

pytestmark = pytest.mark.browser
SIZE = (1180, 820)


def waitlist_of(site: Site) -> FakeWaitlist:
    """What stands behind the page."""
    assert isinstance(site.ports, EdgePorts)
    assert isinstance(site.ports.waitlist, FakeWaitlist)
    return site.ports.waitlist


def test_an_offer_says_why_and_how_long_it_stands_and_is_accepted(browser: Browser, edge_site: Site) -> None:
    with watched(browser, *SIZE) as watch:
        page = watch.page
        page.goto(f"{edge_site.url}/tablet")
        page.get_by_role("link", name="Waitlist").click()
        offer = page.get_by_role("article", name="Ana Prieto")
        expect(offer.get_by_role("timer")).to_contain_text("13:")
        expect(offer.get_by_role("listitem")).to_have_count(5)
        expect(offer).to_contain_text("Would see Mia Tran, as wished")
        expect(offer).to_contain_text("14:30 Wrinkle relaxer: cancelled")
        watch.assert_clean()
        offer.get_by_role("button", name="Takes it").click()
        expect(page.get_by_text("Booked: Ana Prieto, Wrinkle relaxer, 14:30.")).to_be_visible()
        expect(page.get_by_role("article")).to_have_count(1)
        expect(page.get_by_role("complementary").get_by_text("Booked")).to_be_visible()
        watch.assert_clean()


def test_who_may_not_change_the_schedule_sees_the_waitlist_switched_off_and_why(
    browser: Browser, edge_site: Site
) -> None:
    assert isinstance(edge_site.ports, EdgePorts)
    assert isinstance(edge_site.ports.actors, FakeActors)
    edge_site.ports.actors.rights = frozenset(Action) - {Action.CHANGE_SCHEDULE}
    with watched(browser, *SIZE) as watch:
        page = watch.page
        page.goto(f"{edge_site.url}/tablet/waitlist")
        expect(page.get_by_text("Your role can look at this, not change it.")).to_be_visible()
        for name in ("Add to the waitlist", "Takes it", "Does not", "Withdraw", "Change"):
            expect(page.get_by_role("button", name=name).first).to_be_disabled()
        watch.assert_clean()


def test_a_place_that_is_gone_is_said_with_what_is_free_instead(browser: Browser, edge_site: Site) -> None:
    with watched(browser, *SIZE) as watch:
        page = watch.page
        page.goto(f"{edge_site.url}/tablet/waitlist")
        page.get_by_role("article", name="Iris Vale").get_by_role("button", name="Takes it").click()
        expect(
            page.get_by_text("14:30 is no longer free; nothing was booked. Free that day: 14:00, 15:00.")
        ).to_be_visible()
        expect(page.get_by_role("complementary").get_by_text("Place gone")).to_be_visible()
        watch.assert_clean()


def test_who_declines_waits_on_and_the_next_is_asked(browser: Browser, edge_site: Site) -> None:
    with watched(browser, *SIZE) as watch:
        page = watch.page
        page.goto(f"{edge_site.url}/tablet/waitlist")
        page.get_by_role("article", name="Ana Prieto").get_by_role("button", name="Does not").click()
        expect(page.get_by_text("It goes to whoever suits next.")).to_be_visible()
        row = page.get_by_role("listitem", name="Ana Prieto")
        expect(row.get_by_role("button", name="Offer now")).to_be_enabled()
        held_back = page.get_by_role("listitem", name="Sol Reyes")
        expect(held_back).to_contain_text("2 offers today")
        expect(held_back.get_by_role("button", name="Offer now")).to_be_disabled()
        page.get_by_role("listitem", name="Noor Aziz").get_by_role("button", name="Offer now").click()
        expect(page.get_by_role("article", name="Noor Aziz").get_by_role("timer")).to_be_visible()
        watch.assert_clean()


def test_who_waits_is_told_why_and_until_when_and_nothing_is_offered_in_vain(browser: Browser, edge_site: Site) -> None:
    with watched(browser, *SIZE) as watch:
        page = watch.page
        page.goto(f"{edge_site.url}/tablet/waitlist")
        row = page.get_by_role("listitem", name="Uma Berg")
        expect(row).to_contain_text(re.compile("Wed 12 Mar . Thu 13 Mar: Laser hair removal needs 14 days between it"))
        expect(row).to_contain_text("on 14 March at the earliest.")
        expect(row.get_by_role("button", name="Offer now")).to_be_disabled()
        expect(row).not_to_contain_text("Fri 14 Mar, nearest")
        row.get_by_role("button", name="Later days, too").click()
        expect(row).to_contain_text("Fri 14 Mar, nearest 09:30: No room of type laser is free 09:30-10:10")
        expect(row).to_contain_text("Dr. Okoye has a break 10:00-10:30.")
        watch.assert_clean()
        row.get_by_role("button", name="Only the first days").click()
        expect(row).not_to_contain_text("Fri 14 Mar, nearest")


def test_a_place_that_was_left_says_who_fills_it_who_is_next_and_why_not_the_others(
    browser: Browser, edge_site: Site
) -> None:
    with watched(browser, *SIZE) as watch:
        page = watch.page
        page.goto(f"{edge_site.url}/tablet/waitlist")
        places = page.get_by_role("region", name="Places that were left")
        place = places.get_by_role("listitem", name=re.compile("Today 14:30.15:00"))
        expect(place).to_contain_text("On offer to Ana Prieto")
        watch.assert_clean()
        place.get_by_role("button", name="Who fills it").click()
        dialog = page.get_by_role("dialog", name=re.compile("Today 14:30.15:00: who fills it"))
        expect(dialog.get_by_role("region", name="On offer to")).to_contain_text("Ana Prieto")
        expect(dialog.get_by_role("region", name="Would be asked next")).to_contain_text("40 points")
        others = dialog.get_by_role("region", name="Not asked, and why").get_by_role("listitem")
        expect(others).to_have_count(2)
        expect(others.nth(1)).to_contain_text("This client has had 2 offers today; more on another day. The client can")
        watch.assert_clean()
        dialog.get_by_role("button", name="Close").click()
        expect(dialog).to_have_count(0)


def test_a_withdrawal_is_undone(browser: Browser, edge_site: Site) -> None:
    with watched(browser, *SIZE) as watch:
        page = watch.page
        page.goto(f"{edge_site.url}/tablet/waitlist")
        page.get_by_role("listitem", name="Noor Aziz").get_by_role("button", name="Withdraw").click()
        expect(page.get_by_role("listitem", name="Noor Aziz")).to_have_count(0)
        expect(page.get_by_text("Noor Aziz no longer waits for Laser hair removal.")).to_be_visible()
        watch.assert_clean()
        page.get_by_role("button", name="Undo").click()
        expect(page.get_by_role("listitem", name="Noor Aziz")).to_be_visible()
    assert waitlist_of(edge_site).entries[2].state is WaitlistEntryState.WAITING


def test_a_client_is_put_on_the_list_with_what_suits(browser: Browser, edge_site: Site) -> None:
    with watched(browser, *SIZE) as watch:
        page = watch.page
        page.goto(f"{edge_site.url}/tablet/waitlist")
        page.get_by_role("button", name="Add to the waitlist…").click()
        dialog = page.get_by_role("dialog")
        dialog.get_by_label("Client", exact=True).fill("an")
        expect(dialog.get_by_role("button", name="Add to the waitlist")).to_be_disabled()
        dialog.get_by_role("button", name="Ana Prieto").click()
        dialog.get_by_label("Service").select_option("hydra")
        dialog.get_by_label("Would like").select_option("okoye")
        dialog.get_by_label("Between").fill("10:00")
        dialog.get_by_text("Fri", exact=True).click()
        dialog.get_by_label("Minutes to get here").fill("25")
        dialog.get_by_label("Agreed to messages").check()
        watch.assert_clean()
        dialog.get_by_role("button", name="Add to the waitlist").click()
        row = page.get_by_role("listitem", name="Ana Prieto").filter(has_text="Hydra facial")
        expect(row).to_contain_text("Tue 18 Mar, Fri, 10:00")
        expect(row).to_contain_text("wishes Dr. Okoye · 25 min away")
        row.get_by_role("button", name="Change…").click()
        dialog.get_by_label("Minutes to get here").fill("40")
        dialog.get_by_role("button", name="Change it").click()
        expect(row).to_contain_text("40 min away")
        watch.assert_clean()
    added = waitlist_of(edge_site).entries[-1]
    assert (added.client_id, added.windows[0].weekdays, added.travel_minutes, added.messages) == (
        "client-1",
        [4],
        40,
        True,
    )
