"""Photographs drawn by their boxes alone, so that a page shows where readers differ and nobody's face."""

from collections.abc import Iterable, Sequence
from html import escape

from models.evaluation.readers.changes import change
from models.evaluation.readers.drawings import MODEL, WITH, WITHOUT
from models.evaluation.readers.readings import Feature, Mode, Reading, Readings

_SIDE, _GAP, _MARGIN, _SMALLEST = 240.0, 24.0, 12.0, 6.0


def most_changed(readings: Readings, most: int) -> list[str]:
    """Return codes of the photographs with the most features added and removed; those without any are left out."""
    sums: dict[str, int] = {}
    for without, helped in readings.pairs():
        found = change(without, helped)
        sums[without.photograph] = sums.get(without.photograph, 0) + found.added + found.removed
    changed = [name for name, total in sums.items() if total]
    return sorted(changed, key=lambda name: (-sums[name], name))[:most]


def sketch(readings: Readings, photograph: str) -> str:
    """Return one photograph's boxes, unassisted on the left, assisted on the right, the model's dashed in both."""
    photos = [readings.photos(mode).get(photograph, {}) for mode in (Mode.UNASSISTED, Mode.ASSISTED)]
    model = readings.model().get(photograph)
    suggested = model.features if model else ()
    everything = [*suggested, *_features(photos[0].values()), *_features(photos[1].values())]
    left, top = min(f.x for f in everything), min(f.y for f in everything)
    extent = max(max(f.x + f.w for f in everything) - left, max(f.y + f.h for f in everything) - top)
    scale = (_SIDE - 2 * _MARGIN) / extent
    width = 2 * _SIDE + _GAP
    title = f"Boxes on photograph {escape(photograph)}"
    parts = [f'<svg viewBox="0 0 {width} {_SIDE + 24}" role="img" aria-label="{title}"><title>{title}</title>']
    for number, (photo, words, colour) in enumerate(
        zip(photos, ("unassisted", "assisted"), (WITHOUT, WITH), strict=True)
    ):
        start = number * (_SIDE + _GAP)
        origin = (start + _MARGIN - left * scale, 24 + _MARGIN - top * scale)
        parts.append(f'<text x="{start}" y="14" fill="{colour}">{words}</text>')
        parts.append(f'<rect x="{start}" y="24" width="{_SIDE}" height="{_SIDE}" rx="6" fill="#f3f6f8"/>')
        fill = colour if words == "assisted" else "none"
        parts += _boxes(_features(photo.values()), origin, scale, f'stroke="{colour}" fill="{fill}" fill-opacity=".12"')
        parts += _boxes(suggested, origin, scale, f'stroke="{MODEL}" stroke-dasharray="4 3" fill="none"', around=4.0)
    return "".join([*parts, "</svg>"])


def _features(rows: Iterable[Reading]) -> list[Feature]:
    return [feature for row in rows for feature in row.features]


def _boxes(
    features: Sequence[Feature], origin: tuple[float, float], scale: float, look: str, around: float = 0.0
) -> list[str]:
    """Return boxes as rectangles `around` pixels wider on each side; the smallest would be too small to see."""
    drawn = []
    for f in features:
        w, h = max(f.w * scale, _SMALLEST), max(f.h * scale, _SMALLEST)
        x, y = origin[0] + (f.x + f.w / 2) * scale - w / 2, origin[1] + (f.y + f.h / 2) * scale - h / 2
        place = f'x="{x - around:.1f}" y="{y - around:.1f}" width="{w + 2 * around:.1f}" height="{h + 2 * around:.1f}"'
        drawn.append(f'<rect {place} {look} stroke-width="1.5"/>')
    return drawn
