"""The one way of background work: on time, woken, guarded, and ended promptly."""

import io
import json
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import structlog
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.errors import Retryable
from shared.logging import configure_logging
from shared.worker import Seconds, Worker, in_turn, rest_after

NEVER = 3600.0
PATIENCE = 20.0


class Steps:
    """A step that counts, and whose beginnings a test can wait for."""

    def __init__(self, act: Callable[[int], Seconds | None] = lambda _number: None) -> None:
        self.done = 0
        self._act = act
        self._changed = threading.Condition()

    def __call__(self) -> Seconds | None:
        number = self.done
        try:
            return self._act(number)
        finally:
            with self._changed:
                self.done += 1
                self._changed.notify_all()

    def reach(self, number: int) -> bool:
        with self._changed:
            return self._changed.wait_for(lambda: self.done >= number, PATIENCE)


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    stream = io.StringIO()
    configure_logging("info", stream)
    yield stream
    structlog.reset_defaults()


def lines(log: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log.getvalue().splitlines()]


def threads_named(name: str) -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == name]


def test_steps_follow_each_other_at_their_interval() -> None:
    steps = Steps()
    worker = Worker("counter", steps, every=0.01)
    worker.start()
    assert steps.reach(5)
    worker.stop()
    assert threads_named("counter") == []


def test_a_step_may_choose_the_pause_after_it() -> None:
    steps = Steps(lambda number: Seconds(0.0) if number < 4 else None)
    worker = Worker("chooser", steps, every=NEVER, first=0.0)
    worker.start()
    assert steps.reach(5)
    worker.stop()
    assert steps.done == 5


def test_a_worker_waits_for_its_first_step_and_can_be_woken_before_it() -> None:
    steps = Steps()
    worker = Worker("sleeper", steps, every=0.01, first=NEVER)
    worker.start()
    assert steps.done == 0
    worker.wake()
    assert steps.reach(2)
    worker.stop()


def test_a_wake_up_before_the_start_is_not_lost() -> None:
    steps = Steps()
    worker = Worker("early", steps, every=NEVER)
    worker.wake()
    worker.start()
    assert steps.reach(1)
    worker.stop()
    assert steps.done == 1


@pytest.mark.parametrize("fails", [False, True])
def test_a_wake_up_during_a_step_has_another_one_follow_even_when_the_first_failed(fails: bool) -> None:
    inside, go_on = threading.Event(), threading.Event()

    def act(number: int) -> None:
        if number == 0:
            inside.set()
            assert go_on.wait(PATIENCE)
            if fails:
                raise ValueError("not yet")

    steps = Steps(act)
    # The rest after a failure is twice the interval, and bounded; only the pause is for ever.
    worker = Worker("listener", steps, every=NEVER if not fails else 0.05, first=0.0)
    worker.start()
    assert inside.wait(PATIENCE)
    worker.wake()
    go_on.set()
    assert steps.reach(2)
    worker.stop()


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(1, 40), min_size=1, max_size=4))
def test_whoever_says_something_and_wakes_is_heard_without_the_clock(said_by: list[int]) -> None:
    told: list[int] = []
    heard = threading.Event()

    def step() -> None:
        if len(told) == sum(said_by):
            heard.set()

    def say(count: int) -> None:
        for number in range(count):
            told.append(number)
            worker.wake()

    worker = Worker("hearer", step, every=NEVER)
    worker.start()
    speakers = [threading.Thread(target=say, args=(count,)) for count in said_by]
    for speaker in speakers:
        speaker.start()
    for speaker in speakers:
        speaker.join(PATIENCE)
    assert heard.wait(PATIENCE)
    worker.stop()


def test_many_wake_ups_while_it_breathes_make_one_step() -> None:
    steps = Steps()
    worker = Worker("breather", steps, every=NEVER, first=0.0, breath=NEVER)
    worker.start()
    assert steps.reach(1)
    for _ in range(100):
        worker.wake()
    worker.stop()
    assert steps.done == 1


def test_a_step_that_fails_is_tried_again_and_said_once(log: io.StringIO) -> None:
    def act(number: int) -> None:
        if number < 3:
            raise Retryable("disk_full", "Make room.")
        if number < 5:
            raise ValueError("Ada Canary")

    steps = Steps(act)
    worker = Worker("trier", steps, every=0.001)
    worker.start()
    assert steps.reach(7)
    worker.stop()
    said = lines(log)
    assert [(line["event"], line["level"], line["worker"], line.get("code")) for line in said] == [
        ("worker_waits", "warning", "trier", "disk_full"),
        ("worker_failed", "error", "trier", "ValueError"),
        ("worker_recovered", "info", "trier", None),
    ]
    assert said[1]["exception"].startswith("ValueError at ")
    assert said[2]["attempt"] == 5
    assert "Canary" not in log.getvalue()


def test_trouble_that_comes_back_after_a_recovery_is_said_again(log: io.StringIO) -> None:
    def act(number: int) -> None:
        if number in {0, 2}:
            raise Retryable("disk_full", "Make room.")

    steps = Steps(act)
    worker = Worker("unlucky", steps, every=0.001)
    worker.start()
    assert steps.reach(4)
    worker.stop()
    assert [line["event"] for line in lines(log)] == ["worker_waits", "worker_recovered"] * 2


@given(st.integers(1, 100_000), st.floats(0.0, 1e9))
def test_a_rest_grows_and_stays_bounded(failures: int, every: float) -> None:
    assert 0 <= rest_after(failures, every) <= rest_after(failures + 1, every) <= 10


def test_a_failing_worker_rests_twice_as_long_each_time() -> None:
    assert [rest_after(number, 0.5) for number in range(1, 7)] == [1, 2, 4, 8, 10, 10]


def test_stop_does_not_wait_for_the_pause_nor_for_the_rest() -> None:
    def act(_number: int) -> None:
        raise ValueError("broken")

    for name, steps, breath in (("pausing", Steps(), 0.0), ("resting", Steps(act), NEVER)):
        worker = Worker(name, steps, every=NEVER, first=0.0, breath=breath)
        worker.start()
        assert steps.reach(1)
        worker.stop(PATIENCE)
        assert threads_named(name) == []


def test_no_step_begins_after_the_end_and_the_one_in_hand_is_finished() -> None:
    inside, go_on = threading.Event(), threading.Event()

    def act(_number: int) -> None:
        inside.set()
        assert go_on.wait(PATIENCE)

    steps = Steps(act)
    worker = Worker("finisher", steps, every=0.001)
    worker.start()
    assert inside.wait(PATIENCE)
    stopping = threading.Thread(target=worker.stop, args=(PATIENCE,))
    stopping.start()
    while not worker.stopping:
        threading.Event().wait(0.001)
    worker.wake()
    go_on.set()
    stopping.join(PATIENCE)
    assert (steps.done, threads_named("finisher")) == (1, [])


def test_a_step_that_does_not_end_in_time_is_said(log: io.StringIO) -> None:
    inside, go_on = threading.Event(), threading.Event()

    def act(_number: int) -> None:
        inside.set()
        assert go_on.wait(PATIENCE)

    worker = Worker("dawdler", Steps(act), every=NEVER, first=0.0)
    worker.start()
    assert inside.wait(PATIENCE)
    worker.stop(0.01)
    assert [(line["event"], line["worker"]) for line in lines(log)] == [("worker_still_at_work", "dawdler")]
    go_on.set()
    worker.stop(PATIENCE)
    assert threads_named("dawdler") == []


def test_a_step_may_end_its_own_worker() -> None:
    steps = Steps(lambda _number: worker.stop(PATIENCE))
    worker = Worker("last", steps, every=0.001)
    worker.start()
    assert steps.reach(1)
    worker.stop(PATIENCE)
    assert (steps.done, threads_named("last")) == (1, [])


def test_stopping_before_the_start_and_twice_is_harmless() -> None:
    steps = Steps()
    worker = Worker("unborn", steps, every=0.001, first=0.0)
    worker.stop()
    worker.start()
    worker.stop()
    worker.stop()
    assert (steps.done, threads_named("unborn")) == (0, [])


def test_a_step_done_before_the_start_is_guarded_too(log: io.StringIO) -> None:
    def act(_number: int) -> None:
        raise Retryable("disk_full", "Make room.")

    steps = Steps(act)
    Worker("first", steps, every=NEVER).do_now()
    assert steps.done == 1
    assert lines(log)[0]["event"] == "worker_waits"


def test_one_item_in_trouble_keeps_no_other_from_its_turn() -> None:
    seen: list[str] = []

    def act(item: str) -> None:
        seen.append(item)
        if item != "b":
            raise ValueError(item)

    with pytest.raises(ExceptionGroup) as raised:
        in_turn(act, ["a", "b", "c"])
    assert seen == ["a", "b", "c"]
    assert [str(error) for error in raised.value.exceptions] == ["a", "c"]


def test_every_trouble_of_a_turn_is_said(log: io.StringIO) -> None:
    def act(item: str) -> None:
        raise Retryable(item, "Wait.")

    Worker("group", lambda: in_turn(act, ["one", "two"]), every=NEVER).do_now()
    assert [line["code"] for line in lines(log)] == ["one", "two"]
