"""Writes what the hub has to say into a clinic's log; the box's inbox applies it once, in order."""

import secrets
from collections.abc import Callable
from datetime import UTC
from typing import Any

from sqlalchemy import Connection

from cloud.storage.down import HUB_DEVICE, DownLog
from shared.clock import Clock
from shared.events.envelope import Event, EventDraft
from shared.events.hlc import HybridClock, Timestamp
from shared.events.sealing import close_payload
from shared.ids import IdSource, LocationId, TenantId


class DownWriter:
    """Makes the hub's events; each is about an aggregate of its own, so all have version 1."""

    def __init__(
        self, clock: Clock, ids: IdSource, new_epoch: Callable[[], str] = lambda: secrets.token_hex(8)
    ) -> None:
        self._clock = clock
        self._ids = ids
        self._new_epoch = new_epoch

    def append(self, connection: Connection, tenant: TenantId, location: LocationId, draft: EventDraft) -> Event:
        """Add an event to a clinic's log, inside the caller's write transaction; wake the links afterwards.

        Raises:
            DataKeyMissing: the payload has sealed fields, which the hub has no key for.
        """
        log = DownLog(connection, tenant)
        head = log.head_or_new(location, self._new_epoch())
        event_id = self._ids.new()
        fields: dict[str, Any] = {
            "id": event_id,
            "tenant": tenant,
            "location": location,
            "device": HUB_DEVICE,
            "epoch": head.epoch,
            "seq": head.seq + 1,
            "prev_hash": head.hash,
            "aggregate": draft.aggregate,
            "version": 1,
            "hlc": str(self._tick(log.last_body(location, head))),
            "wall_time": self._clock.wall().astimezone(UTC).isoformat(),
            "clock_quality": self._clock.quality(),
            "type": draft.payload.event_type,
            "schema_version": draft.payload.schema_version,
            "actor": draft.actor,
            "purpose": draft.purpose,
            "sensitivity": draft.sensitivity,
            "payload": close_payload(draft.payload, event_id, None),
        }
        event = Event.seal_in_chain(fields)
        log.append(event)
        return event

    def _tick(self, last: bytes | None) -> Timestamp:
        """Return a timestamp after that of the log's last event, whatever the wall clock did."""
        before = Timestamp.parse(Event.from_body(last).fields.hlc) if last is not None else None
        return HybridClock(self._clock, before).tick()
