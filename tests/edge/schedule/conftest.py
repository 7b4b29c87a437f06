import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pytest

import edge.schedule.book
from edge.schedule.booking import plan_day, synthesise_day
from edge.schedule.domain import Plan
from edge.schedule.registry import Registry, demo_registry
from tests.support.records import BoxRecord, open_box_record


@pytest.fixture(scope="session")
def clinic() -> Registry:
    return demo_registry()


@pytest.fixture(scope="session")
def day(clinic: Registry) -> Plan:
    date = dt.date(2026, 11, 23)
    return plan_day(clinic, synthesise_day(clinic, date, seed=1), date)


@pytest.fixture
def record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[BoxRecord]:
    """A record opened at ten in the morning, local time; replans are repaired and not searched."""
    monkeypatch.setattr(edge.schedule.book, "REPLAN_SECONDS", 0)
    record = open_box_record(tmp_path)
    yield record
    record.store.close()
