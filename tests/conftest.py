"""What holds for every test: no property is judged by the time it takes, and promises are named by id."""

import pytest
from hypothesis import settings

from tests.support.promises import PromiseReport, tally

__all__ = ["tally"]

settings.register_profile("noisy machine", deadline=None)
settings.load_profile("noisy machine")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the switch for the tables."""
    parser.addoption("--promises", action="store_true", help="Print promise x test, and fail on one without a test.")


def pytest_configure(config: pytest.Config) -> None:
    """Collect what tests show."""
    config.pluginmanager.register(PromiseReport(config), "promises")
