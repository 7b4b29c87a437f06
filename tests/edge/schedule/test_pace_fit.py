"""Paces are pooled: near the usual with few visits, a provider's own with many, in ranges that hold the truth."""

import math
import random
from collections.abc import Sequence
from dataclasses import replace
from statistics import fmean

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from edge.schedule.pace_fit import Cell, Fit, fit

SPREADS = st.floats(0.02, 0.4)


@st.composite
def clinics(draw: st.DrawFn) -> list[Cell]:
    """Draw what some providers' visits for some services show; the first of each is always there."""
    providers, services = draw(st.integers(2, 5)), draw(st.integers(1, 4))
    return [
        Cell(provider, service, draw(st.integers(1, 200)), draw(st.floats(2, 5)), draw(st.floats(0.01, 0.3)))
        for service in range(services)
        for provider in range(providers)
        if provider < 2 or draw(st.booleans())
    ]


def numbered(cells: Sequence[Cell]) -> list[Cell]:
    people = {number: n for n, number in enumerate(dict.fromkeys(cell.provider for cell in cells))}
    return [replace(cell, provider=people[cell.provider]) for cell in cells]


def own_figure(cells: Sequence[Cell]) -> float:
    """Return what the first provider's first visits differ by from the others of the service, without any pooling."""
    others = [cell for cell in cells if cell.service == cells[0].service][1:]
    weights = [cell.count / cell.variance for cell in others]
    return cells[0].mean - sum(w * c.mean for w, c in zip(weights, others, strict=True)) / sum(weights)


@given(cells=clinics(), between=SPREADS, alone=SPREADS, more=st.floats(0.001, 1))
def test_who_takes_longer_is_found_to_take_longer(cells: list[Cell], between: float, alone: float, more: float) -> None:
    cells = numbered(cells)
    longer = [replace(cells[0], mean=cells[0].mean + more), *cells[1:]]
    before, after = (fit(some, [between], [alone]) for some in (cells, longer))
    assert after.providers[0].mean > before.providers[0].mean
    assert after.cells[0].mean > before.cells[0].mean
    assert after.cells[0].mean - before.cells[0].mean <= more + 1e-9


@given(counts=st.tuples(st.integers(1, 400), st.integers(1, 400)), difference=st.floats(0.01, 0.6), between=SPREADS)
def test_more_visits_draw_a_pace_further_from_the_usual_and_tell_it_more_surely(
    counts: tuple[int, int], difference: float, between: float
) -> None:
    assume(counts[0] < counts[1])
    others = [Cell(number, 0, 60, 3.5, 0.06) for number in (1, 2, 3)]
    few, many = (fit([Cell(0, 0, count, 3.5 + difference, 0.06), *others], [between], [0.03]) for count in counts)
    assert 0 < few.cells[0].mean < many.cells[0].mean < difference
    assert many.cells[0].deviation < few.cells[0].deviation


@given(cells=clinics(), between=SPREADS, alone=SPREADS)
def test_a_pace_is_never_wider_than_what_all_visits_say(cells: list[Cell], between: float, alone: float) -> None:
    cells = numbered(cells)
    found = fit(cells, [between], [alone])
    widest = max(one.mean for one in cells) - min(one.mean for one in cells)
    assert all(abs(known.mean) <= widest + 1e-9 for known in found.providers)
    assert all(known.deviation <= math.hypot(between, alone) + 1e-9 for known in found.cells)
    assert sum(known.mean for known in found.providers) == pytest.approx(0, abs=1e-6)


@given(cells=clinics(), shift=st.floats(-2, 2))
@settings(max_examples=25)
def test_how_long_a_service_takes_says_nothing_of_the_paces(cells: list[Cell], shift: float) -> None:
    cells = numbered(cells)
    shifted = [replace(cell, mean=cell.mean + shift) if cell.service == 0 else cell for cell in cells]
    one, other = fit(cells), fit(shifted)
    for mine, theirs in zip((*one.providers, *one.cells), (*other.providers, *other.cells), strict=True):
        assert mine.mean == pytest.approx(theirs.mean, abs=1e-6)
        assert mine.deviation == pytest.approx(theirs.deviation, abs=1e-6)


@given(cells=clinics(), order=st.randoms(use_true_random=False))
@settings(max_examples=25)
def test_the_order_of_the_visits_is_no_matter(cells: list[Cell], order: random.Random) -> None:
    cells = numbered(cells)
    numbers = list(range(len(cells)))
    order.shuffle(numbers)
    one, other = fit(cells), fit([cells[number] for number in numbers])
    for place, number in enumerate(numbers):
        assert other.cells[place].mean == pytest.approx(one.cells[number].mean, abs=1e-6)


def test_with_hundreds_of_visits_a_pace_is_the_providers_own() -> None:
    cells = [Cell(provider, 0, 800, 3.5 + 0.2 * (provider == 0), 0.06) for provider in range(6)]
    assert fit(cells).cells[0].mean == pytest.approx(own_figure(cells) * 5 / 6, abs=0.04)


def test_with_two_visits_a_pace_is_nearly_the_usual() -> None:
    cells = [Cell(provider, 0, 2 if provider == 0 else 90, 3.5 + 0.2 * (provider == 0), 0.06) for provider in range(6)]
    assert abs(fit(cells).cells[0].mean) < 0.05


def test_nothing_is_found_where_nobody_served() -> None:
    assert fit([]) == Fit((), (), ())


def true_clinic(seed: int, between: float, alone: float) -> tuple[list[Cell], list[float], list[float]]:
    """Return a made-up clinic's cells with the true logarithms of its providers and of the cells."""
    chance = random.Random(seed)
    people = [chance.gauss(0, between) for _ in range(6)]
    cells: list[Cell] = []
    truth: list[float] = []
    for service in range(8):
        usual, sigma = math.log(chance.choice([20, 30, 45, 60])), chance.choice([0.2, 0.3, 0.4])
        for provider, person in enumerate(people):
            if provider > 1 and chance.random() < 0.4:
                continue
            count = 1 + int(chance.expovariate(1 / 25))
            logarithm = person + chance.gauss(0, alone)
            mean = usual + logarithm + chance.gauss(0, sigma / math.sqrt(count))
            cells.append(Cell(provider, service, count, mean, sigma**2))
            truth.append(logarithm)
    there = [people[number] for number in dict.fromkeys(cell.provider for cell in cells)]
    # Everybody is compared with everybody, by way of the first two: the mean of all is the usual pace.
    usual_pace = fmean(there)
    return numbered(cells), [one - usual_pace for one in there], [one - usual_pace for one in truth]


@pytest.mark.parametrize(("between", "alone"), [(0.0, 0.0), (0.05, 0.0), (0.12, 0.0), (0.12, 0.06), (0.2, 0.08)])
def test_ranges_hold_the_true_paces_about_as_often_as_they_say(between: float, alone: float) -> None:
    hits, all_ = [0, 0], [0, 0]
    errors, raw = 0.0, 0.0
    for seed in range(60):
        cells, people, truth = true_clinic(seed, between, alone)
        found = fit(cells)
        for group, (known, true) in enumerate(((found.providers, people), (found.cells, truth))):
            pairs = list(zip(known, true, strict=True))
            hits[group] += sum(abs(one.mean - value) <= 1.96 * one.deviation for one, value in pairs)
            all_[group] += len(pairs)
        errors += sum((known.mean - true) ** 2 for known, true in zip(found.cells, truth, strict=True))
        raw += sum(true**2 for true in truth)
    assert min(hit / count for hit, count in zip(hits, all_, strict=True)) >= 0.9
    if between:
        # Better than planning everybody with the usual length.
        assert errors < raw
