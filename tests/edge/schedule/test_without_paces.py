"""A clinic in which everybody's pace is the usual one asks its engine exactly what a clinic without paces asks."""

from dataclasses import replace

import numpy as np
import pytest

from edge.schedule.encode import Encoding
from edge.schedule.engine.flat import resource_arrays, visit_arrays
from edge.schedule.insertion import survey
from edge.schedule.pace import USUAL, OwnPace
from edge.schedule.registry import Registry
from tests.benchmarks.schedule.freeze import load
from tests.benchmarks.schedule.situations import situation_of


def at_the_usual_pace(clinic: Registry) -> Registry:
    own = tuple(OwnPace(service=service.id, percent=USUAL) for service in clinic.services)
    providers = tuple(one.model_copy(update={"pace": USUAL, "paces": own}) for one in clinic.providers)
    return clinic.model_copy(update={"providers": providers})


@pytest.mark.parametrize("name", ["S", "M", "L"])
def test_every_array_is_the_same(name: str) -> None:
    document, events = load(name)
    situation = next(asked for event in events if (asked := situation_of(document, event)) is not None)
    clinic = at_the_usual_pace(situation.registry)
    one = Encoding(situation, document.weights)
    other = Encoding(
        replace(situation, registry=clinic, demands=survey(clinic, situation.facts, 0).demands), document.weights
    )
    pairs = [(getattr(one.clinic.flat, key), getattr(other.clinic.flat, key)) for key in one.clinic.flat.__slots__]
    for arrays in (resource_arrays, visit_arrays):
        mine, theirs = arrays(one.problem), arrays(other.problem)
        assert mine.keys() == theirs.keys()
        pairs += [(mine[key], theirs[key]) for key in mine]
    assert pairs
    assert all(np.array_equal(first, second) for first, second in pairs)
