"""The registry on record: what the log says counts, two cannot overwrite each other, nobody booked is dropped."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

import edge.schedule.book
from edge.schedule.changing.book import RegistryBook
from edge.schedule.changing.differences import differences
from edge.schedule.changing.document import Document, FaultyDocument, document_of, registry_of
from edge.schedule.changing.editor import Draft, InUse, NotConfirmed, RegistryEditor
from edge.schedule.checker import check
from edge.schedule.conflicts import conflicts
from edge.schedule.domain import AppointmentRequest, ClinicChanged, MoveWanted, ProviderOut, Span, Status
from edge.schedule.errors import InvalidClinic, NotAllowed
from edge.schedule.ids import AppointmentId, ProviderId, ReplanId, RoomId, ServiceId
from edge.schedule.lending import LendingPolicy
from edge.schedule.lengths import as_booked
from edge.schedule.registry import Registry, demo_registry
from edge.schedule.slot_desk import SlotDesk
from edge.schedule.waitlist.domain import Entry, EntryId, Window
from edge.schedule.waitlist_book import WaitlistBook
from shared.ids import ClientId
from tests.edge.schedule.changed import DEMO, TODAY, TOMORROW, Box, entry, later_shift, opened, without
from tests.edge.schedule.paced import with_paces
from tests.support.records import open_box_record
from tests.support.replanning import replanned


@pytest.fixture
def box(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Box]:
    """A box at ten in the morning, with the example clinic as its file."""
    monkeypatch.setattr(edge.schedule.book, "REPLAN_SECONDS", 0)
    record = open_box_record(tmp_path)
    yield opened(record, tmp_path)
    record.store.close()


def test_before_the_first_change_the_file_counts_and_nothing_is_on_record(box: Box) -> None:
    assert box.registry.current() == demo_registry()
    assert (box.registry.version, box.record.store.stream("clinic")) == (0, [])
    box.file.write_text(DEMO.read_text("utf-8").replace("Dr. Cedar", "Dr. Sequoia"), "utf-8")
    box.again()
    assert box.registry.current().provider(ProviderId("cedar")).name == "Dr. Sequoia"
    assert not box.registry.file.news


def test_a_change_is_planned_with_at_once_and_kept_over_a_restart(box: Box) -> None:
    assert box.save(later_shift(box.document()))
    assert box.book.registry.provider(ProviderId("cedar")).shift.start == 600
    assert box.book.learnt.planning().provider(ProviderId("cedar")).shift.start == 600
    (change,) = box.registry.latest()
    assert change.changed.sentences == ("Dr. Cedar: shift 09:00-18:00 → 10:00-18:00.",)
    assert (change.by.actor, change.changed.origin) == ("manager", "tablet")
    box.again()
    assert box.registry.current().provider(ProviderId("cedar")).shift.start == 600
    assert [event.fields.type for event in box.record.store.stream("clinic")] == [
        "clinic.registry_seeded",
        "clinic.registry_changed",
    ]


def test_the_same_again_is_no_change(box: Box) -> None:
    assert not box.save(box.document())
    box.save(later_shift(box.document()))
    head = box.record.store.head()
    assert not box.save(box.document())
    assert not box.save(box.document(), version=0)
    assert box.record.store.head() == head


def test_of_two_who_change_it_at_the_same_time_the_second_is_refused_and_loses_nothing(box: Box) -> None:
    other = RegistryEditor(RegistryBook(box.record.store, box.record.ids, box.file, lambda: TODAY), box.book)
    mine, theirs, seen = box.document(), box.document(), box.registry.version
    entry(theirs, "rooms", "consult-1")["name"] = "Blue room"
    other.save(Draft(theirs), seen, (), "desk")
    with pytest.raises(NotAllowed, match="somebody changed the clinic"):
        box.save(later_shift(mine), version=seen)
    assert box.registry.current().room(RoomId("consult-1")).name == "Blue room"
    assert box.registry.current().provider(ProviderId("cedar")).shift.start == 540
    assert box.save(later_shift(box.document()))
    assert box.registry.current().room(RoomId("consult-1")).name == "Blue room"


def test_undo_gives_exactly_what_was_before_even_when_the_file_has_changed_since(box: Box) -> None:
    before = box.registry.current()
    box.save(later_shift(box.document()))
    second = box.document()
    entry(second, "services", "peel")["price"] = 140
    box.save(second)
    middle = box.registry.latest()[1].registry
    box.file.write_text(DEMO.read_text("utf-8").replace("Dr. Cedar", "Dr. Sequoia"), "utf-8")
    box.again()
    for wanted in (middle, before):
        change = box.registry.standing()
        assert change is not None
        assert box.editor.check_undo(change).sentences
        assert box.editor.undo(change, box.registry.version, (), "manager")
        assert not box.editor.undo(change, box.registry.version, (), "manager")
        assert box.registry.current() == wanted
    box.again()
    assert box.registry.current() == before
    assert [one.undone for one in box.registry.latest()] == [True, True]
    with pytest.raises(NotAllowed, match="only the latest"):
        box.editor.undo("never-made", box.registry.version, (), "manager")


def test_only_the_latest_change_is_taken_back(box: Box) -> None:
    box.save(later_shift(box.document()))
    first = box.registry.standing()
    assert first is not None
    second = box.document()
    entry(second, "services", "peel")["price"] = 140
    box.save(second)
    with pytest.raises(NotAllowed, match="only the latest"):
        box.editor.undo(first, box.registry.version, (), "manager")


def test_a_file_that_differs_is_said_and_taken_over_or_left(box: Box) -> None:
    box.save(later_shift(box.document()))
    box.again()
    assert not box.registry.file.news  # it says what it said when the log began to count
    box.file.write_text(DEMO.read_text("utf-8").replace("Dr. Cedar", "Dr. Sequoia"), "utf-8")
    with capture_logs() as said:
        box.again()
    assert [line["event"] for line in said] == ["clinic_file_differs"]
    assert box.registry.file.news
    assert box.editor.check_file().sentences == (
        "Dr. Cedar: name Dr. Cedar → Dr. Sequoia; shift 10:00-18:00 → 09:00-18:00.",
    )
    box.registry.leave_file(box.registry.version, "manager")
    with capture_logs() as said:
        box.again()
    assert (said, box.registry.file.news) == ([], False)
    assert box.registry.current().provider(ProviderId("cedar")).shift.start == 600
    assert box.editor.take_file(box.registry.version, (), "manager")
    assert box.registry.current() == box.registry.file.registry
    assert box.registry.latest()[0].changed.origin == "file"
    with pytest.raises(NotAllowed, match="nothing to take over"):
        box.editor.take_file(box.registry.version, (), "manager")


def test_a_file_that_cannot_be_read_stops_no_box_whose_record_counts(box: Box) -> None:
    box.file.write_text("clinic = ", encoding="utf-8")
    with pytest.raises(InvalidClinic):
        box.again()
    box.file.write_text(DEMO.read_text("utf-8"), "utf-8")
    box.again()
    box.save(later_shift(box.document()))
    box.file.write_text("clinic = ", encoding="utf-8")
    with capture_logs() as said:
        box.again()
    assert [line["event"] for line in said] == ["clinic_file_unreadable"]
    assert box.registry.current().provider(ProviderId("cedar")).shift.start == 600
    assert "not valid TOML" in box.registry.file.fault
    with pytest.raises(NotAllowed, match="not valid TOML"):
        box.editor.take_file(box.registry.version, (), "manager")
    assert box.save(without(box.document(), "providers", "rowan"))


def test_visits_that_a_change_hurts_are_named_and_nothing_is_saved_unconfirmed(box: Box) -> None:
    visit = box.books("early", "consultation", "cedar", 540)
    box.books("fine", "consultation", "cedar", 660)
    document, head = later_shift(box.document()), box.record.store.head()
    (hurt,) = box.check(document).hurt
    assert (hurt.id, hurt.day, hurt.start, hurt.service) == (visit, TOMORROW, 540, "Skin consultation")
    assert (hurt.providers, hurt.why) == (("Dr. Cedar",), "Dr. Cedar does not work then")
    with pytest.raises(NotConfirmed, match="1 visit would stand"):
        box.save(document)
    with pytest.raises(NotConfirmed):
        box.save(document, confirmed=("another",))
    assert box.record.store.head() == head
    assert box.save(document, confirmed=(visit,))
    plan = box.book.day(TOMORROW).plan
    assert plan.appointments[visit].start == 540
    assert [(one.visit, one.why) for one in conflicts(box.book.registry, plan)] == [
        (visit, "Dr. Cedar does not work then")
    ]


def test_a_replan_finds_a_place_for_who_stands_in_conflict(box: Box) -> None:
    visit = box.books("early", "consultation", "cedar", 540)
    fine = box.books("fine", "consultation", "cedar", 660)
    box.save(later_shift(box.document()), confirmed=(visit,))
    before = box.book.day(TOMORROW).plan
    done = replanned(box.book, TOMORROW, ClinicChanged(0))
    replan = ReplanId(done.reported.replan)
    assert [move.appointment for move in done.moves] == [visit]
    assert "rules do not allow" in done.moves[0].reason
    plan = box.book.day(TOMORROW).plan
    assert (conflicts(box.book.registry, plan), plan.unplaced) == ((), ())
    assert plan.appointments[fine] == before.appointments[fine]
    with pytest.raises(NotAllowed, match="not allowed any more"):
        box.book.undo(replan, "desk")
    change = box.registry.standing()
    assert change is not None
    assert box.editor.undo(change, box.registry.version, (), "manager")
    box.book.undo(replan, "desk")
    assert box.book.day(TOMORROW).plan == before


def test_a_lunch_for_which_visits_leave_no_time_is_named(box: Box) -> None:
    box.books("a", "consultation", "laurel", 720)
    box.books("b", "consultation", "laurel", 750)
    document = box.document()
    entry(document, "providers", "laurel")["lunch"] = {"start": "12:00", "end": "13:00", "minutes": 30}
    (hurt,) = box.check(document).hurt
    assert (hurt.service, hurt.providers, hurt.start) == ("Lunch", ("Dr. Laurel",), 720)
    assert box.save(document, confirmed=(hurt.id,))


@pytest.mark.parametrize(
    ("section", "name", "reason"),
    [
        ("providers", "hazel", "Hazel (aesthetician) cannot be removed: 1 visit uses it: 3 Mar 09:00 Hydra facial"),
        ("devices", "hydra-a", "Hydra station A cannot be removed: 1 visit uses it"),
        ("services", "follow-up", "Follow-up check cannot be removed: 1 visit uses it: 3 Mar 10:00 Follow-up check"),
        ("services", "peel", "Chemical peel cannot be removed: the box's configuration lends it"),
    ],
)
def test_what_visits_to_come_use_cannot_be_removed(box: Box, section: str, name: str, reason: str) -> None:
    box.books("hydra", "hydra-facial", "hazel", 540)
    cancelled = box.books("follow", "follow-up", "cedar", 600)
    box.book.change_status(cancelled, Status.CANCELLED, "desk")
    document = box.document()
    if name == "hydra-a":  # nothing else asks for it then
        without(document, "services", "hydra-facial")
    without(document, section, name)
    with pytest.raises(InUse) as refusal:
        box.save(document)
    assert reason in refusal.value.sentence
    assert "client" not in refusal.value.sentence
    assert box.registry.version == 0


def test_an_addition_that_visits_use_since_is_not_taken_back(box: Box) -> None:
    document = box.document()
    cedar = entry(document, "providers", "cedar")
    document["providers"].append({**cedar, "id": "fern", "name": "Dr. Fern", "breaks": []})  # type: ignore[union-attr]
    box.save(document)
    change = box.registry.standing()
    assert change is not None
    box.books("a", "consultation", "fern", 750)
    with pytest.raises(InUse, match="Fern cannot be removed: 1 visit uses it"):
        box.editor.undo(change, box.registry.version, (), "manager")
    assert box.registry.current().everybody()["fern"] == "Dr. Fern"


def test_what_only_past_visits_used_is_removed_and_their_day_is_shown_as_it_was(box: Box) -> None:
    visit = box.books("hydra", "hydra-facial", "hazel", 690, TODAY)
    document = without(without(box.document(), "services", "hydra-facial"), "devices", "hydra-a")
    with pytest.raises(InUse):
        box.save(document)
    box.record.clock.advance(24 * 3600)
    assert box.save(without(document, "providers", "hazel"))
    assert box.book.registry_on(TODAY).service(ServiceId("hydra-facial")).name == "Hydra facial"
    assert box.book.day(TODAY).plan.appointments[visit].providers == ("hazel",)
    assert "hazel" not in {provider.id for provider in box.book.registry_on(TOMORROW).providers}
    assert box.registry.everybody()["hazel"] == "Hazel (aesthetician)"


def _other_parts(document: Document) -> None:
    entry(document, "services", "consultation")["stages"] = [
        {"name": "talk", "minutes": 10, "skill": "consult", "room": "consult"},
        {"name": "look", "minutes": 25, "skill": "review", "room": "consult"},
    ]


def _renamed_part(document: Document) -> None:
    entry(document, "services", "consultation")["stages"][0]["name"] = "talk"


def _other_skill(document: Document) -> None:
    entry(document, "providers", "cedar")["skills"] = ["injectable"]


def _licence(document: Document) -> None:
    entry(document, "services", "consultation")["stages"][0]["licence"] = "medical"
    entry(document, "providers", "laurel")["licences"] = ["medical"]


def _turnover(document: Document) -> None:
    for name in ("consult-1", "consult-2"):
        entry(document, "rooms", name)["turnover"] = 60


def _room_type(document: Document) -> None:
    for name in ("consult-1", "consult-2"):
        entry(document, "rooms", name).update(type="talk", turnover=5)
    entry(document, "rooms", "treatment-3").update(type="consult", turnover=10)


def _hours(document: Document) -> None:
    document["hours"] = {"start": "10:30", "end": "19:00"}


def _fewer_parts(document: Document) -> None:
    entry(document, "services", "filler")["stages"] = [
        {"name": "injection", "minutes": 30, "skill": "injectable", "room": "treatment"}
    ]


@pytest.mark.parametrize(
    "change", [_other_parts, _renamed_part, _other_skill, _licence, _turnover, _room_type, _hours, _fewer_parts]
)
def test_a_day_of_broken_visits_is_shown_booked_into_and_replanned(
    box: Box, change: Callable[[Document], None]
) -> None:
    for number, start in enumerate((540, 570, 600, 690)):
        box.books(f"c{number}", "consultation", "cedar", start)
    box.books("filler", "filler", "willow", 540)
    document = box.document()
    change(document)
    hurt = box.check(document).hurt
    assert hurt
    box.save(document, confirmed=tuple(one.id for one in hurt))
    registry, planning = box.book.registry, box.book.learnt.planning()
    found = {one.visit for one in conflicts(registry, box.book.day(TOMORROW).plan)}
    assert found == {one.id for one in hurt}
    for visit in list(found)[:2]:
        box.book.why_not(visit, 15 * 60)
    wish = AppointmentRequest(AppointmentId("new"), ClientId("new"), ServiceId("follow-up"), Span(540, 1140))
    box.book.book_day(TOMORROW, [wish], "desk")
    done, plan = replanned(box.book, TOMORROW, ClinicChanged(0)), box.book.day(TOMORROW).plan
    assert {*(move.appointment for move in done.moves), *(visit.id for visit in plan.unplaced)} >= found
    own = as_booked(planning, plan)
    assert check(own.registry, own.plan) == ()
    assert {*(visit.id for visit in plan.placed), *(visit.id for visit in plan.unplaced)} == {
        "c0", "c1", "c2", "c3", "filler", "new",
    }  # fmt: skip


def test_offers_and_lending_go_on_beside_visits_in_conflict(box: Box) -> None:
    box.books("early", "consultation", "cedar", 540)
    gone = box.books("gone", "consultation", "cedar", 660)
    document = box.document()
    _other_parts(document)
    box.save(document, confirmed=("early", "gone"))
    waitlist = WaitlistBook(box.record.store, box.book, box.record.ids)
    window = Window(TOMORROW, TOMORROW, Span(540, 1140))
    wish = Entry(EntryId("a"), ClientId("a"), ServiceId("peel"), (window,), box.record.clock.wall(), messages=True)
    waitlist.add(wish, "desk")
    box.book.change_status(gone, Status.CANCELLED, "desk")
    waitlist.step()
    desk = SlotDesk(box.book, LendingPolicy(1), lambda: "epoch", box.record.clock, box.record.ids)
    assert desk.top_up() > 0
    for name in ("early", "gone"):
        with suppress(NotAllowed):
            box.book.propose(TOMORROW, MoveWanted(0, AppointmentId(name), 900), "desk")


def test_what_is_lent_to_online_booking_cannot_be_removed(box: Box) -> None:
    policy = LendingPolicy(1, frozenset({ServiceId("hydra-facial")}), days_ahead=1)
    SlotDesk(box.book, policy, lambda: "epoch", box.record.clock, box.record.ids).top_up()
    document = without(without(box.document(), "services", "hydra-facial"), "devices", "hydra-a")
    (service, device) = box.check(document).needed
    assert "lent to online booking" in service
    assert device.startswith("Hydra station A cannot be removed: 2 visits use it")


def test_what_a_proposal_that_waits_is_about_cannot_be_removed(box: Box) -> None:
    visit = box.books("a", "consultation", "laurel", 720)
    box.book.change_status(visit, Status.CONFIRMED, "desk")
    document = box.document()
    document["deciding"] = {"execute_shifted": 0, "provider_out": {"at_least": "suggest"}}
    box.save(document)
    box.book.propose(TOMORROW, ProviderOut(0, ProviderId("laurel"), Span(600, 1140)), "desk")
    (day,) = [box.book.day(TOMORROW)]
    assert day.proposals.open
    (needed,) = box.check(without(box.document(), "providers", "laurel")).needed
    assert "a proposal that waits for a decision" in needed


def test_a_longer_service_leaves_booked_visits_as_they_are(box: Box) -> None:
    visit = box.books("peel", "peel", "hazel", 600)
    document = box.document()
    entry(document, "services", "peel")["stages"][1]["minutes"] = 45
    assert box.check(document).hurt == ()
    box.save(document)
    plan = box.book.day(TOMORROW).plan
    assert (plan.appointments[visit].end, conflicts(box.book.registry, plan)) == (640, ())
    box.books("next", "peel", "rowan", 720)
    assert box.book.day(TOMORROW).plan.appointments[AppointmentId("next")].end == 785


@pytest.mark.parametrize(
    ("wrong", "where"),
    [
        ({"shift": {"start": "09:02", "end": "17:00"}}, ("providers", "cedar", "shift.start")),
        ({"shift": {"start": "17:00", "end": "09:00"}}, ("providers", "cedar", "shift")),
        ({"skills": []}, ("providers", "cedar", "skills")),
        ({"colour": "blue"}, ("providers", "cedar", "colour")),
        ({"id": "laurel"}, ("providers", "", "")),
        ({"id": "No Spaces"}, ("providers", "No Spaces", "id")),
    ],
)
def test_a_fault_is_told_by_section_entry_and_field(
    clinic: Registry, wrong: dict[str, Any], where: tuple[str, str, str]
) -> None:
    document = document_of(clinic)
    entry(document, "providers", "cedar").update(wrong)
    with pytest.raises(FaultyDocument) as refusal:
        registry_of(document)
    fault = refusal.value.faults[0]
    assert (fault.section, fault.entry, fault.field) == where
    assert fault.message


def test_a_fault_says_what_to_do_in_plain_words(clinic: Registry) -> None:
    document = document_of(clinic)
    entry(document, "providers", "cedar").update(name="", skills=[], shift={"start": "09:02", "end": "17:00"})
    with pytest.raises(FaultyDocument) as refusal:
        registry_of(document)
    assert [fault.sentence for fault in refusal.value.faults] == [
        "providers.cedar.name: write something here",
        "providers.cedar.skills: choose at least one",
        "providers.cedar.shift.start: choose a multiple of five minutes",
    ]


def test_a_rule_of_the_whole_clinic_is_told_at_the_entry_it_names(clinic: Registry) -> None:
    document = document_of(clinic)
    entry(document, "services", "peel")["stages"][0]["skill"] = "magic"
    with pytest.raises(FaultyDocument) as refusal:
        registry_of(document)
    (fault,) = refusal.value.faults
    assert (fault.section, fault.entry, fault.field) == ("services", "peel", "stages.0.skill")
    assert fault.message == "no provider has 'magic'; add it to one or correct it"


def test_a_registry_too_large_for_the_record_is_refused(clinic: Registry) -> None:
    document = document_of(clinic)
    tasks = [{"id": f"task-{number}", "title": "x" * 60, "owner": "provider", "due": -10} for number in range(20)]
    template = entry(document, "services", "peel")
    document["services"] = [
        *document["services"],  # type: ignore[misc]
        *({**template, "id": f"peel-{number}", "checklist": tasks} for number in range(80)),
    ]
    with pytest.raises(FaultyDocument, match="may have 100000"):
        registry_of(document)


def test_a_pace_is_told_against_the_usual_one() -> None:
    before = demo_registry()
    unlike = with_paces(before, {"cedar": 112}, {"cedar": {"filler": 90}})
    assert differences(before, unlike) == ("Dr. Cedar: pace 100 → 112; paces none → filler 90.",)
    assert differences(unlike, before) == ("Dr. Cedar: pace 112 → 100; paces filler 90 → none.",)
