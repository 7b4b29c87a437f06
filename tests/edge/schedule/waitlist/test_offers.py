import datetime as dt
from dataclasses import replace

import pytest

from edge.schedule.checker import check
from edge.schedule.domain import AppointmentRequest, Cancelled, NoShow, ProviderOut, Span, StageAssignment, Status
from edge.schedule.errors import BrokenFold, NotAllowed, UnknownName
from edge.schedule.ids import AppointmentId, ProviderId, ReplanId, RoomId, ServiceId
from edge.schedule.payloads import stage_parts
from edge.schedule.registry import Registry
from edge.schedule.replan import SolverLimits
from edge.schedule.waitlist.clinic import minute_of
from edge.schedule.waitlist.domain import Channel, EntryId, EntryState, OfferId, Place, Window
from edge.schedule.waitlist.due import candidates, due, next_starts, offer_now
from edge.schedule.waitlist.places import Freed, freed, standing
from edge.schedule.waitlist.rules import OfferRules, expiry, refusal
from edge.schedule.waitlist.waitlist import Waitlist
from shared.events.catalogue import waitlist as said
from shared.events.payload import PayloadModel
from shared.ids import ClientId
from tests.edge.schedule.paced import with_paces
from tests.edge.schedule.waitlist.conftest import DATE, ZONE, Bench, clock, wish

QUICK = SolverLimits(seconds=0, alternatives=0)
NINE = 9 * 60


def what_is_due(bench: Bench, now: dt.datetime) -> list[PayloadModel]:
    return bench.record(due(bench.clinic, bench.waitlist, bench.days, now, bench.new_id))


def freed_visit(bench: Bench, start: int = 10 * 60, provider: str = "cedar") -> AppointmentId:
    """Book a consultation and cancel it."""
    name = bench.book(f"visit-{start}", start, provider)
    bench.cancel(name)
    return name


def report(bench: Bench, disruption: Cancelled | NoShow | ProviderOut, name: str = "r1") -> None:
    answer = bench.day.preview(bench.clinic.registry, disruption, ReplanId(name), lambda: 0.0, QUICK)
    for payload in bench.day.report_disruption(bench.clinic.registry, disruption, answer, ReplanId(name)):
        bench.day.apply(payload)


def test_a_cancelled_place_goes_to_who_suits_it_and_is_told_why(bench: Bench) -> None:
    bench.add(wish("late", first=15), wish("fits", preferred=ProviderId("cedar")), wish("other"))
    freed_visit(bench)
    (made,) = what_is_due(bench, clock(8, 30))
    assert isinstance(made, said.WaitlistOfferMade)
    assert (made.entry, made.channel, made.cause) == ("fits", "message", "10:00 Skin consultation: cancelled")
    assert (made.stages[0].start, made.stages[0].provider) == (600, "cedar")
    assert [term.name for term in made.terms] == ["fit", "response", "continuity", "travel", "waiting"]
    assert "client" not in " ".join(term.sentence for term in made.terms)
    assert made.expires_at == clock(8, 50)


@pytest.mark.parametrize("told", [Cancelled, NoShow])
def test_a_reported_cancellation_or_no_show_frees_the_place_after_the_replan(
    bench: Bench, told: type[Cancelled] | type[NoShow]
) -> None:
    bench.add(wish("waits"))
    name = bench.book("visit", 10 * 60, "cedar")
    report(bench, told(NINE, name))
    (made,) = what_is_due(bench, clock(9))
    assert isinstance(made, said.WaitlistOfferMade)
    assert made.stages[0].start == 600


def test_what_a_replan_moves_away_from_is_offered_and_what_it_needs_is_not(bench: Bench) -> None:
    bench.book("moved", 10 * 60, "cedar")
    report(bench, ProviderOut(NINE, ProviderId("cedar"), Span(600, 660)))
    bench.add(wish("waits", "laser-hair"))
    places = freed(bench.clinic.registry, bench.day)
    assert [place.cause.rpartition(": ")[2] for place in places] in (["moved"], ["lost its place"])
    assert what_is_due(bench, clock(9)) == []


def test_a_booked_visit_without_a_place_comes_before_the_waitlist(bench: Bench) -> None:
    """Cancelled by its card, a place is not replanned for by itself; it is kept for who lost one."""
    bench.book("stays", 600, "cedar")
    bench.book("lost", 600, "laurel")
    report(bench, ProviderOut(NINE, ProviderId("laurel"), Span(600, 1140)))
    lost = bench.day.plan.appointments[AppointmentId("lost")]
    assert not lost.placed
    bench.add(wish("waits", first=10, last=11))
    bench.cancel(AppointmentId("stays"))
    assert what_is_due(bench, clock(9)) == []
    bench.cancel(lost.id)
    assert len(what_is_due(bench, clock(9))) == 1


def test_the_next_is_asked_after_a_no_and_after_time_has_run_out_and_nobody_twice(bench: Bench) -> None:
    bench.add(wish("a", preferred=ProviderId("cedar")), wish("b"), wish("c"))
    freed_visit(bench)
    what_is_due(bench, clock(8, 30))
    bench.record(bench.waitlist.decline(OfferId("offer-1"), clock(8, 31)))
    (second,) = what_is_due(bench, clock(8, 31))
    assert isinstance(second, said.WaitlistOfferMade)
    assert second.entry == "b"
    assert what_is_due(bench, clock(8, 50)) == []
    ran_out, third = what_is_due(bench, clock(8, 51))
    assert isinstance(ran_out, said.WaitlistOfferExpired)
    assert isinstance(third, said.WaitlistOfferMade)
    assert third.entry == "c"
    assert what_is_due(bench, clock(9, 11))[-1] == said.WaitlistOfferExpired(offer="offer-3")
    assert what_is_due(bench, clock(9, 12)) == []


def test_a_long_place_takes_two_short_visits(bench: Bench) -> None:
    bench.add(wish("a", "follow-up"), wish("b", "follow-up"))
    freed_visit(bench)
    first, second = (bench.waitlist.offer(OfferId(one.offer)) for one in what_is_due(bench, clock(8, 30)))  # type: ignore[attr-defined]
    assert {first.place.start, second.place.start} <= {585, 590, 595, 600, 605, 610, 615, 620, 625}
    assert check(bench.clinic.registry, bench.day.plan.with_appointments(first.visit(), second.visit())) == ()


def test_an_accepted_place_is_booked_as_confirmed_and_can_be_carried_out(bench: Bench) -> None:
    bench.add(wish("a"))
    freed_visit(bench)
    what_is_due(bench, clock(8, 30))
    answer = bench.waitlist.accept(bench.clinic.registry, bench.day.plan, OfferId("offer-1"), clock(8, 49))
    for payload in answer.visit:
        bench.day.apply(payload)
    bench.record(list(answer.waitlist))
    visit = bench.day.plan.appointments[AppointmentId("waitlist-offer-1")]
    assert (visit.client, visit.status, visit.start) == ("client-of-a", Status.CONFIRMED, 600)
    assert check(bench.clinic.registry, bench.day.plan) == ()
    assert bench.waitlist.state.states[EntryId("a")] is EntryState.BOOKED
    again = bench.waitlist.accept(bench.clinic.registry, bench.day.plan, OfferId("offer-1"), clock(12))
    assert (again.visit, again.waitlist) == ((), ())
    with pytest.raises(NotAllowed, match="accepted before"):
        bench.waitlist.decline(OfferId("offer-1"), clock(8, 50))


def test_an_expired_offer_cannot_be_accepted_to_the_second(bench: Bench) -> None:
    bench.add(wish("a"))
    freed_visit(bench)
    what_is_due(bench, clock(8, 30))
    plan, name = bench.day.plan, OfferId("offer-1")
    assert bench.waitlist.accept(bench.clinic.registry, plan, name, clock(8, 50) - dt.timedelta(seconds=1)).visit
    with pytest.raises(NotAllowed, match="expired"):
        bench.waitlist.accept(bench.clinic.registry, plan, name, clock(8, 50))


def test_a_place_that_is_gone_is_not_booked_and_what_is_next_is_told(bench: Bench) -> None:
    bench.add(wish("a", last=12))
    freed_visit(bench)
    what_is_due(bench, clock(8, 30))
    report(bench, ProviderOut(NINE, ProviderId("cedar"), Span(600, 660)))
    answer = bench.waitlist.accept(bench.clinic.registry, bench.day.plan, OfferId("offer-1"), clock(8, 40))
    assert answer.visit == ()
    (gone,) = answer.waitlist
    assert isinstance(gone, said.WaitlistOfferSuperseded)
    bench.record([gone])
    entry = bench.waitlist.entry(EntryId("a"))
    starts = next_starts(bench.clinic, bench.waitlist, entry, bench.day.plan, clock(8, 40))
    assert starts
    assert all(540 <= start <= 690 for start in starts)
    assert bench.waitlist.state.states[entry.id] is EntryState.WAITING


def test_a_change_of_the_day_ends_the_offer_of_its_place_and_the_rest_is_offered_anew(bench: Bench) -> None:
    bench.add(wish("a"))
    freed_visit(bench)
    what_is_due(bench, clock(8, 30))
    report(bench, ProviderOut(NINE, ProviderId("cedar"), Span(600, 1080)))
    gone, *rest = what_is_due(bench, clock(8, 31))
    assert gone == said.WaitlistOfferSuperseded(offer="offer-1", reason="A change of the day took the place.")
    assert all(one.stages[0].provider != "cedar" for one in rest if isinstance(one, said.WaitlistOfferMade))


def test_nobody_else_is_booked_into_a_place_on_offer(bench: Bench) -> None:
    bench.add(wish("a", first=10, last=11))
    freed_visit(bench)
    what_is_due(bench, clock(8, 30))
    held = [one.visit() for one in standing(bench.clinic.registry, bench.day.plan, bench.waitlist.state.open())]
    for number in range(4):
        name = AppointmentId(f"online-{number}")
        request = AppointmentRequest(name, ClientId(name), ServiceId("consultation"), Span(600, 630))
        for payload in bench.day.decide_request(bench.clinic.registry, request, NINE, held):
            bench.day.apply(payload)
    assert len(bench.day.plan.placed) == 1
    assert bench.day.plan.placed[0].providers != ("cedar",)
    assert standing(bench.clinic.registry, bench.day.plan, bench.waitlist.state.open())


def test_nobody_is_contacted_at_night_and_the_place_is_offered_in_the_morning(bench: Bench) -> None:
    bench.add(wish("a", days=1))
    freed_visit(bench, 17 * 60)
    for hour, minute in ((7, 59), (0, 30)):
        assert what_is_due(bench, clock(hour, minute)) == []
    assert len(what_is_due(bench, clock(8, 0))) == 1


def test_offers_to_one_client_are_capped_by_day_and_by_week_over_all_their_wishes(clinic: Registry) -> None:
    bench = Bench(clinic, OfferRules(per_day=2, per_week=3))
    mine = [
        replace(wish(f"w{n}", service), client=ClientId("one")) for n, service in enumerate(("consultation", "peel"))
    ]
    bench.add(*mine)
    made: list[int] = []
    for day in range(5):
        at = clock(9, day=DATE + dt.timedelta(days=day))
        for entry in mine:
            for turn in range(2):
                if (
                    refusal(bench.clinic.rules, bench.waitlist.state, replace(entry, windows=open_windows()), at)
                    is None
                ):
                    place = Place(at.date(), Span(540, 1140), stages(600 + turn))
                    bench.record([offer_event(f"o{day}{entry.id}{turn}", entry.id, place, at)])
                    bench.record(bench.waitlist.decline(OfferId(f"o{day}{entry.id}{turn}"), at))
                    made.append(day)
    assert made == [0, 0, 1]


def open_windows() -> tuple[Window, ...]:
    return (Window(DATE, DATE + dt.timedelta(days=30), Span(540, 1140)),)


def stages(start: int) -> tuple[StageAssignment, ...]:
    return (StageAssignment("consultation", start, start + 30, ProviderId("cedar"), RoomId("consult-1"), None),)


def offer_event(name: str, entry: str, place: Place, at: dt.datetime) -> said.WaitlistOfferMade:
    return said.WaitlistOfferMade(
        offer=name, entry=entry, client_id="one", service="consultation", day=place.day, window_start=540,
        window_end=1140, stages=stage_parts(place.stages), made_at=at.astimezone(dt.UTC),
        expires_at=(at + dt.timedelta(minutes=20)).astimezone(dt.UTC), channel="message", cause="",
    )  # fmt: skip


def test_who_did_not_agree_to_messages_is_only_called_by_hand(bench: Bench) -> None:
    bench.add(wish("a", messages=False))
    freed_visit(bench)
    assert what_is_due(bench, clock(8, 30)) == []
    arguments = (bench.clinic, bench.waitlist, bench.days, EntryId("a"))
    with pytest.raises(NotAllowed, match="call"):
        offer_now(*arguments, Channel.MESSAGE, clock(8, 30), bench.new_id)
    (made,) = offer_now(*arguments, Channel.PHONE, clock(8, 30), bench.new_id)
    assert isinstance(made, said.WaitlistOfferMade)
    assert made.channel == "phone"
    with pytest.raises(NotAllowed, match="contacted between 20:00 and 08:00"):
        offer_now(*arguments, Channel.PHONE, clock(20, 0), bench.new_id)
    bench.record([made])
    with pytest.raises(NotAllowed, match="has an offer already"):
        offer_now(*arguments, Channel.PHONE, clock(8, 31), bench.new_id)


def test_a_client_is_not_offered_a_time_of_another_visit_of_theirs(bench: Bench) -> None:
    bench.add(replace(wish("a", first=10, last=11), client=ClientId("other")))
    bench.book("other", 605, "laurel")
    freed_visit(bench)
    assert what_is_due(bench, clock(8, 30)) == []


@pytest.mark.parametrize(
    ("ahead", "start", "travel", "notice", "stands"),
    [
        (0, 12 * 60, 0, 0, 20),
        (1, 12 * 60, 0, 0, 120),
        (2, 12 * 60, 0, 0, 720),
        (0, 9 * 60, 20, 25, 15),
        (0, 9 * 60, 30, 26, None),
        (1, 9 * 60, 30, 23 * 60, 90),
        (0, 8 * 60 + 4, 0, 0, None),
    ],
)
def test_an_offer_ends_before_the_client_would_come_too_late(
    ahead: int, start: int, travel: int, notice: int, stands: int | None
) -> None:
    entry = wish("a", travel=travel, notice=notice)
    place = Place(DATE + dt.timedelta(days=ahead), Span(0, 1440), stages(start))
    ends = expiry(OfferRules(), entry, place, clock(8))
    assert ends == (None if stands is None else clock(8) + dt.timedelta(minutes=stands))


def test_expiry_counts_hours_and_not_clock_faces_when_the_clocks_change() -> None:
    """On 29 March 2026 the clocks of Vienna go from 02:00 to 03:00."""
    night = dt.datetime(2026, 3, 29, 1, 30, tzinfo=ZONE)
    place = Place(night.date(), Span(0, 1440), stages(3 * 60 + 10))
    assert expiry(OfferRules(), wish("a", travel=30), place, night) == dt.datetime(2026, 3, 29, 0, 40, tzinfo=dt.UTC)


def test_a_wish_that_can_never_be_met_is_refused_with_what_to_do(bench: Bench) -> None:
    registry, rules = bench.clinic.registry, bench.clinic.rules
    good = wish("a")
    wrong = [
        (replace(good, service=ServiceId("unheard")), UnknownName, "service"),
        (replace(good, preferred=ProviderId("nobody")), UnknownName, "provider"),
        (replace(good, windows=()), NotAllowed, "1 to 8 windows"),
        (replace(good, windows=(Window(DATE, DATE - dt.timedelta(days=1), Span(540, 1140)),)), NotAllowed, "last day"),
        (replace(good, windows=(Window(DATE, DATE, Span(19 * 60, 23 * 60)),)), NotAllowed, "widen"),
        (replace(good, windows=(Window(DATE - dt.timedelta(days=9), DATE - dt.timedelta(days=8), Span(540, 1140)),)),
         NotAllowed, "passed"),
        (replace(good, travel=721), NotAllowed, "travel"),
    ]  # fmt: skip
    for entry, error, words in wrong:
        with pytest.raises(error, match=words):
            bench.waitlist.add(registry, rules, entry, clock(8))
    bench.add(good)
    assert bench.waitlist.add(registry, rules, good, clock(8)) == []
    with pytest.raises(NotAllowed, match="already"):
        bench.waitlist.add(registry, rules, replace(good, id=EntryId("b")), clock(8))
    with pytest.raises(NotAllowed, match="holds 1 entries"):
        bench.waitlist.add(registry, OfferRules(most_entries=1), wish("c"), clock(8))


def test_a_change_keeps_the_place_in_the_queue_and_ends_an_offer_that_no_longer_suits(bench: Bench) -> None:
    bench.add(wish("a"))
    freed_visit(bench)
    what_is_due(bench, clock(8, 30))
    registry = bench.clinic.registry
    assert bench.waitlist.change(registry, wish("a"), clock(8, 31)) == []
    near = bench.waitlist.change(registry, replace(wish("a", travel=5), added_at=clock(8, 31)), clock(8, 31))
    assert len(bench.record(near)) == 1
    later = bench.record(bench.waitlist.change(registry, wish("a", first=14), clock(8, 31)))
    assert isinstance(later[0], said.WaitlistOfferSuperseded)
    assert bench.waitlist.entry(EntryId("a")).added_at == clock(7)


def test_a_withdrawn_entry_gets_nothing_until_it_is_put_back(bench: Bench) -> None:
    bench.add(wish("a"))
    freed_visit(bench)
    what_is_due(bench, clock(8, 30))
    ended, _ = bench.record(bench.waitlist.withdraw(EntryId("a")))
    assert ended == said.WaitlistOfferSuperseded(offer="offer-1", reason="The entry was withdrawn.")
    assert what_is_due(bench, clock(8, 31)) == []
    bench.record(bench.waitlist.restore(EntryId("a")))
    assert bench.waitlist.restore(EntryId("a")) == []
    assert len(what_is_due(bench, clock(8, 32))) == 1


@pytest.mark.parametrize("name", ["entry", "offer"])
def test_what_the_waitlist_does_not_hold_is_named_as_unknown(bench: Bench, name: str) -> None:
    with pytest.raises(UnknownName, match=name):
        getattr(bench.waitlist, name)("nobody")


@pytest.mark.parametrize(
    "event",
    [
        said.WaitlistOfferDeclined(offer="none"),
        said.WaitlistEntryWithdrawn(entry="none"),
        said.WaitlistMessageWanted(offer="o", client_id="c", service="s", starts_at=clock(9), expires_at=clock(8)),
    ],
)
def test_an_event_that_does_not_fit_the_log_is_named_as_damage(event: PayloadModel) -> None:
    with pytest.raises(BrokenFold):
        Waitlist().apply(event)


def test_candidates_are_told_in_order_with_nobody_who_cannot_come(bench: Bench) -> None:
    bench.add(wish("far", travel=115), wish("near", travel=10), wish("calls", messages=False))
    freed_visit(bench)
    (place,) = freed(bench.clinic.registry, bench.day)
    names = [one.entry.id for one in candidates(bench.clinic, bench.waitlist, bench.day.plan, place, clock(8, 30))]
    assert names == ["near"]
    everybody = candidates(bench.clinic, bench.waitlist, bench.day.plan, place, clock(8, 30), anybody=True)
    assert {one.entry.id for one in everybody} == {"near", "calls"}
    assert [one.rank for one in everybody] == sorted(one.rank for one in everybody)


@pytest.mark.parametrize(
    "wrong", [{"least": 0}, {"least": 30}, {"per_day": 0}, {"per_day": 9, "per_week": 3}, {"quiet_from": 1441}]
)
def test_limits_that_contradict_themselves_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="`"):
        OfferRules(**wrong)


def test_quiet_hours_may_lie_within_a_day() -> None:
    noon = OfferRules(quiet_from=12 * 60, quiet_until=13 * 60)
    assert [noon.quiet(clock(hour)) for hour in (11, 12, 13)] == [False, True, False]
    assert not OfferRules(quiet_from=0, quiet_until=0).quiet(clock(3))


def test_freed_minutes_are_counted_once_however_many_resources_are_shared() -> None:
    assert Freed(stages(600), "").shared(stages(615)) == 15
    assert Freed(stages(600), "").shared(stages(630)) == 0
    assert minute_of(DATE, clock(9, 7)) == 547


def test_hours_that_leave_time_for_whoever_is_fastest_are_enough(bench: Bench) -> None:
    bench.clinic = replace(bench.clinic, registry=with_paces(bench.clinic.registry, {"cedar": 135, "laurel": 75}))
    short = replace(wish("a"), windows=(Window(DATE, DATE, Span(600, 625)),))
    with pytest.raises(NotAllowed, match="takes 25 minutes, and the hours that suit leave less"):
        bench.add(replace(short, windows=(Window(DATE, DATE, Span(600, 620)),)))
    bench.add(short)
    assert bench.waitlist.entry(EntryId("a")) == short
