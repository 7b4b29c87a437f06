"""The pictures of the readers' report as SVG text: no script, readable in print and without colour.

Unassisted is hollow and grey, assisted is filled and green, the model is dashed and orange, everywhere.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape

from models.evaluation.readers.changes import ReaderChange
from models.evaluation.readers.comparison import PairAgreement
from models.evaluation.readers.estimate import Estimate

WITHOUT, WITH, MODEL = "#5b6472", "#1f6f78", "#c2571a"
_WIDTH, _LEFT, _RIGHT, _ROW, _TOP = 760, 190, 40, 54, 34


@dataclass(frozen=True, slots=True)
class Dumbbell:
    """One row: its words, and the same figure in both modes."""

    name: str
    unassisted: Estimate
    assisted: Estimate


@dataclass(frozen=True, slots=True)
class Scale:
    """What the width of a chart stands for: from `low` to `high`, written by `words`."""

    low: float
    high: float
    words: Callable[[float], str]

    def x(self, value: float) -> float:
        """Return the place of a value in pixels from the left, kept within the chart."""
        share = min(max((value - self.low) / (self.high - self.low), 0.0), 1.0)
        return _LEFT + share * (_WIDTH - _LEFT - _RIGHT)


def dumbbells(title: str, rows: Sequence[Dumbbell], scale: Scale) -> str:
    """Return a chart with both modes under each other in each row, with their intervals."""
    height = _TOP + _ROW * len(rows) + 26
    parts = [_open(title, _WIDTH, height), _legend()]
    for step in range(6):
        value = scale.low + step / 5 * (scale.high - scale.low)
        x = scale.x(value)
        parts.append(f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="{_TOP}" y2="{height - 22}"/>')
        parts.append(f'<text x="{x:.1f}" y="{height - 6}" text-anchor="middle">{scale.words(value)}</text>')
    for number, row in enumerate(rows):
        y = _TOP + _ROW * number + _ROW / 2
        parts.append(f'<text class="name" x="{_LEFT - 16}" y="{y + 4}" text-anchor="end">{escape(row.name)}</text>')
        parts.append(_mark(row.unassisted, y - 9, scale, WITHOUT, filled=False))
        parts.append(_mark(row.assisted, y + 9, scale, WITH, filled=True))
    return "".join([*parts, "</svg>"])


def _mark(value: Estimate, y: float, scale: Scale, colour: str, *, filled: bool) -> str:
    """Return a dot with its interval and number; nothing where there is no figure."""
    if value.value is None:
        return ""
    x = scale.x(value.value)
    parts = []
    if value.low is not None and value.high is not None:
        low, high = scale.x(value.low), scale.x(value.high)
        parts.append(f'<line x1="{low:.1f}" x2="{high:.1f}" y1="{y}" y2="{y}" stroke="{colour}" stroke-width="2"/>')
        x_words, anchor = (high + 7, "start") if high + 50 < _WIDTH else (low - 7, "end")
    else:
        x_words, anchor = (x + 10, "start") if x + 50 < _WIDTH else (x - 10, "end")
    fill = colour if filled else "#fff"
    parts.append(f'<circle cx="{x:.1f}" cy="{y}" r="5" fill="{fill}" stroke="{colour}" stroke-width="2"/>')
    words = scale.words(value.value)
    parts.append(f'<text x="{x_words:.1f}" y="{y + 4}" text-anchor="{anchor}" fill="{colour}">{words}</text>')
    return "".join(parts)


def change_bars(rows: Sequence[ReaderChange]) -> str:
    """Return what each reader removed, to the left, and added, to the right."""
    most = max([1, *(max(row.added, row.removed) for row in rows)])
    middle, reach = (_LEFT + _WIDTH - _RIGHT) / 2, (_WIDTH - _LEFT - _RIGHT) / 2 - 40
    height = _TOP + 30 * len(rows) + 6
    parts = [
        _open("Features removed and added by each reader", _WIDTH, height),
        f'<text x="{middle - 12}" y="18" text-anchor="end" fill="{WITHOUT}">removed with assistance</text>',
        f'<text x="{middle + 12}" y="18" fill="{WITH}">added with assistance</text>',
    ]
    for number, row in enumerate(rows):
        y = _TOP + 30 * number
        left, right = reach * row.removed / most, reach * row.added / most
        parts.append(
            f'<text class="name" x="{_LEFT - 16}" y="{y + 15}" text-anchor="end">{escape(row.reader)}</text>'
            f'<rect x="{middle - left:.1f}" y="{y}" width="{left:.1f}" height="20" fill="#fff" stroke="{WITHOUT}"/>'
            f'<rect x="{middle}" y="{y}" width="{right:.1f}" height="20" fill="{WITH}"/>'
            f'<text x="{middle - left - 7:.1f}" y="{y + 15}" text-anchor="end">{row.removed}</text>'
            f'<text x="{middle + right + 7:.1f}" y="{y + 15}">{row.added}</text>'
        )
    parts.append(f'<line x1="{middle}" x2="{middle}" y1="{_TOP - 8}" y2="{height}" stroke="#1c2430"/>')
    return "".join([*parts, "</svg>"])


def pair_matrix(readers: Sequence[str], pairs: Sequence[PairAgreement]) -> str:
    """Return agreement on places by pair: below the diagonal unassisted, above it assisted."""
    side = max(28, min(56, 560 // max(len(readers), 1)))
    start = 84
    extent = start + side * len(readers)
    parts = [_open("Agreement of each pair of readers", extent + 10, extent + 10)]
    for number, reader in enumerate(readers):
        middle = start + side * number + side / 2
        turn = f' transform="rotate(-40 {middle} {start - 8})"' if len(readers) > 6 else ""
        anchor = "start" if turn else "middle"
        parts.append(
            f'<text x="{start - 8}" y="{middle + 4}" text-anchor="end">{escape(reader)}</text>'
            f'<text x="{middle}" y="{start - 8}" text-anchor="{anchor}"{turn}>{escape(reader)}</text>'
        )
    for pair in pairs:
        one, other = readers.index(pair.first), readers.index(pair.second)
        for value, row, column in ((pair.assisted, one, other), (pair.unassisted, other, one)):
            parts.append(_square(value, start + side * column, start + side * row, side))
    return "".join([*parts, "</svg>"])


def _square(value: float | None, x: float, y: float, side: float) -> str:
    """Return a square that is the darker the higher its number."""
    shade = 0.0 if value is None else min(max(value, 0.0), 1.0)
    ink = "#fff" if shade > 0.72 else "#1c2430"
    words = "-" if value is None else f"{value:.2f}"
    return (
        f'<rect x="{x + 1}" y="{y + 1}" width="{side - 2}" height="{side - 2}" rx="3" fill="{WITH}"'
        f' fill-opacity="{0.05 + 0.95 * shade:.2f}"/>'
        f'<text x="{x + side / 2}" y="{y + side / 2 + 4}" text-anchor="middle" fill="{ink}">{words}</text>'
    )


def _legend() -> str:
    """Return which mark is which mode."""
    return (
        f'<circle cx="{_LEFT + 5}" cy="14" r="5" fill="#fff" stroke="{WITHOUT}" stroke-width="2"/>'
        f'<text x="{_LEFT + 16}" y="18" fill="{WITHOUT}">unassisted</text>'
        f'<circle cx="{_LEFT + 105}" cy="14" r="5" fill="{WITH}" stroke="{WITH}" stroke-width="2"/>'
        f'<text x="{_LEFT + 116}" y="18" fill="{WITH}">assisted</text>'
    )


def _open(title: str, width: float, height: float) -> str:
    words = escape(title)
    size = f'viewBox="0 0 {width} {height}" style="max-width:{width}px"'
    return f'<svg {size} role="img" aria-label="{words}"><title>{words}</title>'
