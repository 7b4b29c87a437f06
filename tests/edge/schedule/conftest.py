import datetime as dt

import pytest

from edge.schedule.booking import plan_day, synthesise_day
from edge.schedule.domain import Plan
from edge.schedule.registry import Registry, demo_registry


@pytest.fixture(scope="session")
def clinic() -> Registry:
    return demo_registry()


@pytest.fixture(scope="session")
def day(clinic: Registry) -> Plan:
    date = dt.date(2026, 11, 23)
    return plan_day(clinic, synthesise_day(clinic, date, seed=1), date)
