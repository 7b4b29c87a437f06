"""Puts on record which settings changed since the box last started; never what they are."""

from collections.abc import Mapping
from typing import Any, Final

from edge.store.events import SqlcipherEventStore
from shared.audit.settings import change_between, digests_of
from shared.events.envelope import EventDraft

_AGGREGATE: Final = "configuration/box"


def note_configuration(store: SqlcipherEventStore, settings: Mapping[str, Any], key: bytes) -> tuple[str, ...]:
    """Record the settings that differ from those recorded last, and return their names. Idempotent by their values.

    Args:
        store: the log.
        settings: the effective configuration, nested; sets count whatever their order.
        key: digests the values, so that nobody finds a short one by trying.
    """
    before = store.stream(_AGGREGATE)
    known: Mapping[str, str] = before[-1].fields.payload["digests"] if before else {}
    change = change_between(known, digests_of(settings, key))
    if change is None:
        return ()
    store.append([EventDraft(_AGGREGATE, change, "box", "configuration")])
    return change.settings
