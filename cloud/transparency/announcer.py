"""Sends each tenant's signed head to its boxes: when the tree has grown, and not more often than configured."""

import threading
from collections.abc import Callable, Sequence
from typing import Final

import structlog
from sqlalchemy.exc import SQLAlchemyError

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
        self._tenants = tenants
        self._every_seconds = every_seconds
        self._wake = wake
        self._log = structlog.get_logger()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="head-announcer", daemon=True)

    def start(self) -> None:
        """Start announcing."""
        self._thread.start()

    def stop(self) -> None:
        """Finish the head in hand and stop."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(_STOP_SECONDS)

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

    def _run(self) -> None:
        while not self._stopping.wait(min(self._every_seconds, _LONGEST_TICK_SECONDS)):
            for tenant in self._tenants:
                try:
                    self.announce_due(tenant)
                except SQLAlchemyError as error:
                    # Rolled back: the next tick tries again.
                    self._log.error("head_not_announced", reason_code=type(error).__name__)


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
