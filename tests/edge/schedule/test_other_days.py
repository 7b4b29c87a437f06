"""Of a client's visits on other days exactly those count that decide, and whatever happens the table knows them all."""

from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.schedule.conditions import conditions, unmet
from edge.schedule.demand import demands_of
from edge.schedule.domain import Appointment, PastVisit, Span
from edge.schedule.ids import AppointmentId, ServiceId
from edge.schedule.other_days import Reach, history_of, reach_of
from edge.schedule.registry import Registry
from shared.ids import ClientId
from tests.edge.schedule.courses import with_rules

PEEL = ServiceId("peel")
SERVICES = ("peel", "consultation", "laser-hair")
STARTS = range(0, 1440, 5)


def ruled(**rules: Any) -> Registry:
    return with_rules({"peel": rules})


def past(*days: int, service: str = "consultation") -> tuple[PastVisit, ...]:
    return tuple(PastVisit(ServiceId(service), number) for number in days)


def possible(clinic: Registry, history: Iterable[PastVisit]) -> list[int]:
    """Return when a peel may start on a day, with what its client has on others."""
    visit = Appointment(AppointmentId("v"), ClientId("c"), PEEL, Span(0, 1440), history=tuple(history))
    found = conditions(demands_of(clinic), visit, (), booked=False)
    return [start for start in STARTS if not unmet(found, start)]


@pytest.mark.parametrize(
    ("rules", "reach"),
    [
        ({}, None),
        ({"apart": [{"service": "peel", "days": 1}]}, None),
        ({"apart": [{"service": "peel", "days": 7}]}, Reach(6, 6)),
        ({"after": [{"service": "consultation"}]}, Reach(None, 0)),
        ({"after": [{"service": "consultation", "at_most_days": 3}]}, Reach(3, 0)),
        ({"after": [{"service": "consultation", "at_most_minutes": 90}]}, None),
        ({"after": [{"service": "consultation", "at_most_minutes": 2880, "at_most_days": 5}]}, Reach(2, 0)),
        (
            {
                "after": [{"service": "consultation", "at_most_days": 2}],
                "apart": [{"category": "laser", "days": 5}],
            },
            Reach(4, 4),
        ),
    ],
)
def test_no_day_is_looked_at_that_no_rule_reaches(rules: dict[str, Any], reach: Reach | None) -> None:
    assert reach_of(ruled(**rules), PEEL) == reach


def test_a_rule_of_another_service_reaches_as_far_as_an_own_one() -> None:
    clinic = with_rules({"laser-hair": {"apart": [{"category": "peel", "days": 4}]}})
    assert reach_of(clinic, PEEL) == Reach(3, 3)
    assert reach_of(clinic, ServiceId("consultation")) is None
    assert reach_of(clinic, ServiceId("levitation")) is None


def test_a_visit_carries_of_other_days_only_what_decides() -> None:
    clinic = ruled(apart=[{"service": "peel", "days": 3}], after=[{"service": "consultation", "at_least_days": 2}])
    has = (*past(-1, 1, 2, 5, 90), *past(-3, -2, 2, 3, service="peel"), *past(1, service="filler"))
    assert history_of(clinic, PEEL, has) == (
        PastVisit(ServiceId("consultation"), 2),
        PastVisit(PEEL, -2),
        PastVisit(PEEL, 2),
    )


def test_what_the_clinic_no_longer_offers_is_not_carried() -> None:
    clinic = ruled(after=[{"category": "consultation"}])
    assert history_of(clinic, PEEL, past(3, service="levitation")) == ()


def test_nothing_that_comes_later_prepares_a_visit() -> None:
    clinic = ruled(after=[{"service": "consultation"}])
    assert possible(clinic, past(-1)) == []
    assert possible(clinic, past(-1, 1)) == list(STARTS)


DAYS = st.integers(0, 4)
AFTER = st.fixed_dictionaries(
    {"service": st.just("consultation")},
    optional={
        "at_least_days": DAYS,
        "at_least_minutes": st.sampled_from([60, 1440, 2000, 3000]),
        "at_most_days": st.integers(4, 9),
        "at_most_minutes": st.sampled_from([3000, 4320, 7200]),
    },
)
APART = st.fixed_dictionaries({"service": st.sampled_from(["peel", "laser-hair"]), "days": st.integers(1, 5)})


@given(
    st.lists(AFTER, max_size=2),
    st.lists(APART, max_size=2),
    st.lists(
        st.builds(
            PastVisit,
            st.sampled_from(SERVICES).map(ServiceId),
            st.integers(-6, 12).filter(bool),
        ),
        max_size=8,
    ),
)
def test_what_is_carried_decides_as_all_of_it_would(
    after: list[dict[str, Any]], apart: list[dict[str, Any]], has: list[PastVisit]
) -> None:
    clinic = ruled(after=after, apart=apart)
    carried = history_of(clinic, PEEL, has)
    assert set(carried) <= set(has)
    assert possible(clinic, carried) == possible(clinic, has)
    reach = reach_of(clinic, PEEL)
    for one in carried:
        assert reach is not None
        assert -reach.ahead <= one.days_ago
        assert reach.back is None or one.days_ago <= reach.back
