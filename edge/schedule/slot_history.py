"""Since when a slot has been in doubt, and who gave one up or took that back: read from the stream of its day."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from edge.store.events import SqlcipherEventStore
from shared.events.catalogue.slots import SlotClosed, SlotDoubted, SlotHeldAgain, SlotLeased
from shared.events.envelope import Event

_WORDS: Final = (SlotDoubted.event_type, SlotClosed.event_type, SlotHeldAgain.event_type)
_DAYS: Final = (
    "SELECT DISTINCT aggregate FROM events WHERE aggregate >= ? AND aggregate < 'schedule;' AND type = ?"
    " ORDER BY aggregate LIMIT ?"
)
_MOST_DAYS: Final = 31
_STATEMENT: Final = "SELECT body FROM events WHERE aggregate = ? AND type IN (?, ?, ?) ORDER BY version"


@dataclass(frozen=True, slots=True)
class Word:
    """When something was recorded, and by whom, as an opaque id."""

    at: dt.datetime
    by: str


@dataclass(frozen=True, slots=True)
class SlotWords:
    """The latest of each kind that is on record of one lease."""

    doubted: Word | None = None
    released: Word | None = None
    held_again: Word | None = None


class SlotHistory:
    """Reads what is on record of a day's leases; safe to share by threads."""

    def __init__(self, store: SqlcipherEventStore) -> None:
        """Read from this log."""
        self._store = store

    def days(self, first: dt.date) -> list[dt.date]:
        """Return the days from one on of which anything was ever lent, in order, a month of them at most."""
        found = self._store.rows(_DAYS, (f"schedule:{first.isoformat()}", SlotLeased.event_type, _MOST_DAYS))
        return [dt.date.fromisoformat(name.partition(":")[2]) for (name,) in found]

    def of(self, day: dt.date) -> Mapping[str, SlotWords]:
        """Return what is on record, by lease; without those of which nothing of the kind is."""
        found: dict[str, dict[str, Word]] = {}
        for (body,) in self._store.rows(_STATEMENT, (f"schedule:{day.isoformat()}", *_WORDS)):
            fields = Event.from_body(body).fields
            kind = _KINDS.get((fields.type, str(fields.payload.get("outcome", ""))))
            if kind is not None:
                words = found.setdefault(str(fields.payload["lease"]), {})
                words[kind] = Word(fields.wall_time, fields.actor)
        return {lease: SlotWords(**words) for lease, words in found.items()}


_KINDS: Final = {
    (SlotDoubted.event_type, ""): "doubted",
    (SlotClosed.event_type, "released"): "released",
    (SlotHeldAgain.event_type, ""): "held_again",
}
