"""One picture of a shadowed day: the figures side by side, both schedules one above the other, and what happened."""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from edge.schedule.domain import Plan, clock_text
from edge.schedule.gantt import framed, gantt_svg, position, svg_text
from edge.schedule.registry import Registry
from edge.schedule.shadow import HumanDay, Shadow, Step
from edge.schedule.shadow_document import outcome_text
from edge.schedule.shadow_measures import Measures

_HEADER: Final = 196
_PANEL_TITLE: Final = 62
_CROP_TOP: Final = 49
_CROP_BOTTOM: Final = 38
_LEGEND: Final = 30
_LINE: Final = 24
_CARDS_TOP: Final = 84
_CARD_HEIGHT: Final = 92
_BETTER, _WORSE, _SAME = "#14804a", "#b3261e", "#667586"
_RADIUS: Final = 8.5
_ONLY_HERE: Final = 'fill="none" stroke="#0b8a4a" stroke-width="2.4" rx="3"'
_STYLE: Final = (
    "text{font-family:Inter,Segoe UI,Helvetica,Arial,sans-serif;fill:#24303f}"
    ".H{font-size:24px;font-weight:700}.S{font-size:13px;fill:#667586}.P{font-size:17px;font-weight:650}"
    ".K{font-size:12px;fill:#667586}.V{font-size:25px;font-weight:700}.O{font-size:13px;fill:#667586}"
    ".D{font-size:12px;font-weight:600}.E{font-size:12.5px}.N{font-size:10.5px;font-weight:700;fill:#fff}"
)


def shadow_svg(human: HumanDay, answer: Shadow) -> str:
    """Return the picture as SVG; no client is named in it."""
    registry = human.registry
    theirs = _chart(registry, answer.theirs, human.morning, answer.ours, 1)
    ours = _chart(registry, answer.ours, answer.began, answer.theirs, 2)
    width, full = _size(theirs)
    panel = full - _CROP_TOP - _CROP_BOTTOM
    first, second = _HEADER + _PANEL_TITLE, _HEADER + 2 * _PANEL_TITLE + panel
    legend = second + panel + 14
    happened = legend + _LEGEND + 30
    height = happened + _LINE * max(1, len(answer.steps)) + 34
    compared = answer.comparison
    body = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" '
        f'height="{height:.0f}" role="img">',
        f"<title>{svg_text(registry.clinic)} {human.plan.date}, both ways</title><style>{_STYLE}</style>",
        f'<rect width="{width:.0f}" height="{height:.0f}" fill="#fff"/>',
        f'<text class="H" x="16" y="40">{svg_text(registry.clinic)}, {human.plan.date:%A %d %B %Y}</text>',
        '<text class="S" x="16" y="64">The day as people ran it, and the same wishes and events in the hands of '
        "MedSpaSync.</text>",
        *_cards(compared.theirs, compared.ours, width),
        *_title(_HEADER, width, "As people ran it", _told(compared.theirs)),
        _window(theirs, first, width, _CROP_TOP, panel),
        *_marks(registry, [step.reported for step in answer.steps], first, panel),
        *_title(_HEADER + _PANEL_TITLE + panel, width, "As MedSpaSync would have run it", _told(compared.ours, answer)),
        _window(ours, second, width, _CROP_TOP, panel),
        *_marks(registry, [step.at for step in answer.steps], second, panel),
        _window(theirs.replace("out-1", "out-3"), legend, width, full - 30, _LEGEND),
        f'<rect x="860" y="{legend + 6}" width="12" height="12" {_ONLY_HERE}/>',
        f'<text class="K" x="878" y="{legend + 16}">has a place on this side only</text>',
        f'<text class="P" x="16" y="{happened}">What happened, and what MedSpaSync would have done</text>',
        *_steps(answer.steps, happened + _LINE),
    ]
    return "\n".join([*body, "</svg>"])


def _chart(registry: Registry, plan: Plan, before: Plan | None, other: Plan, number: int) -> str:
    """Return a chart of one side, framing the visits that only this side has a place for."""
    elsewhere = {visit.id for visit in other.placed}
    only = [visit for visit in plan.placed if visit.id not in elsewhere]
    frames = [line for visit in only for line in framed(registry, visit, _ONLY_HERE)]
    svg = gantt_svg(registry, plan, before).replace(' role="img"', "", 1).removesuffix("</svg>")
    # Each chart needs a name of its own for its pattern.
    svg = svg.replace('"out"', f'"out-{number}"').replace("#out)", f"#out-{number})")
    return "\n".join([svg, *frames, "</svg>"])


def _size(svg: str) -> tuple[float, float]:
    found = re.search(r'viewBox="0 0 (\d+) (\d+)"', svg)
    if found is None:
        raise AssertionError("a Gantt chart without a size")
    return float(found[1]), float(found[2])


def _window(svg: str, y: float, width: float, top: float, height: float) -> str:
    """Return a strip of a chart, set at `y`."""
    frame = f'y="{y:.0f}" viewBox="0 {top:.0f} {width:.0f} {height:.0f}" width="{width:.0f}" height="{height:.0f}"'
    return re.sub(r'viewBox="[^"]*" width="\d+" height="\d+"', frame, svg, count=1)


def _cards(theirs: Measures, ours: Measures, width: float) -> Iterator[str]:
    cards: list[tuple[str, str, str, float | None, str]] = [
        (
            "Fill rate",
            f"{ours.fill_rate:.0%}",
            f"{theirs.fill_rate:.0%}",
            100 * (ours.fill_rate - theirs.fill_rate),
            "pt",
        ),
        ("Visits served", str(ours.served), str(theirs.served), ours.served - theirs.served, ""),
        (
            "Idle",
            _hours(ours.idle_minutes),
            _hours(theirs.idle_minutes),
            theirs.idle_minutes - ours.idle_minutes,
            "min",
        ),
        (
            "Overtime",
            _hours(ours.overtime_minutes),
            _hours(theirs.overtime_minutes),
            theirs.overtime_minutes - ours.overtime_minutes,
            "min",
        ),
        ("Without a place", str(ours.spill_over), str(theirs.spill_over), theirs.spill_over - ours.spill_over, ""),
        ("Clients notified", *_notified(ours, theirs), ""),
    ]
    gap = 12.0
    each = (width - 32 - gap * (len(cards) - 1)) / len(cards)
    for number, (name, value, other, gain, unit) in enumerate(cards):
        x = 16 + number * (each + gap)
        colour, text = _verdict(name, gain, unit)
        yield (
            f'<rect x="{x:.1f}" y="{_CARDS_TOP}" width="{each:.1f}" height="{_CARD_HEIGHT}" rx="8" fill="#f7f9fb" '
            'stroke="#e3e8ee"/>'
        )
        yield f'<text class="K" x="{x + 14:.1f}" y="{_CARDS_TOP + 24}">{name}</text>'
        yield f'<text class="V" x="{x + 14:.1f}" y="{_CARDS_TOP + 54}">{value}</text>'
        yield f'<text class="O" x="{x + 14:.1f}" y="{_CARDS_TOP + 77}">people {other}</text>'
        yield (
            f'<text class="D" x="{x + each - 14:.1f}" y="{_CARDS_TOP + 77}" text-anchor="end" style="fill:{colour}">'
            f"{text}</text>"
        )


def _notified(ours: Measures, theirs: Measures) -> tuple[str, str, float | None]:
    if ours.notified is None or theirs.notified is None:
        return str(ours.notified), "not known", None
    return str(ours.notified), str(theirs.notified), theirs.notified - ours.notified


def _verdict(name: str, gain: float | None, unit: str) -> tuple[str, str]:
    """Return colour and words for a difference; `gain` is positive where the product did better."""
    if gain is None:
        return _SAME, ""
    if abs(gain) < 0.5:
        return _SAME, "the same"
    fewer = name not in ("Fill rate", "Visits served")
    sign = "\u2212" if (gain > 0) == fewer else "+"
    return (_BETTER if gain > 0 else _WORSE), f"{sign}{abs(gain):.0f} {unit}".strip()


def _hours(minutes: int) -> str:
    return f"{minutes // 60} h {minutes % 60:02d}" if minutes >= 60 else f"{minutes} min"


def _told(measures: Measures, answer: Shadow | None = None) -> str:
    parts = [f"{measures.served} visits"]
    if measures.moved is not None:
        parts.append(f"{measures.moved} clients moved, {measures.notified} notified")
    if measures.spill_over:
        parts.append(f"{measures.spill_over} without a place")
    if answer is not None:
        compared = answer.comparison
        parts.append(f"people decided otherwise in {len(compared.overrides)} of {len(compared.decisions)} cases")
    return " · ".join(parts)


def _title(y: float, width: float, title: str, said: str) -> Iterator[str]:
    yield f'<line x1="16" x2="{width - 16:.0f}" y1="{y + 6:.0f}" y2="{y + 6:.0f}" stroke="#e3e8ee"/>'
    yield f'<text class="P" x="16" y="{y + 36:.0f}">{title}</text>'
    yield f'<text class="S" x="{width - 24:.0f}" y="{y + 36:.0f}" text-anchor="end">{said}</text>'


def _marks(registry: Registry, minutes: Sequence[int], y: float, height: float) -> Iterator[str]:
    """Yield a numbered line for each event; numbers too close to each other stand one above the other."""
    shown: list[tuple[float, float]] = []
    for number, minute in sorted(enumerate(minutes, 1), key=lambda item: (item[1], item[0])):
        if not registry.hours.start <= minute <= registry.hours.end:
            continue
        x, top = position(registry, minute), y - 10
        while any(abs(x - left) < 2 * _RADIUS and top == level for left, level in shown):
            top -= 2 * _RADIUS
        shown.append((x, top))
        yield (
            f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{top:.0f}" y2="{y + height - 4:.0f}" stroke="#d62839" '
            'stroke-width="1" stroke-dasharray="2 3" opacity="0.7"/>'
        )
        yield _dot(x, top, number)


def _dot(x: float, y: float, number: int) -> str:
    return (
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{_RADIUS}" fill="#d62839"/>'
        f'<text class="N" x="{x:.1f}" y="{y + 3.7:.1f}" text-anchor="middle">{number}</text>'
    )


def _steps(steps: tuple[Step, ...], y: float) -> Iterator[str]:
    if not steps:
        yield f'<text class="E" x="16" y="{y + 4:.0f}">Nothing upset the day.</text>'
    for number, step in enumerate(steps, 1):
        at = y + (number - 1) * _LINE
        yield _dot(25, at, number)
        yield f'<text class="E" x="44" y="{at + 4:.0f}">{clock_text(step.at)}</text>'
        yield f'<text class="E" x="94" y="{at + 4:.0f}">{svg_text(step.cause)}</text>'
        yield f'<text class="S" x="560" y="{at + 4:.0f}">{svg_text(outcome_text(step))}</text>'
