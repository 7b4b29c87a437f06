"""From counted features to a word for their number, with the interval that the findings' own doubt leaves.

The rule is the one of Hayashi et al., "Establishment of grading criteria for acne severity" (J Dermatol 2008,
35:255-260), which the panel found to follow the number of inflammatory (red or raised) features on half of the
face: 0-5, 6-20, 21-50, more than 50. Here the words say how many there are and nothing else; the first band is
parted into none and some, because a clear face deserves its own word:

| features on half of the face | 0 | 1-5 | 6-20 | 21-50 | > 50 |
|---|---|---|---|---|---|
| word | clear | few | some | many | very_many |

The whole face is graded by its fuller half, whichever that is. A region is graded as if the half face were as
densely covered as the region is: the bounds are multiplied by the region's share of half the face, rounded,
and kept apart.

Each finding is there with its calibrated probability, independently of the others; so the count follows a
Poisson-binomial distribution, worked out exactly by convolution, one finding at a time.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shared.vocabulary import AppearanceGrade, FaceRegion, FindingType

RULE = "hayashi-2008"
INFLAMMATORY = frozenset({FindingType.BLEMISH, FindingType.PUSTULE})
LEVEL = 0.90

_WORDS = tuple(AppearanceGrade)
_HALF_FACE_BOUNDS = (5, 20, 50)  # the last count of few, some and many


@dataclass(frozen=True, slots=True)
class CountedFeature:
    """One finding, as far as counting it goes.

    Attributes:
        type: what it looks like.
        probability: calibrated probability that it is there and of this type, 0 to 1.
        region: facial region of its centre; None outside all regions.
        on_right_half: whether it lies on the client's right half of the face.
    """

    type: FindingType
    probability: float
    region: FaceRegion | None
    on_right_half: bool


@dataclass(frozen=True, slots=True)
class CountInterval:
    """A count that findings' probabilities make likely: low ≤ count ≤ high."""

    count: int
    low: int
    high: int


@dataclass(frozen=True, slots=True)
class Grade:
    """How many features a region, or the whole face, shows.

    Attributes:
        region: where; None for the whole face.
        grade: the word for the median count of inflammatory features: of the region, or of the fuller half face.
        grade_low: the word for the lower end of that count's 90 % interval.
        grade_high: the word for its upper end.
        every_type: features of every type, with their 90 % interval.
        inflammatory: blemishes and pustules alone, with their 90 % interval.
        rule: the published rule behind the words.
    """

    region: FaceRegion | None
    grade: AppearanceGrade
    grade_low: AppearanceGrade
    grade_high: AppearanceGrade
    every_type: CountInterval
    inflammatory: CountInterval
    rule: str = RULE


def count_distribution(probabilities: Sequence[float]) -> NDArray[np.float64]:
    """Return P(count = 0 … n) of n independent features, each there with its own probability.

    Raises:
        ValueError: a probability lies outside 0 to 1.
    """
    distribution = np.ones(1)
    for probability in probabilities:
        if not 0.0 <= probability <= 1.0:
            raise ValueError("a probability lies between 0 and 1")
        distribution = np.convolve(distribution, (1.0 - probability, probability))
    return distribution


def count_interval(probabilities: Sequence[float], level: float = LEVEL) -> CountInterval:
    """Return the median count and its equal-tailed interval, holding at least `level` of the probability.

    Raises:
        ValueError: a probability lies outside 0 to 1, or the level not between 0 and 1.
    """
    return _interval(np.cumsum(count_distribution(probabilities)), level)


def word_for(count: int, share_of_half_face: float = 1.0) -> AppearanceGrade:
    """Return the word for a count of inflammatory features on a part of half a face.

    Args:
        count: how many.
        share_of_half_face: the part's area over half the face's area, above 0; 1 for the half face itself.

    Raises:
        ValueError: the count is negative or the share not positive.
    """
    if count < 0 or not share_of_half_face > 0:
        raise ValueError("a count is at least 0 and a share above 0")
    return _WORDS[int(np.searchsorted((0, *_bounds(share_of_half_face)), count))]


def grade_face(features: Iterable[CountedFeature], area_shares: Mapping[FaceRegion, float]) -> tuple[Grade, ...]:
    """Return the whole face's grade, then each region's, in the regions' order.

    Args:
        features: every finding that is counted.
        area_shares: each visible region's area over the whole face's area, above 0 to 1; regions not named are
            not graded, but what lies in them counts for the whole face.

    Raises:
        ValueError: a probability lies outside 0 to 1 or a share is not positive.
    """
    counted = tuple(features)
    regions = []
    for region, share in area_shares.items():
        here = [each for each in counted if each.region is region]
        regions.append(Grade(region, *_words(_inflammatory(here), 2.0 * share), _all(here), _inflammatory(here)))
    return Grade(None, *_words(_fuller_half(counted), 1.0), _all(counted), _inflammatory(counted)), *regions


def _bounds(share: float) -> tuple[int, ...]:
    """Return the last counts of few, some and many on this share of half a face: at least 1, and rising."""
    bounds = [0]
    for bound in _HALF_FACE_BOUNDS:
        bounds.append(max(bounds[-1] + 1, round(bound * share)))
    return tuple(bounds[1:])


def _words(interval: CountInterval, share: float) -> tuple[AppearanceGrade, AppearanceGrade, AppearanceGrade]:
    return word_for(interval.count, share), word_for(interval.low, share), word_for(interval.high, share)


def _all(features: Iterable[CountedFeature]) -> CountInterval:
    return count_interval([each.probability for each in features])


def _inflammatory(features: Iterable[CountedFeature]) -> CountInterval:
    return _all(each for each in features if each.type in INFLAMMATORY)


def _fuller_half(features: Sequence[CountedFeature]) -> CountInterval:
    """Return the interval of the larger of the two halves' counts: its distribution is the product of theirs."""
    inflammatory = [each for each in features if each.type in INFLAMMATORY]
    cumulative = np.ones(len(inflammatory) + 1)
    for right in (True, False):
        half = np.cumsum(count_distribution([each.probability for each in inflammatory if each.on_right_half is right]))
        cumulative[: half.size] *= half
    return _interval(cumulative, LEVEL)


def _interval(cumulative: NDArray[np.float64], level: float) -> CountInterval:
    if not 0.0 < level < 1.0:
        raise ValueError("a level lies between 0 and 1")
    # A hair's breadth below, or the rounding of the sums would widen the intervals of certain findings.
    tail = (1.0 - level) / 2
    low, middle, high = (int(np.searchsorted(cumulative, share - 1e-12)) for share in (tail, 0.5, 1.0 - tail))
    return CountInterval(middle, low, min(high, cumulative.size - 1))
