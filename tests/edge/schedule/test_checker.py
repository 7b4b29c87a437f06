"""Each hard constraint, broken by hand in an otherwise valid day, is named by the checker."""

from dataclasses import replace
from typing import Any

import pytest

from edge.schedule.checker import Rule, check, check_replan
from edge.schedule.demand import demands_of
from edge.schedule.domain import Appointment, Outage, Plan, ResourceKind, Span, Status
from edge.schedule.ids import AppointmentId, ProviderId, ReplanId, RoomId, ServiceId, UnitId
from edge.schedule.registry import Registry


def rules(clinic: Registry, plan: Plan) -> set[Rule]:
    return {violation.rule for violation in check(clinic, plan)}


def visit(day: Plan, service: str) -> Appointment:
    return next(a for a in day.placed if a.service == service)


def shifted(appointment: Appointment, minutes: int) -> Appointment:
    stages = tuple(replace(s, start=s.start + minutes, end=s.end + minutes) for s in appointment.stages)
    return replace(appointment, stages=stages)


def alone(day: Plan, appointment: Appointment) -> Plan:
    return Plan(day.date, {appointment.id: appointment})


def test_the_planned_day_has_no_violation(clinic: Registry, day: Plan) -> None:
    assert len(day.placed) == 60
    assert check(clinic, day) == ()


@pytest.mark.parametrize(
    ("service", "stage", "change", "rule"),
    [
        ("consultation", 0, {"provider": ProviderId("hazel")}, Rule.SKILL),
        ("consultation", 0, {"provider": None}, Rule.SKILL),
        ("consultation", 0, {"room": RoomId("laser-1")}, Rule.ROOM_TYPE),
        ("laser-hair", 1, {"device": UnitId("light-a")}, Rule.DEVICE_TYPE),
        ("laser-hair", 1, {"device": None}, Rule.DEVICE_TYPE),
    ],
)
def test_a_wrong_resource_is_named(
    clinic: Registry, day: Plan, service: str, stage: int, change: dict[str, Any], rule: Rule
) -> None:
    old = visit(day, service)
    stages = tuple(replace(s, **change) if n == stage else s for n, s in enumerate(old.stages))
    assert rule in rules(clinic, alone(day, replace(old, stages=stages)))


def test_a_change_of_room_or_provider_within_a_visit_is_named(clinic: Registry, day: Plan) -> None:
    old = visit(day, "wrinkle-relaxer")
    other_room = RoomId("consult-1" if old.stages[0].room == "consult-2" else "consult-2")
    other = ProviderId("cedar" if old.stages[0].provider != "cedar" else "laurel")
    room = replace(old, stages=(replace(old.stages[0], room=other_room), old.stages[1]))
    person = replace(old, stages=(replace(old.stages[0], provider=other), old.stages[1]))
    assert Rule.SAME_ROOM in rules(clinic, alone(day, room))
    assert Rule.SAME_PROVIDER in rules(clinic, alone(day, person))


def test_a_provider_without_the_licence_is_named_and_never_planned(clinic: Registry, day: Plan) -> None:
    consultation = clinic.service(ServiceId("consultation"))
    stage = consultation.stages[0].model_copy(update={"licence": "medical"})
    licensed = clinic.provider(ProviderId("laurel")).model_copy(update={"licences": frozenset({"medical"})})
    strict = clinic.model_copy(
        update={
            "services": (consultation.model_copy(update={"stages": (stage,)}), *clinic.services[1:]),
            "providers": tuple(licensed if p.id == "laurel" else p for p in clinic.providers),
        }
    )
    old = visit(day, "consultation")
    for name, broken in (("cedar", {Rule.LICENCE}), ("laurel", set())):
        mine = replace(old, stages=(replace(old.stages[0], provider=ProviderId(name)),))
        assert rules(strict, alone(day, mine)) & {Rule.LICENCE, Rule.SKILL} == broken
    assert demands_of(strict)[consultation.id].needs[0].eligible == ("laurel",)


def test_a_device_that_takes_longer_to_clean_than_to_cool_rests_until_it_is_clean(clinic: Registry, day: Plan) -> None:
    slow = tuple(d.model_copy(update={"cleaning": 25}) if d.type == "laser" else d for d in clinic.devices)
    strict = clinic.model_copy(update={"devices": slow})
    first = visit(day, "laser-hair")
    length = first.end - first.start
    for gap, clean in ((15, False), (20, True)):  # five minutes without the device come first
        second = replace(shifted(first, length + gap), id=AppointmentId("second"), window=Span(0, 1440))
        found = check(strict, Plan(day.date, {first.id: first, second.id: second}))
        assert any(v.rule is Rule.OVERLAP for v in found) is not clean
    use = next(need for need in demands_of(strict)[first.service].needs if need.pool == "laser" and need.rest == 25)
    assert use.rested.bit_length() == use.mask.bit_length() + 5


def test_wrong_times_are_named(clinic: Registry, day: Plan) -> None:
    old = visit(day, "wrinkle-relaxer")
    assert Rule.GRID in rules(clinic, alone(day, shifted(old, 1)))
    assert Rule.OPENING in rules(clinic, alone(day, shifted(old, 19 * 60 - old.start)))
    assert Rule.SHIFT in rules(clinic, alone(day, shifted(old, 8 * 60 + 30 - old.start - 30)))
    late = replace(old, window=Span(old.start + 5, 1200))
    assert Rule.WINDOW in rules(clinic, alone(day, late))
    gap = replace(old, stages=(old.stages[0], *shifted(old, 5).stages[1:]))
    assert Rule.STAGES in rules(clinic, alone(day, gap))
    assert Rule.STAGES in rules(clinic, alone(day, replace(old, stages=old.stages[:1])))


def test_a_visit_in_a_break_or_an_outage_is_named(clinic: Registry, day: Plan) -> None:
    old = visit(day, "consultation")
    stage = replace(old.stages[0], provider=ProviderId("cedar"))
    lunch = shifted(replace(old, stages=(stage,)), 12 * 60 + 30 - old.start)
    assert Rule.BREAK in rules(clinic, alone(day, lunch))
    out = Outage(ReplanId("r"), ResourceKind.ROOM, old.stages[0].room, Span(old.end - 5, old.end + 60))
    assert rules(clinic, replace(alone(day, old), outages=(out,))) == {Rule.OUTAGE}


@pytest.mark.parametrize(("gap", "clean"), [(0, False), (5, False), (10, True)])
def test_turnover_and_cooldown_keep_visits_apart(clinic: Registry, day: Plan, gap: int, clean: bool) -> None:
    first = visit(day, "laser-hair")
    stages = tuple(replace(s, provider=ProviderId("willow")) for s in first.stages)
    first = shifted(replace(first, stages=stages, window=Span(0, 1440)), 9 * 60 - first.start)
    second = replace(shifted(first, 30 + gap), id=AppointmentId("second"))
    found = check(clinic, Plan(day.date, {first.id: first, second.id: second}))
    assert (found == ()) is clean
    assert all(violation.rule is Rule.OVERLAP for violation in found)


def test_a_replan_that_moves_what_is_frozen_or_loses_a_visit_is_named(clinic: Registry, day: Plan) -> None:
    old = day.placed[20]
    begun = day.with_appointments(replace(old, status=Status.IN_PROGRESS))
    gone = begun.with_appointments(replace(old, status=Status.IN_PROGRESS, stages=()))
    assert {v.rule for v in check_replan(clinic, begun, gone, now=0)} == {Rule.FROZEN}
    soon = day.with_appointments(replace(old, stages=()))
    assert {v.rule for v in check_replan(clinic, day, soon, now=old.start - 29)} == {Rule.FROZEN}
    assert check_replan(clinic, day, soon, now=old.start - 30) == ()
    lost = Plan(day.date, {key: a for key, a in day.appointments.items() if key != old.id})
    assert {v.rule for v in check_replan(clinic, day, lost, now=0)} == {Rule.FORGOTTEN}
