"""Batches form by number or by time, fail alone, and never hold up a shutdown."""

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.analysis.batching import BacklogFull, BatcherStopped, BatchLimits, MicroBatcher

LONG = 30.0


class Doubler:
    """Doubles numbers; holds its batches until they are let go, and notes them."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.entered = threading.Semaphore(0)
        self.gate = threading.Event()
        self.gate.set()

    def __call__(self, items: Sequence[int]) -> list[int]:
        self.batches.append(list(items))
        self.entered.release()
        assert self.gate.wait(LONG)
        if any(item < 0 for item in items):
            raise ArithmeticError
        return [2 * item for item in items]


@pytest.fixture
def doubler() -> Doubler:
    return Doubler()


@pytest.fixture
def started(doubler: Doubler) -> Iterator[list[MicroBatcher[int, int]]]:
    made: list[MicroBatcher[int, int]] = []
    yield made
    doubler.gate.set()
    for batcher in made:
        batcher.stop(LONG)


def make(doubler: Doubler, started: list[MicroBatcher[int, int]], limits: BatchLimits) -> MicroBatcher[int, int]:
    batcher = MicroBatcher(doubler, limits)
    started.append(batcher)
    return batcher


def answers(futures: Sequence[Future[int]]) -> list[int]:
    return [future.result(LONG) for future in futures]


def test_a_full_batch_is_run_without_waiting(doubler: Doubler, started: list[MicroBatcher[int, int]]) -> None:
    batcher = make(doubler, started, BatchLimits(most=3, wait_seconds=LONG * 100))
    futures = [batcher.submit(number) for number in (1, 2, 3)]
    batcher.start()
    assert answers(futures) == [2, 4, 6]
    assert doubler.batches == [[1, 2, 3]]


def test_what_came_while_a_batch_ran_makes_the_next_ones(
    doubler: Doubler, started: list[MicroBatcher[int, int]]
) -> None:
    batcher = make(doubler, started, BatchLimits(most=4, wait_seconds=0))
    doubler.gate.clear()
    batcher.start()
    first = batcher.submit(0)
    assert doubler.entered.acquire(timeout=LONG)
    rest = [batcher.submit(number) for number in range(1, 7)]
    doubler.gate.set()
    assert answers([first, *rest]) == [0, 2, 4, 6, 8, 10, 12]
    assert doubler.batches == [[0], [1, 2, 3, 4], [5, 6]]


def test_a_lonely_item_is_run_once_its_time_is_up(doubler: Doubler, started: list[MicroBatcher[int, int]]) -> None:
    batcher = make(doubler, started, BatchLimits(most=32, wait_seconds=0.001))
    batcher.start()
    assert batcher.submit(21).result(LONG) == 42


def test_only_the_item_at_fault_fails(doubler: Doubler, started: list[MicroBatcher[int, int]]) -> None:
    batcher = make(doubler, started, BatchLimits(most=3, wait_seconds=LONG))
    good, bad, other = (batcher.submit(number) for number in (1, -1, 3))
    batcher.start()
    assert (good.result(LONG), other.result(LONG)) == (2, 6)
    with pytest.raises(ArithmeticError):
        bad.result(LONG)


def test_a_batch_with_too_few_answers_is_nobody_s_answer() -> None:
    batcher: MicroBatcher[int, int] = MicroBatcher(lambda items: [7] if len(items) > 1 else [items[0]])
    futures = [batcher.submit(number) for number in (1, 2)]
    batcher.start()
    assert answers(futures) == [1, 2]
    batcher.stop(LONG)


def test_the_queue_is_bounded(doubler: Doubler, started: list[MicroBatcher[int, int]]) -> None:
    batcher = make(doubler, started, BatchLimits(queue_size=2))
    batcher.submit(1)
    batcher.submit(2)
    with pytest.raises(BacklogFull):
        batcher.submit(3)


def test_what_waits_at_the_end_is_told_so_and_nothing_more_is_taken(
    doubler: Doubler, started: list[MicroBatcher[int, int]]
) -> None:
    batcher = make(doubler, started, BatchLimits(most=1, queue_size=2))
    doubler.gate.clear()
    batcher.start()
    running = batcher.submit(1)
    assert doubler.entered.acquire(timeout=LONG)
    waiting, cancelled = batcher.submit(2), batcher.submit(3)
    assert cancelled.cancel()
    stopping = threading.Thread(target=batcher.stop, args=(LONG,))
    stopping.start()
    with pytest.raises(BatcherStopped):
        waiting.result(LONG)
    doubler.gate.set()
    stopping.join(LONG)
    assert running.result(LONG) == 2
    with pytest.raises(BatcherStopped):
        batcher.submit(4)


def test_a_batcher_that_never_started_stops_too(doubler: Doubler, started: list[MicroBatcher[int, int]]) -> None:
    batcher = make(doubler, started, BatchLimits())
    waiting = batcher.submit(1)
    batcher.stop(LONG)
    with pytest.raises(BatcherStopped):
        waiting.result(LONG)


def test_a_cancelled_item_is_not_run(doubler: Doubler, started: list[MicroBatcher[int, int]]) -> None:
    batcher = make(doubler, started, BatchLimits(most=2, wait_seconds=LONG))
    cancelled, kept = batcher.submit(1), batcher.submit(2)
    assert cancelled.cancel()
    batcher.start()
    assert kept.result(LONG) == 4
    assert doubler.batches == [[2]]


@pytest.mark.parametrize("wrong", [{"most": 0}, {"most": 33}, {"wait_seconds": -1}, {"queue_size": 0}])
def test_limits_out_of_range_are_a_mistake(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="1 to 32"):
        BatchLimits(**wrong)


@settings(max_examples=30, deadline=None)
@given(numbers=st.lists(st.integers(-5, 100), max_size=60), most=st.integers(1, 32))
def test_every_item_gets_its_own_answer_and_no_batch_is_too_large(numbers: list[int], most: int) -> None:
    doubler = Doubler()
    batcher = MicroBatcher(doubler, BatchLimits(most=most, wait_seconds=0))
    futures = [batcher.submit(number) for number in numbers]
    batcher.start()
    for number, future in zip(numbers, futures, strict=True):
        if number < 0:
            with pytest.raises(ArithmeticError):
                future.result(LONG)
        else:
            assert future.result(LONG) == 2 * number
    batcher.stop(LONG)
    assert all(1 <= len(batch) <= most for batch in doubler.batches)
