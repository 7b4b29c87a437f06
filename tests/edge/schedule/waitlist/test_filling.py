"""Who fills a place that was left, and what those are told of who do not."""

from dataclasses import replace

from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from edge.schedule.demand import demands_of
from edge.schedule.domain import Plan, Span, StageAssignment
from edge.schedule.ids import ProviderId, RoomId, ServiceId
from edge.schedule.registry import Registry
from edge.schedule.waitlist.asking import Asking, Bar, Reason, Try
from edge.schedule.waitlist.clinic import Clinic, gaps_of
from edge.schedule.waitlist.domain import OfferId, Window
from edge.schedule.waitlist.due import due
from edge.schedule.waitlist.filling import Filling, filling, names_of, open_places, tries_of
from edge.schedule.waitlist.places import Freed, freed
from edge.schedule.waitlist.waitlist import Waitlist
from shared.ids import ClientId
from tests.edge.schedule.courses import CLEARANCES
from tests.edge.schedule.paced import with_paces
from tests.edge.schedule.waitlist.conftest import DATE, Bench, clock, wish
from tests.edge.schedule.waitlist.test_offers import freed_visit
from tests.edge.schedule.waitlist.worlds import World, worlds

TEN = Span(600, 630)


def asked(bench: Bench, hour: int = 8, minute: int = 30) -> Filling:
    """Return who fills the one place that was left."""
    (left,) = freed(bench.clinic.registry, bench.day)
    return filling(bench.clinic, bench.waitlist, bench.day.plan, left, clock(hour, minute))


def told(found: Filling) -> dict[str, str]:
    return {one.entry.id: " ".join(reason.sentence for reason in one.reasons) for one in found.left_out}


def test_who_has_it_on_offer_comes_first_then_who_would_be_asked_next_and_why_not_the_others(bench: Bench) -> None:
    bench.add(
        wish("best", preferred=ProviderId("cedar")),
        wish("next"),
        wish("calls", messages=False),
        wish("late", first=15),
        wish("laser", "hydra-facial"),
    )
    freed_visit(bench)
    bench.record(due(bench.clinic, bench.waitlist, bench.days, clock(8, 30), bench.new_id))
    found = asked(bench, 8, 31)
    assert [offer.entry for offer in found.offered] == ["best"]
    assert {one.entry.id for one in found.next} == {"next", "calls"}
    assert [one.rank for one in found.next] == sorted(one.rank for one in found.next)
    assert told(found) == {
        "late": "The client can come 15:00-19:00; the visit would take 10:00-10:30.",
        "laser": "Hydra facial can use nothing of what was left: Dr. Cedar and Consulting room 1.",
    }


def test_a_day_that_does_not_suit_and_a_limit_are_told_with_all_else_that_is_in_the_way(bench: Bench) -> None:
    other_day = replace(wish("a", travel=120), windows=(Window(DATE.replace(day=24), DATE.replace(day=25), TEN),))
    bench.add(other_day)
    freed_visit(bench)
    found = asked(bench)
    assert told(found)["a"].startswith("23 November does not suit the client. It is too late to offer 10:00:")
    assert "Nobody is contacted between 20:00 and 08:00." in told(asked(bench, 7))["a"]


def test_who_needs_another_service_than_the_clinic_has_is_told_so(bench: Bench) -> None:
    bench.add(wish("a", "peel"))
    freed_visit(bench)
    services = tuple(one for one in bench.clinic.registry.services if one.id != "peel")
    bench.clinic = replace(bench.clinic, registry=bench.clinic.registry.model_copy(update={"services": services}))
    assert told(asked(bench)) == {"a": "The clinic no longer offers this service."}


def test_somebody_who_is_booked_beside_it_is_in_the_way_of_a_longer_visit(bench: Bench) -> None:
    bench.book("before", 9 * 60 + 30, "cedar")
    bench.book("after", 10 * 60 + 30, "cedar")
    bench.add(wish("long", "filler", preferred=ProviderId("cedar"), last=11))
    freed_visit(bench)
    assert "Dr. Cedar has Skin consultation" in told(asked(bench))["long"]


def test_who_fits_at_that_time_without_what_was_left_is_told_so(bench: Bench) -> None:
    bench.add(replace(wish("a", preferred=ProviderId("laurel")), windows=(Window(DATE, DATE, TEN),)))
    freed_visit(bench)
    bench.book("room", 10 * 60, "aspen", "follow-up")
    assert told(asked(bench)) == {"a": "At 10:00 another place is free for it, which needs nothing of what was left."}


def tried(registry: Registry, left: Freed, provider: str) -> list[int]:
    """Return the starts at which a consultation with somebody would use what was left."""
    clinic, list_, plan = Clinic(registry), Waitlist(), Plan(DATE)
    asking = Asking(clinic, list_, gaps_of(clinic, list_, plan, clock(0)), wish("a"), clock(0), left)
    return [one.start for one in tries_of(asking, left) if one.provider == provider]


def test_what_was_left_is_reached_by_as_long_as_whoever_has_time_takes(clinic: Registry) -> None:
    unlike = with_paces(clinic, {"cedar": 135, "laurel": 75})
    # Dr. Cedar takes 40 minutes and Dr. Laurel 25.
    for provider, first in (("cedar", 565), ("laurel", 580)):
        stages = demands_of(clinic)[ServiceId("consultation")].stages(600, (provider, "consult-1"))
        assert tried(unlike, Freed(stages, "cancelled"), provider) == list(range(first, 630, 5))


def test_a_room_that_is_named_like_somebody_gives_nobody_time(clinic: Registry) -> None:
    rooms = tuple(
        one.model_copy(update={"id": RoomId("cedar")}) if one.id == "consult-1" else one for one in clinic.rooms
    )
    alone = StageAssignment("rest", 610, 640, None, RoomId("cedar"), None)
    together = StageAssignment("talk", 600, 610, ProviderId("cedar"), RoomId("consult-2"), None)
    left = Freed((together, alone), "cancelled")
    assert tried(clinic.model_copy(update={"rooms": rooms}), left, "cedar") == list(range(575, 610, 5))


def test_only_twenty_are_told_one_by_one_and_the_rest_are_counted(bench: Bench) -> None:
    bench.add(*(wish(f"w{number}", "hydra-facial") for number in range(23)))
    freed_visit(bench)
    found = asked(bench)
    assert (len(found.left_out), found.more) == (20, 3)
    assert [one.entry.id for one in found.left_out][:2] == ["w0", "w1"]


def test_a_place_is_open_until_it_is_taken_again_or_over(bench: Bench) -> None:
    bench.add(wish("a"))
    freed_visit(bench)

    def open_at(hour: int) -> list[Freed]:
        return open_places(bench.clinic, bench.waitlist, bench.day, clock(hour))

    (left,) = open_at(9)
    assert names_of(bench.clinic.registry, left) == ["Dr. Cedar", "Consulting room 1"]
    assert left.key == replace(left, cause="somebody else left it").key
    assert open_at(11) == []
    bench.book("again", 10 * 60, "cedar")
    assert open_at(9) == []


def test_a_place_that_was_declined_is_open_for_the_next_and_says_so_of_who_declined(bench: Bench) -> None:
    bench.add(replace(wish("a"), windows=(Window(DATE, DATE, TEN),)))
    freed_visit(bench)
    bench.record(due(bench.clinic, bench.waitlist, bench.days, clock(8, 30), bench.new_id))
    bench.record(bench.waitlist.decline(OfferId("offer-1"), clock(8, 31)))
    assert told(asked(bench, 8, 32)) == {"a": "The client was offered 10:00-10:30 before and did not take it."}


@settings(deadline=None, suppress_health_check=list(HealthCheck), max_examples=80)
@given(data=st.data())
def test_with_all_that_is_told_gone_who_was_left_out_could_have_the_place(data: st.DataObject) -> None:
    world, left = with_place_left(data)
    if left is None:
        return
    for one in fills(world, left).left_out:
        kinds = {reason.kind for reason in one.reasons}
        event(f"{len(one.reasons)} reasons: {sorted(map(str, kinds))}")
        if Bar.NEEDS_OTHER in kinds:
            assert not list(emptied(world).view.gaps(DATE).places(emptied(world).entry, left))
        elif Bar.FITS_WITHOUT in kinds:
            assert list(world.view.gaps(DATE).places(one.entry))
        elif Bar.NO_TIME_LEFT not in kinds:
            assert fits_after(world, left)


@settings(deadline=None, suppress_health_check=list(HealthCheck), max_examples=80)
@given(data=st.data())
def test_each_thing_that_is_told_is_necessary_and_all_of_it_is_enough_for_that_start(data: st.DataObject) -> None:
    world, left = with_place_left(data)
    if left is None:
        return
    asking = world.asking(DATE, left)
    found = asking.least(tries_of(asking, left))
    if found is None:
        return
    assert against(world.without(DATE, found.reasons), left, found.tried) == ()
    for kept in found.reasons:
        rest = [reason for reason in found.reasons if reason is not kept]
        assert against(world.without(DATE, rest), left, found.tried)


def against(world: World, left: Freed, tried: Try) -> tuple[Reason, ...]:
    """Return what is in the way of the same start, by the hours that suit by then."""
    hours = next((one for one in world.entry.hours_on(DATE) if one == Span(0, 1440)), tried.hours)
    return world.asking(DATE, left).against(replace(tried, hours=hours)).reasons


def with_place_left(data: st.DataObject) -> tuple[World, Freed | None]:
    """Return a clinic, and the place of one of its visits that is cancelled."""
    world = data.draw(worlds())
    visits = [visit for visit in world.plans[DATE].placed if visit.client != world.entry.client]
    if not visits:
        return world, None
    gone = data.draw(st.sampled_from(visits))
    return world._without_visits(DATE, [gone.id]), Freed(gone.stages, "cancelled")


def emptied(world: World) -> World:
    """Return the clinic on a day without visits or outages, with a client who can come at any time."""
    window = Window(DATE, DATE, world.registry.hours.span)
    entry = replace(world.entry, windows=(window,), preferred=None)
    return replace(world, plans={DATE: Plan(DATE)}, entry=entry, offers=(), cleared=frozenset(CLEARANCES))


def fits_after(world: World, left: Freed) -> bool:
    """Tell whether, with all gone that is told again and again, the place is had, or another at the same time."""
    for _ in range(5):
        found = fills(world, left)
        if found.next:
            return True
        reasons = found.left_out[0].reasons
        if {reason.kind for reason in reasons} == {Bar.FITS_WITHOUT}:
            return True
        world = world.without(DATE, reasons)
    return False


def fills(world: World, left: Freed) -> Filling:
    return filling(world.clinic, world.waitlist, world.plans[DATE], left, world.now)


def test_nothing_that_is_told_names_a_client(bench: Bench) -> None:
    bench.add(replace(wish("a", first=10, last=11), client=ClientId("other")))
    bench.book("other", 605, "laurel")
    freed_visit(bench)
    assert "other" not in told(asked(bench))["a"].replace("another", "")
    assert "The client is at Skin consultation 10:05-10:35." in told(asked(bench))["a"]
