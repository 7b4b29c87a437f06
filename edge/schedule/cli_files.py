"""What each `medspa schedule` command does with a file that it is given: reads it, or says what is wrong and ends."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import typer
from rich.console import Console

from edge.schedule.document import DayDocument, parse_day
from edge.schedule.errors import InvalidClinic
from shared.errors import Rejected


@contextmanager
def refusals_told() -> Iterator[None]:
    """Say what is refused within a `with` block, and end the command with exit code 2."""
    try:
        yield
    except Rejected as error:
        Console(stderr=True).print(f"[red]{error.code}[/red]: {error.sentence}", highlight=False, soft_wrap=True)
        raise typer.Exit(2) from error


def day_in(path: Path) -> DayDocument:
    """Return the day that a file holds.

    Raises:
        InvalidClinic: it cannot be read, or is no day; names field and fix.
    """
    return parse_day(text_in(path), path.name)


def text_in(path: Path) -> str:
    """Return the text of a file.

    Raises:
        InvalidClinic: it cannot be read.
    """
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidClinic("unreadable", f"{path.name} cannot be read; check the path") from error


def minute_in(document: DayDocument, time: str) -> int:
    """Return a time that was written for a command, in minutes of the day's plan.

    Raises:
        InvalidClinic: it is no time.
    """
    try:
        return document.minute(time)
    except ValueError as error:
        raise InvalidClinic("invalid_time", f'write a time such as "15:00" or "2026-12-01T15:00": {error}') from error
