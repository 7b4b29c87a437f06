"""Reads a clinic's file of readings whole, or refuses it and says what to mend.

The file is a table of comma-separated values in UTF-8. Its first row names the columns; every further row is one
reading: one photograph, read once, by one reader, in one mode.
"""

import csv
import io
from collections.abc import Iterator, Sequence
from pathlib import Path

from pydantic import ValidationError

from models.errors import ReadingsRejectedError
from models.evaluation.readers.readings import PEOPLE, Mode, Reading, Readings, Shape
from models.evaluation.readers.row import COUNT_COLUMNS, FACE, Row, faults

REQUIRED = ("reader", "photograph", "mode")
OPTIONAL = ("seconds", "grade")
FEATURES = "features"
COLUMNS = (*REQUIRED, *OPTIONAL, FEATURES, *COUNT_COLUMNS)
MAX_BYTES = 20_000_000
MAX_ROWS = 20_000
MAX_READERS = 30
_SHOWN = 10


def load(path: Path) -> bytes:
    """Return what the file holds.

    Raises:
        ReadingsRejectedError: it is absent or larger than 20 MB.
    """
    try:
        if path.stat().st_size <= MAX_BYTES:
            return path.read_bytes()
    except OSError as error:
        raise ReadingsRejectedError("the file of readings cannot be read: give its path with --readings") from error
    raise ReadingsRejectedError(f"the file is larger than {MAX_BYTES // 1_000_000} MB: part it by photographs")


def parse(data: bytes) -> Readings:
    """Return every reading of the table, or none.

    Raises:
        ReadingsRejectedError: names the row as a spreadsheet numbers it, the field, and what to write there; up to
            ten faults at once.
    """
    try:
        text = data.decode("utf-8-sig")
        lines = [[cell.strip() for cell in line] for line in csv.reader(io.StringIO(text, newline=""), strict=True)]
    except UnicodeDecodeError as error:
        raise ReadingsRejectedError("the file is not UTF-8 text: save the table as 'CSV UTF-8'") from error
    except csv.Error as error:
        raise ReadingsRejectedError("a quotation mark is never closed: save the table as CSV again") from error
    if not lines or not any(lines[0]):
        raise ReadingsRejectedError(f"row 1 names no columns: write {','.join(REQUIRED)} and what was read")
    shape = _shape(lines[0])
    filled = [(number, line) for number, line in enumerate(lines[1:], start=2) if any(line)]
    if len(filled) > MAX_ROWS:
        raise ReadingsRejectedError(f"more than {MAX_ROWS} rows: part the file by photographs")
    rows, wrong = _rows(lines[0], shape, filled)
    wrong = wrong or list(_contradictions(rows, shape))
    if wrong:
        more = f"\nand {len(wrong) - _SHOWN} more" if len(wrong) > _SHOWN else ""
        raise ReadingsRejectedError("nothing was read:\n" + "\n".join(wrong[:_SHOWN]) + more)
    return Readings.of(shape, (reading for _, reading in rows))


def _shape(heads: Sequence[str]) -> Shape:
    """Tell from the columns' names what the readings consist of.

    Raises:
        ReadingsRejectedError: a column is missing, unknown, named twice, or contradicts another.
    """
    unknown = [str(place) for place, head in enumerate(heads, start=1) if head not in COLUMNS]
    if unknown:
        known = ", ".join(COLUMNS)
        raise ReadingsRejectedError(f"row 1, column {', '.join(unknown)}: not a known name; known are {known}")
    if len(set(heads)) != len(heads):
        raise ReadingsRejectedError("row 1 names a column twice: remove one of them")
    missing = [name for name in REQUIRED if name not in heads]
    if missing:
        raise ReadingsRejectedError(f"row 1: the column {missing[0]} is missing: add it")
    counted = [head for head in heads if head in COUNT_COLUMNS]
    if (FEATURES in heads) == bool(counted):
        raise ReadingsRejectedError(
            "row 1: give either the column features or columns of counts (face, or regions), and not both"
        )
    if FACE in counted and len(counted) > 1:
        raise ReadingsRejectedError("row 1: face counts the regions again: give face alone or the regions alone")
    return Shape.COUNTS if counted else Shape.OUTLINES


def _rows(
    heads: Sequence[str], shape: Shape, filled: Sequence[tuple[int, list[str]]]
) -> tuple[list[tuple[int, Reading]], list[str]]:
    """Return the readings with their rows' numbers, and every fault found on the way."""
    rows, wrong = [], []
    for number, line in filled:
        if len(line) != len(heads):
            wrong.append(f"row {number}: has {len(line)} cells where row 1 names {len(heads)} columns")
            continue
        cells: dict[str, object] = dict(zip(heads, line, strict=True))
        if shape is Shape.COUNTS:
            cells["counts"] = {name: cells.pop(name) for name in heads if name in COUNT_COLUMNS}
        try:
            rows.append((number, Row.model_validate(cells).reading()))
        except ValidationError as error:
            wrong += [f"row {number}, {fault}" for fault in faults(error)]
    return rows, wrong


def _contradictions(rows: Sequence[tuple[int, Reading]], shape: Shape) -> Iterator[str]:
    """Say where rows, each of them well written, contradict one another."""
    seen: dict[tuple[str, str, Mode], int] = {}
    people = {reading.reader for _, reading in rows if reading.mode in PEOPLE}
    if not people:
        yield "no row is a person's reading: write unassisted or assisted in the column mode"
    if len(people) > MAX_READERS:
        yield f"{len(people)} readers: compare up to {MAX_READERS} at once"
    for number, reading in rows:
        by_model = reading.mode is Mode.MODEL
        key = ("" if by_model else reading.reader, reading.photograph, reading.mode)
        if key in seen:
            yield f"row {number}: the same reader, photograph and mode as row {seen[key]}: keep one of them"
        seen.setdefault(key, number)
        if by_model and shape is Shape.COUNTS:
            yield f"row {number}, mode: the model's findings are compared as features only: remove the row"
        if by_model and reading.reader in people:
            yield f"row {number}, reader: a person has this code too: give the model one of its own, like m1"
        if by_model and (reading.seconds is not None or reading.grade is not None):
            yield f"row {number}, mode: only people's readings have seconds and a grade: leave both empty"
