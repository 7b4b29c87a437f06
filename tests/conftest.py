"""What holds for every test: no property is judged by the time it takes, and promises are named by id."""

import os
from typing import Final

import pytest
from hypothesis import settings

from tests.support.promises import PromiseReport, tally

__all__ = ["tally"]

_LONGEST: Final = ("system/test_crash.py", "faults/offline/", "faults/sim/", "faults/network/", "faults/disk/")

settings.register_profile("noisy machine", deadline=None)
settings.load_profile("noisy machine")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the switch for the tables."""
    parser.addoption("--promises", action="store_true", help="Print promise x test, and fail on one without a test.")


def pytest_configure(config: pytest.Config) -> None:
    """Collect what tests show."""
    config.pluginmanager.register(PromiseReport(config), "promises")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin the long run with the files that take longest, so that none of them is left for the end, alone."""
    if os.environ.get("LONG"):
        items.sort(key=lambda item: next((n for n, name in enumerate(_LONGEST) if name in item.nodeid), len(_LONGEST)))
