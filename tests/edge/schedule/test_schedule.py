import datetime as dt
import time
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.schedule.booking import synthesise_day
from edge.schedule.checker import check, check_replan
from edge.schedule.domain import AppointmentRequest, Disruption, ProviderOut, Span, Status
from edge.schedule.errors import BrokenFold, NotAllowed
from edge.schedule.ids import AppointmentId, ProviderId, ReplanId, ServiceId
from edge.schedule.registry import Registry, demo_registry
from edge.schedule.replan import SolverLimits
from edge.schedule.schedule import Schedule
from edge.schedule.simulation import ChangeStatus, simulate_outage
from shared.events.catalogue import schedule as said
from shared.events.payload import Catalogue, PayloadModel
from shared.ids import ClientId
from tests.edge.schedule.paced import with_paces

DATE = dt.date(2026, 11, 23)
QUICK = SolverLimits(seconds=0)
SICK = ProviderOut(13 * 60, ProviderId("laurel"), Span(13 * 60, 19 * 60))


class Log:
    """A schedule with the payloads that made it."""

    def __init__(self) -> None:
        self.schedule = Schedule(DATE)
        self.payloads: list[PayloadModel] = []

    def append(self, payloads: list[PayloadModel]) -> None:
        for payload in payloads:
            self.schedule.apply(payload)
            self.payloads.append(payload)

    def report(self, clinic: Registry, disruption: Disruption, name: str) -> None:
        answer = self.schedule.preview(clinic, disruption, ReplanId(name), time.monotonic, QUICK)
        assert check_replan(clinic, answer.facts, answer.plan, disruption.at) == ()
        self.append(self.schedule.report_disruption(clinic, disruption, answer, ReplanId(name)))
        assert self.schedule.plan == answer.plan


def booked(clinic: Registry, seed: int = 1) -> Log:
    log = Log()
    log.append(log.schedule.book_day(clinic, synthesise_day(clinic, DATE, seed)))
    return log


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_any_simulated_day_folds_to_the_same_plan_and_each_undo_restores(seed: int) -> None:
    clinic = demo_registry()
    log = booked(clinic, seed)
    before_outage = len(log.payloads)
    for number, command in enumerate(simulate_outage(log.schedule, clinic, seed)):
        if isinstance(command, ChangeStatus):
            log.append(log.schedule.change_status(command.appointment, command.status, command.at))
            continue
        before = log.schedule.plan
        log.report(clinic, command.disruption, f"r{number}")
        copy = Schedule.fold(DATE, log.payloads)
        for payload in copy.undo_replan(clinic, ReplanId(f"r{number}")):
            copy.apply(payload)
        assert copy.plan == before
    assert check(clinic, log.schedule.plan) == ()
    assert len(log.payloads) - before_outage >= 100
    catalogue = Catalogue(said.PAYLOADS)
    read = [
        catalogue.model(p.event_type, p.schema_version).model_validate(p.model_dump(mode="json")) for p in log.payloads
    ]
    assert Schedule.fold(DATE, read).plan == log.schedule.plan


def test_the_same_seed_gives_the_same_day(clinic: Registry) -> None:
    assert synthesise_day(clinic, DATE, 7) == synthesise_day(clinic, DATE, 7)
    assert synthesise_day(clinic, DATE, 7) != synthesise_day(clinic, DATE, 8)


def test_clients_are_booked_under_the_ids_that_were_passed_in(clinic: Registry) -> None:
    clients = [ClientId("a"), ClientId("b")]
    assert {r.client for r in synthesise_day(clinic, DATE, 1, 10, clients)} == set(clients)


def test_a_disruption_is_told_by_one_report_one_event_a_move_and_one_summary(clinic: Registry) -> None:
    log = booked(clinic)
    start = len(log.payloads)
    log.report(clinic, SICK, "r1")
    told = log.payloads[start:]
    moves = [p for p in told if isinstance(p, said.AppointmentMoved)]
    assert isinstance(told[0], said.DisruptionReported)
    assert isinstance(told[-1], said.ReplanApplied)
    assert told[-1].moved == len(moves) > 0
    assert len({move.appointment for move in moves}) == len(moves)
    assert log.schedule.replans[0].moves == moves


def test_undo_is_idempotent_and_refused_when_visits_have_changed_since(clinic: Registry) -> None:
    log = booked(clinic)
    before = log.schedule.plan
    log.report(clinic, SICK, "r1")
    moved = log.schedule.replans[0].moves[0]
    other = Schedule.fold(DATE, log.payloads)
    for payload in other.change_status(AppointmentId(moved.appointment), Status.ARRIVED, 800):
        other.apply(payload)
    with pytest.raises(NotAllowed, match="changed since"):
        other.undo_replan(clinic, ReplanId("r1"))
    log.append(log.schedule.undo_replan(clinic, ReplanId("r1")))
    assert log.schedule.plan == before
    assert log.schedule.undo_replan(clinic, ReplanId("r1")) == []
    with pytest.raises(NotAllowed, match="no such replan"):
        log.schedule.undo_replan(clinic, ReplanId("r9"))


def test_an_earlier_replan_is_not_undone_before_the_later(clinic: Registry) -> None:
    log = booked(clinic)
    log.report(clinic, SICK, "r1")
    log.report(clinic, replace(SICK, provider=ProviderId("rowan")), "r2")
    with pytest.raises(NotAllowed, match="latest"):
        log.schedule.undo_replan(clinic, ReplanId("r1"))


def test_a_replan_of_another_state_of_the_day_is_refused(clinic: Registry) -> None:
    log = booked(clinic)
    answer = log.schedule.preview(clinic, SICK, ReplanId("r1"), time.monotonic, QUICK)
    log.append(log.schedule.change_status(log.schedule.plan.placed[0].id, Status.ARRIVED, 500))
    with pytest.raises(NotAllowed, match="has changed"):
        log.schedule.report_disruption(clinic, SICK, answer, ReplanId("r1"))


def test_an_online_request_is_booked_once_or_declined_with_other_times(clinic: Registry) -> None:
    log = booked(clinic)
    wish = AppointmentRequest(AppointmentId("w"), ClientId("c"), ServiceId("follow-up"), Span(540, 1140))
    log.append(log.schedule.decide_request(clinic, wish, now=540))
    assert log.schedule.plan.appointments[wish.id].start >= 570
    assert log.schedule.decide_request(clinic, wish, now=540) == []
    tight = replace(wish, id=AppointmentId("t"), window=Span(540, 550))
    (declined,) = log.schedule.decide_request(clinic, tight, now=540)
    assert isinstance(declined, said.RequestDeclined)
    assert "between 09:00 and 09:10" in declined.reason
    assert len(declined.next_starts) == 3


def test_a_request_that_only_whoever_is_fastest_could_serve_is_told_what_of_its_own_is_in_the_way(
    clinic: Registry,
) -> None:
    log, unlike = Log(), with_paces(clinic, {"cedar": 135, "laurel": 75})
    own = AppointmentRequest(AppointmentId("own"), ClientId("c"), ServiceId("peel"), Span(600, 700))
    log.append(log.schedule.book_day(unlike, [own]))
    visit = log.schedule.plan.appointments[own.id]
    asks = replace(own, id=AppointmentId("w"), service=ServiceId("consultation"))
    tight = replace(asks, window=Span(visit.start, visit.start + 25))
    (declined,) = log.schedule.decide_request(unlike, tight, now=540)
    assert isinstance(declined, said.RequestDeclined)
    assert declined.reason == "The client is at Chemical peel 10:00-10:40."


def test_a_status_out_of_order_is_refused_and_a_repeated_one_says_nothing(clinic: Registry) -> None:
    log = booked(clinic)
    visit = log.schedule.plan.placed[0].id
    with pytest.raises(NotAllowed, match="cannot become"):
        log.schedule.change_status(visit, Status.DONE, 540)
    log.append(log.schedule.change_status(visit, Status.ARRIVED, 540))
    assert log.schedule.change_status(visit, Status.ARRIVED, 541) == []


def test_an_event_that_does_not_fit_the_log_is_named_as_damage(clinic: Registry) -> None:
    orphan = said.AppointmentCancelled(day=DATE, appointment="none", at=600)
    with pytest.raises(BrokenFold, match="never booked"):
        Schedule(DATE).apply(orphan)
