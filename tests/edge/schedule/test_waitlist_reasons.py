"""When the reasons why people wait are worked out again, and of how many."""

import datetime as dt

import pytest

from edge.schedule.domain import Span
from edge.schedule.errors import UnknownName
from edge.schedule.ids import ServiceId
from edge.schedule.registry import Registry
from edge.schedule.waitlist.domain import EntryId, Window
from edge.schedule.waitlist_reasons import WaitlistReasons
from tests.edge.schedule.courses import with_rules
from tests.edge.schedule.test_waitlist_book import TODAY, Desk
from tests.support.cleared import FREE, ClearedClinic
from tests.support.records import BoxRecord

NEVER = Window(TODAY, TODAY, Span(540, 600))
"""Hours that are over: the record is opened at ten."""


@pytest.fixture
def desk(record: BoxRecord, clinic: Registry) -> Desk:
    return Desk(record, clinic)


def test_an_answer_stands_until_the_waitlist_a_day_or_the_minute_changes(desk: Desk) -> None:
    reasons = WaitlistReasons(desk.waitlist)
    desk.waits("a", windows=(NEVER,))
    first = reasons.whys()
    assert first[EntryId("a")][0].reasons[0].sentence == "No time is left in the hours that suit; widen them."
    desk.clock.advance(1)
    assert reasons.whys() is first
    for change in (lambda: desk.waits("b"), desk.freed, lambda: desk.clock.advance(60)):
        before = reasons.whys()
        change()
        assert reasons.whys() is not before
    assert reasons.whys()[EntryId("b")] == ()


def test_a_clearance_that_is_given_counts_at_once(record: BoxRecord) -> None:
    clinic = ClearedClinic(record)
    desk = Desk(record, clinic.book.registry)
    desk.book, desk.waitlist = clinic.book, clinic.waitlist
    name = desk.waits("a", client=clinic.ada, service=ServiceId("laser-hair"))
    reasons = WaitlistReasons(clinic.waitlist)
    assert FREE in reasons.whys()[name][0].reasons[0].sentence
    clinic.clear(FREE)
    assert reasons.whys()[name] == ()


def test_a_visit_on_another_day_counts_at_once_with_the_day_from_which_its_rule_allows_another(
    record: BoxRecord,
) -> None:
    clinic = ClearedClinic(record, with_rules({"peel": {"apart": [{"service": "peel", "days": 14}]}}))
    desk = Desk(record, clinic.book.registry)
    desk.book, desk.waitlist = clinic.book, clinic.waitlist
    name = desk.waits("a", client=clinic.ada, service=ServiceId("peel"))
    reasons = WaitlistReasons(clinic.waitlist)
    assert reasons.whys()[name] == ()
    assert clinic.booked("later", "peel", TODAY + dt.timedelta(days=9))
    (why,) = reasons.whys()[name]
    assert [reason.sentence for reason in why.reasons] == [
        "Chemical peel needs 14 days between it and Chemical peel on 11 March; on 25 March at the earliest."
    ]


def test_what_is_on_record_for_a_day_in_the_middle_counts_at_once(record: BoxRecord) -> None:
    after = {"service": "consultation", "at_least_days": 2, "at_most_days": 5}
    clinic = ClearedClinic(record, with_rules({"peel": {"after": [after]}}))
    desk = Desk(record, clinic.book.registry)
    desk.book, desk.waitlist = clinic.book, clinic.waitlist
    third = TODAY + dt.timedelta(days=3)
    name = desk.waits(
        "a", client=clinic.ada, service=ServiceId("peel"), windows=(Window(third, third, Span(540, 1140)),)
    )
    reasons = WaitlistReasons(clinic.waitlist)
    assert "needs Skin consultation before it" in reasons.whys()[name][0].reasons[0].sentence
    assert clinic.booked("yesterday", "consultation", TODAY - dt.timedelta(days=1))
    assert reasons.whys()[name] == ()


def test_a_place_of_a_day_that_is_over_is_no_longer_open(desk: Desk) -> None:
    reasons = WaitlistReasons(desk.waitlist)
    desk.waits("a")
    desk.freed(17 * 60)
    (place,) = reasons.places()
    assert reasons.filling(TODAY, place.left.key).left == place.left
    desk.clock.advance(24 * 3600)
    assert reasons.places() == []
    with pytest.raises(UnknownName, match="its time is over"):
        reasons.filling(TODAY, place.left.key)


def test_the_first_forty_who_may_be_contacted_are_told_why(desk: Desk) -> None:
    desk.waits("offered")
    desk.freed()
    desk.waitlist.step()
    for number in range(41):
        desk.waits(f"w{number}", windows=(NEVER,))
    told = WaitlistReasons(desk.waitlist).whys()
    assert list(told) == [EntryId(f"w{number}") for number in range(40)]


def test_a_place_is_open_with_its_offers_until_it_is_taken_and_a_dozen_are_told(desk: Desk) -> None:
    reasons = WaitlistReasons(desk.waitlist)
    desk.waits("a")
    for start in range(11 * 60, 18 * 60, 30):
        desk.freed(start, "laurel")
    desk.waitlist.step()
    places = reasons.places()
    assert len(places) == 12
    assert [offer.entry for place in places for offer in place.offers] == ["a"]
    found = reasons.filling(TODAY, places[0].left.key)
    assert found.left == places[0].left
    with pytest.raises(UnknownName, match="taken again"):
        reasons.filling(TODAY + dt.timedelta(days=1), places[0].left.key)
