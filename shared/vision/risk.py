"""What may be done with a finding, by bounds on the share of wrong ones.

A threshold on the confidence comes with a bound that holds with 95 % probability (Bates et al. 2021, arXiv
2101.02703; Angelopoulos et al. 2021, arXiv 2110.01052); `models/calibration/risk_control.py` finds it.
"""

import math
from collections.abc import Collection
from enum import StrEnum

import numpy as np

from shared.vision.parameters import CropClass, RoutingParameters
from shared.vocabulary import Route

# Down to about 1e-14 of the interval; further the rate could round to 1, where its logarithm ends.
_BISECTIONS = 46
_RANK = {Route.NOT_ASSESSED: 0, Route.REVIEW_REQUIRED: 1, Route.SUGGEST: 2, Route.ACT: 3}


class RouteReason(StrEnum):
    """Why a finding was not routed higher."""

    GROWTH = "growth"
    OUT_OF_DISTRIBUTION = "out_of_distribution"
    POSSIBLE_GROWTH = "possible_growth"
    LOOKS_CLEAR = "looks_clear"
    NO_TYPE_FITS = "no_type_fits"
    MORE_THAN_ONE_TYPE = "more_than_one_type"
    LOW_CONFIDENCE = "low_confidence"
    NO_BOUND = "no_bound"
    POLICY_CAP = "policy_cap"


def clopper_pearson_upper(errors: int, trials: int, delta: float = 0.05) -> float:
    """Return the exact upper bound of an error rate, exceeded by the truth with probability at most `delta`.

    The rate at which `errors` or fewer in `trials` have probability `delta`: the 1 - delta quantile of
    Beta(errors + 1, trials - errors) (Clopper and Pearson 1934). 1 without trials.

    Raises:
        ValueError: the counts do not fit, or `delta` is not between 0 and 1.
    """
    if not 0 <= errors <= trials or not 0 < delta < 1:
        raise ValueError("errors must lie in 0..trials and delta between 0 and 1")
    if errors == trials:
        return 1.0
    ways = np.array([_log_ways(k, trials) for k in range(errors + 1)])
    counts = np.arange(errors + 1)
    low, high = errors / trials, 1.0
    for _ in range(_BISECTIONS):
        rate = (low + high) / 2
        at_most = np.exp(ways + counts * math.log(rate) + (trials - counts) * math.log1p(-rate)).sum()
        low, high = (rate, high) if at_most > delta else (low, rate)
    return high


def _log_ways(k: int, trials: int) -> float:
    """Return the logarithm of the number of ways to choose k of the trials."""
    return math.lgamma(trials + 1) - math.lgamma(k + 1) - math.lgamma(trials - k + 1)


def highest_route(
    type_set: Collection[CropClass], ood: float, label: CropClass
) -> tuple[Route, tuple[RouteReason, ...]]:
    """Return the best route a finding can take however confident the networks are, and why no better one.

    A growth, and anything further from what was learnt than 99 in 100 known features (`ood` above 1), is never
    given a type. What may be a growth, looks clear or fits no type needs a person. More than one possible type
    is at most a suggestion.
    """
    barred: list[RouteReason] = []
    if label is CropClass.GROWTH:
        barred.append(RouteReason.GROWTH)
    if not ood <= 1.0:  # also when it is not a number
        barred.append(RouteReason.OUT_OF_DISTRIBUTION)
    if barred:
        return Route.NOT_ASSESSED, tuple(barred)
    if CropClass.GROWTH in type_set:
        barred.append(RouteReason.POSSIBLE_GROWTH)
    if label is CropClass.CLEAR:
        barred.append(RouteReason.LOOKS_CLEAR)
    if not type_set:
        barred.append(RouteReason.NO_TYPE_FITS)
    if barred:
        return Route.REVIEW_REQUIRED, tuple(barred)
    if len(type_set) > 1:
        return Route.SUGGEST, (RouteReason.MORE_THAN_ONE_TYPE,)
    return Route.ACT, ()


def route(
    confidence: float,
    type_set: Collection[CropClass],
    ood: float,
    label: CropClass,
    thresholds: RoutingParameters,
    *,
    cap: Route = Route.ACT,
) -> tuple[Route, tuple[RouteReason, ...]]:
    """Return what may be done with a finding and every reason why not more; no reasons come with *act* only.

    Args:
        confidence: calibrated joint probability, that of a feature times that of its label, 0 to 1.
        type_set: the classes it may be, by the conformal sets.
        ood: its distance over the threshold distance; above 1 it is unlike what was learnt.
        label: the most probable class.
        thresholds: from which confidence on the error is bounded.
        cap: what the policy allows at most, whatever the confidence.
    """
    best, reasons = highest_route(type_set, ood, label)
    by_confidence, why = _by_confidence(confidence, thresholds)
    limits = [(best, reasons), (by_confidence, why), (cap, (RouteReason.POLICY_CAP,))]
    chosen = min((limit for limit, _ in limits), key=_RANK.__getitem__)
    if chosen is Route.ACT:
        return chosen, ()
    # Only what holds the finding at this route is a reason; a higher limit was not the one in the way.
    return chosen, tuple(reason for limit, group in limits if limit is chosen for reason in group)


def _by_confidence(confidence: float, thresholds: RoutingParameters) -> tuple[Route, tuple[RouteReason, ...]]:
    """Return the route that the confidence alone earns."""
    act, suggest = thresholds.act_threshold, thresholds.suggest_threshold
    if act is not None and confidence >= act:
        return Route.ACT, ()
    if suggest is not None and confidence >= suggest:
        return Route.SUGGEST, (RouteReason.NO_BOUND if act is None else RouteReason.LOW_CONFIDENCE,)
    nothing = act is None and suggest is None
    return Route.REVIEW_REQUIRED, (RouteReason.NO_BOUND if nothing else RouteReason.LOW_CONFIDENCE,)
