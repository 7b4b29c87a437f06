import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.sync import sender
from shared.sync.position import Position
from shared.sync.route import AFTER_FAILURE_SECONDS, BACKFILL_ABOVE, LIVE_BELOW, Route, RouteState, choose, on_broken

IDLE = sender.SenderState("s", Position("e" * 16, 5), sent_seq=5)
BUSY = sender.on_sent(IDLE, 9, 0.0)


def test_a_box_far_behind_takes_the_bulk_way_and_comes_back_when_it_has_caught_up() -> None:
    far = choose(RouteState(), IDLE, BACKFILL_ABOVE + 1, 0.0)
    assert far.route is Route.BACKFILL
    assert choose(far, IDLE, LIVE_BELOW, 1.0).route is Route.BACKFILL
    assert choose(far, IDLE, LIVE_BELOW - 1, 1.0) == RouteState(Route.LIVE, float("-inf"), 2)


def test_a_short_backlog_stays_live() -> None:
    assert choose(RouteState(), IDLE, BACKFILL_ABOVE, 0.0).route is Route.LIVE


def test_a_broken_bulk_way_is_tried_again_only_after_a_while() -> None:
    broken = on_broken(choose(RouteState(), IDLE, 10_000, 0.0), 1.0)
    assert choose(broken, IDLE, 10_000, AFTER_FAILURE_SECONDS).route is Route.LIVE
    assert choose(broken, IDLE, 10_000, 1.0 + AFTER_FAILURE_SECONDS).route is Route.BACKFILL


@pytest.mark.req("I-05")
@given(st.sampled_from(Route), st.integers(0, 100_000), st.floats(0, 1e6))
def test_the_way_never_changes_while_a_batch_is_on_it(route: Route, behind: int, now: float) -> None:
    state = RouteState(route)
    assert choose(state, BUSY, behind, now) == state


@given(st.integers(1, 1000), st.integers(1, 20))
def test_after_a_rewind_everything_not_acknowledged_is_sent_again(size: int, batches: int) -> None:
    state = IDLE
    for number in range(1, min(batches, sender.MAX_IN_FLIGHT) + 1):
        state = sender.on_sent(state, 5 + number * size, 0.0)
    again = sender.rewind(state, 3.0)
    assert (again.sent_seq, again.batch_ends, again.resends) == (5, (), 1)
    assert sender.rewind(again, 4.0) == again
