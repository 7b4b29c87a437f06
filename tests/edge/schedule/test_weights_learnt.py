"""What is learnt of the weights: the truth where many decided by it, nothing where nobody did, in any order."""

import math
import random
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from edge.schedule.choice_fit import WEIGHT_SPREAD, fit
from edge.schedule.choices import Choice, Option, chosen, joined
from edge.schedule.weights import LEARNT, UNIT, Weights, countable, largest, unit_points
from edge.schedule.weights_learnt import (
    KNOWN_BETTER,
    LEAST_CHOICES,
    MOST_FACTOR,
    LearntWeight,
    Verdict,
    learn,
    with_learnt,
)
from tests.edge.schedule.decided import FIRST, GIVEN, SCALE, decided, options

GIVEN_WEIGHTS = Weights()
AMOUNTS = st.one_of(st.just(0.0), st.integers(0, 500).map(float), st.floats(0, 1e4))
LEVELS = st.tuples(*[st.integers(0, 2)] * 6)
WEIGHTS = st.builds(
    Weights,
    wait=st.floats(0, 20),
    preference=st.floats(0, 100),
    idle=st.floats(0, 5),
    brittle=st.floats(0, 100),
    fairness=st.floats(0, 1),
)


@st.composite
def choices(draw: st.DrawFn, most: int = 30) -> tuple[Choice, ...]:
    found = []
    for _ in range(draw(st.integers(0, most))):
        shown = options(draw(st.lists(st.tuples(*[AMOUNTS] * 7), min_size=2, max_size=4)))
        found.append(chosen(shown, draw(st.integers(0, len(shown) - 1))))
    return joined(found).choices


def test_many_choices_recover_the_weights_that_made_them_within_what_is_stated() -> None:
    true = {**GIVEN, "preference": 60.0, "idle": 0.1, "brittle": 14.0, "fairness": 0.03}
    made = decided(true, 3000, seed=2)
    learnt = learn(GIVEN_WEIGHTS, {}, made)
    assert [change.name for change in learnt.changes if not change.low <= true[change.name] <= change.high] == []
    assert {change.verdict for change in learnt.changes} == {Verdict.KNOWN}
    assert learnt.weights["preference"].weight == pytest.approx(60, rel=0.1)
    found = fit(made, 1.0, list(GIVEN.values()))
    assert found.scale == pytest.approx(SCALE, rel=0.1)
    assert found.first == pytest.approx(math.exp(FIRST), rel=0.2)


def test_the_stated_range_holds_the_truth_about_as_often_as_it_says() -> None:
    chance, held = random.Random(7), []
    for seed in range(50):
        true = {name: weight * math.exp(chance.gauss(0, WEIGHT_SPREAD)) for name, weight in GIVEN.items()}
        learnt = learn(GIVEN_WEIGHTS, {}, decided(true, 150, seed))
        held += [change.low <= true[change.name] <= change.high for change in learnt.changes]
    assert 0.88 <= np.mean(held) <= 0.99


def test_taking_what_is_shown_first_is_not_read_as_agreement() -> None:
    made = decided(GIVEN, 400, seed=3, scale=1e-6, first=3.0)
    learnt = learn(GIVEN_WEIGHTS, {}, made)
    assert learnt.first > 10
    assert learnt.weights == {}


@given(WEIGHTS)
def test_no_choices_change_nothing(given_weights: Weights) -> None:
    learnt = learn(given_weights, {}, ())
    assert learnt.weights == {}
    assert with_learnt(given_weights, learnt.weights) is given_weights
    assert all(change.old == change.new for change in learnt.changes)
    assert {change.name for change in learnt.changes} == {*unit_points(given_weights)} - {UNIT}


@given(st.lists(st.lists(st.tuples(LEVELS, st.tuples(*[AMOUNTS] * 7)), min_size=2, max_size=4), max_size=40))
def test_choices_that_differ_in_the_first_level_change_nothing(shown: list[list[tuple[tuple[int, ...], ...]]]) -> None:
    found = []
    for answers in shown:
        apart = {level: Option(level, units, 0.0, not number) for number, (level, units) in enumerate(answers)}
        found.append(chosen(list(apart.values()), 0))
    decisions = joined(found)
    assert sum(decisions.left_out.values()) == len(shown)
    assert learn(GIVEN_WEIGHTS, {}, decisions.choices).weights == {}


@settings(max_examples=40, deadline=None)
@given(choices(), st.randoms())
def test_neither_the_order_of_choices_nor_that_of_answers_matters(
    made: tuple[Choice, ...], chance: random.Random
) -> None:
    turned = []
    for one in made:
        shown = [one.taken, *one.others]
        chance.shuffle(shown)
        turned.append(chosen(shown, shown.index(one.taken)))
    chance.shuffle(turned)
    assert learn(GIVEN_WEIGHTS, {}, joined(turned).choices) == learn(GIVEN_WEIGHTS, {}, made)


@settings(max_examples=40, deadline=None, phases=[Phase.generate])
@given(choices(), WEIGHTS)
def test_whatever_was_chosen_the_fit_is_at_its_best_and_weights_stay_positive_and_bounded(
    made: tuple[Choice, ...], given_weights: Weights
) -> None:
    before = [float(getattr(given_weights, name)) for name in LEARNT]
    found = fit(made, given_weights.wait, before)
    assert found.steepness < 1e-2
    learnt = learn(given_weights, {}, made)
    assert Weights.model_validate(with_learnt(given_weights, learnt.weights).model_dump())
    for change in learnt.changes:
        assert 0 < change.low <= change.fitted <= change.high < math.inf
        assert 0 < change.new <= change.old * MOST_FACTOR + 0.01
        assert change.new >= change.old / MOST_FACTOR - 0.01


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10_000))
def test_the_same_choices_twice_tighten_every_range(seed: int) -> None:
    made = decided(GIVEN, 200, seed)
    once, twice = (fit(some, 1.0, list(GIVEN.values())) for some in (made, made * 2))
    assert all(double < single < WEIGHT_SPREAD for single, double in zip(once.spreads, twice.spreads, strict=True))


def test_too_few_choices_change_nothing_however_clear_they_are() -> None:
    true = {**GIVEN, "preference": 60.0}
    few = learn(GIVEN_WEIGHTS, {}, decided(true, LEAST_CHOICES - 1, seed=2))
    assert few.weights == {}
    assert {change.verdict for change in few.changes} == {Verdict.TOO_FEW}
    enough = learn(GIVEN_WEIGHTS, {}, decided(true, 200, seed=2))
    assert "preference" in enough.weights
    for change in enough.changes:
        spread = math.log(change.high / change.low) / (2 * 1.96)
        assert (change.verdict is Verdict.TOO_VAGUE) == (spread > KNOWN_BETTER * WEIGHT_SPREAD)
        assert change.verdict is not Verdict.TOO_VAGUE or change.new == change.old


def test_a_long_way_is_gone_in_bounded_steps_each_from_what_is_planned_with() -> None:
    made = decided({**GIVEN, "preference": 240.0}, 2000, seed=4)
    first = learn(GIVEN_WEIGHTS, {}, made)
    assert first.weights["preference"].weight == 90
    second = learn(GIVEN_WEIGHTS, first.weights, made)
    assert second.weights["preference"].weight == pytest.approx(240, rel=0.15)
    assert learn(GIVEN_WEIGHTS, second.weights, made).weights == second.weights
    change = next(change for change in first.changes if change.name == "preference")
    assert change.verdict is Verdict.BOUNDED


def test_what_was_learnt_stays_until_choices_tell_more_or_the_clinics_file_changes() -> None:
    learnt = {"idle": LearntWeight(0.5, 0.2, 0.4, 0.6, 80)}
    assert with_learnt(GIVEN_WEIGHTS, learnt).idle == 0.5
    assert learn(GIVEN_WEIGHTS, learnt, ()).weights == learnt
    changed = GIVEN_WEIGHTS.model_copy(update={"idle": 0.3})
    assert with_learnt(changed, learnt) is changed
    assert learn(changed, learnt, ()).weights == {}


def test_a_term_without_weight_is_not_learnt() -> None:
    without = GIVEN_WEIGHTS.model_copy(update={"idle": 0.0})
    made = decided({**GIVEN, "preference": 60.0}, 300, seed=5)
    learnt = learn(without, {}, made)
    assert "idle" not in learnt.weights
    assert "idle" not in {change.name for change in learnt.changes}
    assert "idle" not in unit_points(without)
    nothing = tuple(replace(one, taken=one.others[0]) for one in made)
    assert learn(GIVEN_WEIGHTS.model_copy(update=dict.fromkeys(LEARNT, 0.0)), {}, nothing).changes == ()


def test_no_weight_is_learnt_that_a_clinics_file_may_not_have() -> None:
    dear = Weights(preference=900.0)
    made = decided({**GIVEN, "preference": 5000.0}, 400, seed=6, scale=1 / 1000)
    assert learn(dear, {}, made).weights["preference"].weight == 1000
    assert [largest(name) for name in ("preference", "fairness")] == [1000, 10]


def test_a_weight_is_what_costs_count_of_it() -> None:
    assert (countable("fairness", 0.0237), countable("idle", 0.2031), countable("wait", 1)) == (0.02, 0.204, 1)
    assert unit_points(GIVEN_WEIGHTS) == {"wait": 1.0, **GIVEN}
