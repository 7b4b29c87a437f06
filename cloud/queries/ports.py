"""The portal's ports, answered from the hub's database."""

import hashlib
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, Row

from cloud.bookings.desk import BookingDesk, Wish
from cloud.bookings.leases import Lease
from cloud.bookings.slots import Purchase
from cloud.ingest.effects import REPAIR
from cloud.ingest.parking import Outcome, ParkedDesk
from cloud.portal import schemas
from cloud.portal.ports import Viewer
from cloud.queries import rows
from cloud.storage.clinics import Clinic, clinics_of
from cloud.storage.database import Database
from cloud.storage.devices import DeviceRecord, DeviceRepository, DeviceState
from cloud.storage.images import ImageRepository
from cloud.storage.times import from_milliseconds, to_milliseconds
from shared.clock import Clock
from shared.events.catalogue.schedule import ReplanApplied
from shared.http.errors import Unauthenticated
from shared.ids import EventId, LocationId, TenantId
from shared.slots import moment
from shared.vocabulary import ClockQuality

_ALARM = "Refused: {reason}. Look at the box, then revoke it or let it back in with `medspa hub readmit`."


_LONGEST_NAME: Final = 200


class ConfiguredViewer:
    """Who may reach the portal is the reverse proxy's to say, and who it is, where it tells so in a header.

    Without such a header everybody is the one configured viewer, who can approve nothing that they asked for.
    """

    def __init__(self, tenant: TenantId, name: str, person_header: str = "") -> None:
        self._viewer = Viewer(id="portal", name=name, tenant=tenant)
        self._person_header = person_header

    def viewer(self, headers: Mapping[str, str]) -> Viewer:
        """Return the person that the proxy names, under an opaque id, or the configured viewer.

        Raises:
            Unauthenticated: the proxy is to name a person and names none.
        """
        if not self._person_header:
            return self._viewer
        person = headers.get(self._person_header, "").strip()[:_LONGEST_NAME]
        if not person:
            raise Unauthenticated("not_signed_in", "Please sign in.")
        digest = hashlib.sha256(f"medspasync/portal/{self._viewer.tenant}/{person}".encode()).hexdigest()
        return Viewer(id=f"portal-{digest[:24]}", name=person, tenant=self._viewer.tenant)


class FleetQueries:
    """Clinics, boxes and what they did."""

    def __init__(self, database: Database, clock: Clock, tenant_names: Mapping[TenantId, str]) -> None:
        self._database = database
        self._clock = clock
        self._names = tenant_names

    def fleet(self, viewer: Viewer) -> schemas.Fleet:
        """Return every clinic and box of the viewer's tenant."""
        tenant = TenantId(viewer.tenant)
        now = self._clock.wall()
        with self._database.read(tenant) as connection:
            clinics = clinics_of(connection, tenant)
            shown = self._devices(connection, tenant, now)
        locations = [
            schemas.Location(id=clinic.id, name=clinic.name, timezone=clinic.timezone, devices=shown.get(clinic.id, []))
            for clinic in clinics.values()
        ]
        return schemas.Fleet(now=now, locations=locations)

    def activity(self, viewer: Viewer, days: int) -> schemas.Activity:
        """Return captures and findings of the last `days` days of each clinic's own calendar, today included."""
        tenant = TenantId(viewer.tenant)
        with self._database.read(tenant) as connection:
            today = [
                self._clock.wall().astimezone(clinic.zone).date() for clinic in clinics_of(connection, tenant).values()
            ]
            last = max(today, default=self._clock.wall().date())
            first = last - timedelta(days=days - 1)
            counts = rows.captures_per_day(connection, tenant, first.isoformat(), last.isoformat())
        shown = [
            schemas.ActivityRow.model_validate(
                {"day": item.day, "location_id": item.location, "captures": item.captures, "findings": item.findings}
            )
            for item in counts
        ]
        return schemas.Activity(first_day=first, last_day=last, rows=shown)

    def parked(self, viewer: Viewer) -> schemas.Parked:
        """Return the events set aside."""
        tenant = TenantId(viewer.tenant)
        with self._database.read(tenant) as connection:
            heads = rows.parked_heads(connection, tenant)
        return schemas.Parked(items=[_parked(row, waiting) for row, waiting in heads])

    def summary(self, viewer: Viewer) -> schemas.Summary:
        """Return today's totals, each clinic's day by its own calendar."""
        tenant = TenantId(viewer.tenant)
        now = self._clock.wall()
        totals = {"captures": 0, "findings": 0, "replans": 0, "events": 0}
        with self._database.read(tenant) as connection:
            clinics = clinics_of(connection, tenant)
            devices = DeviceRepository(connection, tenant).all()
            for clinic in clinics.values():
                _add_today(connection, tenant, clinic, now, totals)
            parked = rows.parked_count(connection, tenant)
        return schemas.Summary(
            now=now,
            tenant_name=self._names.get(tenant, tenant),
            locations=len(clinics),
            devices=len(devices),
            devices_online=sum(device.online for device in devices),
            captures_today=totals["captures"],
            findings_today=totals["findings"],
            replans_today=totals["replans"],
            events_today=totals["events"],
            parked=parked,
        )

    def _devices(
        self, connection: Connection, tenant: TenantId, now: datetime
    ) -> dict[LocationId, list[schemas.Device]]:
        repository = DeviceRepository(connection, tenant)
        snapshots, missing = repository.snapshots(), ImageRepository(connection, tenant).missing()
        progress = rows.progress(connection, tenant)
        shown: dict[LocationId, list[schemas.Device]] = {}
        for record in repository.all():
            snapshot: dict[str, Any] = json.loads(snapshots.get(record.id, "{}"))
            device = _device(record, progress.get(record.id, []), snapshot, missing.get(record.id, 0), now)
            shown.setdefault(record.location, []).append(device)
        return shown


class BookingQueries:
    """Booking requests to the clinics."""

    def __init__(self, database: Database, desk: BookingDesk) -> None:
        self._database = database
        self._desk = desk

    def request(self, new: schemas.NewBookingRequest, viewer: Viewer) -> schemas.BookingRequest:
        """Record a request and queue it for the clinic's box.

        Raises:
            NotFound: no such location in the viewer's tenant.
            Refused: the location does not offer the service, or the window cannot be met.
        """
        wish = Wish(
            location=LocationId(new.location_id),
            service=new.service,
            client_name=new.client_name,
            phone=new.phone,
            wanted_from=new.wanted_from,
            wanted_until=new.wanted_until,
            actor=viewer.id,
        )
        made = self._desk.request(TenantId(viewer.tenant), wish)
        return next(item for item in self.requests(viewer).items if item.id == made.id)

    def requests(self, viewer: Viewer) -> schemas.BookingRequests:
        """Return the latest requests and the services that can be asked for."""
        tenant = TenantId(viewer.tenant)
        with self._database.read(tenant) as connection:
            clinics = clinics_of(connection, tenant)
            latest = rows.latest_requests(connection, tenant)
        return schemas.BookingRequests(
            items=[_booking(row, clinics[LocationId(row.location)]) for row in latest],
            services={clinic.id: list(clinic.services) for clinic in clinics.values()},
        )

    def slots(self, viewer: Viewer) -> schemas.Slots:
        """Return the slots that can be bought now, and the latest sales."""
        tenant, sales = TenantId(viewer.tenant), self._desk.slots
        with self._database.read(tenant) as connection:
            clinics = clinics_of(connection, tenant)
        free = [_slot(lease, clinics) for lease in sales.free(tenant)]
        return schemas.Slots(
            free=sorted(free, key=lambda slot: (slot.starts_at, slot.id)),
            sold=[_sold(lease, clinics) for lease in sales.sold(tenant)],
        )

    def sell(self, slot: str, sale: schemas.NewSlotSale, viewer: Viewer) -> schemas.SoldSlot:
        """Sell a slot at once and for good.

        Raises:
            NotFound: the viewer's tenant has no such slot.
            Conflict: somebody else has bought it, or it is not to be had any more.
        """
        tenant = TenantId(viewer.tenant)
        lease = self._desk.sell(tenant, Purchase(slot, sale.order, sale.client_name, sale.phone, viewer.id))
        with self._database.read(tenant) as connection:
            return _sold(lease, clinics_of(connection, tenant))


class ParkedDecisions:
    """What a viewer decides about events set aside."""

    def __init__(self, desk: ParkedDesk) -> None:
        self._desk = desk

    def replay(self, event: str, viewer: Viewer) -> schemas.ParkedOutcome:
        """Try an event and those behind it again.

        Raises:
            NotFound: it is not set aside in the viewer's tenant.
        """
        return _outcome(self._desk.replay(TenantId(viewer.tenant), EventId(event), viewer.id))

    def skip(self, event: str, reason: str, viewer: Viewer) -> schemas.ParkedOutcome:
        """Do without an event's effect and apply those behind it.

        Raises:
            NotFound: it is not set aside in the viewer's tenant.
            Rejected: the reason is empty.
        """
        return _outcome(self._desk.skip(TenantId(viewer.tenant), EventId(event), viewer.id, reason))


class HubReadiness:
    """Whether the hub can do its work; each part is asked when somebody wants to know."""

    def __init__(self, checks: Mapping[str, Callable[[], bool]]) -> None:
        self._checks = dict(checks)

    def parts(self) -> Mapping[str, bool]:
        """Return each part the hub needs and whether it works now."""
        return {name: check() for name, check in self._checks.items()}


def _device(
    record: DeviceRecord, epochs: list[rows.Progress], snapshot: Mapping[str, Any], missing: int, now: datetime
) -> schemas.Device:
    here = next((item for item in epochs if item.epoch == record.head_epoch), None)
    said = snapshot.get("backlog_events")
    greeted = max(0, record.head_seq - (here.seq if here is not None else 0))
    lag = max(greeted, said) if isinstance(said, int) else greeted
    active = record.state is DeviceState.ACTIVE
    last = epochs[-1].last if epochs else None
    return schemas.Device(
        id=record.id,
        name=record.label,
        online=record.online and active,
        since=from_milliseconds(record.online_since),
        last_contact_at=None if record.last_contact_at is None else from_milliseconds(record.last_contact_at),
        lag_events=lag,
        lag_seconds=_age(snapshot.get("oldest_at"), now) if lag else 0.0,
        events_received=sum(item.seq for item in epochs),
        blobs_missing=missing,
        fenced=not active,
        alarm=None if active else _ALARM.format(reason=record.reason or record.state),
        clock=last.clock_quality if last is not None else ClockQuality.SYNCHRONISED,
        versions=[schemas.ComponentVersion(name="box", version=record.software)] if record.software else [],
    )


def _age(oldest_at: object, now: datetime) -> float:
    """Return the age in seconds of the oldest event that a box says is not here yet."""
    try:
        oldest = datetime.fromisoformat(str(oldest_at))
    except ValueError:
        return 0.0
    return max(0.0, (now - oldest).total_seconds()) if oldest.tzinfo is not None else 0.0


def _parked(row: Row[Any], waiting: int) -> schemas.ParkedEvent:
    code = row.reason.partition(":")[0]
    return schemas.ParkedEvent(
        id=row.event,
        location_id=row.location,
        device_id=row.device,
        seq=row.seq,
        type=row.type,
        reason=row.reason,
        action=REPAIR.get(code, "Run `medspa verify` on both sides, then replay it."),
        parked_at=from_milliseconds(row.parked_at),
        waiting=waiting,
    )


def _outcome(outcome: Outcome) -> schemas.ParkedOutcome:
    return schemas.ParkedOutcome(applied=outcome.applied, set_aside=outcome.set_aside)


def _booking(row: Row[Any], clinic: Clinic) -> schemas.BookingRequest:
    midnight = datetime.fromisoformat(row.day).replace(tzinfo=clinic.zone)
    return schemas.BookingRequest(
        id=row.id,
        location_id=row.location,
        service=row.service,
        wanted_from=_utc(midnight, row.earliest_minute),
        wanted_until=_utc(midnight, row.latest_minute),
        requested_at=from_milliseconds(row.requested_at),
        state=schemas.BookingState(row.state),
        starts_at=None if row.start_minute is None else _utc(midnight, row.start_minute),
        reason=row.reason or None,
    )


def _slot(lease: Lease, clinics: Mapping[LocationId, Clinic]) -> schemas.Slot:
    slot, zone = lease.slot, clinics[LocationId(lease.origin.location)].zone
    return schemas.Slot(
        id=slot.lease,
        location_id=lease.origin.location,
        service=slot.service,
        starts_at=moment(slot.day, slot.start, zone),
        ends_at=moment(slot.day, slot.end, zone),
    )


def _sold(lease: Lease, clinics: Mapping[LocationId, Clinic]) -> schemas.SoldSlot:
    return schemas.SoldSlot(
        **_slot(lease, clinics).model_dump(),
        sold_at=from_milliseconds(lease.decided_at or 0),
        outcome=schemas.SlotOutcome(lease.outcome or "sold"),
        reason=lease.reason or None,
    )


def _utc(midnight: datetime, minute: int) -> datetime:
    """Return the moment at which the clinic's own clocks show this minute of the day."""
    return (midnight + timedelta(minutes=minute)).astimezone(UTC)


def _add_today(connection: Connection, tenant: TenantId, clinic: Clinic, now: datetime, totals: dict[str, int]) -> None:
    local = now.astimezone(clinic.zone)
    today = local.date().isoformat()
    midnight = to_milliseconds(local.replace(hour=0, minute=0, second=0, microsecond=0))
    for count in rows.captures_per_day(connection, tenant, today, today):
        if count.location == clinic.id:
            totals["captures"] += count.captures
            totals["findings"] += count.findings
    totals["replans"] += rows.events_since(connection, tenant, clinic.id, midnight, ReplanApplied.event_type)
    totals["events"] += rows.events_since(connection, tenant, clinic.id, midnight)
