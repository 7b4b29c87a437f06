"""Under which conditions each photograph was taken: the groups that every figure is told apart by."""

import csv
from dataclasses import dataclass
from pathlib import Path

from models.data.lesions import FOLDER, Split
from models.errors import DataCorruptError, DataMissingError

# Groups with fewer photographs are shown, and shown as small: their intervals say little.
SMALL = 30
_TURNED_DEGREES = 10.0


@dataclass(frozen=True, slots=True)
class Conditions:
    """The groups of one photograph.

    `tone` is one viewer's coarse reading; `light`, `sharpness` and `pose` rest on a machine's estimates that came
    with the data. None of them describes a person for any use but this audit.
    """

    tone: str
    light: str
    sharpness: str
    pose: str


DIMENSIONS = ("tone", "light", "sharpness", "pose")


def read_conditions(root: Path, split: Split) -> dict[str, Conditions]:
    """Return the conditions by file name of one side of the boxed face photographs.

    Raises:
        DataMissingError: there is no such data set.
        DataCorruptError: a column is absent or not a number.
    """
    table = root / FOLDER / "split.csv"
    if not table.is_file():
        raise DataMissingError(f"no {table}: give the data's parent folder with --data-root")
    with table.open(encoding="utf-8", newline="") as handle:
        rows = [row for row in csv.DictReader(handle) if row["split"] == split]
    try:
        return {row["image"]: _conditions(row) for row in rows}
    except (KeyError, ValueError) as error:
        raise DataCorruptError(f"{table} lacks a column or holds no number where one must be: copy it again") from error


def _conditions(row: dict[str, str]) -> Conditions:
    """Return one row's groups."""
    turned = max(abs(float(row["yaw"] or 0)), abs(float(row["pitch"] or 0))) > _TURNED_DEGREES
    light = {"goodExposure": "good", "underExposure": "dark", "overExposure": "bright"}.get(row["exposure"], "unknown")
    sharp = {"low": "sharp", "medium": "soft", "high": "blurred"}.get(row["blur"], "unknown")
    return Conditions(row["tone_visual"], light, sharp, "turned" if turned else "frontal")
