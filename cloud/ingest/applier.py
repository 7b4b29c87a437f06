"""Applies the effects of stored events: on arrival, when a person tries again, and by a rebuild."""

from collections.abc import Container, Sequence

from sqlalchemy import Connection

from cloud.bookings.lease_rows import LeaseRows
from cloud.erasure.effects import ErasureEffects
from cloud.ingest.effects import OF_CAPTURES, Effects
from cloud.storage.captures import CaptureRows
from cloud.storage.clinics import Clinic, clinics_of
from cloud.storage.projections import Projections
from shared.errors import Rejected
from shared.events.envelope import Event
from shared.events.payload import Catalogue
from shared.ids import DeviceId, LocationId, TenantId


class Applier:
    """Applies the effects of stored events, inside the caller's transaction."""

    def __init__(
        self, connection: Connection, tenant: TenantId, catalogue: Catalogue, skipped: Container[str] = ()
    ) -> None:
        """Keep what effects need.

        Args:
            connection: the caller's transaction.
            tenant: whose events.
            catalogue: payloads this software knows.
            skipped: events whose effect people have decided to do without.
        """
        self._skipped = skipped
        self._connection = connection
        self._tenant = tenant
        self._catalogue = catalogue
        self._clinics: dict[LocationId, Clinic] = clinics_of(connection, tenant)
        self._projections = Projections(connection, tenant)

    def apply(self, device: DeviceId, arrived: Sequence[Event], now: int) -> int:
        """Apply events in order and return how many were set aside, which never stops the others."""
        waiting = self._projections.parked_heads(device, [event.fields.aggregate for event in arrived])
        touched = [event.fields.aggregate for event in arrived if event.fields.type in OF_CAPTURES]
        captures = CaptureRows(self._connection, self._tenant, touched)
        leases = LeaseRows(self._connection, self._tenant)
        effects = Effects(self._catalogue, self._projections, captures, leases)
        parked, applied = 0, []
        for event in arrived:
            fields = event.fields
            if fields.id in self._skipped:
                continue
            behind = waiting.get(fields.aggregate)
            if behind is not None:
                self._projections.park(event, "waits for an earlier event of the same record", now, behind)
                parked += 1
                continue
            try:
                effects.apply(event, self._clinics[LocationId(fields.location)].zone)
            except Rejected as error:
                self._projections.park(event, f"{error.code}: {error.sentence}", now, None)
                waiting[fields.aggregate] = fields.id
                parked += 1
            else:
                applied.append(event)
        captures.flush()
        ErasureEffects(self._connection, self._tenant, self._projections).apply(applied)
        return parked

    def park(self, event: Event, reason: str, now: int) -> None:
        """Set one event aside without trying it, behind an earlier one of its aggregate where there is one."""
        heads = self._projections.parked_heads(DeviceId(event.fields.device), [event.fields.aggregate])
        self._projections.park(event, reason, now, heads.get(event.fields.aggregate))
