"""Estimates lie between what was known before and the clinic's own history, and find what made a history."""

import math
import random
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.schedule.durations import LogNormal
from edge.schedule.estimates import (
    NO_SHOW_BEFORE,
    NO_SHOW_WEIGHT,
    ServiceHistory,
    before,
    calibrated,
    drawn,
    estimate,
    share,
)
from edge.schedule.ids import ServiceId
from edge.schedule.registry import Registry, demo_registry

FILLER, HAIR, FOLLOW_UP = ServiceId("filler"), ServiceId("laser-hair"), ServiceId("follow-up")
MINUTES = st.lists(st.floats(5, 200), min_size=1, max_size=60)
PRIORS = st.builds(LogNormal, st.floats(10, 100), st.floats(0.05, 0.6))


def took(booked: float, *actual: float) -> ServiceHistory:
    """Return a history of visits that were booked and took so long."""
    lengths = tuple((booked, minutes) for minutes in actual)
    overruns = sum(minutes > booked for minutes in actual)
    return ServiceHistory(lengths, came=len(actual), timed=len(actual), overruns=overruns)


def geometric(minutes: Sequence[float]) -> float:
    return math.exp(sum(map(math.log, minutes)) / len(minutes))


def spread(minutes: Sequence[float]) -> float:
    """Return the standard deviation of the logarithms."""
    middle = math.log(geometric(minutes))
    return math.sqrt(sum((math.log(value) - middle) ** 2 for value in minutes) / max(1, len(minutes) - 1))


@given(PRIORS, MINUTES)
def test_a_length_lies_between_what_was_known_and_what_was_measured(prior: LogNormal, minutes: list[float]) -> None:
    found, own = drawn(prior, minutes), geometric(minutes)
    assert min(prior.median, own) * (1 - 1e-9) <= found.median <= max(prior.median, own) * (1 + 1e-9)
    if len(minutes) > 1:
        assert min(prior.sigma, spread(minutes)) - 1e-9 <= found.sigma <= max(prior.sigma, spread(minutes)) + 1e-9
    else:
        assert found.sigma == pytest.approx(prior.sigma)


@given(PRIORS, MINUTES, st.integers(2, 20))
def test_the_same_history_more_often_draws_nearer_to_it(prior: LogNormal, minutes: list[float], times: int) -> None:
    def away(found: LogNormal) -> float:
        return abs(math.log(found.median / geometric(minutes)))

    assert away(drawn(prior, minutes * times)) <= away(drawn(prior, minutes)) + 1e-9


@given(st.floats(0.01, 0.99), st.integers(1, 100), st.integers(0, 500), st.data())
def test_a_share_lies_between_what_was_known_and_what_was_seen(
    prior: float, weight: int, count: int, data: st.DataObject
) -> None:
    hits = data.draw(st.integers(0, count))
    found, own = share(prior, weight, hits, count), hits / count if count else prior
    assert min(prior, own) - 1e-12 <= found <= max(prior, own) + 1e-12


def test_few_visits_change_little_and_many_almost_all(clinic: Registry) -> None:
    few = estimate(clinic, {FILLER: took(65, 100, 100)})[FILLER].length
    many = estimate(clinic, {FILLER: took(65, *[100] * 1000)})[FILLER].length
    prior = before(clinic, clinic.service(FILLER)).length
    assert few.distribution.median - prior.distribution.median < 10
    assert many.distribution.median == pytest.approx(100, rel=0.01)
    assert (prior.observations, few.observations, many.observations) == (0, 2, 1000)


def test_without_history_the_published_and_the_planned_hold(clinic: Registry) -> None:
    for service in clinic.services:
        prior = before(clinic, service)
        assert prior.no_show == NO_SHOW_BEFORE
        assert prior.overrun == pytest.approx(1 - clinic.planning_quantile)
        assert prior.length.distribution.planned(clinic.planning_quantile) == service.minutes
    assert estimate(clinic, {}) == {}
    assert calibrated(clinic, {}) is clinic


def test_the_parameters_that_made_a_history_are_found_again(clinic: Registry) -> None:
    chance = random.Random(5)
    truth = {FILLER: (75.0, 0.3, 0.12), HAIR: (24.0, 0.15, 0.02), FOLLOW_UP: (14.0, 0.4, 0.3)}
    history = {}
    for name, (median, sigma, no_show) in truth.items():
        booked = clinic.service(name).minutes
        missed = sum(chance.random() < no_show for _ in range(1500))
        actual = [median * math.exp(chance.gauss(0, sigma)) for _ in range(1500 - missed)]
        history[name] = took(booked, *actual) + ServiceHistory(no_shows=missed)
    for name, found in estimate(clinic, history).items():
        median, sigma, no_show = truth[name]
        assert found.length.distribution.median == pytest.approx(median, rel=0.03)
        assert found.length.distribution.sigma == pytest.approx(sigma, rel=0.08)
        assert found.no_show == pytest.approx(no_show, abs=0.025)
        longer = history[name].overruns / history[name].timed
        assert found.overrun == pytest.approx(longer, abs=0.01)


def test_a_planned_length_covers_its_share_of_the_visits_to_come(clinic: Registry) -> None:
    chance = random.Random(11)

    def actual() -> float:
        return 75 * math.exp(chance.gauss(0, 0.3))

    found = estimate(clinic, {FILLER: took(65, *(actual() for _ in range(200)))})
    length = found[FILLER].length.distribution.quantile(clinic.planning_quantile)
    covered = sum(actual() <= length for _ in range(4000)) / 4000
    assert covered == pytest.approx(clinic.planning_quantile, abs=0.05)


def test_a_button_pressed_in_the_evening_does_not_make_a_service_long(clinic: Registry) -> None:
    honest = took(65, *[66] * 20)
    found = estimate(clinic, {FILLER: honest + took(65, 540, 3)})[FILLER]
    assert found.length == estimate(clinic, {FILLER: honest})[FILLER].length
    assert found.left_out == 2
    assert (found.timed, found.visits) == (20, 22)


def test_the_whole_visit_is_planned_on_the_grid_and_its_stages_share_it(clinic: Registry) -> None:
    new = calibrated(clinic, estimate(clinic, {FILLER: took(65, *[90.0] * 500)})).service(FILLER)
    assert new.minutes == 95
    assert [stage.minutes for stage in new.stages] == [15, 30, 35, 15]
    assert [stage.name for stage in new.stages] == [stage.name for stage in clinic.service(FILLER).stages]


def test_measured_stages_decide_how_the_visit_is_divided(clinic: Registry) -> None:
    stages = {"preparation": (12.0,) * 200, "laser": (17.0,) * 200}
    history = {HAIR: took(30, *[29.0] * 500) + ServiceHistory(stages=stages)}
    new = calibrated(clinic, estimate(clinic, history)).service(HAIR)
    assert [(stage.name, stage.minutes) for stage in new.stages] == [("preparation", 10), ("laser", 20)]


@given(st.dictionaries(st.sampled_from([s.id for s in demo_registry().services]), MINUTES, max_size=10))
def test_a_calibrated_clinic_is_a_clinic_that_can_be_written_and_read(
    minutes: dict[ServiceId, list[float]],
) -> None:
    clinic = demo_registry()
    history = {name: took(clinic.service(name).minutes, *actual) for name, actual in minutes.items()}
    new = calibrated(clinic, estimate(clinic, history))
    read = Registry.model_validate_json(new.model_dump_json())
    for one, other in zip(new.services, read.services, strict=True):
        assert [stage.minutes for stage in one.stages] == [stage.minutes for stage in other.stages]
    assert calibrated(clinic, estimate(clinic, history)) == new


def test_no_shows_of_one_day_weigh_no_more_than_the_clinics_own_number(clinic: Registry) -> None:
    found = estimate(clinic, {FILLER: ServiceHistory(no_shows=2)})[FILLER]
    assert found.no_show == pytest.approx((NO_SHOW_BEFORE * NO_SHOW_WEIGHT + 2) / (NO_SHOW_WEIGHT + 2))
    assert calibrated(clinic, {FILLER: found}) is clinic
