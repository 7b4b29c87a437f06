"""Each rule about one client, broken by hand, is named by the checker; what is under way is left alone."""

from dataclasses import replace
from typing import Any

import pytest

from edge.schedule.checker import Rule, check, check_replan
from edge.schedule.demand import demands_of
from edge.schedule.domain import Appointment, PastVisit, Plan, Span, Status
from edge.schedule.ids import AppointmentId, ServiceId
from edge.schedule.registry import Registry
from shared.ids import ClientId
from tests.edge.schedule.courses import DATE, with_rules

CONSULT = ("cedar", "consult-1")
PEEL = ("hazel", "treatment-1")
HAIR = ("willow", "laser-1", "laser-a")


def visit(clinic: Registry, service: str, start: int, choice: tuple[str, ...], **more: Any) -> Appointment:
    return Appointment(
        AppointmentId(f"{service}-{start}"),
        ClientId("c"),
        ServiceId(service),
        Span(0, 7 * 1440),
        stages=demands_of(clinic)[ServiceId(service)].stages(start, choice),
        **more,
    )


def broken(clinic: Registry, *visits: Appointment) -> list[tuple[Rule, tuple[str, ...]]]:
    found = check(clinic, Plan(DATE, {a.id: a for a in visits}, days=7))
    return [(violation.rule, violation.appointments) for violation in found]


def test_a_visit_without_a_clearance_is_named_until_it_is_under_way() -> None:
    clinic = with_rules({"peel": {"clearances": ["isotretinoin_free", "not_pregnant"]}})
    half = visit(clinic, "peel", 600, PEEL, cleared=frozenset({"not_pregnant"}))
    (violation,) = check(clinic, Plan(DATE, {half.id: half}))
    assert (violation.rule, violation.detail) == (Rule.CLEARED, "isotretinoin_free")
    assert broken(clinic, replace(half, cleared=frozenset({"not_pregnant", "isotretinoin_free"}))) == []
    assert broken(clinic, replace(half, status=Status.IN_PROGRESS)) == []


@pytest.mark.parametrize(("start", "clean"), [(615, False), (630, True), (565, False), (560, True)])
def test_a_client_is_in_one_place_at_a_time_whatever_the_visits_use(start: int, clean: bool) -> None:
    clinic = with_rules({})
    first = visit(clinic, "consultation", 600, CONSULT)
    second = visit(clinic, "peel", start, PEEL)
    found = broken(clinic, first, second)
    assert (found == []) is clean
    assert all(rule is Rule.CLIENT for rule, _ in found)
    assert broken(clinic, first, replace(second, client=ClientId("other"))) == []
    assert broken(clinic, *(replace(a, status=Status.IN_PROGRESS) for a in (first, second))) == []


@pytest.mark.parametrize(
    ("rule", "start", "clean"),
    [
        ({}, 630, True),
        ({}, 570, False),
        ({"at_least_minutes": 45}, 670, False),
        ({"at_least_minutes": 45}, 675, True),
        ({"at_most_minutes": 60}, 690, True),
        ({"at_most_minutes": 60}, 695, False),
        ({"at_least_days": 1}, 1100, False),
        ({"at_least_days": 1}, 1440 + 540, True),
        ({"at_most_days": 1}, 1440 + 900, True),
        ({"at_most_days": 1}, 2 * 1440 + 600, False),
        ({"at_least_minutes": 48 * 60}, 2 * 1440 + 625, False),
        ({"at_least_minutes": 48 * 60}, 2 * 1440 + 630, True),
    ],
)
def test_a_visit_that_has_to_come_before_is_in_time(rule: dict[str, int], start: int, clean: bool) -> None:
    clinic = with_rules({"wrinkle-relaxer": {"after": [{"service": "consultation", **rule}]}})
    before = visit(clinic, "consultation", 600, CONSULT)
    later = visit(clinic, "wrinkle-relaxer", start, ("laurel" if start % 1440 >= 600 else "willow", "consult-2"))
    found = broken(clinic, before, later)
    assert found == ([] if clean else [(Rule.AFTER, (later.id,))])
    assert broken(clinic, before, replace(later, client=ClientId("other"))) == [(Rule.AFTER, (later.id,))]
    done = broken(clinic, later)
    assert done == [(Rule.AFTER, (later.id,))]


@pytest.mark.parametrize(
    ("rule", "days_ago", "clean"),
    [
        ({}, 1, True),
        ({"at_least_days": 2}, 1, False),
        ({"at_least_days": 2}, 2, True),
        ({"at_most_days": 3}, 4, False),
        # The time of day is not known: it may have been shortly before midnight.
        ({"at_least_minutes": 48 * 60}, 2, False),
        ({"at_least_minutes": 48 * 60}, 3, True),
        ({"at_most_minutes": 48 * 60}, 2, False),
        ({"at_most_minutes": 48 * 60}, 1, True),
        # What comes later has prepared nothing.
        ({}, -1, False),
        ({"at_most_days": 3}, -2, False),
    ],
)
def test_what_the_client_had_before_the_plan_counts(rule: dict[str, int], days_ago: int, clean: bool) -> None:
    clinic = with_rules({"peel": {"after": [{"category": "consultation", **rule}]}})
    past = (PastVisit(ServiceId("follow-up"), days_ago), PastVisit(ServiceId("filler"), 1))
    assert (broken(clinic, visit(clinic, "peel", 600, PEEL, history=past)) == []) is clean


@pytest.mark.parametrize(("day", "clean"), [(1, False), (2, True), (3, True)])
def test_visits_that_have_to_be_days_apart_are_so_in_either_order_by_the_calendar(day: int, clean: bool) -> None:
    clinic = with_rules({"laser-hair": {"apart": [{"category": "peel", "days": 2}]}})
    for first, second in ((900, 600), (600, 900)):
        hair, peel = visit(clinic, "laser-hair", first, HAIR), visit(clinic, "peel", day * 1440 + second, PEEL)
        assert broken(clinic, hair, peel) == ([] if clean else [(Rule.APART, (hair.id, peel.id))])
        peel, hair = visit(clinic, "peel", first, PEEL), visit(clinic, "laser-hair", day * 1440 + second, HAIR)
        assert broken(clinic, hair, peel) == ([] if clean else [(Rule.APART, (peel.id, hair.id))])
    had = visit(clinic, "laser-hair", 600, HAIR, history=(PastVisit(ServiceId("peel"), day),))
    assert broken(clinic, had) == ([] if clean else [(Rule.APART, (had.id,))])
    has = replace(had, history=(PastVisit(ServiceId("peel"), -day),))
    assert broken(clinic, has) == ([] if clean else [(Rule.APART, (has.id,))])


def test_how_far_another_days_visit_is_counts_from_the_visits_own_day() -> None:
    clinic = with_rules({"laser-hair": {"apart": [{"category": "peel", "days": 2}]}})
    for days_ago, said in ((0, "1 days before"), (-1, "0 days before"), (-2, "1 days after")):
        has = visit(clinic, "laser-hair", 1440 + 600, HAIR, history=(PastVisit(ServiceId("peel"), days_ago),))
        (violation,) = check(clinic, Plan(DATE, {has.id: has}, days=2))
        assert (violation.rule, violation.detail) == (Rule.APART, f"peel {said}")


def test_nobody_is_moved_nearer_than_they_can_be_told_but_who_is_here_or_late(clinic: Registry) -> None:
    old = visit(clinic, "peel", 900, PEEL)
    soon = visit(clinic, "peel", 620, PEEL).stages

    def rules(before: Appointment, now: int = 600) -> set[Rule]:
        facts = Plan(DATE, {before.id: before})
        after = facts.with_appointments(replace(before, stages=soon))
        return {violation.rule for violation in check_replan(clinic, facts, after, now)}

    assert rules(old) == {Rule.NOTICE}
    assert rules(replace(old, status=Status.CONFIRMED)) == {Rule.NOTICE}
    assert rules(replace(old, stages=())) == {Rule.NOTICE}
    assert rules(old, now=590) == set()
    assert rules(replace(old, status=Status.ARRIVED)) == set()
    assert rules(old, now=625) == {Rule.TOO_SOON}
    late = replace(visit(clinic, "peel", 600, PEEL), window=Span(620, 1000))
    assert rules(late) == set()
    # Another room at the same minute needs no notice; here the old one is out of order for nobody, so it could stay.
    room = replace(old, stages=visit(clinic, "peel", 620, ("hazel", "treatment-2")).stages)
    assert rules(room) == {Rule.FROZEN}


def test_a_request_is_not_placed_in_the_past(clinic: Registry) -> None:
    new = visit(clinic, "peel", 600, PEEL)
    plan = Plan(DATE, {new.id: new})
    assert [v.rule for v in check_replan(clinic, Plan(DATE), plan, 605)] == [Rule.TOO_SOON]
    assert check_replan(clinic, Plan(DATE), plan, 600) == ()


def test_a_clearance_or_a_history_that_a_planner_alters_is_named(clinic: Registry) -> None:
    old = visit(clinic, "peel", 900, PEEL)
    facts = Plan(DATE, {old.id: old})
    for change in ({"cleared": frozenset({"x"})}, {"history": (PastVisit(ServiceId("peel"), 1),)}):
        altered = facts.with_appointments(replace(old, **change))  # type: ignore[arg-type]
        assert [v.rule for v in check_replan(clinic, facts, altered, 0)] == [Rule.FORGOTTEN]
