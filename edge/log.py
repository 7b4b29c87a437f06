"""A logger for the parts that a first photograph waits for.

structlog brings a terminal toolkit along, a tenth of a second at every start; most starts log nothing from here.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from structlog.stdlib import BoundLogger


def get_logger() -> "BoundLogger":
    """Return the process's logger, as `shared.logging` configured it."""
    logger: BoundLogger = import_module("structlog").get_logger()
    return logger
