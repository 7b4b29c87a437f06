"""Who is away and what is out of use is planned with by nothing, named by everything, and drops nobody."""

import datetime as dt
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edge.schedule.booking import next_slots, plan_day, synthesise_day
from edge.schedule.checker import check
from edge.schedule.conflicts import conflicts
from edge.schedule.domain import ClinicChanged, Plan
from edge.schedule.entries import Lunch
from edge.schedule.gantt import gantt_svg
from edge.schedule.ids import ProviderId, ReplanId
from edge.schedule.insertion import survey
from edge.schedule.lunch import owed_lunches
from edge.schedule.registry import Registry
from edge.schedule.replan import SolverLimits, replan
from edge.schedule.simulator.behaviour import Behaviour
from edge.schedule.simulator.run import simulate
from edge.schedule.violations import Rule
from edge.schedule.whynot import Refusal, why_not
from tests.edge.schedule.whynot import booked, plan_of, wish

DATE = dt.date(2026, 11, 23)
THINGS = st.tuples(st.sampled_from(["providers", "rooms", "devices"]), st.integers(0, 20))


def parting(clinic: Registry, section: str, number: int) -> tuple[Registry, str]:
    """Return the clinic with an entry of a section away, and its id."""
    entries: list[Any] = list(getattr(clinic, section))
    number %= len(entries)
    entries[number] = entries[number].model_copy(update={"away": True})
    return clinic.model_copy(update={section: tuple(entries)}), entries[number].id


def used(plan: Plan) -> set[str | None]:
    return {name for v in plan.placed for s in v.stages for name in (s.provider, s.room, s.device)}


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(thing=THINGS, seed=st.integers(0, 1000))
def test_a_day_is_planned_and_replanned_around_what_is_away(
    clinic: Registry, thing: tuple[str, int], seed: int
) -> None:
    wishes = synthesise_day(clinic, DATE, seed, 30)
    without, name = parting(clinic, *thing)
    fresh = plan_day(without, wishes, DATE)
    assert name not in used(fresh)
    assert check(without, fresh) == ()
    before = plan_day(clinic, wishes, DATE)
    answer = replan(without, before, ClinicChanged(0), ReplanId("r"), lambda: 0.0, SolverLimits(0.02, 1))
    assert name not in used(answer.plan)
    assert check(without, answer.plan) == ()
    assert answer.plan.appointments.keys() == before.appointments.keys()
    hit = {one.visit for one in conflicts(without, before) if "away" in one.why or "out of use" in one.why}
    assert hit == {v.id for v in before.placed if name in used(Plan(DATE, {v.id: v}))}


def test_a_move_is_forced_by_who_is_away_and_says_so(clinic: Registry) -> None:
    before = plan_of(booked(clinic, "visit", "follow-up", 600, "cedar", "consult-1"))
    without, _ = parting(clinic, "providers", [p.id for p in clinic.providers].index(ProviderId("cedar")))
    answer = replan(without, before, ClinicChanged(0), ReplanId("r"), lambda: 0.0, SolverLimits(0, 1))
    (move,) = answer.moves
    assert move.reason.sentence.startswith("Dr. Cedar is away; ")
    assert "cedar" not in used(answer.plan)


@pytest.mark.parametrize(
    ("section", "name", "sentence"),
    [("providers", "cedar", "Dr. Cedar is away."), ("rooms", "consult-1", "Consulting room 1 is out of use.")],
)
def test_why_not_names_what_is_away(clinic: Registry, section: str, name: str, sentence: str) -> None:
    without = clinic
    for number, entry in enumerate(getattr(clinic, section)):
        if (section == "rooms" and entry.type == "consult") or entry.id == name:
            without, _ = parting(without, section, number)
    who = ProviderId("cedar") if section == "providers" else None
    answer = why_not(survey(without, plan_of(), 0), wish("follow-up"), 840, who)
    assert isinstance(answer, Refusal)
    assert sentence.rstrip(".") in " ".join(one.sentence for one in answer.obstacles)


def test_who_is_away_is_owed_no_lunch_has_no_idle_time_and_is_hatched(clinic: Registry) -> None:
    lunch = Lunch(start=720, end=840)
    hungry = tuple(p.model_copy(update={"lunch": lunch, "breaks": ()}) for p in clinic.providers)
    number = 1
    without, name = parting(clinic.model_copy(update={"providers": hungry}), "providers", number)
    assert name not in {lunch.provider for lunch in owed_lunches(without, Plan(DATE))}
    idle = simulate(without, Plan(DATE), Behaviour(), 1, 3).idle
    assert idle[:, number].max() == 0
    assert idle.max() > 0
    assert gantt_svg(without, Plan(DATE)).count("url(#out)") == gantt_svg(clinic, Plan(DATE)).count("url(#out)") + 1


def test_one_who_is_away_may_stand_in_a_service_that_nobody_can_book_meanwhile(clinic: Registry) -> None:
    without = clinic
    for number, provider in enumerate(clinic.providers):
        if "review" in provider.skills or "consult" in provider.skills:
            without, _ = parting(without, "providers", number)
    assert Registry.model_validate(without.model_dump(mode="json")) == without
    assert list(next_slots(without, Plan(DATE), wish("follow-up"), 0)) == []
    assert {one.rule for one in check(without, plan_day(clinic, [wish("follow-up")], DATE))} == {Rule.AWAY}
