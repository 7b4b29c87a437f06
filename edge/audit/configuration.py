"""Puts on record which settings changed since the box last started; never what they are."""

import hashlib
import hmac
import json
from collections.abc import Iterator, Mapping, Set
from typing import Any, Final

from edge.store.events import SqlcipherEventStore
from shared.events.catalogue.audit import ConfigurationChanged
from shared.events.envelope import EventDraft

_AGGREGATE: Final = "configuration/box"
_DIGEST_DIGITS: Final = 16


def note_configuration(store: SqlcipherEventStore, settings: Mapping[str, Any], key: bytes) -> tuple[str, ...]:
    """Record the settings that differ from those recorded last, and return their names. Idempotent by their values.

    Args:
        store: the log.
        settings: the effective configuration, nested; sets count whatever their order.
        key: digests the values, so that nobody finds a short one by trying.
    """
    digests = {name: _digest(key, name, value) for name, value in _flat(settings, "")}
    before = store.stream(_AGGREGATE)
    known: Mapping[str, str] = before[-1].fields.payload["digests"] if before else {}
    changed = tuple(sorted(name for name in digests.keys() | known.keys() if digests.get(name) != known.get(name)))
    if changed:
        payload = ConfigurationChanged(
            before=before[-1].fields.payload["after"] if before else "",
            after=hashlib.sha256(json.dumps(digests, sort_keys=True).encode()).hexdigest(),
            settings=changed,
            digests=digests,
        )
        store.append([EventDraft(_AGGREGATE, payload, "box", "configuration")])
    return changed


def _flat(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping) and value:
        for name, part in value.items():
            yield from _flat(part, f"{path}.{name}" if path else str(name))
    else:
        yield path, value


def _digest(key: bytes, name: str, value: Any) -> str:
    text = json.dumps([name, value], sort_keys=True, default=_plain).encode()
    return hmac.new(key, text, hashlib.sha256).hexdigest()[:_DIGEST_DIGITS]


def _plain(value: Any) -> Any:
    """Return a value as JSON has it; a set has no order of its own, so it gets one."""
    return sorted(value) if isinstance(value, Set) else str(value)
