"""Which test shows which promise, and what it injected and saw: the tables at the end of `make faults`.

A test is marked `@pytest.mark.req("I-04", "F-12")` and may report figures through the fixture `tally`.
"""

import json
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from rich.table import Table

_PROMISES = Path(__file__).with_name("promises.toml")
_REPORT = Path("reports/faults.json")


def known_promises() -> dict[str, dict[str, str]]:
    """Return every id with its text and, where it waits for a capability, with what for."""
    return tomllib.loads(_PROMISES.read_text(encoding="utf-8"))


@dataclass
class Tally:
    """What one test injected and saw; events are counted over all faults the test injects."""

    figures: dict[str, float] = field(default_factory=dict)

    def injected(self, times: int) -> None:
        """Add faults injected."""
        self._add("injected", times)

    def acknowledged(self, events: int) -> None:
        """Add events that were acknowledged before a fault."""
        self._add("acknowledged", events)

    def lost(self, events: int) -> None:
        """Add events that are missing afterwards."""
        self._add("lost", events)

    def doubled(self, events: int) -> None:
        """Add events that took effect twice."""
        self._add("doubled", events)

    def converged(self, seconds: float) -> None:
        """Note the seconds from a fault's end until nothing waits and both sides agree; the longest counts."""
        self.figures["converged"] = max(seconds, self.figures.get("converged", 0.0))

    def _add(self, name: str, amount: float) -> None:
        self.figures[name] = self.figures.get(name, 0) + amount


@pytest.fixture
def tally(request: pytest.FixtureRequest) -> Iterator[Tally]:
    """Take a test's figures for the tables."""
    figures = Tally()
    yield figures
    request.node.user_properties.append(("tally", json.dumps(figures.figures)))


@dataclass
class _Shown:
    """One passed or failed test of a promise."""

    test: str
    passed: bool
    figures: dict[str, float]


class PromiseReport:
    """Collects the tests of each promise; registered as a plugin."""

    def __init__(self, config: pytest.Config) -> None:
        self._asked = bool(config.getoption("--promises"))
        self._ids: dict[str, tuple[str, ...]] = {}
        self._seen: dict[str, dict[str, _Shown]] = {}
        self._known = known_promises()

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Refuse an id that nobody has promised."""
        for item in items:
            ids = tuple(sorted({name for mark in item.iter_markers("req") for name in mark.args}))
            unknown = set(ids) - set(self._known)
            if unknown:
                raise pytest.UsageError(f"{item.nodeid}: unknown promises {sorted(unknown)}")
            if ids:
                item.user_properties.append(("req", ",".join(ids)))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note the end of a test."""
        properties = dict(report.user_properties)
        if report.when != "teardown" and not report.failed:
            return
        for promise in filter(None, str(properties.get("req", "")).split(",")):
            tests = self._seen.setdefault(promise, {})
            before = tests.get(report.nodeid)
            passed = report.passed and (before is None or before.passed)
            tests[report.nodeid] = _Shown(report.nodeid, passed, json.loads(str(properties.get("tally", "{}"))))

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Fail the run when a promise has no test, or an event was lost or took effect twice."""
        if hasattr(session.config, "workerinput"):
            return  # one of several processes; the one that has all their reports judges
        shown = [item for tests in self._seen.values() for item in tests.values()]
        wrong = self._empty() or _sum(shown, "lost") or _sum(shown, "doubled")
        if self._asked and session.exitstatus == pytest.ExitCode.OK and wrong:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self) -> None:
        """Print the tables."""
        if not self._asked:
            return
        console = Console(width=150)
        console.print(self._promises_table(), self._faults_table())
        for name in self._empty():
            console.print(f"{name} has no test: {self._known[name]['text']}", style="red")
        _REPORT.parent.mkdir(exist_ok=True)
        _REPORT.write_text(json.dumps(self._as_json(), indent=1), encoding="utf-8")

    def _empty(self) -> list[str]:
        return [name for name, entry in self._known.items() if "waits" not in entry and not self._seen.get(name)]

    def _promises_table(self) -> Table:
        table = Table("id", "promise", "tests", "failed", "times injected", title="Promises and invariants")
        for name, entry in self._known.items():
            if name.startswith("F-"):
                continue
            shown = list(self._seen.get(name, {}).values())
            failed = sum(not item.passed for item in shown)
            told = entry["text"] if "waits" not in entry else f"{entry['text']} (left for {entry['waits']})"
            table.add_row(name, told, str(len(shown)), str(failed), f"{_sum(shown, 'injected'):.0f}")
        return table

    def _faults_table(self) -> Table:
        columns = ("id", "fault", "tests", "times injected", "acknowledged before", "lost", "doubled", "s to converge")
        table = Table(*columns, title="Faults")
        for name, entry in self._known.items():
            if not name.startswith("F-"):
                continue
            shown = list(self._seen.get(name, {}).values())
            if "waits" in entry and not shown:
                table.add_row(name, f"{entry['text']} (left for {entry['waits']})", "-", "-", "-", "-", "-", "-")
                continue
            slowest = max((item.figures["converged"] for item in shown if "converged" in item.figures), default=None)
            counts = [f"{_sum(shown, figure):.0f}" for figure in ("injected", "acknowledged", "lost", "doubled")]
            seconds = "-" if slowest is None else f"{slowest:.1f}"
            table.add_row(name, entry["text"], str(len(shown)), *counts, seconds)
        return table

    def _as_json(self) -> dict[str, Any]:
        return {
            name: {"text": entry["text"], "waits": entry.get("waits"), "tests": [vars(item) for item in tests.values()]}
            for name, entry in self._known.items()
            for tests in [self._seen.get(name, {})]
        }


def _sum(shown: list[_Shown], figure: str) -> float:
    """Add a figure up; a test that reports none has injected its fault once."""
    return sum(item.figures.get(figure, 1 if figure == "injected" else 0) for item in shown)
