"""What one person, or the model, said about one photograph, and the table of all of them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from shared.vocabulary import AppearanceGrade, FindingType


class Mode(StrEnum):
    """How a photograph was read."""

    UNASSISTED = "unassisted"
    ASSISTED = "assisted"
    MODEL = "model"


PEOPLE = (Mode.UNASSISTED, Mode.ASSISTED)


class Shape(StrEnum):
    """What a reading consists of: boxes around features, or numbers of features."""

    OUTLINES = "outlines"
    COUNTS = "counts"


@dataclass(frozen=True, slots=True, order=True)
class Feature:
    """One outlined feature; x, y is the box's top left corner, all four in pixels of the original photograph."""

    x: float
    y: float
    w: float
    h: float
    type: FindingType


@dataclass(frozen=True, slots=True)
class Reading:
    """One photograph read once.

    Attributes:
        reader: code of who read it.
        photograph: code of what was read.
        mode: how it was read.
        features: what was outlined, in a fixed order; empty in a file of counts.
        counts: features counted, by column; empty in a file of outlines.
        grade: the word for the whole photograph; None where not given.
        seconds: how long it took, above 0; None where not given.
    """

    reader: str
    photograph: str
    mode: Mode
    features: tuple[Feature, ...] = ()
    counts: Mapping[str, int] | None = None
    grade: AppearanceGrade | None = None
    seconds: float | None = None

    @property
    def total(self) -> int:
        """How many features there are, over all columns in a file of counts."""
        return len(self.features) if self.counts is None else sum(self.counts.values())


Photo: TypeAlias = Mapping[str, Reading]
"""Readings of one photograph in one mode, by reader."""


@dataclass(frozen=True, slots=True)
class Readings:
    """A whole file of readings, no reader, photograph and mode twice.

    Attributes:
        shape: what its readings consist of.
        rows: in the order of photograph, reader and mode, so that the file's own order changes no figure.
    """

    shape: Shape
    rows: tuple[Reading, ...]

    @classmethod
    def of(cls, shape: Shape, rows: Iterable[Reading]) -> "Readings":
        """Return the rows in their fixed order."""
        return cls(shape, tuple(sorted(rows, key=lambda row: (row.photograph, row.reader, row.mode))))

    @property
    def readers(self) -> tuple[str, ...]:
        """Codes of the people, sorted; the model is none of them."""
        return tuple(sorted({row.reader for row in self.rows if row.mode in PEOPLE}))

    @property
    def photographs(self) -> tuple[str, ...]:
        """Codes of the photographs that people read, sorted."""
        return tuple(sorted({row.photograph for row in self.rows if row.mode in PEOPLE}))

    def photos(self, mode: Mode) -> dict[str, Photo]:
        """Return what was read in a mode, by photograph and reader."""
        found: dict[str, dict[str, Reading]] = {}
        for row in self.rows:
            if row.mode is mode:
                found.setdefault(row.photograph, {})[row.reader] = row
        return dict(found)

    def paired(self) -> "Readings":
        """Return people's readings of which the same reader read the same photograph in both modes."""
        modes: dict[tuple[str, str], set[Mode]] = {}
        for row in self.rows:
            modes.setdefault((row.reader, row.photograph), set()).add(row.mode)
        both = {key for key, seen in modes.items() if seen >= set(PEOPLE)}
        rows = (row for row in self.rows if row.mode in PEOPLE and (row.reader, row.photograph) in both)
        return Readings(self.shape, tuple(rows))

    def pairs(self) -> list[tuple[Reading, Reading]]:
        """Return each reader's (unassisted, assisted) readings of one photograph, by photograph and reader."""
        without, helped = self.photos(Mode.UNASSISTED), self.photos(Mode.ASSISTED)
        return [
            (reading, helped[photograph][reader])
            for photograph, photo in without.items()
            for reader, reading in photo.items()
            if reader in helped.get(photograph, {})
        ]

    def model(self) -> dict[str, Reading]:
        """Return the model's findings by photograph."""
        return {row.photograph: row for row in self.rows if row.mode is Mode.MODEL}
