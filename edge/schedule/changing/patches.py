"""The edits of one change, made on another document: field by field, entries by their ids.

A change that is yet to come is kept as its edits mean it: what is changed before it counts holds below them.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from edge.schedule.changing.document import SECTIONS, Document

_LEFT_OUT: Final = object()


def patched(document: Document, before: Document, after: Document) -> Document:
    """Return a document with what differs between two others; where it differs from both, `after` is right.

    An entry that `after` has lost is lost, one that only `document` has lost stays lost. Lists within an entry, such as
    skills or stages, are one field.
    """
    if document == before:
        return after
    result = _fields(document, before, after)
    for section in SECTIONS:
        entries = _entries(_list(document, section), _list(before, section), _list(after, section))
        if section in result or entries:
            result[section] = entries
    return result


def _list(document: Mapping[str, Any], section: str) -> Sequence[Mapping[str, Any]]:
    return document.get(section) or ()


def _entries(
    here: Sequence[Mapping[str, Any]], before: Sequence[Mapping[str, Any]], after: Sequence[Mapping[str, Any]]
) -> list[Any]:
    if here == before:
        return [dict(entry) for entry in after]
    had = {entry["id"]: entry for entry in before}
    wanted = {entry["id"]: entry for entry in after}
    found: dict[str, Any] = {}
    for entry in here:
        name = entry["id"]
        if name in wanted:
            found[name] = _fields(entry, had[name], wanted[name]) if name in had else dict(wanted[name])
        elif name not in had:
            found[name] = dict(entry)
    found |= {name: dict(entry) for name, entry in wanted.items() if name not in had and name not in found}
    kept = [name for name in had if name in wanted]
    if kept != [name for name in wanted if name in had]:
        order = [name for name in wanted if name in found]
        return [found[name] for name in (*order, *(name for name in found if name not in order))]
    return list(found.values())


def _fields(here: Mapping[str, Any], before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    result = dict(here)
    for name in dict.fromkeys((*before, *after)):
        old, new = before.get(name, _LEFT_OUT), after.get(name, _LEFT_OUT)
        if old == new:
            continue
        mine = result.get(name, _LEFT_OUT)
        if new is _LEFT_OUT:
            result.pop(name, None)
        elif isinstance(old, Mapping) and isinstance(new, Mapping) and isinstance(mine, Mapping):
            result[name] = _fields(mine, old, new)
        else:
            result[name] = new
    return result
