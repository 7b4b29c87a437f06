"""What is in doubt about a lent slot, what a person may decide about it, and what the hub's word makes of that."""

import datetime as dt
from dataclasses import replace

import pytest

from edge.schedule import leases as rules
from edge.schedule.checker import check
from edge.schedule.domain import ProviderOut, Span
from edge.schedule.errors import BrokenFold, NotAllowed, UnknownName
from edge.schedule.ids import ProviderId, ServiceId
from edge.schedule.lending import Lender, LendingPolicy
from edge.schedule.schedule import Schedule
from edge.schedule.slot_doubts import Doubt, HubSeen, doubt_of, doubted, hold_again, not_held_again, release
from shared.events.catalogue import complete_catalogue
from shared.events.catalogue import slots as said
from shared.events.payload import PayloadModel
from tests.edge.schedule.escrow_world import CLINIC, DAY, MIDNIGHT
from tests.edge.schedule.test_leases import LIFE, lent, place, report, request, sell, take

EIGHT, NINE = MIDNIGHT + dt.timedelta(hours=8), MIDNIGHT + dt.timedelta(hours=9)
CUT = HubSeen(LIFE, reached=False, now=NINE)
RESTORED = HubSeen("another life", reached=True, now=EIGHT)


def doubt(day: Schedule, hub: HubSeen, name: str = "a") -> Doubt | None:
    return doubt_of(day.leases.open[name], DAY, hub, dt.UTC)


def given_up(day: Schedule, hub: HubSeen = RESTORED, name: str = "a") -> Schedule:
    take(day, release(DAY, day.leases, name, hub, dt.UTC))
    return day


def again(day: Schedule, now: dt.datetime = NINE, name: str = "a") -> list[PayloadModel]:
    return hold_again(DAY, day.leases, name, CLINIC, day.plan, now, dt.UTC)


def why_not(day: Schedule, now: dt.datetime = NINE) -> str | None:
    return not_held_again(DAY, day.leases, "a", CLINIC, day.plan, now, dt.UTC)


# --- what is in doubt -----------------------------------------------------------------------------------
def test_a_slot_of_a_former_life_of_the_hub_is_in_doubt_whether_it_is_reached_or_not() -> None:
    day = lent(place("a", 600))
    assert doubt(day, RESTORED) is Doubt.HUB_RESTORED
    assert doubt(day, replace(RESTORED, reached=False, now=None)) is Doubt.HUB_RESTORED


@pytest.mark.parametrize(
    ("hub", "expected"),
    [
        (CUT, Doubt.HUB_NOT_HEARD),
        (replace(CUT, now=EIGHT), Doubt.HUB_NOT_HEARD),
        # The hub can still sell it, is there to say itself, or the box's own clock is not to be trusted.
        (replace(CUT, now=EIGHT - dt.timedelta(minutes=1)), None),
        (replace(CUT, reached=True), None),
        (replace(CUT, now=None), None),
    ],
)
def test_a_slot_whose_sale_is_over_is_in_doubt_while_the_hub_is_not_heard(hub: HubSeen, expected: Doubt | None) -> None:
    assert doubt(lent(place("a", 600)), hub) is expected


def test_it_is_noted_once_that_a_slot_has_come_into_doubt_by_a_restored_hub() -> None:
    day = lent(place("a", 600))
    assert doubted(DAY, day.leases, LIFE) == []
    assert take(day, doubted(DAY, day.leases, "another life")) == [said.SlotDoubted(lease="a", day=DAY)]
    assert doubted(DAY, day.leases, "another life") == []
    assert doubted(DAY, day.leases, "a third one") == []


# --- giving up ------------------------------------------------------------------------------------------
def test_what_the_hub_may_sell_or_will_speak_of_is_not_given_up() -> None:
    day = lent(place("a", 600))
    for hub in (replace(CUT, reached=True), replace(CUT, now=EIGHT - dt.timedelta(hours=1))):
        with pytest.raises(NotAllowed, match="the hub may sell this slot"):
            release(DAY, day.leases, "a", hub, dt.UTC)
    with pytest.raises(UnknownName):
        release(DAY, day.leases, "b", CUT, dt.UTC)


def test_a_slot_is_given_up_for_what_was_confirmed_and_for_nothing_else() -> None:
    day = lent(place("a", 600))
    with pytest.raises(NotAllowed, match="something else is in doubt"):
        release(DAY, day.leases, "a", RESTORED, dt.UTC, Doubt.HUB_NOT_HEARD)
    (closed,) = take(day, release(DAY, day.leases, "a", RESTORED, dt.UTC, Doubt.HUB_RESTORED))
    assert closed == said.SlotClosed(
        lease="a", day=DAY, outcome="released", reason="given up by a person after the hub was restored"
    )
    assert day.plan.lent == ()
    assert [visit.id for visit in day.leases.unresolved] == ["online-a"]


def test_the_place_of_a_slot_that_was_given_up_is_lent_to_nobody_else_until_its_fate_is_known() -> None:
    policy = LendingPolicy(2, frozenset({ServiceId("short")}))
    names = iter(f"new-{number}" for number in range(100))

    def lend(day: Schedule) -> list[str]:
        lender = Lender(CLINIC, policy, dt.UTC, LIFE)
        found = lender.top_up(day.plan, day.leases, MIDNIGHT - dt.timedelta(hours=12), lambda: next(names))
        places = [one.slot.stages[0] for one in found if isinstance(one, said.SlotLeased)]
        return [f"{one.start} {one.provider}" for one in places]

    day = lent(place("a", 540))
    assert lend(Schedule(DAY))[0] == "540 ash"
    given_up(day)
    assert "540 ash" not in lend(day)
    take(day, rules.ended(DAY, day.leases, "a", said.SlotClosed(lease="a", day=DAY, outcome="expired")))
    assert lend(day)[0] == "540 ash"


# --- what is heard afterwards ---------------------------------------------------------------------------
def test_the_hubs_word_that_nobody_bought_it_ends_the_doubt_for_good() -> None:
    day = given_up(lent(place("a", 600)))
    expired = said.SlotClosed(lease="a", day=DAY, outcome="expired")
    assert take(day, rules.ended(DAY, day.leases, "a", expired)) == [expired]
    assert rules.ended(DAY, day.leases, "a", expired) == []
    assert day.leases.unresolved == ()
    assert why_not(day) == "the hub has said that nobody had bought it: there is nothing to hold it for"
    with pytest.raises(NotAllowed, match="nobody had bought it"):
        again(day)


def test_a_sale_of_what_was_given_up_has_its_place_if_that_is_free_and_says_so() -> None:
    day = given_up(lent(place("a", 600)))
    closed = sell(day, place("a", 600))
    assert (closed.outcome, closed.start) == ("booked", 600)
    assert closed.reason == "it had been given up at the clinic, and its place was free"
    assert why_not(day) == "it had been sold: it is a visit on the board"


def test_a_sale_of_what_was_given_up_and_is_taken_goes_before_others_and_drops_nobody() -> None:
    day = given_up(lent(place("a", 600), place("b", 600, "elm", "two")))
    take(day, day.book_day(CLINIC, [request("x", 600, 630)]))
    closed = sell(day, place("a", 600))
    assert (closed.outcome, closed.start) == ("waiting", None)
    assert closed.reason.startswith("it had been given up at the clinic: the place it had at 10:00")
    assert [visit.id for visit in day.plan.placed] == ["x"]
    assert check(CLINIC, day.plan) == ()


# --- the way back ---------------------------------------------------------------------------------------
def test_a_slot_that_was_given_up_is_held_again_in_doubt_and_sold_by_nobody() -> None:
    day = given_up(lent(place("a", 600)), CUT)
    held = day.plan
    assert take(day, again(day)) == [said.SlotHeldAgain(lease="a", day=DAY)]
    assert again(day) == []
    assert day.plan.lent == lent(place("a", 600)).plan.lent != held.lent
    assert doubt(day, replace(CUT, reached=True)) is Doubt.GIVEN_UP_BEFORE
    assert not rules.in_force(day.leases.open["a"], DAY, LIFE, MIDNIGHT, dt.UTC)
    given_up(day, CUT)
    assert day.leases.closed["a"].reason == "given up by a person once more"


def test_why_a_slot_is_not_held_again_is_said() -> None:
    assert why_not(given_up(lent(place("a", 600)))) is None
    assert why_not(given_up(lent(place("a", 600))), MIDNIGHT + dt.timedelta(hours=10, minutes=30)) == "its time is over"
    taken = given_up(lent(place("a", 600)))
    take(taken, taken.book_day(CLINIC, [request("x", 600, 630), request("y", 600, 630)]))
    assert why_not(taken) == "its place is used by Short 10:00-10:30 now"
    with pytest.raises(NotAllowed, match="is used by Short"):
        again(taken)
    out = given_up(lent(place("a", 600)))
    report(out, ProviderOut(480, ProviderId("ash"), Span(540, 780)))
    assert why_not(out) == "somebody or something it needs is not there at that time any more"
    for name in ("a", "b"):
        with pytest.raises(UnknownName, match="not given up"):
            not_held_again(DAY, lent().leases, name, CLINIC, out.plan, NINE, dt.UTC)


def test_decisions_fold_to_the_same_day_from_their_stored_payloads() -> None:
    day = lent(place("a", 600), place("b", 690))
    log: list[PayloadModel] = [
        said.SlotLeased(slot=place(name, start), hub_epoch=LIFE, until=EIGHT)
        for name, start in (("a", 600), ("b", 690))
    ]
    log += take(day, doubted(DAY, day.leases, "another life"))
    for decide in (lambda: release(DAY, day.leases, "a", RESTORED, dt.UTC), lambda: again(day)):
        log += take(day, decide())
    log += take(day, release(DAY, day.leases, "b", RESTORED, dt.UTC))
    catalogue = complete_catalogue()
    read = [catalogue.model(p.event_type, p.schema_version).model_validate(p.model_dump(mode="json")) for p in log]
    folded = Schedule.fold(DAY, read)
    assert (folded.plan, folded.leases) == (day.plan, day.leases)
    assert set(folded.leases.given_up) == {"b"}


@pytest.mark.parametrize("event", [said.SlotDoubted(lease="b", day=DAY), said.SlotHeldAgain(lease="a", day=DAY)])
def test_a_decision_about_a_slot_that_was_not_lent_or_not_given_up_is_damage(event: PayloadModel) -> None:
    with pytest.raises(BrokenFold):
        lent(place("a", 600)).apply(event)
