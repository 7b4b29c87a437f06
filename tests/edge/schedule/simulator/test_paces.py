"""A provider with a true pace takes as long as it says, whatever the plan expects."""

import datetime as dt

import numpy as np
import pytest

from edge.schedule.booking import plan_day, synthesise_day
from edge.schedule.ids import ProviderId
from edge.schedule.registry import Registry
from edge.schedule.simulator.behaviour import Behaviour, figures
from edge.schedule.simulator.run import simulate
from tests.edge.schedule.paced import with_paces

DATE = dt.date(2026, 11, 23)
CEDAR = ProviderId("cedar")


def lengths(clinic: Registry, world: Behaviour) -> dict[tuple[str, int], tuple[int, int, float]]:
    """Return usual, planned and mean real minutes of each stage with Dr. Cedar."""
    day = plan_day(clinic, synthesise_day(clinic, DATE, 1, 30), DATE)
    outcome = simulate(clinic, day, world, draws=1)
    real = np.nanmean(outcome.ends - outcome.begins, axis=0)
    found = {}
    for column, (name, number) in enumerate(outcome.stages):
        visit = day.appointments[name]
        stage, usual = visit.stages[number], clinic.service(visit.service).stages[number]
        if stage.provider == CEDAR:
            found[name, number] = usual.minutes, stage.end - stage.start, float(real[column])
    return found


@pytest.mark.parametrize("planned", [100, 120, 75])
def test_the_true_pace_is_that_of_the_usual_length_however_it_is_planned(clinic: Registry, planned: int) -> None:
    world = Behaviour.certain().model_copy(update={"paces": {CEDAR: 1.2}})
    seen = lengths(with_paces(clinic, {CEDAR: planned}), world)
    assert seen
    for usual, expected, real in seen.values():
        assert real == pytest.approx(usual * 1.2)
        assert planned != 100 or expected == usual


def test_who_is_not_named_takes_as_long_as_planned(clinic: Registry) -> None:
    world = Behaviour.certain().model_copy(update={"paces": {ProviderId("laurel"): 1.2}})
    assert all(real == expected for _, expected, real in lengths(with_paces(clinic, {CEDAR: 120}), world).values())


def test_a_figure_is_listed_for_each_provider_who_is_named() -> None:
    listed = figures(Behaviour(paces={CEDAR: 1.1}))
    assert [value for name, value, _ in listed if name == "paces.cedar"] == [1.1]
