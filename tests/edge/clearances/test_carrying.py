"""What is confirmed of a client goes with the request, wherever the request goes."""

import datetime as dt
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from edge.schedule.booking import plan_day
from edge.schedule.clearing import carried, nothing_confirmed
from edge.schedule.document import DayDocument
from edge.schedule.domain import AddOn, AppointmentRequest, PastVisit, Plan, Span, Urgent, WalkIn
from edge.schedule.event_document import AddOnEvent, disruption_of
from edge.schedule.ids import AppointmentId, ServiceId
from edge.schedule.proposal_parts import disruption_of as from_part
from edge.schedule.proposal_parts import disruption_part
from shared.ids import ClientId
from tests.support.cleared import FREE, PATCH, TODAY, asking, wish

NAMES = st.frozensets(st.sampled_from([FREE, PATCH]))
OTHER_DAYS = st.integers(-9, 9).filter(bool)
HISTORY = st.lists(st.builds(PastVisit, st.just(ServiceId("peel")), OTHER_DAYS), max_size=2).map(tuple)


@given(NAMES, HISTORY, st.booleans())
def test_a_proposal_keeps_what_was_confirmed_of_whoever_asks(
    cleared: frozenset[str], history: tuple[PastVisit, ...], urgent: bool
) -> None:
    window = Span(540, 600)
    request = AppointmentRequest(
        AppointmentId("v"), ClientId("c"), ServiceId("laser-hair"), window, cleared=cleared, history=history
    )
    for asks in (
        Urgent(5, request),
        WalkIn(5, request),
        AddOn(5, AppointmentId("v"), ServiceId("peel"), urgent, cleared, history),
    ):
        assert from_part(disruption_part(asks)) == asks


@given(NAMES, st.sampled_from(["laser-hair", "laser-resurfacing", "consultation", "gone"]))
def test_a_visit_carries_what_is_both_confirmed_and_asked_for(confirmed: frozenset[str], service: str) -> None:
    def known(client: ClientId, day: dt.date) -> frozenset[str]:
        return confirmed

    registry = asking()
    asked = {name for one in registry.services if one.id == service for name in one.clearances}
    assert carried(registry, known, ClientId("c"), ServiceId(service), TODAY) == confirmed & asked
    assert carried(registry, nothing_confirmed, ClientId("c"), ServiceId(service), TODAY) == frozenset()


def test_an_add_on_to_a_day_given_as_json_brings_what_its_visit_has() -> None:
    registry = asking()
    past = (PastVisit(ServiceId("peel"), 8),)
    asks = replace(wish("v", "c"), cleared=frozenset({FREE}), history=past)
    plan = plan_day(registry, [asks], TODAY, Plan(TODAY))
    day = DayDocument(clinic=registry, date=TODAY).with_plan(plan)
    event = AddOnEvent(at="09:00", kind="add_on", appointment="v", service=ServiceId("laser-resurfacing"))
    expected = AddOn(540, AppointmentId("v"), ServiceId("laser-resurfacing"), cleared=frozenset({FREE}), history=past)
    assert disruption_of(day, event) == expected
