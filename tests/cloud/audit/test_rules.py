from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud.audit.rules import WATCHED, AlertKind, Hours, Thresholds, kinds_of, limit_of

VIENNA = Hours(ZoneInfo("Europe/Vienna"))
MONDAY = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("moment", "odd"),
    [
        (MONDAY, False),
        (datetime(2026, 3, 2, 5, 59, tzinfo=UTC), True),
        (datetime(2026, 3, 2, 6, 0, tzinfo=UTC), False),
        (datetime(2026, 3, 2, 20, 0, tzinfo=UTC), True),
        (datetime(2026, 3, 1, 12, 0, tzinfo=UTC), True),  # a Sunday
        (datetime(2026, 7, 6, 5, 0, tzinfo=UTC), False),  # in summer Vienna is two hours ahead
    ],
)
def test_odd_hours_are_those_of_the_clinics_own_calendar(moment: datetime, odd: bool) -> None:
    assert VIENNA.is_odd(moment) is odd


def test_a_day_is_the_clinics() -> None:
    assert VIENNA.day(datetime(2026, 3, 2, 23, 30, tzinfo=UTC)) == "2026-03-03"


def test_what_each_entry_counts_towards() -> None:
    counted = {name: kinds_of(name, "role_provider", odd=True) for name in WATCHED}
    assert counted["audit.photo_read"] == (AlertKind.MASS_READS, AlertKind.ODD_HOURS)
    assert counted["audit.export"] == (AlertKind.MASS_EXPORTS, AlertKind.ODD_HOURS)
    assert counted["audit.key_used"] == (AlertKind.KEY_USE, AlertKind.ODD_HOURS)
    assert counted["audit.break_glass"] == (AlertKind.BREAK_GLASS, AlertKind.ODD_HOURS)
    assert counted["audit.refused_access"] == (AlertKind.REFUSED_ACCESS,)
    assert counted["audit.sign_in_failed"] == (AlertKind.FAILED_SIGN_INS,)
    assert counted["log.hub_rewrote_history"] == (AlertKind.HUB_HISTORY,)
    assert all(kinds for kinds in counted.values())
    assert kinds_of("audit.photo_read", "role_provider", odd=False) == (AlertKind.MASS_READS,)
    assert kinds_of("audit.photo_read", "system", odd=True) == ()
    assert kinds_of("capture.stored", "", odd=True) == ()


@given(st.lists(st.integers(1, 500), max_size=28))
def test_many_reads_are_measured_by_the_persons_own_days_and_never_below_the_floor(history: list[int]) -> None:
    limit = limit_of(AlertKind.MASS_READS, history, Thresholds())
    assert limit >= Thresholds().mass_reads
    if history:
        assert limit >= sum(history) / len(history) * Thresholds().mass_reads_factor


def test_the_other_limits_are_the_configured_ones() -> None:
    limits = [limit_of(kind, [], Thresholds()) for kind in AlertKind]
    assert limits == [40, 3, 5, 5, 1, 1, 5, 1]


@given(st.integers(0, 10**6))
def test_every_minute_is_either_odd_or_not_once_a_day(minutes: int) -> None:
    moment = MONDAY + timedelta(minutes=minutes)
    local = moment.astimezone(VIENNA.zone)
    worked = local.weekday() < 6 and 7 <= local.hour < 21
    assert VIENNA.is_odd(moment) is not worked
