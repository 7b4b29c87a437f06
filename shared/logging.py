"""Structured logs that cannot hold personal data: a constant event name plus allow-listed keys.

A key that is not on the list, or a value of a kind that could hold free text, is a programming error: it is
replaced by a marker and counted, and the tests fail on any count.
"""

import logging
import re
import sys
import threading
from collections.abc import MutableMapping
from typing import Any, Final, TextIO

import structlog

ALLOWED_KEYS: Final = frozenset(
    {
        "event", "level", "timestamp", "logger", "exception",
        "acknowledged", "action", "attempt", "backlog", "blob", "bytes", "capture", "code", "codes", "count",
        "damage", "device", "duplicates", "epoch", "event_id", "event_type", "findings", "host", "kind",
        "location", "milliseconds", "model", "moves", "port", "profile", "provider", "reason_code", "replan",
        "role", "seconds", "seq", "session", "side", "state", "status", "tenant", "version", "worker",
    }
)  # fmt: skip
_IDENTIFIER: Final = re.compile(r"[A-Za-z0-9_.:/+@\-]{0,128}")
_EXCEPTION: Final = re.compile(r"\w{1,80} at [\w.]{1,120}:\d{1,7}")
REDACTED: Final = "[redacted]"


class PersonalDataFilter:
    """Structlog processor that lets only allow-listed keys with identifier-like values pass.

    Attributes:
        redactions: how many values were replaced since the start.
    """

    def __init__(self) -> None:
        self.redactions = 0

    def __call__(self, _logger: Any, _method: str, entry: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        """Return the entry with everything else replaced."""
        for key, value in list(entry.items()):
            harmless = _is_place(value) if key == "exception" else _harmless(value)
            if key not in ALLOWED_KEYS or not harmless:
                entry[key] = REDACTED
                self.redactions += 1
        return entry


def configure_logging(
    level: str = "info", stream: TextIO | None = None, personal_data: PersonalDataFilter | None = None
) -> PersonalDataFilter:
    """Send every log line of the process to `stream` as JSON and return the filter in force.

    Exceptions are written as their type and place only: an exception's text may quote its input.
    """
    guard = personal_data or PersonalDataFilter()
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _exception_place,
            guard,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level.upper())),
        logger_factory=structlog.WriteLoggerFactory(stream or sys.stderr),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(_NameOnly())
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
    return guard


def log_dying_threads() -> None:
    """Have the end of any thread by an error logged by type and place; for a process's entry point only."""
    threading.excepthook = _thread_died


def _thread_died(ended: threading.ExceptHookArgs) -> None:
    """Log a thread's end by an error, without the text that Python's own hook would print."""
    error = ended.exc_value or ended.exc_type()
    structlog.get_logger().error("thread_died", exc_info=error)


class _NameOnly(logging.Formatter):
    """Formats what libraries log: who spoke and an exception's type and place, never their text."""

    def format(self, record: logging.LogRecord) -> str:
        """Return level and name, and an exception's type and place."""
        spoke = f"{record.levelname} {record.name}"
        if record.exc_info and record.exc_info[0] is not None:
            return f"{spoke} {_type_and_place(record.exc_info)}"
        return spoke


def _harmless(value: Any) -> bool:
    if value is None or isinstance(value, bool | int | float):
        return True
    if isinstance(value, str):
        return bool(_IDENTIFIER.fullmatch(value))
    if isinstance(value, list | tuple):
        return all(_harmless(item) for item in value)
    return False


def _exception_place(_logger: Any, _method: str, entry: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Replace exception information by its type and the line it came from."""
    info = entry.pop("exc_info", None)
    if info is True:
        info = sys.exc_info()
    elif isinstance(info, BaseException):
        info = (type(info), info, info.__traceback__)
    if info and info[0] is not None:
        entry["exception"] = _type_and_place(info)
    return entry


def _type_and_place(info: Any) -> str:
    trace = info[2]
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    place = f"{trace.tb_frame.f_globals.get('__name__', 'unknown')}:{trace.tb_lineno}" if trace else "unknown:0"
    return f"{info[0].__name__} at {place}"


def _is_place(value: Any) -> bool:
    return isinstance(value, str) and bool(_EXCEPTION.fullmatch(value))
