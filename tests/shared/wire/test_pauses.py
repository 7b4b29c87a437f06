"""Pauses between attempts: they grow and differ, and begin anew only after a connection that has lasted."""

import random

from hypothesis import given
from hypothesis import strategies as st

from shared.wire.pauses import Pauses

OUTCOMES = st.lists(st.sampled_from(["refused", "silent", "short", "long"]), max_size=40)


def after(pauses: Pauses, outcome: str) -> float:
    match outcome:
        case "refused":
            return pauses.after_refusal()
        case "silent":
            return pauses.after_silence()
        case _:
            return pauses.after_session(60.0 if outcome == "long" else 1.0)


@given(OUTCOMES, st.floats(0.1, 600), st.integers(0, 2**31))
def test_no_pause_is_longer_than_allowed_or_next_to_nothing(outcomes: list[str], longest: float, seed: int) -> None:
    pauses = Pauses(longest, random.Random(seed))
    for outcome in outcomes:
        assert 0.5 * min(0.25, longest) <= after(pauses, outcome) <= longest


@given(st.sampled_from(["refused", "silent", "short"]), st.integers(0, 2**31))
def test_without_a_connection_that_lasts_pauses_grow_to_the_longest(outcome: str, seed: int) -> None:
    pauses = Pauses(30.0, random.Random(seed))
    for _ in range(7):
        after(pauses, outcome)
    assert after(pauses, outcome) >= 15.0


@given(OUTCOMES, st.integers(0, 2**31))
def test_after_a_connection_that_has_lasted_they_begin_anew(outcomes: list[str], seed: int) -> None:
    pauses = Pauses(30.0, random.Random(seed))
    for outcome in outcomes:
        after(pauses, outcome)
    assert pauses.after_session(60.0) <= 0.25
    assert pauses.patience == 2.0


def test_two_boxes_that_were_cut_off_together_come_back_apart() -> None:
    one, other = Pauses(30.0, random.Random(1)), Pauses(30.0, random.Random(2))
    assert [one.after_refusal() for _ in range(5)] != [other.after_refusal() for _ in range(5)]


def test_an_answer_that_never_comes_in_time_is_waited_for_longer_each_time_up_to_a_minute() -> None:
    pauses = Pauses(30.0, random.Random(1))
    waited = []
    for _ in range(7):
        waited.append(pauses.patience)
        pauses.after_silence()
    assert waited == [2, 4, 8, 16, 32, 60, 60]
    pauses.after_session(1.0)
    assert pauses.patience == 2
