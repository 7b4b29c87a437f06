"""The four figures of agreement between readers: place, type, count, grade.

Each is a rule that says which photographs it can use and how it is computed from them. Pairs of readers count
alike, and what one photograph adds is worked out once, so that resampling only sums.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from models.evaluation.readers.agreement import icc_2_1, mean_kappa, positive_agreement
from models.evaluation.readers.estimate import Statistic
from models.evaluation.readers.matching import match
from models.evaluation.readers.readings import Photo
from shared.vocabulary import AppearanceGrade, FindingType

TYPES = tuple(FindingType)
GRADES = tuple(AppearanceGrade)


@dataclass(frozen=True, slots=True)
class Rule:
    """One figure of agreement.

    Attributes:
        name: stable name, as in the JSON report.
        usable: which photographs it can use.
        statistic: returns how many things are compared on photographs, and the figure of any selection of them.
    """

    name: str
    usable: Callable[[Mapping[str, Photo]], frozenset[str]]
    statistic: Callable[[Sequence[Photo]], tuple[int, Statistic]]


def by_pair(photos: Sequence[Photo]) -> list[tuple[str, str]]:
    """Return every pair of readers that occurs on some photograph, sorted."""
    return sorted({pair for photo in photos for pair in combinations(sorted(photo), 2)})


def _read_twice(photos: Mapping[str, Photo]) -> frozenset[str]:
    """Return photographs that two or more readers read."""
    return frozenset(name for name, photo in photos.items() if len(photo) > 1)


def _graded_twice(photos: Mapping[str, Photo]) -> frozenset[str]:
    """Return photographs that two or more readers graded."""
    return frozenset(name for name, photo in photos.items() if len(_graded(photo)) > 1)


def _read_by_all(photos: Mapping[str, Photo]) -> frozenset[str]:
    """Return photographs that every reader read: the analysis of variance needs a full table."""
    readers = {reader for photo in photos.values() for reader in photo}
    return frozenset(name for name, photo in photos.items() if photo.keys() == readers and len(readers) > 1)


def _graded(photo: Photo) -> dict[str, AppearanceGrade]:
    return {reader: reading.grade for reader, reading in photo.items() if reading.grade is not None}


def place(photos: Sequence[Photo]) -> tuple[int, Statistic]:
    """Return positive agreement on where features are; cases are features, once for each pair of readers."""
    matched, named = np.zeros(len(photos)), np.zeros(len(photos))
    for i, photo in enumerate(photos):
        for one, other in combinations(photo.values(), 2):
            matched[i] += len(match(one.features, other.features).pairs)
            named[i] += len(one.features) + len(other.features)
    return int(named.sum()), lambda index: positive_agreement(matched[index].sum(), named[index].sum())


def kind(photos: Sequence[Photo]) -> tuple[int, Statistic]:
    """Return the mean kappa of types on features found by both of a pair; cases are such features."""
    pairs = by_pair(photos)
    tables = np.zeros((len(photos), len(pairs), len(TYPES), len(TYPES)))
    for i, photo in enumerate(photos):
        for one, other in combinations(sorted(photo), 2):
            a, b = photo[one].features, photo[other].features
            for first, second in match(a, b).pairs:
                row, column = TYPES.index(a[first].type), TYPES.index(b[second].type)
                tables[i, pairs.index((one, other)), row, column] += 1
    return int(tables.sum()), lambda index: mean_kappa(tables[index].sum(axis=0))


def count(photos: Sequence[Photo], column: str | None = None) -> tuple[int, Statistic]:
    """Return ICC(2,1) of the number of features, all or of one column; cases are readings.

    Every photograph has to hold the same readers.
    """
    readers = sorted(photos[0]) if photos else []
    scores = np.array([[_number(photo, reader, column) for reader in readers] for photo in photos], np.float64)
    return scores.size, lambda index: icc_2_1(scores[index])


def _number(photo: Photo, reader: str, column: str | None) -> int:
    counts = photo[reader].counts
    return photo[reader].total if column is None or counts is None else counts[column]


def grade(photos: Sequence[Photo]) -> tuple[int, Statistic]:
    """Return the mean quadratic weighted kappa of grades; cases are pairs of graded readings."""
    pairs = by_pair(photos)
    tables = np.zeros((len(photos), len(pairs), len(GRADES), len(GRADES)))
    for i, photo in enumerate(photos):
        graded = _graded(photo)
        for one, other in combinations(sorted(graded), 2):
            row, column = GRADES.index(graded[one]), GRADES.index(graded[other])
            tables[i, pairs.index((one, other)), row, column] += 1
    return int(tables.sum()), lambda index: mean_kappa(tables[index].sum(axis=0), quadratic=True)


def region_rule(column: str) -> Rule:
    """Return the rule for one column of counts."""
    return Rule(column, _read_by_all, lambda photos: count(photos, column))


PLACE = Rule("place", _read_twice, place)
TYPE = Rule("type", _read_twice, kind)
COUNT = Rule("count", _read_by_all, count)
GRADE = Rule("grade", _graded_twice, grade)


def pair_table(photos: Mapping[str, Photo]) -> dict[tuple[str, str], float]:
    """Return positive agreement on places by pair of readers; NaN where they named nothing."""
    sums: dict[tuple[str, str], NDArray[np.float64]] = {}
    for photo in photos.values():
        for one, other in combinations(sorted(photo), 2):
            a, b = photo[one].features, photo[other].features
            added = np.array([len(match(a, b).pairs), len(a) + len(b)], np.float64)
            sums[one, other] = sums.get((one, other), np.zeros(2)) + added
    return {pair: positive_agreement(*values) for pair, values in sorted(sums.items())}
