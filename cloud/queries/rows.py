"""The statements behind the portal, each for one tenant."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, and_, func, select

from cloud.storage.tables import booking_requests, captures, events, parked, positions
from shared.events.envelope import Event, EventBody
from shared.ids import TenantId

LATEST_REQUESTS = 100


@dataclass(frozen=True, slots=True)
class DayCount:
    """What one location did on one day."""

    day: str
    location: str
    captures: int
    findings: int


@dataclass(frozen=True, slots=True)
class Progress:
    """How far one epoch of a device's log is applied, and the last event of it."""

    epoch: str
    seq: int
    last: EventBody | None


def captures_per_day(connection: Connection, tenant: TenantId, first_day: str, last_day: str) -> list[DayCount]:
    """Return captures and findings by day and location, days inclusive."""
    query = (
        select(captures.c.day, captures.c.location, func.count(), func.coalesce(func.sum(captures.c.findings), 0))
        .where(captures.c.tenant == tenant, captures.c.day >= first_day, captures.c.day <= last_day)
        .group_by(captures.c.day, captures.c.location)
        .order_by(captures.c.day, captures.c.location)
    )
    return [
        DayCount(day, location, int(count), int(found)) for day, location, count, found in connection.execute(query)
    ]


def progress(connection: Connection, tenant: TenantId) -> dict[str, list[Progress]]:
    """Return each device's epochs, oldest first."""
    last = and_(
        events.c.tenant == positions.c.tenant,
        events.c.device == positions.c.device,
        events.c.epoch == positions.c.epoch,
        events.c.seq == positions.c.seq,
    )
    query = (
        select(positions.c.device, positions.c.epoch, positions.c.seq, events.c.body)
        .select_from(positions.outerjoin(events, last))
        .where(positions.c.tenant == tenant)
        .order_by(positions.c.device, positions.c.ordinal)
    )
    found: dict[str, list[Progress]] = {}
    for device, epoch, seq, body in connection.execute(query):
        event = None if body is None else Event.from_body(body).fields
        found.setdefault(device, []).append(Progress(epoch, seq, event))
    return found


def events_since(
    connection: Connection, tenant: TenantId, location: str, since: int, event_type: str | None = None
) -> int:
    """Return how many events of a location happened since a moment in milliseconds since 1970."""
    query = select(func.count()).select_from(events)
    query = query.where(events.c.tenant == tenant, events.c.location == location, events.c.wall_time >= since)
    if event_type is not None:
        query = query.where(events.c.type == event_type)
    return int(connection.execute(query).scalar_one())


def parked_heads(connection: Connection, tenant: TenantId) -> list[tuple[Row[Any], int]]:
    """Return set-aside events, oldest first, each with how many wait behind it."""
    behind = (
        select(parked.c.behind, func.count().label("waiting"))
        .where(parked.c.tenant == tenant, parked.c.behind.is_not(None))
        .group_by(parked.c.behind)
    )
    waiting = {row.behind: int(row.waiting) for row in connection.execute(behind)}
    query = select(parked).where(parked.c.tenant == tenant, parked.c.behind.is_(None))
    rows = connection.execute(query.order_by(parked.c.parked_at, parked.c.event)).all()
    return [(row, waiting.get(row.event, 0)) for row in rows]


def parked_count(connection: Connection, tenant: TenantId) -> int:
    """Return how many events are set aside, those that wait behind others included."""
    query = select(func.count()).select_from(parked).where(parked.c.tenant == tenant)
    return int(connection.execute(query).scalar_one())


def latest_requests(connection: Connection, tenant: TenantId) -> list[Row[Any]]:
    """Return the latest booking requests, latest first."""
    query = select(booking_requests).where(booking_requests.c.tenant == tenant)
    query = query.order_by(booking_requests.c.requested_at.desc(), booking_requests.c.id.desc())
    return list(connection.execute(query.limit(LATEST_REQUESTS)).all())
