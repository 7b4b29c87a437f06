"""The register as a table; names stay sealed in it, and of a deleted client only the id is left."""

import json

from edge.store.database import Connection
from edge.store.projection import Projection
from shared.events.catalogue.client import ClientRegistered
from shared.events.catalogue.erasure import ClientErased
from shared.events.envelope import Event


def _apply(connection: Connection, event: Event) -> None:
    fields = event.fields
    if fields.type == ClientRegistered.event_type:
        connection.execute(
            "INSERT INTO clients VALUES (?, ?, ?, ?)",
            (fields.client, fields.id, fields.wall_time.isoformat(), json.dumps(fields.payload)),
        )
    elif fields.type == ClientErased.event_type:
        client = fields.payload["client"]
        connection.execute("DELETE FROM clients WHERE client = ?", (client,))
        connection.execute("INSERT OR IGNORE INTO erased_clients VALUES (?, ?)", (client, fields.wall_time.isoformat()))


CLIENTS = Projection(
    "clients",
    2,
    (
        (
            "clients",
            "CREATE TABLE clients (client TEXT PRIMARY KEY, event_id TEXT NOT NULL,"
            " registered_at TEXT NOT NULL, payload TEXT NOT NULL)",
        ),
        ("erased_clients", "CREATE TABLE erased_clients (client TEXT PRIMARY KEY, erased_at TEXT NOT NULL)"),
    ),
    _apply,
)
