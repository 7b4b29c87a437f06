"""Small planning problems for the engine's tests, drawn by hypothesis."""

import numpy as np
from hypothesis import strategies as st

from edge.schedule.engine.problem import Alternative, Part, Place, Problem, Resource, Shape, Template, Visit

CELLS = st.sampled_from([40, 64, 100, 130])


@st.composite
def resources(draw: st.DrawFn, cells: int, day_cells: int) -> Resource:
    closed = draw(st.integers(0, cells - 1))
    length = draw(st.integers(0, cells // 4))
    taken = draw(st.integers(0, cells - 8))
    shut = (1 << length) - 1 << closed
    if draw(st.booleans()):
        # Nobody works past the end of a day, rests included.
        shut |= sum(0b111 << dusk - 3 for dusk in range(day_cells, cells + 3, day_cells))
    shut &= (1 << cells) - 1
    occupied = draw(st.sampled_from([0, 0b1111 << taken]))
    return Resource(
        closed=shut,
        occupied=occupied,
        begun=occupied & -occupied,
        brittle_cells=draw(st.integers(0, 4)),
        brittle_cost=draw(st.sampled_from([0, 7])),
        idle_cost=draw(st.sampled_from([0, 3])),
        load_cost=draw(st.sampled_from([0, 1])),
    )


@st.composite
def shapes(draw: st.DrawFn, count: int) -> Shape:
    needs = draw(st.integers(1, 3))
    return Shape(tuple(draw(templates(needs, count)) for _ in range(draw(st.integers(1, 2)))))


@st.composite
def templates(draw: st.DrawFn, needs: int, count: int) -> Template:
    length = draw(st.integers(2, 9))
    return Template(
        length,
        tuple(tuple(draw(alternatives(length, count)) for _ in range(draw(st.integers(1, 3)))) for _ in range(needs)),
    )


@st.composite
def alternatives(draw: st.DrawFn, length: int, count: int) -> Alternative:
    names = draw(st.lists(st.integers(0, count - 1), min_size=1, max_size=2, unique=True))
    parts = []
    for name in names:
        offset = draw(st.integers(0, length - 1))
        parts.append(
            Part(name, offset, draw(st.integers(1, length - offset)), draw(st.integers(0, 2)), draw(st.booleans()))
        )
    return Alternative(tuple(parts), face=names[0])


@st.composite
def visits(draw: st.DrawFn, cells: int, shape: int, shape_of: Shape, before: int) -> Visit:
    earliest = draw(st.integers(0, cells // 2))
    latest = draw(st.integers(earliest, cells))
    size = len(shape_of.alternatives)
    window = max(0, latest - earliest) + 1
    former = None
    if draw(st.booleans()):
        template = draw(st.integers(0, len(shape_of.templates) - 1))
        skipped = sum(len(need) for form in shape_of.templates[:template] for need in form.needs)
        choice = []
        for need in shape_of.templates[template].needs:
            choice.append(skipped + draw(st.integers(0, len(need) - 1)))
            skipped += len(need)
        former = Place(draw(st.integers(0, cells - 1)), template, tuple(choice))
    return Visit(
        shape=shape,
        earliest=earliest,
        latest=latest,
        start_cost=np.array(draw(st.lists(st.integers(0, 30), min_size=window, max_size=window)), np.int64),
        choice_cost=np.array(draw(st.lists(st.integers(0, 9), min_size=size, max_size=size)), np.int64),
        former=former,
        drop_rank=draw(st.integers(0, 50)),
        drop_cost=draw(st.integers(0, 100)),
        drop_energy=draw(st.integers(0, 400)),
        move_rank=draw(st.integers(0, 20)),
        move_cost=draw(st.sampled_from([0, 12])),
        move_energy=draw(st.integers(0, 60)),
        before=before,
        gap=draw(st.integers(0, 3)),
    )


@st.composite
def problems(draw: st.DrawFn) -> Problem:
    cells = draw(CELLS)
    count = draw(st.integers(1, 5))
    day_cells = draw(st.sampled_from([cells, 20, 32, 65]))
    made = [draw(resources(cells, day_cells)) for _ in range(count)]
    kinds = [draw(shapes(count)) for _ in range(draw(st.integers(1, 3)))]
    asked: list[Visit] = []
    for number in range(draw(st.integers(1, 9))):
        kind = draw(st.integers(0, len(kinds) - 1))
        before = number - 1 if number and draw(st.integers(0, 4)) == 0 else -1
        asked.append(draw(visits(cells, kind, kinds[kind], before)))
    return Problem(cells, day_cells, made, kinds, asked)
