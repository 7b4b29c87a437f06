"""Writes a booking request into its clinic's log; the box decides, the hub shows it as tentative until then."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from cloud.bookings.leases import Lease
from cloud.bookings.slots import Purchase, SlotSales
from cloud.fleet.keys import TenantKeys
from cloud.ingest.down_writer import DownWriter
from cloud.storage.clinics import Clinic, clinics_of
from cloud.storage.database import Database
from cloud.storage.projections import Projections, Request
from cloud.storage.tables import booking_contacts
from cloud.storage.times import to_milliseconds
from cloud.storage.upsert import put
from shared.clock import Clock
from shared.crypto.aead import seal
from shared.events.catalogue.system import BookingRequested
from shared.events.envelope import Event, EventDraft
from shared.http.errors import NotFound, Refused
from shared.ids import IdSource, LocationId, TenantId

_LONGEST_SERVICE: Final = 64


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody asks for; name and phone are kept sealed and are in no event."""

    location: LocationId
    service: str
    client_name: str
    phone: str | None
    wanted_from: datetime
    wanted_until: datetime
    actor: str


class BookingDesk:
    """Takes wishes for one hub's tenants, and sells the slots that their clinics have lent.

    Attributes:
        slots: what is lent.
    """

    def __init__(
        self, database: Database, keys: TenantKeys, clock: Clock, ids: IdSource, wake: Callable[[], None]
    ) -> None:
        self._database = database
        self._keys = keys
        self._clock = clock
        self._ids = ids
        self._wake = wake
        self._down = DownWriter(clock, ids)
        self.slots = SlotSales(database, keys, clock, ids, wake)

    def sell(self, tenant: TenantId, purchase: Purchase) -> Lease:
        """Sell a lent slot at once; raises as `SlotSales.sell`."""
        return self.slots.sell(tenant, purchase)

    def request(self, tenant: TenantId, wish: Wish) -> Request:
        """Record a wish and queue it for the clinic's box, in one transaction.

        Raises:
            NotFound: the tenant has no such clinic.
            Refused: the clinic does not offer the service, or the window cannot be met.
        """
        with self._database.write(tenant) as connection:
            clinic = clinics_of(connection, tenant).get(wish.location)
            if clinic is None:
                raise NotFound("unknown_location", "there is no such clinic")
            payload = self._payload(clinic, wish)
            draft = EventDraft(f"booking/{payload.request}", payload, wish.actor, "booking")
            event = self._down.append(connection, tenant, wish.location, draft)
            request = request_of(event)
            Projections(connection, tenant).add_request(request)
            contact = json.dumps({"name": wish.client_name, "phone": wish.phone}).encode()
            sealed = seal(self._keys.contacts(tenant), contact, f"booking-contact/{request.id}".encode())
            put(connection, booking_contacts, {"tenant": tenant, "request": request.id}, {"sealed": sealed})
        self._wake()
        return request

    def _payload(self, clinic: Clinic, wish: Wish) -> BookingRequested:
        if wish.service not in clinic.services or len(wish.service) > _LONGEST_SERVICE:
            raise Refused("service_not_offered", "this clinic does not offer that service", "service")
        if wish.wanted_until <= self._clock.wall():
            raise Refused("window_passed", "that time has passed; choose a later one", "wanted_until")
        earliest = wish.wanted_from.astimezone(clinic.zone)
        latest = wish.wanted_until.astimezone(clinic.zone)
        latest_minute = latest.hour * 60 + latest.minute
        if latest.date() != earliest.date():
            ends_at_midnight = latest_minute == 0 and (latest.date() - earliest.date()).days == 1
            if not ends_at_midnight:
                raise Refused("more_than_a_day", "ask for a window within one day of the clinic", "wanted_until")
            latest_minute = 1440
        return BookingRequested(
            request=self._ids.new(),
            service=wish.service,
            day=earliest.date().isoformat(),
            earliest_minute=earliest.hour * 60 + earliest.minute,
            latest_minute=latest_minute,
        )


def request_of(event: Event) -> Request:
    """Return the request that an event of the hub's log makes."""
    payload = BookingRequested.model_validate(event.fields.payload)
    return Request(
        id=payload.request,
        location=event.fields.location,
        service=payload.service,
        day=payload.day,
        earliest_minute=payload.earliest_minute,
        latest_minute=payload.latest_minute,
        requested_at=to_milliseconds(event.fields.wall_time),
    )
