"""The engine on the compiled core; calls release the interpreter, so that one search can run on each processor core."""

import ctypes
import importlib.util
import math
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import numpy as np

from edge.schedule.engine.flat import FlatShapes, resource_arrays, visit_arrays
from edge.schedule.engine.problem import MOST_NEEDS, NEVER, Answer, Effort, Place, Problem, Worth

CHILL: Final = np.array([round(-math.log((n + 0.5) / 256) * 65536) for n in range(256)], np.int64)
"""-ln of evenly spread numbers between 0 and 1, times 65,536: how much worse a day may be, in temperatures."""

_COUNTS = ("cells", "day_cells", "resources", "visits", "shapes", "templates", "needs", "alternatives", "parts")
_ARRAYS = (
    *("closed", "occupied", "begun", "brittle_cells", "brittle_cost", "idle_cost", "load_cost"),
    *("shape_first", "template_first", "template_length", "need_first", "alternative_first", "alternative_face"),
    *("part_resource", "part_offset", "part_length", "part_rest", "part_counts"),
    *("visit_shape", "earliest", "latest"),
    *("start_cost", "start_cost_first", "choice_cost", "choice_cost_first"),
    *("former_start", "former_choice", "former_first", "drop_rank", "drop_cost", "drop_energy"),
    *("move_rank", "move_cost", "move_energy", "chain_before", "chain_after", "chain_gap"),
)


class _Problem(ctypes.Structure):
    _fields_ = (*((name, ctypes.c_int32) for name in _COUNTS), *((name, ctypes.c_void_p) for name in _ARRAYS))


class _Search(ctypes.Structure):
    _fields_ = (
        ("iterations", ctypes.c_int64),
        ("until_ns", ctypes.c_int64),
        ("temperature", ctypes.c_int64),
        ("chill", ctypes.c_void_p),
        ("most_removed", ctypes.c_int32),
        ("blink", ctypes.c_uint32),
    )


class CoreMissing(ImportError):
    """The compiled core was not built for this machine."""


@lru_cache(maxsize=1)
def built_core() -> Any:
    """Return the core that was built with the package.

    Raises:
        CoreMissing: it was not built.
    """
    spec = importlib.util.find_spec("edge.schedule._core")
    if spec is None or spec.origin is None:
        raise CoreMissing("the schedule's core is not built; run `make setup`, or `pip install .` with a C++ compiler")
    return load_core(Path(spec.origin))


def load_core(path: Path) -> Any:
    """Return a core from its shared library."""
    library = ctypes.CDLL(str(path))
    pointer, i32, i64 = ctypes.c_void_p, ctypes.c_int32, ctypes.c_int64
    for name, arguments, result in (
        ("medspa_new", [pointer, ctypes.c_uint64], pointer),
        ("medspa_free", [pointer], None),
        ("medspa_set", [pointer] * 4, None),
        ("medspa_repair", [pointer], None),
        ("medspa_search", [pointer, pointer], i64),
        ("medspa_back_to_best", [pointer], None),
        ("medspa_best", [pointer] * 5, None),
        ("medspa_offers", [pointer, i32, pointer, pointer, pointer, i32], None),
    ):
        function = getattr(library, name)
        function.argtypes, function.restype = arguments, result
    return library


class CompiledEngine:
    """An engine on the compiled core."""

    def __init__(self, problem: Problem, seed: int, shapes: FlatShapes | None = None, core: Any = None) -> None:
        """Begin with every visit out.

        Args:
            problem: the question.
            seed: of the random choices; the same seed and calls give the same days.
            shapes: the flattened shapes of the problem, where they are at hand.
            core: another build of the core than the package's.

        Raises:
            CoreMissing: the core was not built.
            ValueError: the problem contradicts itself.
        """
        self._core = core or built_core()
        self._problem = problem
        flat = shapes if shapes is not None else FlatShapes.of(problem.shapes)
        # The core reads these arrays as long as it lives.
        self._arrays: dict[str, Any] = {
            **{name: getattr(flat, name) for name in flat.__slots__},
            **resource_arrays(problem),
            **visit_arrays(problem),
        }
        cells = {"cells": problem.cells, "day_cells": problem.day_cells}
        counts = {**cells, "resources": len(problem.resources), "visits": len(problem.visits)}
        self._flat = _Problem(**counts, **flat.counts, **{name: self._arrays[name].ctypes.data for name in _ARRAYS})
        self._firsts = self._arrays["former_first"]
        self._handle = self._core.medspa_new(ctypes.byref(self._flat), seed & (1 << 64) - 1)
        if not self._handle:
            raise MemoryError("not enough memory to plan the day")

    def __del__(self) -> None:
        """Give the core's memory back."""
        handle, self._handle = getattr(self, "_handle", None), None
        if handle:
            self._core.medspa_free(handle)

    def set(self, places: Sequence[Place | None]) -> None:
        """Start from a day; its places must fit together."""
        starts, forms, choices = self._blank()
        for number, place in enumerate(places):
            if place is not None:
                starts[number], forms[number] = place.start, place.template
                first = self._firsts[number]
                choices[first : first + len(place.choice)] = place.choice
        self._core.medspa_set(self._handle, starts.ctypes.data, forms.ctypes.data, choices.ctypes.data)

    def repair(self) -> None:
        """Put each visit that is out into its best place, moving nobody."""
        self._core.medspa_repair(self._handle)

    def search(self, effort: Effort) -> int:
        """Look for a better day and return how many were tried.

        Raises:
            MemoryError: the core could not get what it needs.
        """
        limits = _Search(
            iterations=effort.iterations,
            until_ns=effort.until_ns,
            temperature=effort.temperature,
            chill=CHILL.ctypes.data,
            most_removed=effort.most_removed,
            blink=effort.blink,
        )
        done = int(self._core.medspa_search(self._handle, ctypes.byref(limits)))
        if done < 0:
            raise MemoryError("not enough memory to plan the day")
        return done

    def back_to_best(self) -> None:
        """Go on from the best day found."""
        self._core.medspa_back_to_best(self._handle)

    def best(self) -> Answer:
        """Return the best day found."""
        worth = np.zeros(3, np.int64)
        starts, forms, choices = self._blank()
        self._core.medspa_best(
            self._handle, worth.ctypes.data, starts.ctypes.data, forms.ctypes.data, choices.ctypes.data
        )
        flat, firsts = choices.tolist(), self._firsts.tolist()
        places = tuple(
            Place(start, form, tuple(flat[firsts[number] : firsts[number + 1]])) if start >= 0 else None
            for number, (start, form) in enumerate(zip(starts.tolist(), forms.tolist(), strict=True))
        )
        return Answer(Worth(*worth.tolist()), places)

    def offers(self, visit: int) -> list[tuple[int, Place]]:
        """Return each place in which a visit could be, with its energy, by start; nobody else moves."""
        asked = self._problem.visits[visit]
        cells = max(0, asked.latest - asked.earliest)
        energies, forms = np.full(cells, NEVER, np.int64), np.full(cells, -1, np.int32)
        choices = np.zeros((cells, MOST_NEEDS), np.int32)
        self._core.medspa_offers(
            self._handle, visit, energies.ctypes.data, forms.ctypes.data, choices.ctypes.data, MOST_NEEDS
        )
        needs = len(self._problem.shapes[asked.shape].templates[0].needs)
        return [
            (energy, Place(asked.earliest + cell, form, tuple(choice[:needs])))
            for cell, (energy, form, choice) in enumerate(
                zip(energies.tolist(), forms.tolist(), choices.tolist(), strict=True)
            )
            if energy != NEVER
        ]

    def _blank(self) -> tuple[Any, Any, Any]:
        visits = len(self._problem.visits)
        return np.full(visits, -1, np.int32), np.full(visits, -1, np.int32), np.zeros(int(self._firsts[-1]), np.int32)
