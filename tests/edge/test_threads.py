"""Who may compute when: photographs before the schedule, the schedule before the backlog."""

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.threads import NoThreadFree, Priority, ThreadBudget

LONG = 30.0


class Holder:
    """Holds threads of a budget in a thread of its own until it is told to let go."""

    def __init__(self, budget: ThreadBudget, priority: Priority, wanted: int, pool: ThreadPoolExecutor) -> None:
        self.granted: Future[int] = Future()
        self._let_go = threading.Event()
        self.done = pool.submit(self._hold, budget, priority, wanted)

    def _hold(self, budget: ThreadBudget, priority: Priority, wanted: int) -> None:
        with budget.take(priority, wanted, LONG) as threads:
            self.granted.set_result(threads)
            assert self._let_go.wait(LONG)

    def release(self) -> None:
        self._let_go.set()
        self.done.result(LONG)


def until(budget: ThreadBudget, holds: Callable[[], bool]) -> None:
    """Wait for a change of the budget that makes a condition true."""
    with budget._changed:
        assert budget._changed.wait_for(holds, LONG)


@pytest.fixture
def pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(8)


def test_the_solver_has_every_thread_while_no_photograph_is_analysed(pool: ThreadPoolExecutor) -> None:
    budget = ThreadBudget(4)
    with budget.take(Priority.SOLVER, 4, 0) as threads:
        assert threads == 4
    with budget.take(Priority.LIVE, 1, 0), budget.take(Priority.SOLVER, 4, 0) as threads:
        assert threads == 3


def test_a_photograph_never_waits_for_the_solver_or_the_backlog() -> None:
    budget = ThreadBudget(2)
    with budget.take(Priority.SOLVER, 2, 0), budget.take(Priority.LIVE, 1, 0) as threads:
        assert threads == 1
    with budget.take(Priority.BACKLOG, 2, 0), budget.take(Priority.LIVE, 1, 0) as threads:
        assert threads == 1


def test_photographs_wait_for_each_other_so_that_no_flood_of_them_exceeds_the_machine() -> None:
    budget = ThreadBudget(2)
    with (
        budget.take(Priority.LIVE, 1, 0),
        budget.take(Priority.LIVE, 1, 0),
        pytest.raises(NoThreadFree),
        budget.take(Priority.LIVE, 1, 0),
    ):
        pass
    assert budget.used(Priority.LIVE) == 0


def test_a_waiting_solver_goes_before_a_backlog_that_came_first(pool: ThreadPoolExecutor) -> None:
    budget = ThreadBudget(1)
    photograph = Holder(budget, Priority.LIVE, 1, pool)
    assert photograph.granted.result(LONG) == 1
    backlog = Holder(budget, Priority.BACKLOG, 1, pool)
    until(budget, lambda: budget._waiting[Priority.BACKLOG] == 1)
    solver = Holder(budget, Priority.SOLVER, 1, pool)
    until(budget, lambda: budget._waiting[Priority.SOLVER] == 1)
    photograph.release()
    assert solver.granted.result(LONG) == 1
    assert not backlog.granted.done()
    solver.release()
    assert backlog.granted.result(LONG) == 1
    backlog.release()


def test_who_waits_too_long_is_told_so_and_holds_nothing() -> None:
    budget = ThreadBudget(1)
    with budget.take(Priority.SOLVER, 1, 0):
        for priority in (Priority.SOLVER, Priority.BACKLOG):
            with pytest.raises(NoThreadFree) as caught, budget.take(priority, 1, 0):
                pass
            assert caught.value.code == "no_thread_free"
    assert [budget.used(one) + budget.waiting(one) for one in Priority] == [0, 0, 0]


def test_threads_come_back_when_the_work_fails() -> None:
    budget = ThreadBudget(2)
    with pytest.raises(RuntimeError), budget.take(Priority.SOLVER, 2, 0):
        raise RuntimeError
    with budget.take(Priority.SOLVER, 2, 0) as threads:
        assert threads == 2


def test_a_budget_or_a_wish_of_no_thread_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="at least one"):
        ThreadBudget(0)
    with pytest.raises(ValueError, match="at least one"), ThreadBudget(1).take(Priority.LIVE, 0, 0):
        pass


@settings(max_examples=30, deadline=None)
@given(
    total=st.integers(1, 4),
    wishes=st.lists(st.tuples(st.sampled_from(Priority), st.integers(1, 6)), min_size=1, max_size=12),
)
def test_solver_and_backlog_never_push_the_machine_over_its_threads(
    total: int, wishes: list[tuple[Priority, int]]
) -> None:
    budget = ThreadBudget(total)
    excess: list[int] = []

    def work(priority: Priority, wanted: int) -> None:
        with budget.take(priority, wanted, LONG) as threads:
            assert 1 <= threads <= min(wanted, total)
            with budget._changed:
                live = budget._used[Priority.LIVE]
                lower = budget._used.total() - live
                if live > total or lower > total:
                    excess.append(live + lower)

    with ThreadPoolExecutor(8) as pool:
        for done in [pool.submit(work, *wish) for wish in wishes]:
            done.result(LONG)
    assert excess == []
    assert budget._used.total() == 0
