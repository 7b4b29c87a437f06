"""Digests of what the planner asks its engine, and makes of the answers, on the frozen days of the benchmark."""

import hashlib
from collections.abc import Iterator
from itertools import islice

from edge.schedule.booking import plan_day
from edge.schedule.demand import Calendar
from edge.schedule.document import DayDocument
from edge.schedule.encode import Encoding
from edge.schedule.engine.flat import resource_arrays, visit_arrays
from edge.schedule.engine.search import SearchPlan, solve
from edge.schedule.insertion import Situation, abandoned, slots
from edge.schedule.objective import objective
from tests.benchmarks.schedule.freeze import load
from tests.benchmarks.schedule.situations import situation_of


def situations(name: str, count: int) -> Iterator[tuple[DayDocument, Situation]]:
    """Yield the first questions of a frozen day."""
    document, events = load(name)
    found = ((document, asked) for event in events if (asked := situation_of(document, event)) is not None)
    yield from islice(found, count)


def digest(name: str, count: int) -> str:
    """Return a digest of the engine's arrays, of every free place of each visit, and of a repaired answer."""
    seen = hashlib.sha256()
    for document, situation in situations(name, count):
        encoding = Encoding(situation, document.weights)
        flat = encoding.clinic.flat
        for array in (getattr(flat, name) for name in flat.__slots__):
            seen.update(array.tobytes())
        for arrays in (resource_arrays(encoding.problem), visit_arrays(encoding.problem)):
            for key in sorted(arrays):
                seen.update(key.encode() + arrays[key].tobytes())
        left = abandoned(situation)
        calendar = Calendar.of(situation.registry, left)
        for visit in (*situation.hit, *situation.requests):
            seen.update(repr(list(slots(situation, visit, calendar, left))).encode())
        answer = solve(encoding.problem, encoding.incumbent(left), SearchPlan(0), flat)
        plan = encoding.plan(answer)
        seen.update(repr((plan.appointments, objective(situation, plan, document.weights))).encode())
    document, _ = load(name)
    day = plan_day(document.clinic, document.asked(), document.date, document.plan())
    seen.update(repr(day.appointments).encode())
    seen.update(document.clinic.model_dump_json().encode())
    return seen.hexdigest()
