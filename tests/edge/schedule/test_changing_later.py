"""Changes from a date on: the days before it plan with what counts, those from it on with the new registry."""

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pytest

import edge.schedule.book
from edge.schedule.blockers import Blocker
from edge.schedule.changing.document import Document
from edge.schedule.changing.editor import Draft, Effect, InUse, NotConfirmed
from edge.schedule.checker import check
from edge.schedule.conflicts import conflicts
from edge.schedule.domain import AppointmentRequest, ClinicChanged, Span, Status
from edge.schedule.errors import NotAllowed
from edge.schedule.ids import AppointmentId, ProviderId, ServiceId
from edge.schedule.lending import LendingPolicy
from edge.schedule.night_book import NightBook
from edge.schedule.night_settings import RollingSettings
from edge.schedule.online import OnlineDesk
from edge.schedule.registry import demo_registry
from edge.schedule.slot_desk import SlotDesk
from edge.schedule.waitlist.domain import Channel, Entry, EntryId, Window
from edge.schedule.waitlist_book import WaitlistBook
from edge.schedule.whynot import Possible, Refusal
from edge.threads import ThreadBudget
from shared.events.catalogue.system import BookingAnswered, BookingRequested
from shared.events.envelope import EventDraft
from shared.ids import ClientId
from tests.edge.schedule.changed import TODAY, TOMORROW, Box, entry, later_shift, opened, without
from tests.support.records import open_box_record
from tests.support.replanning import replanned

WEDNESDAY, THURSDAY, FRIDAY = (TODAY + dt.timedelta(days=days) for days in (2, 3, 4))
CEDAR = ProviderId("cedar")
DAY_SECONDS = 24 * 3600


@pytest.fixture
def box(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Box]:
    """A box at ten in the morning of a Monday."""
    monkeypatch.setattr(edge.schedule.book, "REPLAN_SECONDS", 0)
    record = open_box_record(tmp_path)
    yield opened(record, tmp_path)
    record.store.close()


def away(document: Document, name: str = "cedar") -> Document:
    entry(document, "providers", name)["away"] = True
    return document


def priced(document: Document, price: float) -> Document:
    entry(document, "services", "peel")["price"] = price
    return document


def starts(box: Box) -> list[int]:
    """When Dr. Cedar begins work, day by day from today on."""
    days = [TODAY, TOMORROW, WEDNESDAY, THURSDAY, FRIDAY]
    return [box.registry.on(day).provider(CEDAR).shift.start for day in days]


def prices(box: Box) -> list[float]:
    days = [TODAY, TOMORROW, WEDNESDAY, THURSDAY, FRIDAY]
    return [box.registry.on(day).service(ServiceId("peel")).price for day in days]


def undo(box: Box, change: str, confirmed: tuple[str, ...] = ()) -> bool:
    return box.editor.undo(change, box.registry.version, confirmed, "manager")


def test_days_before_the_date_plan_as_before_and_those_from_it_on_with_the_change(box: Box) -> None:
    assert box.save(later_shift(box.document()), valid_from=WEDNESDAY)
    for _ in range(2):
        assert starts(box) == [540, 540, 600, 600, 600]
        assert box.registry.current() == demo_registry()
        planned = [box.book.learnt.planning(day).provider(CEDAR).shift.start for day in (TODAY, WEDNESDAY)]
        assert planned == [540, 600]
        (coming,) = box.registry.to_come()
        assert (coming.begins, coming.changed.sentences) == (
            WEDNESDAY,
            ("Dr. Cedar: shift 09:00-18:00 → 10:00-18:00.",),
        )
        assert (box.registry.latest(), box.registry.standing()) == ([], None)
        box.again()
    assert [event.fields.type for event in box.record.store.stream("clinic")] == [
        "clinic.registry_seeded",
        "clinic.registry_change_planned",
    ]


def test_the_running_box_crosses_midnight_into_it_and_looks_back_at_the_days_as_they_were(box: Box) -> None:
    box.save(later_shift(box.document()), valid_from=TOMORROW)
    box.record.clock.advance(14 * 3600 - 60)
    assert box.book.registry.provider(CEDAR).shift.start == 540
    box.record.clock.advance(60)
    assert box.book.today() == TOMORROW
    assert box.book.registry.provider(CEDAR).shift.start == 600
    assert box.registry.to_come() == []
    assert [one.changed.change for one in box.registry.latest()] == [box.registry.standing()]
    assert starts(box)[:2] == [540, 600]
    change = box.registry.standing()
    assert change is not None
    box.record.clock.advance(DAY_SECONDS)
    assert undo(box, change)
    assert starts(box) == [540, 600, 540, 540, 540]


def test_visits_are_hurt_from_the_date_on_and_need_another_provider_when_theirs_leaves(box: Box) -> None:
    before = box.books("before", "consultation", "cedar", 540, TOMORROW)
    on_it = box.books("on-it", "consultation", "cedar", 540, WEDNESDAY)
    later = box.books("later", "follow-up", "cedar", 600, FRIDAY)
    document = away(box.document())
    effect = box.check(document, WEDNESDAY)
    assert effect.sentences == ("Dr. Cedar: is away.",)
    assert [(one.id, one.day, one.why) for one in effect.hurt] == [
        (on_it, WEDNESDAY, "Dr. Cedar is away"),
        (later, FRIDAY, "Dr. Cedar is away"),
    ]
    with pytest.raises(NotConfirmed, match="2 visits would stand"):
        box.save(document, valid_from=WEDNESDAY)
    assert box.registry.version == 0
    assert box.save(document, (on_it, later), valid_from=WEDNESDAY)
    done = replanned(box.book, WEDNESDAY, ClinicChanged(0))
    assert [(move.appointment, move.reason.partition(";")[0]) for move in done.moves] == [(on_it, "Dr. Cedar is away")]
    plan = box.book.day(WEDNESDAY).plan
    assert "cedar" not in plan.appointments[on_it].providers
    assert check(box.book.registry_on(WEDNESDAY), plan) == ()
    tomorrow = box.book.day(TOMORROW).plan
    assert (tomorrow.appointments[before].providers, conflicts(box.book.registry_on(TOMORROW), tomorrow)) == (
        ("cedar",),
        (),
    )


def test_who_has_visits_from_the_date_on_cannot_be_removed_from_it_and_who_has_none_can(box: Box) -> None:
    box.books("tuesday", "hydra-facial", "hazel", 540, TOMORROW)
    late = box.books("thursday", "hydra-facial", "hazel", 540, THURSDAY)
    gone = without(box.document(), "providers", "hazel")
    assert box.check(gone, WEDNESDAY).needed == (
        "Hazel (aesthetician) cannot be removed: 1 visit uses it: 5 Mar 09:00 Hydra facial with Hazel (aesthetician); "
        "mark them as away, and these visits can be planned again",
    )
    with pytest.raises(InUse):
        box.save(gone, valid_from=WEDNESDAY)
    assert box.check(gone, FRIDAY) == Effect(("Removed the provider Hazel (aesthetician).",))
    assert box.save(gone, valid_from=FRIDAY)
    assert [len(box.registry.on(day).providers) for day in (THURSDAY, FRIDAY)] == [6, 5]
    assert box.book.day(THURSDAY).plan.appointments[late].providers == ("hazel",)
    everybody = [
        AppointmentRequest(
            AppointmentId(f"f{n}"), ClientId(f"f{n}"), ServiceId("hydra-facial"), Span(540, 1140), ProviderId("hazel")
        )
        for n in range(4)
    ]
    assert box.book.book_day(FRIDAY, everybody, "desk") > 0
    assert all("hazel" not in visit.providers for visit in box.book.day(FRIDAY).plan.placed)


def test_a_change_for_now_holds_below_what_is_yet_to_come_and_its_undo_takes_it_away_there(box: Box) -> None:
    box.save(later_shift(box.document()), valid_from=WEDNESDAY)
    box.save(priced(box.document(), 140))
    assert (starts(box), prices(box)) == ([540, 540, 600, 600, 600], [140] * 5)
    first = box.registry.standing()
    assert first is not None
    box.again()
    assert (starts(box), prices(box)) == ([540, 540, 600, 600, 600], [140] * 5)
    assert undo(box, first)
    assert (starts(box), prices(box)) == ([540, 540, 600, 600, 600], [0] * 5)
    assert box.registry.current() == demo_registry()


def test_several_that_are_yet_to_come_stand_on_each_other_and_each_can_be_taken_back(box: Box) -> None:
    box.save(later_shift(box.document()), valid_from=THURSDAY)
    box.save(priced(box.document(), 130), valid_from=TOMORROW)
    box.save(priced(box.document(), 150), valid_from=FRIDAY)
    assert (starts(box), prices(box)) == ([540, 540, 540, 600, 600], [0, 130, 130, 130, 150])
    assert [one.begins for one in box.registry.to_come()] == [TOMORROW, THURSDAY, FRIDAY]
    first, second, _ = (one.changed.change for one in box.registry.to_come())
    assert box.editor.check_undo(first).sentences == ("Chemical peel: price 130 → 0.",)
    assert undo(box, first)
    assert not undo(box, first)
    assert (starts(box), prices(box)) == ([540, 540, 540, 600, 600], [0, 0, 0, 0, 150])
    assert undo(box, second)
    box.again()
    assert (starts(box), prices(box)) == ([540] * 5, [0, 0, 0, 0, 150])


def test_an_edit_that_is_yet_to_come_keeps_its_meaning_although_the_same_is_done_and_undone_before(box: Box) -> None:
    box.save(priced(box.document(), 150), valid_from=FRIDAY)
    box.save(priced(box.document(), 150))
    assert prices(box) == [150] * 5
    change = box.registry.standing()
    assert change is not None
    undo(box, change)
    assert prices(box) == [0, 0, 0, 0, 150]


def test_an_undo_that_hurts_only_days_to_come_is_confirmed_like_a_change(box: Box) -> None:
    document = box.document()
    entry(document, "providers", "cedar")["shift"] = {"start": "08:30", "end": "18:00"}
    box.save(document, valid_from=WEDNESDAY)
    early = box.books("early", "follow-up", "cedar", 510, WEDNESDAY)
    (coming,) = box.registry.to_come()
    with pytest.raises(NotConfirmed):
        undo(box, coming.changed.change)
    assert undo(box, coming.changed.change, (early,))
    assert [one.why for one in conflicts(box.book.registry_on(WEDNESDAY), box.book.day(WEDNESDAY).plan)] == [
        "Dr. Cedar does not work then"
    ]


def test_what_does_not_go_with_a_change_that_is_yet_to_come_is_refused_and_says_which(box: Box) -> None:
    document = box.document()
    cedar = entry(document, "providers", "cedar")
    for skill in cedar["skills"]:
        assert skill != "brows"
    service = {**entry(document, "services", "follow-up"), "id": "brows", "name": "Brows"}
    service["stages"] = [{"name": "brows", "minutes": 15, "skill": "brows", "room": "consult"}]
    cedar["skills"] = [*cedar["skills"], "brows"]
    box.save(document)
    with_service = box.document()
    with_service["services"] = [*with_service["services"], service]  # type: ignore[misc]
    box.save(with_service, valid_from=THURSDAY)
    first, head = box.registry.standing(), box.record.store.head()
    assert first is not None
    (sentence,) = box.editor.check_undo(first).needed
    assert sentence.startswith("the change from 5 March on does not go with it")
    with pytest.raises(InUse, match="no provider has 'brows'"):
        undo(box, first)
    assert box.record.store.head() == head
    assert undo(box, box.registry.to_come()[0].changed.change)
    assert undo(box, first)


@pytest.mark.parametrize("days", [-1, 367])
def test_a_date_that_has_passed_or_is_too_far_away_is_refused(box: Box, days: int) -> None:
    with pytest.raises(NotAllowed, match="from tomorrow on"):
        box.save(later_shift(box.document()), valid_from=TODAY + dt.timedelta(days=days))
    assert box.registry.version == 0


def test_from_today_on_is_now(box: Box) -> None:
    box.save(later_shift(box.document()), valid_from=TODAY)
    assert (box.registry.to_come(), starts(box)) == ([], [600] * 5)


def test_no_more_than_twelve_changes_are_yet_to_come(box: Box) -> None:
    for number in range(12):
        box.save(priced(box.document(), 200 + number), valid_from=TOMORROW + dt.timedelta(days=number))
    with pytest.raises(NotAllowed, match="take one of them back"):
        box.save(priced(box.document(), 300), valid_from=TOMORROW + dt.timedelta(days=20))


def test_a_draft_of_one_day_that_is_saved_for_another_brings_its_edits_alone(box: Box) -> None:
    box.save(later_shift(box.document()), valid_from=WEDNESDAY)
    draft = Draft(priced(box.document(), 150), drafted_on=TODAY, valid_from=FRIDAY)
    assert box.editor.check(draft).sentences == ("Chemical peel: price 0 → 150.",)
    box.editor.save(draft, box.registry.version, (), "manager")
    assert (starts(box), prices(box)) == ([540, 540, 600, 600, 600], [0, 0, 0, 0, 150])


def test_a_draft_begun_before_midnight_takes_nothing_back_of_what_counts_since(box: Box) -> None:
    box.save(later_shift(box.document()), valid_from=TOMORROW)
    draft, version = Draft(priced(box.document(), 150), drafted_on=TODAY), box.registry.version
    box.record.clock.advance(DAY_SECONDS)
    assert box.editor.save(draft, version, (), "manager")
    assert (starts(box)[1:], prices(box)[1:]) == ([600] * 4, [150] * 4)


def test_the_file_is_taken_over_below_what_is_yet_to_come(box: Box) -> None:
    box.save(later_shift(box.document()), valid_from=THURSDAY)
    box.file.write_text(box.file.read_text("utf-8").replace("Dr. Cedar", "Dr. Sequoia"), "utf-8")
    box.again()
    assert box.registry.file.news
    assert box.editor.take_file(box.registry.version, (), "manager")
    assert [box.registry.on(day).provider(CEDAR).name for day in (TODAY, FRIDAY)] == ["Dr. Sequoia"] * 2
    assert starts(box) == [540, 540, 540, 600, 600]


def test_why_not_on_a_day_to_come_answers_by_that_days_clinic(box: Box) -> None:
    days = (TOMORROW, WEDNESDAY)
    visits = {day: box.books(f"v-{day}", "follow-up", "cedar", 660, day) for day in days}
    box.save(away(box.document(), "laurel"), valid_from=WEDNESDAY)
    (_, possible), (_, refused) = (box.book.why_not(visits[day], 900, ProviderId("laurel")) for day in days)
    assert isinstance(possible, Possible)
    assert isinstance(refused, Refusal)
    assert [(one.kind, one.sentence) for one in refused.obstacles] == [(Blocker.PROVIDER_OUT, "Dr. Laurel is away.")]


def test_online_requests_and_lent_slots_are_decided_by_the_days_own_clinic(box: Box) -> None:
    document = box.document()
    for name in ("consult-1", "consult-2"):
        entry(document, "rooms", name)["away"] = True
    box.save(document, valid_from=WEDNESDAY)
    desk = OnlineDesk(box.book)
    answers = []
    for number, day in enumerate((TOMORROW, WEDNESDAY)):
        wish = BookingRequested(
            request=f"r{number}", service="consultation", day=str(day), earliest_minute=540, latest_minute=1080
        )
        (event,) = box.record.store.append([EventDraft("booking/x", wish, "hub", "booking")])
        (answer,) = [one.payload for one in desk.answer(event) if isinstance(one.payload, BookingAnswered)]
        answers.append(answer.accepted)
    assert answers == [True, False]
    policy = LendingPolicy(1, frozenset({ServiceId("consultation")}), days_ahead=3)
    SlotDesk(box.book, policy, lambda: "epoch", box.record.clock, box.record.ids).top_up()
    assert [len(box.book.day(day).plan.lent) for day in (TOMORROW, WEDNESDAY, THURSDAY)] == [1, 0, 0]


def test_a_lent_slot_whose_provider_leaves_is_asked_back_and_those_of_days_before_are_not(box: Box) -> None:
    policy = LendingPolicy(1, frozenset({ServiceId("consultation")}), days_ahead=3)
    desk = SlotDesk(box.book, policy, lambda: "epoch", box.record.clock, box.record.ids)
    desk.top_up()
    leases = {day: next(iter(box.book.day(day).leases.open.values())) for day in (TOMORROW, WEDNESDAY)}
    (provider,) = leases[WEDNESDAY].visit.providers
    assert leases[TOMORROW].visit.providers == (provider,)
    box.save(away(box.document(), provider), valid_from=WEDNESDAY)
    assert desk.top_up() == 2  # on Wednesday and on Thursday
    recalled = [box.book.day(day).leases.find(lease.id).recalled for day, lease in leases.items()]
    assert recalled == [False, True]
    desk.top_up()  # others are lent in their place
    now = {lease.id: lease.visit.providers for lease in box.book.day(WEDNESDAY).leases.open.values()}
    assert [who for name, who in now.items() if name != leases[WEDNESDAY].id] != []
    assert all(provider not in who for name, who in now.items() if name != leases[WEDNESDAY].id)


def test_a_slot_that_was_given_up_is_held_again_only_if_its_own_days_clinic_has_what_it_needs(box: Box) -> None:
    life = ["epoch"]
    policy = LendingPolicy(1, frozenset({ServiceId("consultation")}), days_ahead=3)
    desk = SlotDesk(box.book, policy, lambda: life[0], box.record.clock, box.record.ids)
    desk.top_up()
    life[0] = "another"
    names = {day: next(iter(box.book.day(day).leases.open)) for day in (TOMORROW, WEDNESDAY)}
    for day, name in names.items():
        desk.release(day, name, "manager")
    (provider,) = box.book.day(WEDNESDAY).leases.given_up[names[WEDNESDAY]].visit.providers
    box.save(away(box.document(), provider), valid_from=WEDNESDAY)
    assert [[one.stays_because is None for one in desk.given_up(day)] for day in names] == [[True], [False]]
    desk.hold_again(TOMORROW, names[TOMORROW], "manager")
    with pytest.raises(NotAllowed, match="not there at that time"):
        desk.hold_again(WEDNESDAY, names[WEDNESDAY], "manager")


def test_the_waitlist_is_offered_what_each_days_own_clinic_has(box: Box) -> None:
    document = box.document()
    for provider in demo_registry().providers:
        if "peel" in provider.skills:
            away(document, provider.id)
    box.save(document, valid_from=WEDNESDAY)
    waitlist = WaitlistBook(box.record.store, box.book, box.record.ids)
    for name, day in (("a", TOMORROW), ("b", WEDNESDAY)):
        window = Window(day, day, Span(540, 1140))
        wish = Entry(EntryId(name), ClientId(name), ServiceId("peel"), (window,), box.record.clock.wall())
        waitlist.add(wish, "desk")
    offer = waitlist.offer(EntryId("a"), Channel.PHONE, "desk")
    assert waitlist.waitlist().offer(offer).place.day == TOMORROW
    with pytest.raises(NotAllowed, match="Nothing that suits is free"):
        waitlist.offer(EntryId("b"), Channel.PHONE, "desk")


def could_be_better(box: Box, day: dt.date) -> str:
    """Leave a visit with another provider than Dr. Cedar, whom it prefers and who has become free; return its id."""
    first, second = AppointmentId(f"first-{day}"), AppointmentId(f"second-{day}")
    for name in (first, second):
        wish = AppointmentRequest(name, ClientId(name), ServiceId("consultation"), Span(600, 630), CEDAR)
        assert box.book.book_day(day, [wish], "desk") == 1
    box.book.record(day, lambda plan: plan.change_status(first, Status.CANCELLED, 0), "desk", "care")
    return second


def nights_of(box: Box, budget: int = 5) -> NightBook:
    settings, record = RollingSettings(enabled=True, seconds=0.06, budget=budget), box.record
    return NightBook(record.store, box.book, record.ids, record.clock, ThreadBudget(1), settings)


def test_a_night_rolls_each_day_with_its_own_clinic(box: Box) -> None:
    wednesday, friday = could_be_better(box, WEDNESDAY), could_be_better(box, FRIDAY)
    # From Thursday on nobody is moved to Dr. Cedar, who is away: the visit stays with whom it has.
    box.save(away(box.document()), valid_from=THURSDAY)
    nights = nights_of(box)
    box.record.clock.advance(16 * 3600)
    night = nights.look()
    assert [part.days.booked.plan.date for part in night.parts] == [WEDNESDAY, THURSDAY]
    assert [move.appointment for move in night.moves] == [wednesday]
    nights.record(night)
    again = nights.look()
    assert (again.news, again.moves) == (False, ())
    (coming,) = box.registry.to_come()
    undo(box, coming.changed.change)
    whole = nights.look()
    assert [part.days.booked.plan.date for part in whole.parts] == [WEDNESDAY]
    assert [move.appointment for move in whole.moves] == [friday]


@pytest.mark.parametrize(("budget", "moved"), [(0, 0), (1, 1), (2, 2)])
def test_a_night_moves_no_more_in_two_parts_than_in_one_the_nearest_first(box: Box, budget: int, moved: int) -> None:
    visits = [could_be_better(box, day) for day in (WEDNESDAY, FRIDAY)]
    box.save(priced(box.document(), 150), valid_from=THURSDAY)
    box.record.clock.advance(16 * 3600)
    night = nights_of(box, budget).look()
    assert len(night.parts) == 2
    assert [move.appointment for move in night.moves] == visits[:moved]
