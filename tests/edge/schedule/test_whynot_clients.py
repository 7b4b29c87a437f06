"""What is said when a client's clearances or other visits are in the way of a wish."""

from dataclasses import replace
from typing import Any

from edge.schedule.demand import demands_of
from edge.schedule.domain import Appointment, AppointmentRequest, PastVisit, Plan, Span
from edge.schedule.engine.search import SearchPlan
from edge.schedule.ids import AppointmentId, ServiceId
from edge.schedule.insertion import survey
from edge.schedule.registry import Registry
from edge.schedule.whynot import Possible, forced, why_not
from shared.ids import ClientId
from tests.edge.schedule.courses import DATE, with_rules

CLINIC = with_rules(
    {
        "peel": {"clearances": ["not_pregnant", "patch_test"], "apart": [{"category": "laser", "days": 7}]},
        "filler": {"after": [{"service": "consultation", "at_least_minutes": 120, "at_most_days": 1}]},
        "hydra-facial": {"after": [{"category": "peel", "at_least_days": 1}]},
    }
)


def wish(service: str, **more: Any) -> AppointmentRequest:
    window = Span(510, 1140)
    return AppointmentRequest(AppointmentId("new"), ClientId("client-x"), ServiceId(service), window, **more)


def booked(clinic: Registry, service: str, start: int, *choice: str) -> Appointment:
    stages = demands_of(clinic)[ServiceId(service)].stages(start, choice)
    return replace(Appointment.of(wish(service)), id=AppointmentId(f"{service}-{start}"), stages=stages)


def told(asked: AppointmentRequest | Appointment, start: int, *visits: Appointment) -> list[tuple[str, str]]:
    answer = why_not(survey(CLINIC, Plan(DATE, {visit.id: visit for visit in visits}), 0), asked, start)
    return [] if isinstance(answer, Possible) else [(o.kind.value, o.sentence) for o in answer.obstacles]


def test_each_missing_clearance_is_a_reason_of_its_own() -> None:
    said = "Chemical peel needs the clearance {}, which no licensed professional has given."
    assert told(wish("peel"), 600) == [
        ("not_cleared", said.format("not_pregnant")),
        ("not_cleared", said.format("patch_test")),
    ]
    assert told(wish("peel", cleared=frozenset({"patch_test", "not_pregnant"})), 600) == []


def test_a_visit_that_has_to_come_before_is_told_with_its_limits() -> None:
    before = booked(CLINIC, "consultation", 600, "laurel", "consult-1")
    said = "Dermal filler needs Skin consultation before it, at least 2 hours and at most 1 day."
    assert told(wish("filler"), 900) == [("visit_needed_before", said)]
    assert told(wish("filler"), 745, before) == [("visit_needed_before", said)]
    assert told(wish("filler"), 750, before) == []
    assert told(wish("hydra-facial"), 900) == [
        ("visit_needed_before", "Hydra facial needs a visit of the category peel before it, at least 1 day.")
    ]


def test_a_visit_that_is_too_near_or_at_the_same_time_is_told_with_its_time() -> None:
    laser = booked(CLINIC, "laser-hair", 600, "aspen", "laser-1", "laser-a")
    cleared = wish("peel", cleared=frozenset({"patch_test", "not_pregnant"}))
    assert told(cleared, 900, laser) == [
        ("visits_too_near", "Chemical peel needs 7 days between it and Laser hair removal 10:00-10:30.")
    ]
    past = replace(cleared, history=(PastVisit(ServiceId("photofacial"), 6),))
    assert told(past, 900) == [
        (
            "visits_too_near",
            "Chemical peel needs 7 days between it and Pulsed light facial, which was 6 days before.",
        )
    ]
    assert told(wish("follow-up"), 620, laser) == [
        ("client_elsewhere", "The client is at Laser hair removal 10:00-10:30.")
    ]
    assert told(wish("follow-up"), 630, laser) == []


def test_a_visit_that_another_one_needs_before_it_is_not_moved_behind_it() -> None:
    before = booked(CLINIC, "consultation", 600, "laurel", "consult-1")
    later = booked(CLINIC, "filler", 760, "willow", "treatment-1")
    said = "Dermal filler 12:40-13:45 needs Skin consultation before it, at least 2 hours and at most 1 day."
    assert told(before, 900, before, later) == [("needed_by_another_visit", said)]
    assert told(before, 605, before, later) == []


def test_what_takes_the_room_and_has_to_come_before_is_two_reasons() -> None:
    clinic = with_rules({"wrinkle-relaxer": {"after": [{"service": "consultation"}]}})
    before = booked(clinic, "consultation", 600, "laurel", "consult-1")
    rooms = tuple(room for room in clinic.rooms if room.id != "consult-2")
    small = clinic.model_copy(update={"rooms": rooms})
    answer = why_not(survey(small, Plan(DATE, {before.id: before}), 0), wish("wrinkle-relaxer"), 630)
    assert not isinstance(answer, Possible)
    assert [(o.kind.value, o.sentence) for o in answer.obstacles] == [
        ("visit_needed_before", "Wrinkle relaxer needs Skin consultation before it."),
        ("room_turnover", "Consulting room 1 is cleaned until 10:35 after Skin consultation."),
    ]


def test_no_what_if_moves_the_clients_own_visits_or_gives_a_place_without_a_clearance() -> None:
    own = booked(CLINIC, "follow-up", 615, "aspen", "consult-1")
    situation = survey(CLINIC, Plan(DATE, {own.id: own}), 0)
    assert forced(situation, wish("consultation"), 600, SearchPlan(0)) is None
    assert forced(situation, wish("peel"), 900, SearchPlan(0)) is None
    assert forced(situation, wish("consultation"), 630, SearchPlan(0)) is not None
