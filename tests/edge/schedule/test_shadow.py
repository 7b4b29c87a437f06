"""Shadow mode: the same wishes and events in the hands of the product, beside what people made of them."""

import itertools
from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest

from edge.schedule.checker import check
from edge.schedule.document import DayDocument
from edge.schedule.domain import Plan, Status
from edge.schedule.errors import InvalidClinic
from edge.schedule.registry import Registry
from edge.schedule.replan import SolverLimits
from edge.schedule.shadow import HumanDay, Shadow, shadow
from edge.schedule.shadow_document import EventsDocument, ShadowDocument, human_day, parse_events, report, rows
from edge.schedule.shadow_measures import measure
from edge.schedule.shadow_picture import shadow_svg
from shared.ids import ClientId
from tests.edge.schedule.shadowed import DATE, SICK, Lived, lived_day

QUICK = SolverLimits(seconds=0, workers=1)


def ticking() -> float:
    return next(_TICKS) / 1000


_TICKS = itertools.count()


@pytest.fixture(scope="module")
def lived(clinic: Registry) -> Lived:
    return lived_day(clinic)


@pytest.fixture(scope="module")
def known(lived: Lived) -> Shadow:
    return shadow(lived.human(), ticking, QUICK)


@pytest.fixture(scope="module")
def unknown(lived: Lived) -> Shadow:
    return shadow(lived.human(morning=False), ticking, QUICK)


def test_both_begin_with_the_bookings_of_the_morning_where_these_are_known(lived: Lived, known: Shadow) -> None:
    for visit in lived.morning.plan().placed:
        assert known.began.appointments[visit.id].stages == visit.stages


def test_without_the_morning_the_product_plans_all_wishes_itself_and_keeps_every_rule(
    clinic: Registry, lived: Lived, unknown: Shadow
) -> None:
    assert check(clinic, unknown.began) == ()
    assert unknown.comparison.theirs.moved is None
    assert set(unknown.began.appointments) <= set(lived.day.plan().appointments) | {r.id for r in lived.day.asked()}


@pytest.mark.parametrize("which", ["known", "unknown"])
def test_every_event_is_answered_once_in_order_and_its_facts_hold(
    which: str, lived: Lived, request: pytest.FixtureRequest
) -> None:
    answer: Shadow = request.getfixturevalue(which)
    assert len(answer.steps) == len(lived.events.events)
    assert [step.at for step in answer.steps] == sorted(step.at for step in answer.steps)
    for visit in answer.ours.placed:
        for stage in visit.stages:
            assert stage.provider != SICK or stage.start < 13 * 60 or visit.status.begun


def test_who_did_not_come_for_people_does_not_come_for_the_product(lived: Lived, unknown: Shadow) -> None:
    missing = next(event.appointment for event in lived.events.events if event.kind == "no_show")
    for plan in (unknown.ours, unknown.theirs):
        visit = next(a for key, a in plan.appointments.items() if key == missing)
        assert visit.status is Status.NO_SHOW


def test_the_product_knows_nothing_of_an_event_before_it_is_reported(lived: Lived, known: Shadow) -> None:
    absent = [outage for outage in known.began.outages if outage.resource == SICK]
    assert absent == []
    assert "walk-in-1" not in known.began.appointments
    before = [visit for visit in known.ours.placed if visit.start < 13 * 60 and SICK in visit.providers]
    assert before


def test_a_visit_gets_its_lateness_at_its_own_start(lived: Lived) -> None:
    events = tuple(event for event in lived.events.events if event.kind in ("late", "cancelled", "no_show"))
    late = next(event for event in events if event.kind == "late")
    human = human_day(lived.day, EventsDocument(events=events))
    answer = shadow(human, ticking, QUICK)
    here = next(a for a in answer.began.placed if a.id == late.appointment)
    there = next(a for a in human.plan.placed if a.id == late.appointment)
    assert here.start != there.start
    step = next(step for step in answer.steps if "late" in step.cause)
    assert step.reported == lived.day.minute(late.at)
    assert step.at == step.reported + here.start - there.start


def test_a_day_that_people_ran_as_the_product_would_has_no_overrides(clinic: Registry, lived: Lived) -> None:
    quiet = HumanDay(clinic, lived.morning.plan(), (), (), lived.morning.plan())
    same = shadow(quiet, ticking, QUICK).comparison
    assert same.decisions == same.overrides == ()
    assert same.override_frequency == 0
    assert same.ours == same.theirs
    assert same.ours.moved == same.ours.notified == 0


def test_overrides_are_a_share_of_the_decisions(known: Shadow, unknown: Shadow) -> None:
    for compared in (known.comparison, unknown.comparison):
        assert set(compared.overrides) <= set(compared.decisions)
        assert 0 < compared.override_frequency <= 1


def test_every_wanted_visit_is_served_or_spills_over(lived: Lived, known: Shadow) -> None:
    wanted = set(lived.day.plan().appointments) | {r.id for r in lived.day.asked()} | {"walk-in-1"}
    gone = {key for key, visit in known.theirs.appointments.items() if not visit.status.active}
    for side, plan in ((known.comparison.ours, known.ours), (known.comparison.theirs, known.theirs)):
        served = {visit.id for visit in plan.placed}
        assert side.served == len(served)
        assert side.spill_over == len(wanted - gone - served)


def test_a_providers_time_is_spent_idle_or_with_clients(clinic: Registry, day: Plan) -> None:
    empty, full = measure(clinic, Plan(DATE), None, frozenset()), measure(clinic, day, None, frozenset())
    worked = sum(s.end - s.start for a in day.placed for s in a.stages if s.provider is not None)
    assert empty.idle_minutes - full.idle_minutes == worked
    assert full.fill_rate == pytest.approx(worked / empty.idle_minutes)
    assert (empty.fill_rate, full.overtime_minutes, full.moved) == (0, 0, None)


def test_work_after_the_shift_is_overtime_and_fills_nothing(clinic: Registry, day: Plan) -> None:
    last = max((a for a in day.placed if len(a.providers) == 1), key=lambda a: a.end)
    shift = clinic.provider(last.providers[0]).shift
    by = shift.end - last.stages[-1].start
    later = replace(last, stages=tuple(replace(s, start=s.start + by, end=s.end + by) for s in last.stages))
    alone = Plan(DATE, {last.id: later})
    ends = [stage.end for stage in later.stages if stage.provider is not None]
    assert measure(clinic, alone, None, frozenset()).overtime_minutes == max(ends) - shift.end


def test_the_picture_is_well_formed_names_no_client_and_numbers_every_event(lived: Lived, known: Shadow) -> None:
    secret = {k: replace(a, client=ClientId("planted-name")) for k, a in known.ours.appointments.items()}
    svg = shadow_svg(lived.human(), replace(known, ours=replace(known.ours, appointments=secret)))
    root = ET.fromstring(svg)
    ids = [element.get("id") for element in root.iter() if element.get("id")]
    assert len(ids) == len(set(ids))
    assert "planted-name" not in svg
    assert "As people ran it" in svg
    assert "As MedSpaSync would have run it" in svg
    assert all(step.cause in svg for step in known.steps)


def test_the_picture_frames_the_visits_that_one_side_alone_has_a_place_for(lived: Lived, known: Shadow) -> None:
    frames = 'stroke="#0b8a4a"'
    here, there = ({visit.id for visit in plan.placed} for plan in (known.ours, known.theirs))
    legend = 1
    assert here != there
    assert shadow_svg(lived.human(), known).count(frames) > len(here ^ there) + legend
    assert shadow_svg(lived.human(), replace(known, theirs=known.ours)).count(frames) == legend


def test_the_report_can_be_read_again_and_says_both_sides(lived: Lived, known: Shadow) -> None:
    human = lived.human()
    document = report(lived.day, human, known)
    assert ShadowDocument.model_validate_json(document.model_dump_json()) == document
    assert document.morning_known
    assert document.people.served == known.comparison.theirs.served
    assert {row[0]: row[1:] for row in rows(known.comparison.theirs, known.comparison.ours)}["visits served"] == (
        str(document.people.served),
        str(document.product.served),
    )
    again = DayDocument.model_validate(lived.day.model_dump() | {"appointments": document.product_day, "requests": ()})
    assert {a.id for a in again.plan().placed} == {a.id for a in known.ours.placed}


def test_the_morning_of_another_day_is_refused(lived: Lived) -> None:
    other = lived.morning.model_copy(update={"days": 2})
    with pytest.raises(InvalidClinic, match="the morning is of another clinic or date"):
        human_day(lived.day, lived.events, other)


def test_an_event_of_a_visit_that_the_day_does_not_have_is_refused(lived: Lived) -> None:
    text = '{"events": [{"kind": "cancelled", "at": "10:00", "appointment": "nobody"}]}'
    with pytest.raises(InvalidClinic, match="the day has none"):
        human_day(lived.day, parse_events(text, "events.json"))


def test_a_visit_given_up_at_a_time_that_nobody_told_is_refused(lived: Lived) -> None:
    told = tuple(event for event in lived.events.events if event.kind != "cancelled")
    with pytest.raises(InvalidClinic, match="is cancelled, but no event says since when"):
        human_day(lived.day, EventsDocument(events=told), lived.morning)


def test_a_visit_given_up_before_the_morning_is_nobodys(lived: Lived) -> None:
    gone = {entry.id for entry in lived.day.appointments if entry.status is Status.CANCELLED}
    morning = lived.morning.model_copy(
        update={
            "appointments": tuple(
                entry.model_copy(update={"status": Status.CANCELLED}) if entry.id in gone else entry
                for entry in lived.morning.appointments
            )
        }
    )
    told = tuple(event for event in lived.events.events if event.kind != "cancelled")
    answer = shadow(human_day(lived.day, EventsDocument(events=told), morning), ticking, QUICK)
    assert gone
    assert not gone & {visit.id for visit in answer.ours.placed}


def test_events_that_are_none_are_refused_with_the_field() -> None:
    with pytest.raises(InvalidClinic, match=r"events.json: events\.0"):
        parse_events('{"events": [{"kind": "earthquake", "at": "10:00"}]}', "events.json")


def test_an_event_that_cannot_happen_in_the_products_day_is_told_with_the_reason(
    clinic: Registry, lived: Lived
) -> None:
    visit = lived.morning.plan().placed[0]
    impossible = EventsDocument.model_validate(
        {
            "events": [
                {"kind": "overrun", "at": "18:00", "appointment": visit.id, "minutes": 10},
                {"kind": "cancelled", "at": "18:30", "appointment": visit.id},
            ]
        }
    )
    events = EventsDocument(events=(*lived.events.events, *impossible.events))
    answer = shadow(human_day(lived.day, events, lived.morning), ticking, QUICK)
    last = report(lived.day, lived.human(), answer).steps[-1]
    assert last.refused is not None
    assert "cannot become cancelled" in last.refused
