"""A plan as a picture: one SVG with a lane per provider, room and device; no client is named in it."""

import re
from collections.abc import Iterator
from html import escape

from edge.schedule.domain import Appointment, Plan, ResourceKind, Span, clock_text
from edge.schedule.entries import Hours
from edge.schedule.registry import Registry
from edge.schedule.uses import used
from shared.vocabulary import TreatmentCategory

_MINUTE = 1.9
_LANE = 34
_LABEL = 170
_TOP = 74
_COLOURS = {
    TreatmentCategory.CONSULTATION: "#5b8def",
    TreatmentCategory.LASER: "#e4572e",
    TreatmentCategory.INJECTABLE: "#8e6bbf",
    TreatmentCategory.PEEL: "#e0a126",
    TreatmentCategory.MICRONEEDLING: "#2a9d8f",
    TreatmentCategory.FACIAL: "#d16ba5",
}
_STYLE = (
    "text{font-family:Inter,Segoe UI,Helvetica,Arial,sans-serif;fill:#24303f}"
    ".h{font-size:17px;font-weight:600}.s{font-size:11px;fill:#667586}.l{font-size:12px}"
    ".g{font-size:10px;font-weight:700;fill:#8794a3;letter-spacing:1px}.b{font-size:10px;fill:#fff}"
)
_NOT_IN_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_Lane = tuple[ResourceKind, str, str]


def gantt_svg(registry: Registry, plan: Plan, before: Plan | None = None, now: int | None = None) -> str:
    """Return the day as SVG; with `before`, former places are dashed and moved visits outlined."""
    lanes, rows = _lanes(registry), rows_of(registry)
    height = max(rows.values()) + _LANE + 46
    width = _LABEL + (registry.hours.end - registry.hours.start) * _MINUTE + 24
    old = {} if before is None else dict(before.appointments)
    moved = [a for a in plan.placed if a.id in old and old[a.id].stages != a.stages]
    count = f"{len(plan.placed)} visits" + (f", {len(moved)} moved" if before else "")
    body = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height}" '
        f'width="{width:.0f}" height="{height}" role="img">',
        f"<title>{svg_text(registry.clinic)} {plan.date}</title><style>{_STYLE}</style>",
        '<defs><pattern id="out" width="7" height="7" patternTransform="rotate(45)" patternUnits="userSpaceOnUse">'
        '<rect width="7" height="7" fill="#fbe3e0"/><rect width="2" height="7" fill="#e9a59d"/></pattern></defs>',
        f'<rect width="{width:.0f}" height="{height}" fill="#fff"/>',
        f'<text class="h" x="16" y="28">{svg_text(registry.clinic)}</text>',
        f'<text class="s" x="16" y="46">{plan.date:%A %d %B %Y} · {count}</text>',
    ]
    for lane in lanes:
        body.extend(_background(registry, plan, lane, rows[lane[0], lane[1]]))
    body.extend(_hours(registry, height))
    changed = {a.id for a in moved}
    for appointment in moved:
        body.extend(_blocks(registry, old[appointment.id], rows, ghost=True, outlined=False))
    for appointment in plan.placed:
        body.extend(_blocks(registry, appointment, rows, ghost=False, outlined=appointment.id in changed))
    if now is not None:
        x = _x(registry, now)
        body.append(
            f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{_TOP - 6}" y2="{height - 40}" stroke="#d62839" stroke-width="1.5"/>'
        )
    body.extend(_legend(height))
    return "\n".join([*body, "</svg>"])


def svg_text(text: str) -> str:
    """Return a text as a picture can hold it: escaped, and without the control characters that no XML may have."""
    return escape(_NOT_IN_XML.sub("", text))


def _lanes(registry: Registry) -> list[_Lane]:
    lanes: list[_Lane] = [(ResourceKind.PROVIDER, p.id, p.name) for p in registry.providers]
    lanes += [(ResourceKind.ROOM, r.id, r.name) for r in registry.rooms]
    return lanes + [(ResourceKind.DEVICE, d.id, d.name) for d in registry.devices]


def rows_of(registry: Registry) -> dict[tuple[ResourceKind, str], int]:
    """Return where the lane of each resource begins, in units from the top."""
    return {
        (kind, name): _TOP + n * _LANE + 14 * list(ResourceKind).index(kind)
        for n, (kind, name, _) in enumerate(_lanes(registry))
    }


def framed(registry: Registry, visit: Appointment, look: str) -> Iterator[str]:
    """Yield a frame with the given SVG attributes around each block of a visit."""
    rows = rows_of(registry)
    for kind in ResourceKind:
        for name, span in _uses(visit, kind):
            yield _rect(registry, span, rows[kind, name] + 5, _LANE - 10, look)


def position(registry: Registry, minute: int) -> float:
    """Return where a minute of the day lies in the picture, in its units from the left."""
    return _x(registry, minute)


def _x(registry: Registry, minute: int) -> float:
    return _LABEL + (minute - registry.hours.start) * _MINUTE


def _rect(registry: Registry, span: Span, y: int, height: int, look: str) -> str:
    x, width = _x(registry, span.start), (span.end - span.start) * _MINUTE
    return f'<rect x="{x:.1f}" y="{y}" width="{max(0.0, width):.1f}" height="{height}" {look}/>'


def _background(registry: Registry, plan: Plan, lane: _Lane, y: int) -> Iterator[str]:
    kind, name, label = lane
    first = {registry.providers[0].id, registry.rooms[0].id, *(d.id for d in registry.devices[:1])}
    if name in first:
        yield f'<text class="g" x="16" y="{y - 2}">{kind.upper()}S</text>'
    yield f'<text class="l" x="16" y="{y + 21}">{svg_text(label)}</text>'
    yield _rect(registry, registry.hours.span, y + 3, _LANE - 6, 'fill="#f4f6f9" rx="4"')
    if kind is ResourceKind.PROVIDER:
        provider = next(p for p in registry.providers if p.id == name)
        day, shift = registry.hours, provider.shift
        off = [Span(day.start, max(day.start, shift.start)), Span(min(day.end, shift.end), day.end)]
        pauses: tuple[Hours, ...] = provider.breaks
        for span in (*off, *(pause.span for pause in pauses)):
            yield _rect(registry, span, y + 3, _LANE - 6, 'fill="#dfe4ea"')
    if name in _away(registry, kind):
        yield _rect(registry, registry.hours.span, y + 3, _LANE - 6, 'fill="url(#out)"')
    for outage in plan.outages:
        if (outage.kind, outage.resource) == (kind, name):
            yield _rect(registry, outage.span, y + 3, _LANE - 6, 'fill="url(#out)"')


def _away(registry: Registry, kind: ResourceKind) -> frozenset[str]:
    match kind:
        case ResourceKind.PROVIDER:
            return frozenset(entry.id for entry in registry.providers if entry.away)
        case ResourceKind.ROOM:
            return frozenset(entry.id for entry in registry.rooms if entry.away)
        case ResourceKind.DEVICE:
            return frozenset(entry.id for entry in registry.devices if entry.away)


def _hours(registry: Registry, height: int) -> Iterator[str]:
    for minute in range(-(-registry.hours.start // 60) * 60, registry.hours.end + 1, 60):
        x = _x(registry, minute)
        yield f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{_TOP - 6}" y2="{height - 40}" stroke="#fff" stroke-width="1"/>'
        yield f'<text class="s" x="{x:.1f}" y="{_TOP - 16}" text-anchor="middle">{clock_text(minute)}</text>'


def _blocks(
    registry: Registry, visit: Appointment, rows: dict[tuple[ResourceKind, str], int], *, ghost: bool, outlined: bool
) -> Iterator[str]:
    service = registry.service(visit.service)
    look = f'fill="{_COLOURS[service.category]}" rx="3"'
    if ghost:
        look = 'fill="none" stroke="#8794a3" stroke-dasharray="3 2" rx="3"'
    elif outlined:
        look += ' stroke="#111827" stroke-width="1.6"'
    for kind in ResourceKind:
        for name, span in _uses(visit, kind):
            y = rows[kind, name]
            yield _rect(registry, span, y + 5, _LANE - 10, look)
            room_for = int((span.end - span.start) * _MINUTE / 5.6)
            if not ghost and room_for >= 5:
                text = service.name if len(service.name) <= room_for else service.name[: room_for - 1] + "…"
                yield f'<text class="b" x="{_x(registry, span.start) + 4:.1f}" y="{y + 21}">{svg_text(text)}</text>'


def _uses(visit: Appointment, kind: ResourceKind) -> list[tuple[str, Span]]:
    uses: list[tuple[str, Span]] = []
    for stage in visit.stages:
        name = used(stage, kind)
        if name is None:
            continue
        if uses and uses[-1][0] == name and uses[-1][1].end == stage.start:
            uses[-1] = (name, Span(uses[-1][1].start, stage.end))
        else:
            uses.append((name, stage.span))
    return uses


def _legend(height: int) -> Iterator[str]:
    x = 16
    for category, colour in _COLOURS.items():
        yield f'<rect x="{x}" y="{height - 24}" width="12" height="12" rx="3" fill="{colour}"/>'
        yield f'<text class="s" x="{x + 17}" y="{height - 14}">{category}</text>'
        x += 34 + 7 * len(category)
    yield f'<rect x="{x}" y="{height - 24}" width="12" height="12" rx="3" fill="url(#out)"/>'
    yield f'<text class="s" x="{x + 17}" y="{height - 14}">out of order or absent</text>'
    dashed = 'fill="none" stroke="#8794a3" stroke-dasharray="3 2"'
    yield f'<rect x="{x + 160}" y="{height - 24}" width="12" height="12" rx="3" {dashed}/>'
    yield f'<text class="s" x="{x + 177}" y="{height - 14}">former place</text>'
