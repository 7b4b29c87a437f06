"""What the logs say about captures, images and booking requests; dropped and rebuilt at will."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from cloud.storage.bulk import is_among
from cloud.storage.captures import ImageState, settled_names
from cloud.storage.device_keys import DeviceKeys
from cloud.storage.tables import PROJECTIONS, booking_requests, capture_images, captures, parked
from cloud.storage.twins import TwinRepository
from cloud.storage.upsert import put_new
from shared.events.catalogue.keys import TransportKeyTaken
from shared.events.envelope import Event
from shared.ids import DeviceId, TenantId

_PARKED_HEADS: Final = select(parked.c.aggregate, parked.c.event).where(
    parked.c.tenant == bindparam("of_tenant"),
    parked.c.device == bindparam("of_device"),
    is_among(parked.c.aggregate, "aggregates"),
    parked.c.behind.is_(None),
)


@dataclass(frozen=True, slots=True)
class Request:
    """A booking request as its event told it."""

    id: str
    location: str
    service: str
    day: str
    earliest_minute: int
    latest_minute: int
    requested_at: int


class Projections:
    """Derived rows of one tenant, inside the caller's transaction."""

    def __init__(self, connection: Connection, tenant: TenantId) -> None:
        self._connection = connection
        self._tenant = tenant
        self.twins = TwinRepository(connection, tenant)

    def image_is_here(self, name: str) -> None:
        """Let the captures that waited for this image know that it came, or never will."""
        query = select(capture_images.c.capture).where(
            capture_images.c.tenant == self._tenant, capture_images.c.blob == name
        )
        for capture in self._connection.execute(query).scalars().all():
            self._settle_images(capture)

    def image_will_not_come(self, capture: str, device: DeviceId, name: str) -> None:
        """Stop waiting for a derived image that its box removed before it was sent; one that is here stays named."""
        if settled_names(self._connection, self._tenant, [name]):
            return
        self._connection.execute(
            delete(capture_images).where(
                capture_images.c.tenant == self._tenant,
                capture_images.c.capture == capture,
                capture_images.c.blob == name,
                capture_images.c.device == device,
            )
        )
        self._settle_images(capture)

    def has_image(self, name: str) -> bool:
        """Tell whether an image is on disk here and verified."""
        return name in settled_names(self._connection, self._tenant, {name})

    def add_request(self, request: Request) -> None:
        """Add a booking request, tentative until the box answers; idempotent by its id."""
        values = {
            "location": request.location,
            "service": request.service,
            "day": request.day,
            "earliest_minute": request.earliest_minute,
            "latest_minute": request.latest_minute,
            "requested_at": request.requested_at,
            "state": "tentative",
            "reason": "",
        }
        put_new(self._connection, booking_requests, {"tenant": self._tenant, "id": request.id}, values)

    def transport_key_taken(self, event: Event) -> None:
        """Note which generation of its transport key a box keeps; idempotent, the number only grows."""
        generation = TransportKeyTaken.model_validate(event.fields.payload).generation
        DeviceKeys(self._connection, self._tenant).set_taken(DeviceId(event.fields.device), generation)

    def answer_request(self, request: str, location: str, state: str, start_minute: int | None, reason: str) -> bool:
        """Note the box's answer; False when the location was never asked this."""
        query = update(booking_requests).where(
            booking_requests.c.tenant == self._tenant,
            booking_requests.c.id == request,
            booking_requests.c.location == location,
        )
        values = {"state": state, "start_minute": start_minute, "reason": reason[:500]}
        return self._connection.execute(query.values(**values)).rowcount == 1

    def parked_heads(self, device: DeviceId, aggregates: Sequence[str]) -> dict[str, str]:
        """Return, for each of these aggregates that waits, the event it waits behind."""
        values = {"of_tenant": self._tenant, "of_device": device, "aggregates": sorted(set(aggregates))}
        return {row.aggregate: row.event for row in self._connection.execute(_PARKED_HEADS, values)}

    def park(self, event: Event, reason: str, parked_at: int, behind: str | None) -> None:
        """Set an event aside with its reason, or behind an earlier one of its aggregate."""
        fields = event.fields
        self._connection.execute(
            insert(parked).values(
                tenant=self._tenant,
                event=fields.id,
                device=fields.device,
                epoch=fields.epoch,
                seq=fields.seq,
                location=fields.location,
                type=fields.type,
                aggregate=fields.aggregate,
                behind=behind,
                attempts=0 if behind else 1,
                reason=reason[:500],
                parked_at=parked_at,
            )
        )

    def drop_aggregate(self, device: DeviceId, aggregate: str) -> None:
        """Delete what a device's events say about one aggregate, but for answers to requests of the hub."""
        mine = (captures.c.tenant == self._tenant) & (captures.c.device == device) & (captures.c.id == aggregate)
        self._connection.execute(delete(captures).where(mine))
        images = (capture_images.c.tenant == self._tenant) & (capture_images.c.device == device)
        self._connection.execute(delete(capture_images).where(images, capture_images.c.capture == aggregate))
        aside = (parked.c.tenant == self._tenant) & (parked.c.device == device) & (parked.c.aggregate == aggregate)
        self._connection.execute(delete(parked).where(aside))

    def drop_all(self) -> None:
        """Delete every derived row of the tenant."""
        for table in PROJECTIONS:
            self._connection.execute(delete(table).where(table.c.tenant == self._tenant))

    def rows(self, name: str) -> list[tuple[Any, ...]]:
        """Return a projection's rows in a fixed order."""
        table = next(table for table in PROJECTIONS if table.name == name)
        query = select(table).where(table.c.tenant == self._tenant).order_by(*table.primary_key.columns)
        return [tuple(row) for row in self._connection.execute(query)]

    def _settle_images(self, capture: str) -> None:
        """Set a capture's image state by what is waited for now."""
        named = select(capture_images.c.blob).where(
            capture_images.c.tenant == self._tenant, capture_images.c.capture == capture
        )
        names = set(self._connection.execute(named).scalars())
        here = names <= settled_names(self._connection, self._tenant, names)
        state = ImageState.PRESENT if here else ImageState.AWAITING
        query = update(captures).where(captures.c.tenant == self._tenant, captures.c.id == capture)
        self._connection.execute(query.values(image_state=state))
