"""Days in which clients come more than once, for services that ask for clearances and for other visits."""

import datetime as dt
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from hypothesis import strategies as st

from edge.schedule.domain import (
    AppointmentRequest,
    Cancelled,
    DeviceDown,
    Disruption,
    Late,
    NoShow,
    Overrun,
    PastVisit,
    Plan,
    ProviderOut,
    RoomDown,
    Span,
    Status,
    Urgent,
    WalkIn,
)
from edge.schedule.facts import begun_by
from edge.schedule.ids import AppointmentId
from edge.schedule.registry import Registry, demo_registry
from shared.ids import ClientId

DATE = dt.date(2026, 11, 23)
CLEARANCES = ("isotretinoin_free", "not_pregnant")

RULES: dict[str, dict[str, Any]] = {
    "laser-resurfacing": {
        "clearances": ["isotretinoin_free", "not_pregnant"],
        "after": [{"service": "consultation", "at_least_minutes": 30}],
        "apart": [{"category": "peel", "days": 2}],
    },
    "filler": {"after": [{"service": "follow-up", "at_most_minutes": 90}]},
    "laser-hair": {"apart": [{"category": "peel", "days": 1}], "clearances": ["isotretinoin_free"]},
    "microneedling": {
        "after": [{"category": "facial", "at_least_days": 1}],
        "apart": [{"category": "laser", "days": 7}],
    },
    "photofacial": {"after": [{"category": "consultation"}, {"service": "hydra-facial", "at_most_days": 1}]},
}


def with_rules(rules: dict[str, dict[str, Any]] | None = None) -> Registry:
    """Return the example clinic with these rules for its services."""
    clinic = demo_registry().model_dump(mode="json")
    for service in clinic["services"]:
        service.update((RULES if rules is None else rules).get(service["id"], {}))
    return Registry.model_validate(clinic)


@st.composite
def requests(draw: st.DrawFn, clinic: Registry, days: int, number: int) -> AppointmentRequest:
    service = draw(st.sampled_from(clinic.services))
    day = draw(st.integers(0, days - 1))
    opens = draw(st.sampled_from([510, 600, 720, 840]))
    long = draw(st.sampled_from([service.minutes + 30, 240, 630]))
    window = draw(
        st.sampled_from([Span(day * 1440 + opens, min(days * 1440, day * 1440 + opens + long)), Span(0, days * 1440)])
    )
    other_days = st.one_of(st.integers(1, 8), st.integers(1, 8), st.integers(-days - 4, -days))
    past = st.builds(PastVisit, st.sampled_from([s.id for s in clinic.services]), other_days)
    return AppointmentRequest(
        AppointmentId(f"v-{number}"),
        ClientId(f"c-{draw(st.integers(0, 7))}"),
        service.id,
        window,
        cleared=frozenset(draw(st.sampled_from([CLEARANCES, CLEARANCES, CLEARANCES[:1], ()]))),
        history=tuple(draw(st.lists(past, max_size=2))),
    )


@st.composite
def wishes(draw: st.DrawFn, clinic: Registry, days: int, most: int = 24) -> list[AppointmentRequest]:
    return [draw(requests(clinic, days, number)) for number in range(draw(st.integers(2, most)))]


@st.composite
def events(draw: st.DrawFn, clinic: Registry, plan: Plan, at: int, number: int) -> Disruption:
    """Return something that can happen to a plan at a minute."""
    until = at + draw(st.integers(1, 60)) * 5
    here = [v for v in plan.placed if not v.status.begun]
    later = begun_by(plan, WalkIn(at, draw(requests(clinic, 1, 0))))
    under_way = [v for v in later.placed if v.status is Status.IN_PROGRESS]
    ahead = [v for v in here if v.start >= at]
    choices: list[Callable[[], Disruption]] = [
        lambda: ProviderOut(at, draw(st.sampled_from(clinic.providers)).id, Span(at, until)),
        lambda: RoomDown(at, draw(st.sampled_from(clinic.rooms)).id, Span(at, until)),
        lambda: DeviceDown(at, draw(st.sampled_from(clinic.devices)).id, Span(at, until)),
        lambda: WalkIn(at, _new(draw(requests(clinic, plan.days, 0)), at, plan, number)),
        lambda: Urgent(at, _new(draw(requests(clinic, plan.days, 0)), at, plan, number)),
    ]
    if ahead:
        visit = draw(st.sampled_from(ahead))
        choices += [
            lambda: Late(at, visit.id, draw(st.integers(1, 60))),
            lambda: Cancelled(at, visit.id),
            lambda: Cancelled(at, visit.id),
        ]
        if visit.status is not Status.ARRIVED:
            choices.append(lambda: NoShow(at, visit.id))
    if under_way:
        longer = draw(st.sampled_from(under_way))
        choices += [lambda: Overrun(at, longer.id, draw(st.integers(1, 60)))] * 2
    return draw(st.sampled_from(choices))()


def _new(request: AppointmentRequest, at: int, plan: Plan, number: int) -> AppointmentRequest:
    window = Span(max(at, request.window.start), max(at + 300, request.window.end))
    window = replace(window, end=min(plan.days * 1440, window.end))
    return replace(request, id=AppointmentId(f"new-{number}"), window=window)
