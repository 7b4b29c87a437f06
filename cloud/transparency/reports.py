"""What the tenant's boxes reported about the heads they verified, for the others to compare."""

from typing import Final

from pydantic import ValidationError
from sqlalchemy import Connection, select

from cloud.storage.tables import events
from shared.audit.heads import TreeHead
from shared.audit.witness import Seen
from shared.errors import MedSpaError
from shared.events.catalogue.log import HeadVerified
from shared.events.envelope import Event
from shared.ids import DeviceId, TenantId

_LATEST: Final = 1_000


def reports_of_others(connection: Connection, tenant: TenantId, device: DeviceId) -> list[Seen]:
    """Return the latest report of every box but this one."""
    query = (
        select(events.c.device, events.c.wall_time, events.c.body)
        .where(events.c.tenant == tenant, events.c.type == HeadVerified.event_type, events.c.device != device)
        .order_by(events.c.wall_time.desc())
        .limit(_LATEST)
    )
    found: dict[str, Seen] = {}
    for row in connection.execute(query):
        if row.device in found:
            continue
        try:
            said = HeadVerified.model_validate(Event.from_body(bytes(row.body)).fields.payload)
        except (MedSpaError, ValidationError):
            continue  # rotten, which the scrub finds and mends; the box's earlier report stands in for it
        head = TreeHead(tenant, said.epoch, said.size, said.root, row.wall_time)
        found[row.device] = Seen(row.device, said.key_id, head)
    return list(found.values())
