"""Gives every box of a tenant its next transport key, and retires the old one when all have it.

The key goes down in the clinic's own log, sealed for one box; the box keeps it, answers with an event of its log and
speaks with the new key from then on. Until the last box has answered or was revoked the hub understands both.
"""

import base64
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection

from cloud.fleet.keys import TenantKeys
from cloud.ingest.down_writer import DownWriter
from cloud.storage.database import Database
from cloud.storage.device_keys import DeviceKeys
from cloud.storage.devices import DeviceRecord, DeviceRepository, DeviceState
from shared.clock import Clock
from shared.crypto.identity import deliver
from shared.errors import Rejected
from shared.events.catalogue.keys import TransportKeyDelivered, delivery_context
from shared.events.envelope import EventDraft
from shared.http.errors import NotFound
from shared.ids import DeviceId, TenantId
from shared.worker import Worker, in_turn

LIFE: Final = timedelta(days=90)
_CHECK_SECONDS: Final = 3600.0
_STOP_SECONDS: Final = 10.0


class KeyExchange:
    """Rotates one hub's transport keys; every call may be repeated, by any process of the hub."""

    def __init__(self, database: Database, keys: TenantKeys, writer: DownWriter, clock: Clock) -> None:
        self._database = database
        self._keys = keys
        self._writer = writer
        self._clock = clock

    def rotate(self, tenant: TenantId) -> list[DeviceId]:
        """Make the next generation, send it to every box, and return the boxes that are waited for.

        Raises:
            NotFound: this hub serves no such tenant.
            Rejected: some box has not answered to the generation before.
        """
        if not self._keys.knows(tenant):
            raise NotFound("unknown_tenant", "this hub serves no such tenant; see [[hub.tenants]]")
        if waiting := self.settle(tenant):
            names = ", ".join(waiting)
            raise Rejected("rotation_under_way", f"{names} has not taken the key before; wait for it or revoke it")
        self._keys.generations.begin(tenant, self._clock.wall())
        return self.settle(tenant)

    def settle(self, tenant: TenantId) -> list[DeviceId]:
        """Send the newest key to boxes it was not sent to, retire the old one if all have it; return who has not.

        Idempotent by device and generation.
        """
        standing = self._keys.generations.standing(tenant)
        if standing.settled:
            self._keys.generations.sweep(tenant)
            return []
        with self._database.write(tenant) as connection:
            kept = DeviceKeys(connection, tenant)
            members = [item for item in DeviceRepository(connection, tenant).all() if _is_member(item)]
            for record in members:
                if max(kept.sent(record.id), kept.taken(record.id)) < standing.newest:
                    self._send(connection, tenant, record, standing.newest)
                    kept.set_sent(record.id, standing.newest)
            waiting = [record.id for record in members if kept.taken(record.id) < standing.newest]
        if not waiting:
            self._keys.generations.retire(tenant)
        return waiting

    def rotate_due(self, tenant: TenantId) -> list[DeviceId]:
        """Go on with a rotation that is under way, or begin one when the key has had its 90 days."""
        waiting = self.settle(tenant)
        now = self._clock.wall()
        standing = self._keys.generations.note_date(tenant, now)
        if standing.settled and standing.made_at is not None and _is_due(standing.made_at, now):
            return self.rotate(tenant)
        return waiting

    def _send(self, connection: Connection, tenant: TenantId, record: DeviceRecord, generation: int) -> None:
        key = self._keys.transport(tenant, record.id)
        sealed = deliver(key, record.receiving_key, delivery_context(tenant, record.id, generation))
        payload = TransportKeyDelivered(
            device=record.id, generation=generation, delivery=base64.b64encode(sealed).decode()
        )
        draft = EventDraft(f"transport-key/{record.id}-{generation}", payload, "hub", "operation")
        self._writer.append(connection, tenant, record.location, draft)


class KeyWatch:
    """Looks every hour whether a tenant's transport key is due or a rotation can be ended, on a thread of its own."""

    def __init__(
        self,
        exchange: KeyExchange,
        tenants: Sequence[TenantId],
        wake: Callable[[], None],
        check_seconds: float = _CHECK_SECONDS,
    ) -> None:
        self._exchange = exchange
        self._wake = wake
        self._worker = Worker("key-watch", lambda: in_turn(self._look, tenants), every=check_seconds, first=0.0)

    def start(self) -> None:
        """Begin to look."""
        self._worker.start()

    def stop(self) -> None:
        """Finish the look in hand and stop."""
        self._worker.stop(_STOP_SECONDS)

    def _look(self, tenant: TenantId) -> None:
        if self._exchange.rotate_due(tenant):
            self._wake()


def _is_member(record: DeviceRecord) -> bool:
    """A fenced box may come back, so it is waited for; a revoked one may not."""
    return record.state is not DeviceState.REVOKED


def _is_due(made_at: datetime, now: datetime) -> bool:
    """A date that is yet to come was given by a clock that was wrong: then, too, the key is exchanged."""
    return now < made_at or now >= made_at + LIFE
