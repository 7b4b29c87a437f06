"""Whether readers lean on the model: what they took over from it, and what they gave up because it was silent.

Two errors are told apart, as in studies of automation bias (Parasuraman and Manzey, Hum Factors 2010): following
what the machine says although people alone did not see it, and letting go of what it does not say. Neither is
proof of an error here, because nobody knows who was right: the model may have pointed at something real.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.evaluation.readers.estimate import Estimate, share
from models.evaluation.readers.matching import match
from models.evaluation.readers.readings import Feature, Mode, Photo, Readings

MINIMUM_PANEL = 2


@dataclass(frozen=True, slots=True)
class Automation:
    """How far assisted readings follow the model.

    Attributes:
        photographs: with the model's findings, a panel of two unassisted readings or more, and an assisted one.
        findings: the model's findings on them.
        unsupported: those that more than half of the panel did not outline.
        accepted: share of unsupported findings, once for each assisted reader, that the reader outlined.
        alone: share of them that readers who read both ways had outlined unassisted. It is low by choice, as these
            are findings that few outlined; a second look without the model would lie above it.
        dropped: of features that readers had outlined unassisted and the model had not, the share missing from
            their assisted readings.
        lost_anyway: the same share of features that the model had too: what a second look alone takes away.
    """

    photographs: int
    findings: int
    unsupported: int
    accepted: Estimate
    alone: Estimate
    dropped: Estimate
    lost_anyway: Estimate


def measure_automation(readings: Readings) -> Automation | None:
    """Return the figures, or None where the file holds no findings of the model on such photographs."""
    panel, helped, model = readings.photos(Mode.UNASSISTED), readings.photos(Mode.ASSISTED), readings.model()
    names = sorted(name for name in model if len(panel.get(name, {})) >= MINIMUM_PANEL and helped.get(name))
    if not names:
        return None
    unsupported = [_unsupported(model[name].features, panel[name]) for name in names]
    tables = np.zeros((len(names), 4, 2))
    for i, name in enumerate(names):
        findings = model[name].features
        tables[i, :2] = _followed(findings, unsupported[i], panel[name], helped[name])
        tables[i, 2:] = _let_go(findings, panel[name], helped[name])
    return Automation(
        len(names),
        sum(len(model[name].features) for name in names),
        sum(len(each) for each in unsupported),
        *(share(tables[:, i, 0], tables[:, i, 1]) for i in range(4)),
    )


def _unsupported(findings: Sequence[Feature], panel: Photo) -> frozenset[int]:
    """Return which findings more than half of the panel did not outline."""
    with_them = [_outlined(findings, reading.features) for reading in panel.values()]
    return frozenset(i for i in range(len(findings)) if 2 * sum(i in each for each in with_them) < len(panel))


def _followed(
    findings: Sequence[Feature], unsupported: frozenset[int], panel: Photo, helped: Photo
) -> NDArray[np.float64]:
    """Return (2, 2): part and whole of unsupported findings outlined, with assistance and alone."""
    both = panel.keys() & helped.keys()
    accepted = sum(len(unsupported & _outlined(findings, reading.features)) for reading in helped.values())
    alone = sum(len(unsupported & _outlined(findings, panel[reader].features)) for reader in both)
    wholes = len(unsupported) * len(helped), len(unsupported) * len(both)
    return np.array([(accepted, wholes[0]), (alone, wholes[1])], np.float64)


def _let_go(findings: Sequence[Feature], panel: Photo, helped: Photo) -> NDArray[np.float64]:
    """Return (2, 2): part and whole of own features given up, where the model was silent and where it was not."""
    table = np.zeros((2, 2))
    for reader in panel.keys() & helped.keys():
        own = panel[reader].features
        with_model = _outlined(own, findings)
        kept = _outlined(own, helped[reader].features)
        for i in range(len(own)):
            table[int(i in with_model)] += (i not in kept, 1)
    return table


def _outlined(features: Sequence[Feature], reading: Sequence[Feature]) -> frozenset[int]:
    """Return which of `features` have a partner in a reading."""
    return frozenset(i for i, _ in match(features, reading).pairs)
