from dataclasses import replace

import pytest

from edge.schedule.blockers import Blocker
from edge.schedule.demand import demands_of
from edge.schedule.domain import (
    Appointment,
    AppointmentRequest,
    Plan,
    ResourceKind,
    Span,
    Status,
)
from edge.schedule.engine.search import SearchPlan
from edge.schedule.entries import Hours, Lunch
from edge.schedule.errors import NotAllowed, UnknownName
from edge.schedule.ids import AppointmentId, ProviderId, ServiceId
from edge.schedule.insertion import Situation, survey
from edge.schedule.policies import ProtectPremiumHours
from edge.schedule.registry import Registry, Unit
from edge.schedule.replans import ForcedBy
from edge.schedule.services import Service, Stage
from edge.schedule.weights import Weights
from edge.schedule.whynot import Possible, Refusal, WhatIf, forced, why_not
from shared.ids import ClientId
from shared.vocabulary import TreatmentCategory
from tests.edge.schedule.whynot import ALWAYS, OPEN, booked, outage, plan_of, strict, wish

QUICK = SearchPlan(0)


def refused(
    situation: Situation, asked: AppointmentRequest | Appointment, start: int, who: str | None = None
) -> Refusal:
    answer = why_not(situation, asked, start, ProviderId(who) if who else None)
    assert isinstance(answer, Refusal)
    return answer


def told(
    clinic: Registry, plan: Plan, asked: AppointmentRequest, start: int, who: str | None = None
) -> list[tuple[str, str]]:
    return [(o.kind.value, o.sentence) for o in refused(survey(clinic, plan, 0), asked, start, who).obstacles]


# --- what is said ---------------------------------------------------------------------------------------


def test_a_provider_on_a_break_is_named_with_the_break(clinic: Registry) -> None:
    assert told(clinic, plan_of(), wish("follow-up"), 750, "cedar") == [
        ("provider_on_break", "Dr. Cedar has a break 12:30-13:15.")
    ]
    for start in (735, 795):
        assert isinstance(
            why_not(survey(clinic, plan_of(), 0), wish("follow-up"), start, ProviderId("cedar")), Possible
        )


def test_everybody_who_could_serve_is_accounted_for_and_the_easiest_way_out_comes_first(clinic: Registry) -> None:
    busy = booked(clinic, "a", "consultation", 735, "laurel", "consult-1")
    assert told(clinic, plan_of(busy), wish("consultation"), 750) == [
        (
            "provider_busy",
            "No provider with the consult skill is free 12:30-13:00: "
            "Dr. Laurel has Skin consultation 12:15-12:45; Dr. Cedar has a break 12:30-13:15.",
        )
    ]
    answer = refused(survey(clinic, plan_of(busy), 0), wish("consultation"), 750)
    assert answer.obstacles[0].visits == ("a",)
    assert (answer.obstacles[0].resource_kind, answer.obstacles[0].pool) == (ResourceKind.PROVIDER, "consult")


def test_a_device_that_cools_down_is_named_with_the_visit_it_cools_down_from_or_for(clinic: Registry) -> None:
    plan = plan_of(booked(clinic, "a", "photofacial", 600, "hazel", "cedar", "laser-1", "light-a"))
    assert told(clinic, plan, wish("photofacial"), 630) == [
        ("device_cooldown", "Pulsed light A cools down until 10:45 after Pulsed light facial.")
    ]
    assert told(clinic, plan, wish("photofacial"), 570) == [
        ("device_cooldown", "Pulsed light A could not cool down before Pulsed light facial at 10:10.")
    ]
    assert isinstance(why_not(survey(clinic, plan, 0), wish("photofacial"), 635), Possible)


def test_each_room_that_is_taken_is_named(clinic: Registry) -> None:
    plan = plan_of(
        booked(clinic, "a", "peel", 890, "hazel", "treatment-1"),
        booked(clinic, "b", "peel", 900, "rowan", "treatment-2"),
        booked(clinic, "c", "filler", 840, "laurel", "treatment-3"),
    )
    assert told(clinic, plan, wish("filler"), 905) == [
        (
            "room_busy",
            "No room of type treatment is free 15:05-16:10: "
            "Treatment room 1 is taken by Chemical peel 14:50-15:30; "
            "Treatment room 2 is taken by Chemical peel 15:00-15:40; "
            "Treatment room 3 is cleaned until 15:15 after Dermal filler.",
        )
    ]


def test_out_of_hours_the_clinic_and_the_shifts_are_named(clinic: Registry) -> None:
    assert told(clinic, plan_of(), wish("follow-up", ALWAYS), 1130) == [
        ("opening", "The clinic is open 08:30-19:00; the visit would take 18:50-19:05."),
        (
            "skill",
            "No provider with the review skill is on shift 18:50-19:05: Dr. Cedar works 09:00-18:00; "
            "Dr. Laurel works 10:00-19:00; Nurse Aspen works 10:00-19:00; Nurse Willow works 08:30-17:00.",
        ),
    ]


def test_a_window_and_a_time_that_is_past_or_too_soon_are_named(clinic: Registry) -> None:
    assert told(clinic, plan_of(), wish("follow-up", Span(540, 720)), 715) == [
        ("window", "The client can come 09:00-12:00; the visit would take 11:55-12:10.")
    ]
    visit = booked(clinic, "a", "follow-up", 960, "cedar", "consult-1")
    at_two = survey(clinic, plan_of(visit), 840)
    assert [o.sentence for o in refused(at_two, wish("follow-up"), 830).obstacles] == ["13:50 is past: it is 14:00."]
    assert isinstance(why_not(at_two, wish("follow-up"), 840), Possible)
    soon = refused(at_two, visit, 850).obstacles
    assert [(o.kind, o.sentence) for o in soon] == [
        (Blocker.PAST, "14:10 is too soon: a booked visit is moved to 14:30 at the earliest.")
    ]
    near = replace(visit, stages=demands_of(clinic)[visit.service].stages(850, ("cedar", "consult-1")))
    near = replace(near, window=Span(845, 895))
    answer = why_not(survey(clinic, plan_of(near), 840), near, 855, count=9)
    assert isinstance(answer, Refusal)
    assert [a.start for a in answer.alternatives] == [870, 875, 880]
    here = plan_of(replace(visit, status=Status.ARRIVED))
    assert isinstance(why_not(survey(clinic, here, 840), here.appointments[visit.id], 850), Possible)


def test_a_provider_without_the_skill_and_one_who_is_out_are_named(clinic: Registry) -> None:
    assert told(clinic, plan_of(), wish("filler"), 600, "hazel") == [
        ("skill", "Hazel (aesthetician) cannot give any part of Dermal filler: a skill or a licence is missing.")
    ]
    out = plan_of(outages=(outage(ResourceKind.PROVIDER, "laurel", 780, 1140),))
    assert told(clinic, out, wish("filler"), 900, "laurel") == [("provider_out", "Dr. Laurel is out 13:00-19:00.")]
    down = plan_of(outages=(outage(ResourceKind.DEVICE, "hydra-a", 780, 2000),))
    assert told(clinic, down, wish("hydra-facial"), 900) == [
        ("device_out_of_order", "Hydra station A is out of order 13:00-day 2 09:20.")
    ]


def test_a_licence_that_is_asked_for_and_a_device_that_is_cleaned_are_told(clinic: Registry) -> None:
    stage = Stage(name="laser", minutes=30, skill="laser", licence="class-4", room="laser", device="laser")
    service = Service(id=ServiceId("strong"), name="Strong laser", category=TreatmentCategory.LASER, stages=(stage,))
    licensed = tuple(
        p.model_copy(update={"licences": frozenset({"class-4"})}) if p.id in ("cedar", "laurel") else p
        for p in clinic.providers
    )
    unit = Unit.model_validate({"id": "one", "name": "Laser", "type": "laser", "cooldown": 10, "cleaning": 25})
    strict = clinic.model_copy(update={"providers": licensed, "services": (service,), "devices": (unit,)})
    assert told(strict, plan_of(), wish("strong", ALWAYS), 540 - 30) == [
        (
            "skill",
            "No provider with the laser skill and class-4 licence is on shift 08:30-09:00: "
            "Dr. Cedar works 09:00-18:00; Dr. Laurel works 10:00-19:00.",
        )
    ]
    assert told(strict, plan_of(), wish("strong"), 900, "willow")[0][0] == "skill"
    plan = plan_of(booked(strict, "a", "strong", 600, "cedar", "laser-1", "one"))
    assert told(strict, plan, wish("strong"), 645) == [
        ("device_cooldown", "Laser is cleaned until 10:55 after Strong laser.")
    ]


def test_a_lunch_that_would_be_lost_is_told_and_is_no_matter_of_visits_outside_its_window() -> None:
    clinic = strict(30)
    plan = plan_of(
        booked(clinic, "a", "consultation", 720, "cedar", "consult-1"),
        booked(clinic, "b", "consultation", 785, "cedar", "consult-2"),
        booked(clinic, "c", "consultation", 740, "laurel", "consult-2"),
    )
    assert told(clinic, plan, wish("consultation"), 755, "cedar") == [
        ("provider_needs_lunch", "Dr. Cedar needs 30 minutes for lunch 12:00-14:00.")
    ]
    assert told(clinic, plan, wish("wrinkle-relaxer"), 765, "cedar") == [
        # Without this visit there would be time for lunch, too.
        ("provider_busy", "Dr. Cedar has Skin consultation 13:05-13:35.")
    ]
    assert isinstance(why_not(survey(clinic, plan, 0), wish("follow-up"), 840, ProviderId("cedar")), Possible)
    answer = refused(survey(clinic, plan, 0), wish("consultation", Span(755, 790)), 755)
    assert [o.sentence for o in answer.obstacles] == [
        "No provider with the consult skill is free 12:35-13:05: "
        "Dr. Laurel has Skin consultation 12:20-12:50; Dr. Cedar needs 30 minutes for lunch 12:00-14:00."
    ]
    assert answer.alternatives == ()


def test_a_lunch_that_is_lost_or_had_anyhow_is_in_nobodys_way() -> None:
    clinic = strict(30)
    morning = booked(clinic, "a", "consultation", 720, "cedar", "consult-1")
    lost = plan_of(
        morning,
        booked(clinic, "b", "consultation", 750, "cedar", "consult-2"),
        booked(clinic, "c", "consultation", 785, "cedar", "consult-2"),
    )
    assert isinstance(why_not(survey(clinic, lost, 0), wish("follow-up"), 820, ProviderId("cedar")), Possible)
    away = plan_of(
        morning,
        booked(clinic, "b", "wrinkle-relaxer", 815, "cedar", "consult-2"),
        outages=(outage(ResourceKind.PROVIDER, "cedar", 780, 810),),
    )
    assert isinstance(why_not(survey(clinic, away, 0), wish("follow-up"), 760, ProviderId("cedar")), Possible)


def test_who_gives_up_a_break_is_owed_a_lunch_instead(clinic: Registry) -> None:
    changed = {"breaks": (Hours(start=720, end=770),), "lunch": Lunch(start=720, end=840, minutes=45)}
    cedar = clinic.providers[0].model_copy(update=changed)
    fasting = clinic.model_copy(update={"providers": (cedar, *clinic.providers[1:])})
    plan = plan_of(booked(fasting, "a", "consultation", 805, "cedar", "consult-1"))
    assert told(fasting, plan, wish("follow-up"), 760, "cedar") == [
        ("provider_on_break", "Dr. Cedar has a break 12:00-12:50 and needs 45 minutes for lunch 12:00-14:00.")
    ]
    assert told(fasting, plan, wish("follow-up"), 765, "cedar") == [
        ("provider_on_break", "Dr. Cedar has a break 12:00-12:50.")
    ]


def test_a_device_that_stands_elsewhere_is_told_by_the_room_that_is_taken() -> None:
    clinic = strict()
    plan = plan_of(
        booked(clinic, "a", "laser-hair", 600, "cedar", "laser-1", "laser-a"),
        booked(clinic, "b", "photofacial", 600, "hazel", "aspen", "laser-2", "light-a"),
    )
    assert told(clinic, plan, wish("laser-hair"), 600) == [
        (
            "room_busy",
            "No room of type laser is free 10:00-10:30: Laser room 2 is taken by Pulsed light facial 10:00-10:30; "
            "Laser room 1 is taken by Laser hair removal 10:00-10:30.",
        )
    ]


def test_one_visit_that_holds_everything_is_one_obstacle_told_by_what_is_scarcest(clinic: Registry) -> None:
    plan = plan_of(booked(clinic, "a", "hydra-facial", 540, "hazel", "treatment-1", "hydra-a"))
    answer = refused(survey(clinic, plan, 0), wish("hydra-facial"), 550)
    assert [(o.kind, o.sentence, o.visits) for o in answer.obstacles] == [
        (Blocker.DEVICE_BUSY, "Hydra station A is taken by Hydra facial 09:10-09:40.", ("a",))
    ]


def test_what_is_free_one_by_one_but_not_together_is_told_so(clinic: Registry) -> None:
    stages = (
        Stage(name="first", minutes=10, skill="laser", room="laser", device="pass"),
        Stage(name="pause", minutes=5, skill="laser", room="laser"),
        Stage(name="second", minutes=10, skill="laser", room="laser", device="pass"),
    )
    kind = TreatmentCategory.LASER
    twice = Service(id=ServiceId("twice"), name="Double pass", category=kind, stages=stages)
    once = Service(id=ServiceId("once"), name="Single pass", category=kind, stages=stages[:1])
    units = [Unit.model_validate({"id": f"p-{n}", "name": f"Pass {n}", "type": "pass", "cooldown": 30}) for n in (1, 2)]
    two = clinic.model_copy(update={"services": (twice, once), "devices": tuple(units)})
    plan = plan_of(booked(two, "a", "once", 615, "aspen", "laser-1", "p-2"))
    assert told(two, plan, wish("twice"), 600) == [
        (
            "not_together",
            "No free device of type pass goes with the rest of the visit 10:15-10:25: "
            "Pass 2 is taken by Single pass 10:15-10:25.",
        )
    ]
    assert isinstance(why_not(survey(two, plan_of(), 0), wish("twice"), 600), Possible)
    one = two.model_copy(update={"devices": tuple(units[:1])})
    assert told(one, plan_of(), wish("twice"), 600) == [
        ("not_together", "Double pass is never possible: nothing that the clinic has for it goes together.")
    ]


def test_alternatives_are_the_nearest_free_places_in_words(clinic: Registry) -> None:
    busy = booked(clinic, "a", "consultation", 795, "cedar", "consult-1")
    situation = survey(clinic, plan_of(busy), 0)
    answer = refused(situation, wish("consultation", preferred="cedar"), 810)
    assert [a.sentence for a in answer.alternatives] == [
        "At 13:45 with Dr. Cedar in Consulting room 2, 15 minutes later.",
        "At 13:50 with Dr. Cedar in Consulting room 1, 20 minutes later.",
        "At 13:55 with Dr. Cedar in Consulting room 1, 25 minutes later.",
    ]
    only = refused(situation, wish("consultation", Span(840, 960), preferred="cedar"), 810, "laurel")
    terms = {"wait", "preference", "device_change", "idle", "brittle", "fairness"}
    assert all(set(a.terms) == terms for a in only.alternatives)


def test_what_the_clinic_wants_besides_counts_for_alternatives(clinic: Registry) -> None:
    policy = ProtectPremiumHours(hours=(Hours(start=540, end=600),), least_price=100, points=500)
    answer = why_not(
        survey(clinic, plan_of(), 0), wish("follow-up"), 505, weights=Weights(policies=(policy,)), count=20
    )
    assert isinstance(answer, Refusal)
    assert {a.start: a.terms[policy.name] for a in answer.alternatives if a.start in (535, 540)} == {535: 0}
    assert all(not 540 <= a.start < 600 or a.terms[policy.name] == 500 for a in answer.alternatives)


def test_on_another_day_of_the_plan_the_same_rules_hold(clinic: Registry) -> None:
    plan = replace(plan_of(), days=2)
    asked = wish("follow-up", Span(0, 2880))
    assert told(clinic, plan, asked, 1440 + 750, "cedar") == [
        ("provider_on_break", "Dr. Cedar has a break day 2 12:30-13:15.")
    ]
    assert isinstance(why_not(survey(clinic, plan, 0), asked, 1440 + 600), Possible)


def test_a_wish_that_cannot_be_meant_is_refused(clinic: Registry) -> None:
    visit = booked(clinic, "a", "follow-up", 600, "cedar", "consult-1")
    situation = survey(clinic, plan_of(visit), 0)
    with pytest.raises(NotAllowed, match="every 5 minutes"):
        why_not(situation, wish("follow-up"), 602)
    for start in (-5, 1430, 1440):
        with pytest.raises(NotAllowed, match="one day of the plan"):
            why_not(situation, wish("follow-up"), start)
    with pytest.raises(NotAllowed, match="cancelled"):
        why_not(situation, replace(visit, status=Status.CANCELLED), 700)
    with pytest.raises(NotAllowed, match="in_progress"):
        forced(situation, replace(visit, status=Status.IN_PROGRESS), 700, QUICK)
    with pytest.raises(UnknownName):
        why_not(situation, wish("follow-up"), 600, ProviderId("nobody"))


# --- who would make way ---------------------------------------------------------------------------------


def test_a_visit_that_is_in_the_way_moves_and_says_for_what(clinic: Registry) -> None:
    visit = booked(clinic, "a", "hydra-facial", 900, "hazel", "treatment-1", "hydra-a")
    result = forced(survey(clinic, plan_of(visit), 0), wish("hydra-facial"), 900, QUICK)
    assert isinstance(result, WhatIf)
    assert result.stages[0].start == 900
    assert [(m.appointment, m.reason.forced_by) for m in result.moves] == [("a", ForcedBy.GIVES_WAY)]
    assert result.moves[0].reason.sentence.startswith("Hydra facial at 15:00 needs what this visit had; ")
    assert (result.before.urgent_unplaced, result.after.urgent_unplaced, result.after.shifted) == (1, 0, 1)
    assert result.after.terms["wait"] == abs(result.moves[0].after[0].start - 900) * 100


def test_what_has_begun_or_is_frozen_does_not_move_and_closed_hours_stay_closed(clinic: Registry) -> None:
    visit = booked(clinic, "a", "hydra-facial", 900, "hazel", "treatment-1", "hydra-a")
    begun = plan_of(replace(visit, status=Status.IN_PROGRESS))
    assert forced(survey(clinic, begun, 905), wish("hydra-facial"), 910, QUICK) is None
    assert forced(survey(clinic, plan_of(visit), 880), wish("hydra-facial"), 900, QUICK) is None
    assert forced(survey(clinic, plan_of(), 0), wish("hydra-facial", ALWAYS), 1110, QUICK) is None
    assert forced(survey(clinic, plan_of(), 0), wish("hydra-facial", Span(510, 700)), 800, QUICK) is None


def test_what_is_possible_moves_nobody(clinic: Registry, day: Plan) -> None:
    situation = survey(clinic, day, 0)
    for start in range(540, 1080, 60):
        if isinstance(why_not(situation, wish("follow-up"), start), Possible):
            result = forced(situation, wish("follow-up"), start, QUICK)
            assert result is not None
            assert result.moves == ()


def test_who_waits_for_a_place_goes_on_waiting(clinic: Registry) -> None:
    waits = Appointment(AppointmentId("w"), ClientId("client-w"), ServiceId("peel"), OPEN)
    situation = survey(clinic, plan_of(waits), 0)
    result = forced(situation, wish("peel"), 600, QUICK)
    assert result is not None
    assert (result.moves, result.plan.unplaced, result.after.dropped) == ((), (waits,), 1)
    assert forced(situation, waits, 600, QUICK) is not None
