"""What the commands of `medspa schedule` share: files read and written, answers printed, refusals in one line."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import typer
from rich.console import Console
from rich.text import Text

from edge.schedule.document import DayDocument, parse_day
from edge.schedule.errors import InvalidClinic
from shared.errors import Rejected


def plain() -> Console:
    """Return where an answer is printed; brackets and colons in a name are part of the name, and no style."""
    return Console(markup=False, emoji=False)


@contextmanager
def refusals() -> Iterator[None]:
    """Let what is refused end the command with one line, code first, and exit code 2."""
    try:
        yield
    except Rejected as error:
        line = Text.assemble((error.code, "red"), f": {error.sentence}")
        Console(stderr=True).print(line, highlight=False, soft_wrap=True)
        raise typer.Exit(2) from error


def read_text(path: Path) -> str:
    """Return the text of a file, without the mark that some programs put before it.

    Raises:
        InvalidClinic: it cannot be read, or is no text; it is named without its folder.
    """
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise InvalidClinic("unreadable", f"{path.name} cannot be read; check the path") from error
    except UnicodeDecodeError as error:
        raise InvalidClinic("unreadable", f"{path.name} cannot be read; save it as text in UTF-8") from error


def read_day(path: Path) -> DayDocument:
    """Return the day in a file.

    Raises:
        InvalidClinic: it cannot be read, or is no day.
    """
    return parse_day(read_text(path), path.name)


def write_text(path: Path, text: str) -> None:
    """Write a text and a line's end to a file.

    Raises:
        InvalidClinic: it cannot be written; it is named without its folder.
    """
    try:
        path.write_text(f"{text}\n", encoding="utf-8")
    except OSError as error:
        raise InvalidClinic("unwritable", f"{path.name} cannot be written; check the folder and its rights") from error
