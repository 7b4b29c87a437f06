"""Follows the log in order of application and raises alerts; each event counts once, whatever crashes."""

from collections.abc import Mapping
from datetime import UTC, date, timedelta
from typing import Final

from cloud.audit.rules import WATCHED, AlertKind, Hours, Thresholds, kinds_of, limit_of
from cloud.storage.alerts import AlertRepository, Counted
from cloud.storage.database import Database
from cloud.storage.times import to_milliseconds
from cloud.storage.tree import TreeLog
from shared.events.envelope import Event
from shared.ids import LocationId, TenantId
from shared.worker import Worker, in_turn

_TICK_SECONDS: Final = 2.0
_STEP: Final = 2_000
_STOP_SECONDS: Final = 10.0

TenantHours = Mapping[TenantId, Mapping[LocationId, Hours]]


class AuditWatch:
    """Watches every tenant's audit stream, on a thread of its own and off the way that events are taken in."""

    def __init__(self, database: Database, hours: TenantHours, thresholds: Thresholds) -> None:
        self._database = database
        self._hours = hours
        self._thresholds = thresholds
        self._worker = Worker("audit-watch", lambda: in_turn(self._catch_up, self._hours), every=_TICK_SECONDS)

    def start(self) -> None:
        """Start watching."""
        self._worker.start()

    def stop(self) -> None:
        """Finish the step in hand and stop."""
        self._worker.stop(_STOP_SECONDS)

    def step(self, tenant: TenantId) -> bool:
        """Look at the next events of a tenant, in one transaction with how far it has come; False when there are none.

        Idempotent by an event's place in the tenant's tree.
        """
        with self._database.read(tenant) as connection:
            size = TreeLog(connection, tenant).state().edge.size
        with self._database.write(tenant) as connection:
            rows = AlertRepository(connection, tenant)
            first = rows.next_leaf()
            last = min(size, first + _STEP)
            if last <= first:
                return False
            for event in rows.applied(first, last, WATCHED):
                self._count(rows, tenant, event)
            rows.set_next_leaf(last)
        return True

    def _count(self, rows: AlertRepository, tenant: TenantId, event: Event) -> None:
        fields = event.fields
        hours = self._hours[tenant].get(LocationId(fields.location))
        moment = fields.wall_time if fields.wall_time.tzinfo is not None else fields.wall_time.replace(tzinfo=UTC)
        if hours is None:
            return
        try:
            odd, day = hours.is_odd(moment), hours.day(moment)
        except OverflowError:
            return  # a time outside the calendar; the event itself is kept as it came
        for kind in kinds_of(fields.type, str(fields.payload.get("justification", "")), odd=odd):
            what = Counted(fields.location, fields.actor, kind, day)
            number, limit = rows.count(what), limit_of(kind, self._history(rows, what), self._thresholds)
            if number >= limit:
                rows.raise_alert(what, number, limit, to_milliseconds(moment))

    def _history(self, rows: AlertRepository, what: Counted) -> list[int]:
        if what.kind != AlertKind.MASS_READS:
            return []
        first = date.fromisoformat(what.day) - timedelta(days=self._thresholds.history_days)
        return list(rows.history(what, first.isoformat()))

    def _catch_up(self, tenant: TenantId) -> None:
        while self.step(tenant) and not self._worker.stopping:
            pass
