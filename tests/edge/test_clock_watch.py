"""F-09: the wall clock leaps, goes back, or starts in 1970; order and bounds of the log do not follow it."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.clock_watch import ClockWatch
from shared.clock import SystemClock
from shared.events.catalogue.system import BoxStarted
from shared.events.envelope import EventDraft
from shared.events.hlc import MAX_OFF_MILLISECONDS, HybridClock, Timestamp
from shared.vocabulary import ClockQuality
from tests.support.clocks import ManualClock
from tests.support.promises import Tally
from tests.support.records import BoxRecord, open_box_record

DAY = 86_400.0
YEAR = 365 * DAY
LEAPS = [10 * YEAR, -40 * DAY, -50 * YEAR, 1200.0]
NOTE = EventDraft("box/box-1", BoxStarted(software="x", clean=True), "box", "operation")


def watch_of(box: BoxRecord, last: datetime | None = None) -> ClockWatch:
    return ClockWatch(box.clock, box.store.identity.device, box.store.append, last)


def jumps(box: BoxRecord) -> list[tuple[float, bool]]:
    events = [event for event in box.store.stream("box/box-1") if event.fields.type == "box.clock_jumped"]
    return [(event.fields.payload["seconds"], event.fields.payload["at_start"]) for event in events]


@pytest.mark.req("I-11", "F-09")
@pytest.mark.parametrize("leap", [10 * YEAR, -40 * DAY, 30.0, -30.0])
def test_a_clock_that_moves_by_itself_is_put_on_record_and_order_stays(
    leap: float, tmp_path: Path, tally: Tally
) -> None:
    box = open_box_record(tmp_path)
    watch = watch_of(box)
    box.store.append([NOTE])
    box.clock.advance(1)
    watch.look()
    assert jumps(box) == []
    box.clock.jump_wall(leap)
    watch.look()
    box.clock.advance(5)
    watch.look()
    box.store.append([NOTE])
    assert jumps(box) == [(leap, False)]
    stamps = [event.fields.hlc for event in box.store.stream("box/box-1")]
    assert stamps == sorted(set(stamps))
    tally.injected(1)
    box.store.close()


@pytest.mark.req("I-11", "F-09")
def test_a_box_that_starts_in_1970_goes_on_behind_its_log_and_says_so(tmp_path: Path, tally: Tally) -> None:
    box = open_box_record(tmp_path)
    last = box.store.append([NOTE])[0]
    box.store.close()
    box = open_box_record(tmp_path, ManualClock(datetime(1970, 1, 1, 0, 1, tzinfo=UTC)))
    box.clock.believed = ClockQuality.SUSPECT
    watch_of(box, last.fields.wall_time).look()
    event = box.store.append([NOTE])[0]
    assert event.fields.hlc > last.fields.hlc
    assert event.fields.clock_quality is ClockQuality.SUSPECT
    ((seconds, at_start),) = jumps(box)
    assert at_start
    assert seconds == pytest.approx(-(last.fields.wall_time - box.clock.wall()).total_seconds())
    tally.injected(1)
    box.store.close()


@pytest.mark.req("I-11", "F-09")
@given(
    st.lists(st.tuples(st.sampled_from([10 * YEAR, -40 * DAY, -60 * YEAR, 1200.0]), st.integers(0, 3600)), max_size=8)
)
def test_no_leap_that_nothing_vouches_for_moves_timestamps_by_more_than_a_day(leaps: list[tuple[float, int]]) -> None:
    clock = ManualClock()
    hybrid, start = HybridClock(clock), clock.wall()
    before, passed, small = hybrid.tick(), 0.0, 0.0
    for leap, seconds in leaps:
        clock.jump_wall(leap)
        clock.advance(seconds)
        passed += seconds
        small += abs(leap) if abs(leap) < DAY else 0
        now = hybrid.tick()
        assert now > before
        before = now
        ahead = now.milliseconds / 1000 - start.timestamp() - passed
        assert ahead <= small + DAY


def test_a_leap_that_the_network_time_vouches_for_is_followed() -> None:
    clock = ManualClock()
    hybrid = HybridClock(clock)
    clock.believed = ClockQuality.SYNCHRONISED
    clock.jump_wall(100 * DAY)
    assert hybrid.tick().milliseconds == int(clock.wall().timestamp() * 1000)


def test_a_start_years_after_the_log_is_not_believed_but_one_weeks_after_is() -> None:
    clock = ManualClock()
    now = int(clock.wall().timestamp() * 1000)
    weeks = Timestamp(now - int(50 * DAY * 1000), 0)
    assert HybridClock(clock, weeks).tick().milliseconds == now
    years = Timestamp(now - int(5 * YEAR * 1000), 0)
    assert HybridClock(clock, years).tick().milliseconds == years.milliseconds + MAX_OFF_MILLISECONDS


def test_the_machines_clock_knows_its_own_quality() -> None:
    clock = SystemClock()
    assert clock.quality() in {ClockQuality.SYNCHRONISED, ClockQuality.FREE_RUNNING}
    assert abs(clock.wall() - datetime.now(UTC)) < timedelta(seconds=5)
