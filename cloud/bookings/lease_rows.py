"""Leases of one tenant as they are stored, and what events of both logs make of them."""

from collections.abc import Iterator
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Row, Select, bindparam, select

from cloud.bookings import leases
from cloud.bookings.leases import Lease, LeaseState, Origin, Standing
from cloud.storage.clinics import clinics_of
from cloud.storage.devices import DeviceRepository, DeviceState
from cloud.storage.lease_tables import slot_leases
from cloud.storage.log import EventLog
from cloud.storage.tables import hub_state
from cloud.storage.times import to_milliseconds
from cloud.storage.upsert import put
from shared.errors import Rejected
from shared.events.catalogue.slots import (
    SlotClosed,
    SlotExpired,
    SlotLeased,
    SlotPart,
    SlotRecallRequested,
    SlotRenewed,
    SlotReturned,
    SlotSold,
)
from shared.events.envelope import Event
from shared.ids import TenantId

OF_LEASES: Final = frozenset(
    payload.event_type for payload in (SlotLeased, SlotRenewed, SlotRecallRequested, SlotClosed)
)
OF_THE_HUB: Final = frozenset(payload.event_type for payload in (SlotSold, SlotReturned, SlotExpired))
_LEASE: Final = select(slot_leases).where(
    slot_leases.c.tenant == bindparam("of_tenant"), slot_leases.c.id == bindparam("of_lease")
)
_LEASE_LOCKED: Final = _LEASE.with_for_update()
_MOST_SHOWN: Final = 500


class LeaseRows:
    """The leases of one tenant, inside the caller's transaction."""

    def __init__(self, connection: Connection, tenant: TenantId) -> None:
        self._connection = connection
        self._tenant = tenant

    def get(self, lease: str, *, for_update: bool = False) -> Lease | None:
        """Return a lease, or None; `for_update` keeps every other hub process off it until the transaction ends."""
        query = _LEASE_LOCKED if for_update else _LEASE
        row = self._connection.execute(query, {"of_tenant": self._tenant, "of_lease": lease}).one_or_none()
        return None if row is None else _lease(row)

    def put(self, lease: Lease) -> None:
        """Store a lease; idempotent by its id."""
        values = {
            "location": lease.origin.location,
            "device": lease.origin.device,
            "epoch": lease.origin.epoch,
            "life": lease.life,
            "day": lease.slot.day.isoformat(),
            "slot": lease.slot.model_dump_json(),
            "until": lease.until,
            "state": lease.state,
            "recalled": lease.recalled,
            "order_id": lease.order,
            "decided_at": lease.decided_at,
            "outcome": lease.outcome,
            "start_minute": lease.start,
            "reason": lease.reason,
        }
        put(self._connection, slot_leases, {"tenant": self._tenant, "id": lease.slot.lease}, values)

    def offered(self, *, for_update: bool = False) -> list[Lease]:
        """Return the leases that nothing has ended yet, by day."""
        query = self._where(slot_leases.c.state == LeaseState.OFFERED).order_by(slot_leases.c.day, slot_leases.c.id)
        return [_lease(row) for row in self._connection.execute(query.with_for_update() if for_update else query)]

    def sold(self) -> list[Lease]:
        """Return the latest sales, latest first."""
        query = self._where(slot_leases.c.state == LeaseState.SOLD)
        query = query.order_by(slot_leases.c.decided_at.desc(), slot_leases.c.id.desc()).limit(_MOST_SHOWN)
        return [_lease(row) for row in self._connection.execute(query)]

    def unanswered(self, location: str) -> list[Lease]:
        """Return a clinic's sales that its box has not answered yet."""
        mine = (slot_leases.c.location == location) & (slot_leases.c.state == LeaseState.SOLD)
        query = self._where(mine & (slot_leases.c.outcome == ""))
        return [_lease(row) for row in self._connection.execute(query)]

    def standing(self) -> Standing:
        """Return whose leases count now."""
        life = self._connection.execute(select(hub_state.c.epoch)).scalar_one_or_none() or ""
        clinics = clinics_of(self._connection, self._tenant).values()
        return Standing(life, dict(self._epochs()), {clinic.id: clinic.zone for clinic in clinics})

    def _epochs(self) -> Iterator[tuple[str, str]]:
        log = EventLog(self._connection, self._tenant)
        for record in DeviceRepository(self._connection, self._tenant).all():
            if record.state is DeviceState.ACTIVE and (epochs := log.epochs(record.id)):
                yield record.id, epochs[-1].applied.epoch

    def _where(self, condition: ColumnElement[bool]) -> Select[Any]:
        return select(slot_leases).where(slot_leases.c.tenant == self._tenant, condition)

    # --- events -----------------------------------------------------------------------------------
    def apply_up(self, event: Event) -> None:
        """Apply what a box says of a lease; idempotent by the lease.

        Raises:
            Rejected: the lease is another clinic's, or was never granted; the caller sets the event aside.
        """
        fields = event.fields
        origin = Origin(fields.location, fields.device, fields.epoch)
        if fields.type == SlotLeased.event_type:
            grant = SlotLeased.model_validate(fields.payload)
            self.put(leases.granted(self._own(grant.slot.lease, origin), origin, grant))
            return
        known = self._own(str(fields.payload["lease"]), origin)
        if known is None:
            raise Rejected("no_such_lease", "the event is about a slot that was never lent to this hub")
        match fields.type:
            case SlotRenewed.event_type:
                self.put(leases.renewed(known, SlotRenewed.model_validate(fields.payload).until))
            case SlotRecallRequested.event_type:
                self.put(leases.recalled(known))
            case _:
                self.put(leases.closed(known, SlotClosed.model_validate(fields.payload)))

    def apply_down(self, event: Event) -> Lease:
        """Apply a word of the hub's own log about a lease and return the lease; idempotent by the lease."""
        fields = event.fields
        at, location = to_milliseconds(fields.wall_time), fields.location
        match fields.type:
            case SlotSold.event_type:
                word = SlotSold.model_validate(fields.payload)
                known = self.get(word.slot.lease, for_update=True)
                lease = leases.sold(known, location, word.slot, word.order, at)
            case SlotReturned.event_type:
                lease = self._ended(location, SlotReturned.model_validate(fields.payload).slot, LeaseState.RETURNED, at)
            case _:
                lease = self._ended(location, SlotExpired.model_validate(fields.payload).slot, LeaseState.EXPIRED, at)
        self.put(lease)
        return lease

    def _ended(self, location: str, slot: SlotPart, state: LeaseState, at: int) -> Lease:
        return leases.ended(self.get(slot.lease, for_update=True), location, slot, state, at)

    def _own(self, lease: str, origin: Origin) -> Lease | None:
        known = self.get(lease, for_update=True)
        if known is not None and known.origin.location != origin.location:
            raise Rejected("foreign_lease", "the event is about a slot of another clinic")
        return known


def _lease(row: Row[Any]) -> Lease:
    return Lease(
        SlotPart.model_validate_json(row.slot),
        Origin(row.location, row.device, row.epoch),
        row.life,
        row.until,
        LeaseState(row.state),
        row.recalled,
        row.order_id,
        row.decided_at,
        row.outcome,
        row.start_minute,
        row.reason,
    )
