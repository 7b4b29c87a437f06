"""The register as a table; names stay sealed in it."""

import json

from edge.store.database import Connection
from edge.store.projection import Projection
from shared.events.catalogue.client import ClientRegistered
from shared.events.envelope import Event


def _apply(connection: Connection, event: Event) -> None:
    fields = event.fields
    if fields.type == ClientRegistered.event_type:
        connection.execute(
            "INSERT INTO clients VALUES (?, ?, ?, ?)",
            (fields.client, fields.id, fields.wall_time.isoformat(), json.dumps(fields.payload)),
        )


CLIENTS = Projection(
    "clients",
    1,
    (
        (
            "clients",
            "CREATE TABLE clients (client TEXT PRIMARY KEY, event_id TEXT NOT NULL,"
            " registered_at TEXT NOT NULL, payload TEXT NOT NULL)",
        ),
    ),
    _apply,
)
