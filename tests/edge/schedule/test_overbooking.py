"""Booking over likely no-shows: what is proposed, what is refused, and what a fresh seed says to it."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import pytest

from edge.schedule.booking import next_slots, plan_day, synthesise_day
from edge.schedule.checker import Rule, check
from edge.schedule.domain import AppointmentRequest, Plan, Status
from edge.schedule.overbooking import Overbooking, propose
from edge.schedule.overbooking_policy import Effect, OverbookingPolicy, Why
from edge.schedule.registry import Registry
from edge.schedule.simulator.behaviour import Behaviour
from edge.schedule.simulator.run import simulate
from tests.edge.schedule.shadowed import DATE
from tests.edge.schedule.simulated import used_twice

GENEROUS = OverbookingPolicy(enabled=True, wait_minutes=30, overtime_minutes=300, turned_away=10, draws=300, tries=12)


def full_day(clinic: Registry, seed: int = 1, show: float = 0.3) -> tuple[Plan, list[AppointmentRequest]]:
    """A full day on which every fifth client probably stays away, and those who found no place."""
    booked = plan_day(clinic, synthesise_day(clinic, DATE, seed, 110), DATE)
    waiting = [AppointmentRequest(a.id, a.client, a.service, a.window, a.preferred, show=0.95) for a in booked.unplaced]
    visits = {a.id: replace(a, show=show if number % 5 == 0 else 1.0) for number, a in enumerate(booked.placed)}
    return replace(booked, appointments=visits), waiting


@pytest.fixture(scope="module")
def doubtful(clinic: Registry) -> tuple[Plan, list[AppointmentRequest]]:
    return full_day(clinic)


@pytest.fixture(scope="module")
def generous(clinic: Registry, doubtful: tuple[Plan, list[AppointmentRequest]]) -> Overbooking:
    return propose(clinic, *doubtful, GENEROUS)


def sentences(answer: Overbooking) -> Sequence[str]:
    return [refusal.sentence for refusal in answer.refusals]


def test_nobody_is_double_booked_unless_the_clinic_wants_it(
    clinic: Registry, doubtful: tuple[Plan, list[AppointmentRequest]]
) -> None:
    plan, waiting = doubtful
    answer = propose(clinic, plan, waiting, OverbookingPolicy(draws=100))
    assert answer.proposals == ()
    assert {refusal.why for refusal in answer.refusals} == {Why.OFF}
    assert len(answer.refusals) == len(waiting)
    assert answer.plan == plan


def test_only_likely_no_shows_are_booked_over_and_nothing_of_a_certain_visit_is_used_twice(
    clinic: Registry, doubtful: tuple[Plan, list[AppointmentRequest]], generous: Overbooking
) -> None:
    plan, _ = doubtful
    assert len(generous.proposals) >= 2
    over = {proposal.request: proposal.over for proposal in generous.proposals}
    assert len(set(over.values())) == len(over)
    assert all(plan.appointments[host].show <= GENEROUS.likely_show for host in over.values())
    for violation in check(clinic, generous.plan):
        assert violation.rule is Rule.OVERLAP
        one, two = violation.appointments
        assert over.get(one) == two or over.get(two) == one


def test_where_both_clients_come_one_is_treated_after_the_other(clinic: Registry, generous: Overbooking) -> None:
    everybody = replace(
        generous.plan, appointments={k: replace(a, show=0.999) for k, a in generous.plan.appointments.items()}
    )
    outcome = simulate(clinic, everybody, Behaviour(patience=600), draws=30)
    for draw in range(outcome.draws):
        assert list(used_twice(clinic, everybody, outcome, draw)) == []


def test_a_provider_gets_no_more_double_bookings_than_allowed(
    clinic: Registry, doubtful: tuple[Plan, list[AppointmentRequest]]
) -> None:
    answer = propose(clinic, *doubtful, GENEROUS.model_copy(update={"per_provider": 1}))
    doubled = Counter(
        name for proposal in answer.proposals for name in {s.provider for s in proposal.stages if s.provider}
    )
    assert doubled
    assert max(doubled.values()) == 1
    assert any(refusal.why is Why.PROVIDER_FULL for refusal in answer.refusals)


@pytest.mark.parametrize(("seed", "fresh"), [(1, 101), (2, 202)])
def test_the_ceilings_hold_under_a_fresh_seed(clinic: Registry, seed: int, fresh: int) -> None:
    plan, waiting = full_day(clinic, seed)
    before = Effect.of(simulate(clinic, plan, draws=500))
    policy = GENEROUS.model_copy(
        update={
            "wait_minutes": before.wait.mean + 3,
            "overtime_minutes": before.overtime.mean + 25,
            "turned_away": before.turned_away.mean + 0.8,
            "draws": 1000,
        }
    )
    answer = propose(clinic, plan, waiting, policy, seed=seed)
    assert answer.proposals
    again = Effect.of(simulate(clinic, answer.plan, seed=fresh, draws=1000))
    assert again.wait.mean <= policy.wait_minutes + 2 * again.wait.error
    assert again.overtime.mean <= policy.overtime_minutes + 2 * again.overtime.error
    assert again.turned_away.mean <= policy.turned_away + 2 * again.turned_away.error


@pytest.mark.parametrize(
    ("measure", "slack", "field", "why", "said"),
    [
        ("wait", 0.05, "wait_minutes", Why.WAIT, "Clients would wait up to"),
        ("overtime", 0.3, "overtime_minutes", Why.OVERTIME, "minutes of overtime would be expected"),
        ("turned_away", 0.01, "turned_away", Why.TURNED_AWAY, "go home untreated"),
    ],
)
def test_one_that_would_pass_a_ceiling_is_refused_with_what_it_would_come_to(
    clinic: Registry,
    doubtful: tuple[Plan, list[AppointmentRequest]],
    generous: Overbooking,
    measure: str,
    slack: float,
    field: str,
    why: Why,
    said: str,
) -> None:
    now = getattr(generous.before, measure)
    tight = GENEROUS.model_copy(update={field: now.mean + 2 * now.error + slack})
    answer = propose(clinic, *doubtful, tight)
    assert any(refusal.why is why for refusal in answer.refusals)
    assert any(said in sentence and "allowed" in sentence for sentence in sentences(answer))
    assert len(answer.proposals) < len(generous.proposals)
    last = getattr(answer.after, measure)
    assert last.mean + 2 * last.error <= getattr(tight, field)


def test_a_day_past_a_ceiling_already_gets_no_double_booking(
    clinic: Registry, doubtful: tuple[Plan, list[AppointmentRequest]]
) -> None:
    answer = propose(clinic, *doubtful, GENEROUS.model_copy(update={"wait_minutes": 0}))
    assert answer.proposals == ()
    assert answer.stopped.startswith("The day is past a ceiling already.")


def test_who_fits_into_a_free_place_is_sent_there(clinic: Registry, day: Plan) -> None:
    unlikely = replace(day, appointments={k: replace(a, show=0.2) for k, a in day.appointments.items()})
    host = day.placed[0]
    asks = AppointmentRequest(host.id.__class__("new"), host.client, host.service, clinic.hours.span)
    offer = next_slots(clinic, unlikely, asks, 0, count=1)
    answer = propose(clinic, unlikely, [asks], GENEROUS)
    assert offer
    assert [refusal.why for refusal in answer.refusals] == [Why.FREE_PLACE]


def test_clients_who_are_here_or_certain_are_never_booked_over(
    clinic: Registry, doubtful: tuple[Plan, list[AppointmentRequest]]
) -> None:
    plan, waiting = doubtful
    here = replace(plan, appointments={k: replace(a, status=Status.ARRIVED) for k, a in plan.appointments.items()})
    sure = replace(plan, appointments={k: replace(a, show=1.0) for k, a in plan.appointments.items()})
    for certain in (here, sure):
        answer = propose(clinic, certain, waiting, GENEROUS)
        assert answer.proposals == ()
        assert {refusal.why for refusal in answer.refusals} <= {Why.NO_MATCH, Why.FREE_PLACE}


def test_each_proposal_says_what_it_brings_and_costs_with_common_random_numbers(generous: Overbooking) -> None:
    before = generous.before
    for proposal in generous.proposals:
        assert proposal.before == before
        assert proposal.served == pytest.approx(proposal.after.served.mean - before.served.mean)
        assert proposal.served >= GENEROUS.least_gain
        assert proposal.after.wait.mean >= before.wait.mean - 0.2
        before = proposal.after
    assert generous.after == before
    assert not {proposal.request for proposal in generous.proposals} & {r.request for r in generous.refusals}


def test_nobody_waiting_is_said_to_be_so(clinic: Registry, day: Plan) -> None:
    assert propose(clinic, day, [], GENEROUS).stopped == "Nobody waits for a place."
