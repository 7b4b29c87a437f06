"""Events set aside, what people decided about them, and how often an effect has failed."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Row, delete, or_, select

from cloud.storage.tables import apply_failures, parked, parked_decisions
from cloud.storage.upsert import add_to, put
from shared.ids import DeviceId, EventId, TenantId


class Decision(StrEnum):
    """What a person can decide about an event set aside."""

    REPLAYED = "replayed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class ParkedPlace:
    """Where a parked event stands in its log, why it is parked and since when."""

    event: EventId
    device: DeviceId
    epoch: str
    seq: int
    type: str
    aggregate: str
    reason: str
    parked_at: int


class ParkedEvents:
    """One tenant's set-aside events, inside the caller's transaction."""

    def __init__(self, connection: Connection, tenant: TenantId) -> None:
        self._connection = connection
        self._tenant = tenant

    def heads(self) -> list[ParkedPlace]:
        """Return the events that others may wait behind, oldest first."""
        query = select(parked).where(parked.c.tenant == self._tenant, parked.c.behind.is_(None))
        return [_place(row) for row in self._connection.execute(query.order_by(parked.c.parked_at, parked.c.seq))]

    def take(self, head: EventId) -> list[ParkedPlace]:
        """Remove a head and all behind it from the set-aside events and return them in their order; maybe none."""
        mine = (parked.c.tenant == self._tenant) & or_(parked.c.event == head, parked.c.behind == head)
        query = select(parked).where(mine).order_by(parked.c.behind.is_not(None), parked.c.parked_at, parked.c.seq)
        rows = self._connection.execute(query).all()
        if not rows or rows[0].event != head or rows[0].behind is not None:
            return []
        self._connection.execute(delete(parked).where(mine))
        return [_place(row) for row in rows]

    def decide(self, event: EventId, decision: Decision, actor: str, reason: str, now: int) -> None:
        """Record a decision for good."""
        keys = {"tenant": self._tenant, "event": event, "decided_at": now}
        put(self._connection, parked_decisions, keys, {"decision": decision, "actor": actor, "reason": reason[:500]})

    def skipped(self) -> frozenset[str]:
        """Return the events whose effect people have decided to do without."""
        query = select(parked_decisions.c.event).where(
            parked_decisions.c.tenant == self._tenant, parked_decisions.c.decision == Decision.SKIPPED
        )
        return frozenset(self._connection.execute(query).scalars())

    def failed(self, device: DeviceId, epoch: str, seq: int) -> int:
        """Count one more failure of an event's effect and return how many there are."""
        keys = {"tenant": self._tenant, "device": device, "epoch": epoch, "seq": seq}
        add_to(self._connection, apply_failures, keys, {"tries": 1})
        query = select(apply_failures.c.tries).where(*(apply_failures.c[name] == key for name, key in keys.items()))
        return int(self._connection.execute(query).scalar_one())


def _place(row: Row[Any]) -> ParkedPlace:
    return ParkedPlace(
        EventId(row.event), DeviceId(row.device), row.epoch, row.seq, row.type, row.aggregate, row.reason, row.parked_at
    )
