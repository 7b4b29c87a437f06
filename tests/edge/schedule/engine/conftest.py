import numpy as np
import pytest

from edge.schedule.engine.problem import Alternative, Part, Problem, Resource, Shape, Template, Visit


@pytest.fixture
def big_problem() -> Problem:
    """Sixty visits of half an hour for five people."""
    people = tuple(Alternative((Part(number, 0, 6),), number) for number in range(5))
    visit = Visit(0, 96, 216, np.arange(121), np.zeros(5, np.int64), drop_rank=1, drop_energy=1000)
    return Problem(288, 288, [Resource(load_cost=1)] * 5, [Shape((Template(6, (people,)),))], [visit] * 60)
