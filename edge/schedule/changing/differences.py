"""What differs between two registries, as sentences that people read: entry by entry, field by field, old → new."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from edge.schedule.changing.deciding_words import deciding_differences
from edge.schedule.changing.document import SECTIONS
from edge.schedule.pace import USUAL
from edge.schedule.registry import Registry

MOST_SENTENCES: Final = 200
_LONGEST: Final = 300
_KINDS: Final = {"providers": "provider", "rooms": "room", "devices": "device", "services": "service"}
_AWAY: Final = "away"
_PRESENCE: Final = {True: ("is away", "is back"), False: ("is out of use", "is in use again")}
_NOTHING: Final = "none"
_TOLD_APART: Final = (*SECTIONS, "deciding")
_UNSAID: Final = {"pace": USUAL, "paces": []}
"""What fields say that are not written where they say it."""


def differences(before: Registry, after: Registry) -> tuple[str, ...]:
    """Return what to say of a change; none where both plan the same."""
    old, new = (registry.model_dump(mode="json", exclude_none=True) for registry in (before, after))
    found = [*_settings(old, new), *deciding_differences(before.deciding, after.deciding)]
    for section in SECTIONS:
        found.extend(_entries(section, old[section], new[section]))
    if len(found) > MOST_SENTENCES:
        found = [*found[: MOST_SENTENCES - 1], f"{len(found) - MOST_SENTENCES + 1} more changes."]
    return tuple(_short(sentence) for sentence in found)


def _settings(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    kept = [name for name in dict.fromkeys((*old, *new)) if name not in _TOLD_APART]
    changed = {name: value for name, value in old.items() if name in kept}, {n: v for n, v in new.items() if n in kept}
    for what in _fields("", *changed):
        yield f"The clinic: {what}."


def _entries(section: str, old: Sequence[Mapping[str, Any]], new: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    kind = _KINDS[section]
    before, after = {entry["id"]: entry for entry in old}, {entry["id"]: entry for entry in new}
    for name, entry in after.items():
        if name not in before:
            yield f"Added the {kind} {entry['name']}."
        elif changes := list(_changes(section, before[name], entry)):
            yield f"{before[name]['name']}: {'; '.join(changes)}."
    for name, entry in before.items():
        if name not in after:
            yield f"Removed the {kind} {entry['name']}."
    kept = [name for name in before if name in after]
    if kept != [name for name in after if name in before]:
        yield f"The {section} stand in another order."


def _changes(section: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    """Yield what differs between two forms of an entry."""
    if old.get(_AWAY) != new.get(_AWAY):
        gone, back = _PRESENCE[section == "providers"]
        yield gone if new.get(_AWAY) else back
    yield from _fields("", *({name: value for name, value in one.items() if name != _AWAY} for one in (old, new)))


def _fields(path: str, old: Any, new: Any) -> Iterator[str]:
    """Yield what differs below a field, each as `field old → new`."""
    if old == new:
        return
    if isinstance(old, Mapping) and isinstance(new, Mapping) and not _is_span(old) and not _is_span(new):
        for name in dict.fromkeys((*old, *new)):
            usual = _UNSAID.get(name)
            yield from _fields(f"{path} {_word(name)}".strip(), old.get(name, usual), new.get(name, usual))
    elif _are_names(old) and _are_names(new):
        added, gone = [name for name in new if name not in old], [name for name in old if name not in new]
        said = [*(f"+{_word(name)}" for name in added), *(f"without {_word(name)}" for name in gone)]
        yield f"{path} {', '.join(said) or 'in another order'}"
    elif _are_tables(old) and _are_tables(new) and len(old) == len(new):
        for number, (one, other) in enumerate(zip(old, new, strict=True), start=1):
            yield from _fields(f"{path} {one.get('title') or one.get('name') or number}", one, other)
    else:
        yield f"{path} {_text(old)} → {_text(new)}"


def _text(value: Any) -> str:
    if value is None or value in ([], {}):
        return _NOTHING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, Mapping):
        if _is_span(value):
            minutes = f", {value['minutes']} min" if "minutes" in value else ""
            return f"{value['start']}-{value['end']}{minutes}"
        if value.keys() == {"service", "percent"}:
            return f"{value['service']} {value['percent']}"
        named = value.get("title") or value.get("name") or value.get("service") or value.get("category")
        return str(named) if named else ", ".join(f"{_word(key)} {_text(item)}" for key, item in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(map(_text, value))
    return str(value)


def _word(name: str) -> str:
    return name.replace("_", " ")


def _is_span(value: Mapping[str, Any]) -> bool:
    return value.keys() in ({"start", "end"}, {"start", "end", "minutes"})


def _are_names(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _are_tables(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, Mapping) and not _is_span(item) for item in value)


def _short(sentence: str) -> str:
    return sentence if len(sentence) <= _LONGEST else f"{sentence[: _LONGEST - 2]}…."
