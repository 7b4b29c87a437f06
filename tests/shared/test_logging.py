import ast
import io
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog

from shared.logging import ALLOWED_KEYS, REDACTED, PersonalDataFilter, configure_logging

NAME = "Ada Canary"
ROOT = Path(__file__).resolve().parents[2]
LEVELS = {"debug", "info", "warning", "error", "critical", "exception"}


@pytest.fixture
def log() -> Iterator[tuple[io.StringIO, PersonalDataFilter]]:
    stream = io.StringIO()
    yield stream, configure_logging("debug", stream)
    structlog.reset_defaults()


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_line_of_allowed_keys_and_identifiers_passes_whole(log: tuple[io.StringIO, PersonalDataFilter]) -> None:
    stream, guard = log
    structlog.get_logger().info("box_ready", device="box-1", seconds=1.5, codes=["no_face", "blurred"], state=None)
    (line,) = lines(stream)
    del line["timestamp"]
    assert line == {
        "event": "box_ready", "level": "info", "device": "box-1", "seconds": 1.5,
        "codes": ["no_face", "blurred"], "state": None,
    }  # fmt: skip
    assert guard.redactions == 0


@pytest.mark.parametrize(
    "entry",
    [
        {"client_name": "Ada"},
        {"status": NAME},
        {"status": "allergic, to latex"},
        {"code": "a" * 129},
        {"code": "naïve"},
        {"codes": ["fine", NAME]},
        {"model": {"name": NAME}},
        {"bytes": NAME.encode()},
        {"state": object()},
        {"exception": NAME},
        {"exception": f"ValueError at {NAME}"},
    ],
)
def test_what_is_not_on_the_list_or_could_be_free_text_is_replaced_and_counted(
    log: tuple[io.StringIO, PersonalDataFilter], entry: dict[str, Any]
) -> None:
    stream, guard = log
    structlog.get_logger().warning("something", **entry)
    ((key, _),) = entry.items()
    assert lines(stream)[0][key] == REDACTED
    assert guard.redactions == 1
    assert "Canary" not in stream.getvalue()


def test_a_sentence_in_place_of_an_event_name_is_replaced(log: tuple[io.StringIO, PersonalDataFilter]) -> None:
    stream, guard = log
    structlog.get_logger().info("took a photograph of %s", NAME)
    assert lines(stream)[0]["event"] == REDACTED
    assert guard.redactions == 1


def test_every_replaced_value_counts(log: tuple[io.StringIO, PersonalDataFilter]) -> None:
    _, guard = log
    for _ in range(3):
        structlog.get_logger().info("fine", name=NAME, note=NAME, device="box-1")
    assert guard.redactions == 6


def test_an_exception_shows_type_and_place_and_never_its_text(log: tuple[io.StringIO, PersonalDataFilter]) -> None:
    stream, guard = log
    try:
        json.loads(NAME)
    except ValueError as error:
        structlog.get_logger().exception("failed")
        structlog.get_logger().error("failed", exc_info=error)
        structlog.get_logger().error("failed", exc_info=(type(error), error, error.__traceback__))
    shown = [line["exception"] for line in lines(stream)]
    assert len(shown) == 3
    assert set(shown) == {shown[0]}
    assert shown[0].startswith("JSONDecodeError at json.decoder:")
    assert (guard.redactions, "Canary" in stream.getvalue()) == (0, False)


def test_exc_info_without_an_exception_adds_nothing(log: tuple[io.StringIO, PersonalDataFilter]) -> None:
    stream, _ = log
    structlog.get_logger().error("failed", exc_info=True)
    assert "exception" not in lines(stream)[0]


def test_lines_below_the_level_are_not_written() -> None:
    stream = io.StringIO()
    configure_logging("error", stream)
    structlog.get_logger().warning("quiet")
    structlog.get_logger().error("loud")
    structlog.reset_defaults()
    assert [line["event"] for line in lines(stream)] == ["loud"]


def test_what_libraries_log_shows_who_spoke_and_never_what_they_said() -> None:
    program = f"""
import logging, sys
from shared.logging import configure_logging
configure_logging("info", sys.stdout)
log = logging.getLogger("uvicorn.error")
log.info("a request of {NAME}")
log.warning("a request of %s", "{NAME}", stack_info=True)
try:
    raise ValueError("{NAME}")
except ValueError:
    log.exception("failed for {NAME}")
log.error("nothing is being handled", exc_info=True)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.splitlines() == [
        "WARNING uvicorn.error",
        "ERROR uvicorn.error ValueError at __main__:9",
        "ERROR uvicorn.error",
    ]
    assert done.stderr == ""


def test_a_thread_that_dies_is_logged_by_type_and_place_without_its_text() -> None:
    program = """
import sys, threading
from shared.logging import configure_logging, log_dying_threads
configure_logging("info", sys.stdout)
log_dying_threads()
def fail():
    raise ValueError("Ada Canary")
thread = threading.Thread(target=fail)
thread.start()
thread.join()
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT)
    assert "Canary" not in done.stdout + done.stderr
    line = json.loads(done.stdout)
    assert line["event"] == "thread_died"
    assert line["exception"] == "ValueError at __main__:7"


def log_calls() -> Iterator[tuple[str, ast.Call]]:
    for folder in ("edge", "cloud", "shared", "jetson"):
        for path in (ROOT / folder).rglob("*.py"):
            if "node_modules" in path.parts:
                continue
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in LEVELS:
                    owner = ast.unparse(node.func.value)
                    if owner.endswith(("_log", "log", "get_logger()")):
                        yield f"{path.relative_to(ROOT)}:{node.lineno}", node


def test_every_log_line_of_the_product_has_a_constant_name_and_allowed_keys_only() -> None:
    wrong = [
        place
        for place, call in log_calls()
        if not (len(call.args) == 1 and isinstance(call.args[0], ast.Constant))
        or any(word.arg not in ALLOWED_KEYS | {"exc_info"} for word in call.keywords)
    ]
    assert wrong == []
    assert sum(1 for _ in log_calls()) >= 15
