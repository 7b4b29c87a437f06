"""What a recorded day shows of its visits, once, without saying whose they were."""

import datetime as dt
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.schedule.day_close import close_day
from edge.schedule.domain import Plan, Status
from edge.schedule.errors import NotAllowed
from edge.schedule.payloads import visit_part
from edge.schedule.registry import Registry
from edge.schedule.schedule import Schedule
from shared.events.catalogue import schedule as said
from shared.events.catalogue.estimates import DayClosed, ServiceDay, VisitLength
from shared.events.payload import PayloadModel

DAY = dt.date(2026, 11, 23)
NEXT = DAY + dt.timedelta(days=1)


def stages(*minutes: int) -> tuple[said.StagePart, ...]:
    """Return stages between these minutes."""
    return tuple(
        said.StagePart(name=f"part {number}", start=start, end=end, provider="laurel", room="consult-1", device=None)
        for number, (start, end) in enumerate(pairwise(minutes))
    )


def part(name: str, service: str = "filler", status: Status = Status.BOOKED, *minutes: int) -> said.VisitPart:
    return said.VisitPart(
        appointment=name,
        client_id="client-1",
        service=service,
        window_start=540,
        window_end=1140,
        preferred_provider=None,
        status=status,
        stages=stages(*(minutes or (600, 610, 665))),
    )


def length(planned: int, actual: int) -> VisitLength:
    """Return a length of a visit with Laurel all through."""
    return VisitLength(planned=planned, actual=actual, provider="laurel", attended=planned)


def booked(name: str, service: str = "filler") -> PayloadModel:
    return said.AppointmentBooked(day=DAY, visit=part(name, service))


def became(name: str, after: Status, at: int) -> PayloadModel:
    return said.AppointmentStatusChanged(day=DAY, appointment=name, before="booked", after=after, at=at)


def lasted(name: str, begin: int, end: int) -> list[PayloadModel]:
    return [became(name, Status.IN_PROGRESS, begin), became(name, Status.DONE, end)]


def extended(name: str) -> PayloadModel:
    return said.AppointmentExtended(day=DAY, replan="r", appointment=name, stages=stages(600, 610, 690))


def only(closed: DayClosed) -> ServiceDay:
    (service,) = closed.services
    return service


def closed(*payloads: PayloadModel) -> ServiceDay:
    return only(close_day(DAY, payloads, NEXT))


def test_a_day_is_counted_by_service() -> None:
    day = close_day(
        DAY,
        [
            booked("a"), booked("b"), booked("c"), booked("d", "peel"), booked("e", "peel"), booked("f", "peel"),
            *lasted("a", 603, 680), *lasted("b", 700, 760),
            became("c", Status.NO_SHOW, 700),
            *lasted("d", 800, 865),
            said.AppointmentCancelled(day=DAY, appointment="e", at=500),
        ],
        NEXT,
    )  # fmt: skip
    assert day == DayClosed(
        day=DAY,
        services=(
            ServiceDay(
                service="filler", came=2, no_shows=1, timed=2, overruns=1,
                lengths=(length(65, 60), length(65, 77)),
            ),
            ServiceDay(
                service="peel", came=1, no_shows=0, timed=1, overruns=0, lengths=(length(65, 65),)
            ),
        ),
    )  # fmt: skip


def test_nothing_in_it_says_whose_visit_it_was() -> None:
    told = close_day(DAY, [booked("visit-17"), *lasted("visit-17", 600, 650)], NEXT).model_dump_json()
    assert "visit-17" not in told
    assert "client-1" not in told


def test_it_says_who_served_a_visit_and_for_how_long_they_were_booked() -> None:
    alone, both = part("a"), part("b")
    first, last = alone.stages
    waits = alone.model_copy(update={"stages": (first.model_copy(update={"provider": None}), last)})
    shared = both.model_copy(update={"stages": (first, last.model_copy(update={"provider": "aspen"}))})
    told = closed(
        *(said.AppointmentBooked(day=DAY, visit=visit) for visit in (waits, shared)),
        *lasted("a", 600, 680),
        *lasted("b", 700, 760),
    )
    assert told.lengths == (
        VisitLength(planned=65, actual=60),
        VisitLength(planned=65, actual=80, provider="laurel", attended=55),
    )


def test_a_reported_overrun_is_held_against_the_length_that_was_booked() -> None:
    measured = closed(booked("a"), became("a", Status.IN_PROGRESS, 600), extended("a"), became("a", Status.DONE, 688))
    assert measured.lengths == (length(65, 88),)
    assert (measured.timed, measured.overruns) == (1, 1)
    unmeasured = closed(booked("a"), became("a", Status.IN_PROGRESS, 600), extended("a"))
    assert (unmeasured.lengths, unmeasured.timed, unmeasured.overruns) == ((), 1, 1)


def test_a_moved_visit_is_held_against_its_last_booked_length() -> None:
    moved = said.AppointmentMoved(
        day=DAY, replan="r", appointment="a", service="filler", before=stages(600, 665), after=stages(700, 760),
        notify=True, forced_by="lunch", constraint="x", reason="y",
    )  # fmt: skip
    assert closed(booked("a"), moved, *lasted("a", 700, 758)).lengths == (length(60, 58),)


@pytest.mark.parametrize(
    "told",
    [
        [became("a", Status.IN_PROGRESS, 600)],
        [became("a", Status.IN_PROGRESS, 600), became("a", Status.DONE, 0)],  # the day after: no minute of the day
        [became("a", Status.IN_PROGRESS, 0), became("a", Status.DONE, 600)],
        [became("a", Status.IN_PROGRESS, 600), became("a", Status.DONE, 600)],
    ],
)
def test_a_visit_whose_begin_or_end_nobody_recorded_came_and_tells_no_length(told: list[PayloadModel]) -> None:
    counted = closed(booked("a"), *told)
    assert (counted.came, counted.no_shows, counted.timed, counted.overruns, counted.lengths) == (1, 0, 0, 0, ())


def test_what_a_replan_did_and_its_undoing_took_back_counts_as_if_it_had_never_been() -> None:
    undone = said.ReplanUndone(day=DAY, replan="r", restored=(part("a"),), removed=("new",))
    day = [booked("a"), became("a", Status.NO_SHOW, 620), booked("new", "peel"), undone]
    assert closed(*day).no_shows == 0
    assert closed(*day, *lasted("a", 640, 700)).lengths == (length(65, 60),)
    running = said.ReplanUndone(day=DAY, replan="r", restored=(part("a", "filler", Status.IN_PROGRESS),), removed=())
    again = closed(
        booked("a"), became("a", Status.IN_PROGRESS, 600), extended("a"), running, became("a", Status.DONE, 660)
    )
    assert (again.lengths, again.overruns) == ((length(65, 60),), 0)


@pytest.mark.parametrize("today", [DAY, DAY - dt.timedelta(days=1)])
def test_a_day_that_is_not_over_is_not_closed(today: dt.date) -> None:
    with pytest.raises(NotAllowed, match="not over") as refusal:
        close_day(DAY, [booked("a")], today)
    assert refusal.value.code == "day_not_over"


def test_a_day_on_which_nothing_was_booked_is_not_closed() -> None:
    with pytest.raises(NotAllowed, match="nothing was ever booked"):
        close_day(DAY, [], NEXT)


@given(st.lists(st.tuples(st.integers(541, 900), st.integers(1, 240)), min_size=1, max_size=30), st.data())
def test_every_visit_is_counted_once_however_the_days_events_lie(
    clinic: Registry, day: Plan, times: list[tuple[int, int]], data: st.DataObject
) -> None:
    visits = day.placed[: len(times)]
    told: list[PayloadModel] = [said.AppointmentBooked(day=DAY, visit=visit_part(visit)) for visit in visits]
    outcomes = data.draw(st.lists(st.sampled_from(["done", "no_show", "open"]), min_size=len(visits), max_size=40))
    for visit, (begin, minutes), outcome in zip(visits, times, outcomes, strict=False):
        if outcome == "done":
            told.extend(lasted(visit.id, begin, begin + minutes))
        elif outcome == "no_show":
            told.append(became(visit.id, Status.NO_SHOW, begin))
    shown = close_day(DAY, told, NEXT)
    wanted = outcomes[: len(visits)]
    assert sum(service.came for service in shown.services) == wanted.count("done")
    assert sum(service.no_shows for service in shown.services) == wanted.count("no_show")
    assert sum(len(service.lengths) for service in shown.services) == wanted.count("done")
    assert all(s.overruns == sum(v.actual > v.planned for v in s.lengths) <= s.timed for s in shown.services)
    schedule = Schedule.fold(DAY, told)
    assert sum(v.status is Status.DONE for v in schedule.plan.appointments.values()) == wanted.count("done")
    assert {s.service for s in shown.services} == {v.service for v in visits} <= {s.id for s in clinic.services}
