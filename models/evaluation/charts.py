"""Small charts as SVG text: no script, readable in print."""

from collections.abc import Sequence
from dataclasses import dataclass

Point = tuple[float, float]
_WIDTH, _HEIGHT, _LEFT, _BOTTOM, _TOP = 420, 260, 46, 40, 14
_COLOURS = ("#1f6f78", "#c2571a", "#5b4b8a", "#6b7280")
_DASHES = ("", "6 3", "2 3", "8 3 2 3")


@dataclass(frozen=True, slots=True)
class Line:
    """One named line; colour and dashes are given by its place, so that lines differ in print too."""

    name: str
    points: Sequence[Point]


@dataclass(frozen=True, slots=True)
class Axis:
    """An axis: its words and its range."""

    title: str
    low: float
    high: float


def line_chart(title: str, across: Axis, up: Axis, lines: Sequence[Line]) -> str:
    """Return a chart of lines; points outside the ranges are drawn at the edge."""
    parts = [_frame(title, across, up)]
    for number, line in enumerate(lines):
        path = " ".join(f"{_x(x, across):.1f},{_y(y, up):.1f}" for x, y in line.points)
        colour, dash = _COLOURS[number % len(_COLOURS)], _DASHES[number % len(_DASHES)]
        parts.append(
            f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2" stroke-dasharray="{dash}"/>'
        )
        y = _TOP + 14 + 16 * number
        parts.append(
            f'<line x1="{_WIDTH - 150}" x2="{_WIDTH - 126}" y1="{y}" y2="{y}" stroke="{colour}" stroke-width="2"'
            f' stroke-dasharray="{dash}"/><text x="{_WIDTH - 120}" y="{y + 4}">{line.name}</text>'
        )
    return "".join([*parts, "</svg>"])


def _frame(title: str, across: Axis, up: Axis) -> str:
    """Return the opening tag, grid, numbers and words."""
    parts = [
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{title}"><title>{title}</title>',
        f'<text x="{(_LEFT + _WIDTH) / 2}" y="{_HEIGHT - 6}" text-anchor="middle">{across.title}</text>',
        f'<text x="12" y="{(_TOP + _HEIGHT - _BOTTOM) / 2}" text-anchor="middle" '
        f'transform="rotate(-90 12 {(_TOP + _HEIGHT - _BOTTOM) / 2})">{up.title}</text>',
    ]
    for step in range(5):
        share = step / 4
        x, y = across.low + share * (across.high - across.low), up.low + share * (up.high - up.low)
        parts.append(
            f'<line class="grid" x1="{_LEFT}" x2="{_WIDTH - 8}" y1="{_y(y, up):.1f}" y2="{_y(y, up):.1f}"/>'
            f'<text x="{_LEFT - 6}" y="{_y(y, up) + 4:.1f}" text-anchor="end">{y:.2g}</text>'
            f'<text x="{_x(x, across):.1f}" y="{_HEIGHT - _BOTTOM + 16}" text-anchor="middle">{x:.2g}</text>'
        )
    return "".join(parts)


def _x(value: float, axis: Axis) -> float:
    share = min(max((value - axis.low) / (axis.high - axis.low), 0.0), 1.0)
    return _LEFT + share * (_WIDTH - 8 - _LEFT)


def _y(value: float, axis: Axis) -> float:
    share = min(max((value - axis.low) / (axis.high - axis.low), 0.0), 1.0)
    return _HEIGHT - _BOTTOM - share * (_HEIGHT - _BOTTOM - _TOP)
