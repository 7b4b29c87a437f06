"""What this box found out about the hub's log, as a table."""

from edge.store.database import Connection
from edge.store.projection import Projection
from shared.events.catalogue.log import HeadVerified, HubRestored, HubRewroteHistory, LogKeyTrusted
from shared.events.envelope import Event

_KINDS = {item.event_type for item in (HeadVerified, HubRestored, HubRewroteHistory, LogKeyTrusted)}


def _apply(connection: Connection, event: Event) -> None:
    fields = event.fields
    if fields.type in _KINDS:
        connection.execute(
            "INSERT INTO hub_log VALUES (?, ?, ?, ?, ?)",
            (
                fields.id,
                fields.type,
                fields.wall_time.date().isoformat(),
                fields.payload.get("key_id" if fields.type == LogKeyTrusted.event_type else "reason", ""),
                fields.payload.get("sentence", ""),
            ),
        )


HUB_LOG = Projection(
    "hub_log",
    1,
    (
        (
            "hub_log",
            "CREATE TABLE hub_log (event TEXT PRIMARY KEY, type TEXT NOT NULL, day TEXT NOT NULL,"
            " reason TEXT NOT NULL, sentence TEXT NOT NULL)",
        ),
    ),
    _apply,
)
