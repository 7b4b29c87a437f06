"""Sends each tenant's signed head to its boxes: when the tree has grown, and not more often than configured."""

from collections.abc import Callable, Sequence
from typing import Final

from cloud.ingest.down_writer import DownWriter
from cloud.storage.clinics import clinics_of
from cloud.storage.database import Database
from cloud.storage.times import to_milliseconds
from cloud.storage.tree import TreeLog
from cloud.transparency.keeper import LogKeeper
from shared.audit.heads import Signed, TreeHead
from shared.clock import Clock
from shared.events.catalogue.log import HeadSigned
from shared.events.envelope import EventDraft
from shared.ids import TenantId
from shared.worker import Worker, in_turn

_LONGEST_TICK_SECONDS: Final = 5.0
_STOP_SECONDS: Final = 10.0


class HeadAnnouncer:
    """Writes heads into the clinics' logs, on a thread of its own."""

    def __init__(
        self,
        database: Database,
        keeper: LogKeeper,
        writer: DownWriter,
        clock: Clock,
        tenants: Sequence[TenantId],
        every_seconds: float,
        wake: Callable[[], None],
    ) -> None:
        self._database = database
        self._keeper = keeper
        self._writer = writer
        self._clock = clock
        self._every_seconds = every_seconds
        self._wake = wake
        tick_seconds = min(every_seconds, _LONGEST_TICK_SECONDS)
        self._worker = Worker("head-announcer", lambda: in_turn(self.announce_due, tenants), every=tick_seconds)

    def start(self) -> None:
        """Start announcing."""
        self._worker.start()

    def stop(self) -> None:
        """Finish the head in hand and stop."""
        self._worker.stop(_STOP_SECONDS)

    def announce_due(self, tenant: TenantId) -> Signed | None:
        """Announce a tenant's head if it is time; return what was announced.

        Idempotent by the tree's size: a head of the same size is not announced again.
        """
        now = to_milliseconds(self._clock.wall())
        with self._database.read(tenant) as connection:
            state = TreeLog(connection, tenant).state()
        waited = abs(now - state.announced_at) >= self._every_seconds * 1000
        if not state.epoch or state.edge.size in {0, state.announced_size} or not waited:
            return None
        with self._database.write(tenant) as connection:
            tree = TreeLog(connection, tenant)
            signed = self._keeper.head(tree)
            payload = head_payload(signed)
            draft = EventDraft(f"hub-log/{payload.epoch}-{payload.size}", payload, "hub", "transparency")
            for location in clinics_of(connection, tenant):
                self._writer.append(connection, tenant, location, draft)
            tree.set_announced(payload.size, now)
        self._wake()
        return signed


def head_payload(signed: Signed) -> HeadSigned:
    """Return a signed head as an event says it."""
    head = signed.statement
    if not isinstance(head, TreeHead):
        raise TypeError("a resumption is no head")
    return HeadSigned(
        epoch=head.epoch,
        size=head.size,
        root=head.root,
        at=head.at,
        key=signed.key.hex(),
        signature=signed.signature.hex(),
    )
