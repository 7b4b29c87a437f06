"""Counts of the audit stream and the alerts raised from them, for one tenant."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, select, update

from cloud.storage.audit_tables import alerts, audit_counts, audit_cursors
from cloud.storage.tables import events
from cloud.storage.tree_tables import log_runs
from cloud.storage.upsert import put, put_new
from shared.events.envelope import Event
from shared.ids import TenantId


@dataclass(frozen=True, slots=True)
class Counted:
    """What is counted apart: one person's doings of one kind on one day of one clinic."""

    location: str
    actor: str
    kind: str
    day: str

    @property
    def id(self) -> str:
        """The alert's id; the same doings are the same alert."""
        text = "\0".join((self.location, self.actor, self.kind, self.day))
        return hashlib.sha256(b"medspasync/alert/" + text.encode()).hexdigest()[:32]


class AlertRepository:
    """The watch's rows, inside the caller's transaction."""

    def __init__(self, connection: Connection, tenant: TenantId) -> None:
        self._connection = connection
        self._tenant = tenant

    def next_leaf(self) -> int:
        """Return the first event, by its place in the tenant's tree, that was not looked at; locked."""
        put_new(self._connection, audit_cursors, {"tenant": self._tenant}, {"next_leaf": 0})
        query = select(audit_cursors.c.next_leaf).where(audit_cursors.c.tenant == self._tenant).with_for_update()
        return int(self._connection.execute(query).scalar_one())

    def set_next_leaf(self, number: int) -> None:
        """Take note of how far the watch has come."""
        put(self._connection, audit_cursors, {"tenant": self._tenant}, {"next_leaf": number})

    def applied(self, first: int, last: int, types: frozenset[str]) -> list[Event]:
        """Return the events of some types that were applied from place `first` to before `last`, in that order."""
        runs = select(log_runs).where(log_runs.c.tenant == self._tenant, log_runs.c.first < last)
        runs = runs.where(log_runs.c.first + log_runs.c.length > first).order_by(log_runs.c.first)
        found: list[Event] = []
        for run in self._connection.execute(runs).all():
            begin, end = max(first, run.first), min(last, run.first + run.length)
            place = (events.c.tenant == self._tenant) & (events.c.device == run.device) & (events.c.epoch == run.epoch)
            query = select(events.c.body).where(place, events.c.type.in_(sorted(types)))
            query = query.where(events.c.seq >= run.first_seq + begin - run.first)
            query = query.where(events.c.seq < run.first_seq + end - run.first).order_by(events.c.seq)
            found += [Event.from_body(bytes(body)) for body in self._connection.execute(query).scalars()]
        return found

    def count(self, what: Counted) -> int:
        """Count one more and return how many they are now."""
        mine = self._mine(what) & (audit_counts.c.day == what.day)
        before = self._connection.execute(select(audit_counts.c.number).where(mine)).scalar_one_or_none() or 0
        keys = {"location": what.location, "actor": what.actor, "kind": what.kind, "day": what.day}
        put(self._connection, audit_counts, {"tenant": self._tenant, **keys}, {"number": before + 1})
        return int(before) + 1

    def history(self, what: Counted, first_day: str) -> Sequence[int]:
        """Return the counts of the days from `first_day` to before this one."""
        query = select(audit_counts.c.number).where(self._mine(what), audit_counts.c.day < what.day)
        return list(self._connection.execute(query.where(audit_counts.c.day >= first_day)).scalars())

    def raise_alert(self, what: Counted, number: int, threshold: int, at: int) -> None:
        """Raise an alert, or lengthen the one raised before; idempotent by what it is about."""
        values = {
            "location": what.location, "actor": what.actor, "kind": what.kind, "day": what.day, "number": number,
            "threshold": threshold, "first_at": at, "last_at": at,
        }  # fmt: skip
        if not put_new(self._connection, alerts, {"tenant": self._tenant, "id": what.id}, values):
            longer = update(alerts).where(alerts.c.tenant == self._tenant, alerts.c.id == what.id)
            self._connection.execute(longer.values(number=number, last_at=at))

    def latest(self, limit: int) -> list[Row[Any]]:
        """Return alerts, those that wait for a person first, then latest first."""
        query = select(alerts).where(alerts.c.tenant == self._tenant)
        query = query.order_by(alerts.c.acknowledged_at.is_not(None), alerts.c.last_at.desc(), alerts.c.id)
        return list(self._connection.execute(query.limit(limit)).all())

    def find(self, alert: str) -> Row[Any] | None:
        """Return one alert."""
        query = select(alerts).where(alerts.c.tenant == self._tenant, alerts.c.id == alert)
        return self._connection.execute(query).one_or_none()

    def acknowledge(self, alert: str, by: str, note: bytes, at: int) -> bool:
        """Note a person's word, sealed; False when there is no such alert or somebody was first."""
        query = update(alerts).where(alerts.c.tenant == self._tenant, alerts.c.id == alert)
        query = query.where(alerts.c.acknowledged_at.is_(None))
        changed = self._connection.execute(query.values(acknowledged_at=at, acknowledged_by=by, note=note))
        return changed.rowcount == 1

    def _mine(self, what: Counted) -> Any:
        return (
            (audit_counts.c.tenant == self._tenant)
            & (audit_counts.c.location == what.location)
            & (audit_counts.c.actor == what.actor)
            & (audit_counts.c.kind == what.kind)
        )
