"""Bounds on an error rate, and the routing that rests on them."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import beta

from shared.vision.parameters import CropClass
from shared.vision.risk import RouteReason, clopper_pearson_upper, route
from shared.vocabulary import Route
from tests.support.bundles import some_routing

SPOT, BLEMISH, GROWTH, CLEAR = CropClass.SPOT, CropClass.BLEMISH, CropClass.GROWTH, CropClass.CLEAR
THRESHOLDS = some_routing(act=0.9, suggest=0.6)
RANK = [Route.NOT_ASSESSED, Route.REVIEW_REQUIRED, Route.SUGGEST, Route.ACT]
SETS = st.lists(st.sampled_from(CropClass), unique=True, max_size=5).map(tuple)


@settings(deadline=None)
@given(st.integers(0, 400), st.integers(1, 400), st.floats(1e-4, 0.5))
def test_the_bound_is_the_quantile_of_the_beta_distribution(errors: int, others: int, delta: float) -> None:
    exact = beta.ppf(1 - delta, errors + 1, others)
    assert clopper_pearson_upper(errors, errors + others, delta) == pytest.approx(exact, abs=1e-9)


def test_no_error_in_59_bounds_the_rate_below_5_percent_and_in_58_does_not() -> None:
    assert clopper_pearson_upper(0, 59) <= 0.05 < clopper_pearson_upper(0, 58)


def test_nothing_but_errors_or_nothing_at_all_bounds_nothing() -> None:
    assert clopper_pearson_upper(0, 0) == 1
    assert clopper_pearson_upper(7, 7) == 1


@pytest.mark.parametrize(("errors", "trials", "delta"), [(-1, 5, 0.05), (6, 5, 0.05), (1, 5, 0.0), (1, 5, 1.0)])
def test_impossible_counts_are_refused(errors: int, trials: int, delta: float) -> None:
    with pytest.raises(ValueError, match="errors must lie"):
        clopper_pearson_upper(errors, trials, delta)


@pytest.mark.parametrize(
    ("confidence", "types", "ood", "label", "expected", "reasons"),
    [
        (0.95, (SPOT,), 0.5, SPOT, Route.ACT, ()),
        (0.90, (SPOT,), 1.0, SPOT, Route.ACT, ()),
        (0.95, (SPOT, BLEMISH), 0.5, SPOT, Route.SUGGEST, (RouteReason.MORE_THAN_ONE_TYPE,)),
        (0.70, (SPOT,), 0.5, SPOT, Route.SUGGEST, (RouteReason.LOW_CONFIDENCE,)),
        (0.59, (SPOT,), 0.5, SPOT, Route.REVIEW_REQUIRED, (RouteReason.LOW_CONFIDENCE,)),
        (0.99, (), 0.5, SPOT, Route.REVIEW_REQUIRED, (RouteReason.NO_TYPE_FITS,)),
        (0.99, (CLEAR,), 0.5, CLEAR, Route.REVIEW_REQUIRED, (RouteReason.LOOKS_CLEAR,)),
        (0.99, (SPOT, GROWTH), 0.5, SPOT, Route.REVIEW_REQUIRED, (RouteReason.POSSIBLE_GROWTH,)),
        (0.99, (GROWTH,), 0.5, GROWTH, Route.NOT_ASSESSED, (RouteReason.GROWTH,)),
        (0.99, (SPOT,), 1.01, SPOT, Route.NOT_ASSESSED, (RouteReason.OUT_OF_DISTRIBUTION,)),
        (0.99, (SPOT,), float("nan"), SPOT, Route.NOT_ASSESSED, (RouteReason.OUT_OF_DISTRIBUTION,)),
        (0.10, (GROWTH,), 3.0, GROWTH, Route.NOT_ASSESSED, (RouteReason.GROWTH, RouteReason.OUT_OF_DISTRIBUTION)),
    ],
)
def test_findings_are_routed_by_what_bounds_their_error(
    confidence: float,
    types: tuple[CropClass, ...],
    ood: float,
    label: CropClass,
    expected: Route,
    reasons: tuple[RouteReason, ...],
) -> None:
    assert route(confidence, types, ood, label, THRESHOLDS) == (expected, reasons)


def test_without_a_bound_nothing_is_acted_on_or_suggested_however_sure() -> None:
    unbounded = some_routing(act=None, suggest=None)
    assert route(1.0, (SPOT,), 0.1, SPOT, unbounded) == (Route.REVIEW_REQUIRED, (RouteReason.NO_BOUND,))
    only_suggest = some_routing(act=None, suggest=0.6)
    assert route(1.0, (SPOT,), 0.1, SPOT, only_suggest) == (Route.SUGGEST, (RouteReason.NO_BOUND,))


@settings(deadline=None)
@given(st.floats(0, 1), SETS, st.floats(0, 3), st.sampled_from(CropClass), st.sampled_from(Route))
def test_the_policys_cap_stands_above_confidence(
    confidence: float, types: tuple[CropClass, ...], ood: float, label: CropClass, cap: Route
) -> None:
    free, _ = route(confidence, types, ood, label, THRESHOLDS)
    capped, reasons = route(confidence, types, ood, label, THRESHOLDS, cap=cap)
    assert RANK.index(capped) == min(RANK.index(free), RANK.index(cap))
    assert (RouteReason.POLICY_CAP in reasons) == (capped is cap and cap is not Route.ACT)


@settings(deadline=None)
@given(st.floats(0, 1), SETS, st.floats(0, 3), st.sampled_from(CropClass), st.sampled_from(Route))
def test_whatever_is_not_acted_on_says_why(
    confidence: float, types: tuple[CropClass, ...], ood: float, label: CropClass, cap: Route
) -> None:
    chosen, reasons = route(confidence, types, ood, label, THRESHOLDS, cap=cap)
    assert bool(reasons) == (chosen is not Route.ACT)


@settings(deadline=None)
@given(st.floats(0, 1), st.floats(0, 1), SETS, st.floats(0, 3), st.sampled_from(CropClass))
def test_more_confidence_never_lowers_a_route(
    a: float, b: float, types: tuple[CropClass, ...], ood: float, label: CropClass
) -> None:
    low, _ = route(min(a, b), types, ood, label, THRESHOLDS)
    high, _ = route(max(a, b), types, ood, label, THRESHOLDS)
    assert RANK.index(low) <= RANK.index(high)


@settings(deadline=None)
@given(st.floats(0, 1), SETS, st.floats(0, 3), st.sampled_from(CropClass))
def test_a_growth_is_never_given_a_type(
    confidence: float, types: tuple[CropClass, ...], ood: float, label: CropClass
) -> None:
    chosen, _ = route(confidence, types, ood, label, THRESHOLDS)
    if label is GROWTH:
        assert chosen is Route.NOT_ASSESSED
    elif GROWTH in types:
        assert chosen in (Route.NOT_ASSESSED, Route.REVIEW_REQUIRED)
