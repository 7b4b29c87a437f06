"""Embeddings as a table, the latest of each capture; vectors stay sealed in it."""

import json

from edge.store.database import Connection
from edge.store.projection import Projection
from shared.events.catalogue.erasure import ClientErased
from shared.events.catalogue.progress import CaptureEmbedded
from shared.events.envelope import Event


def _apply(connection: Connection, event: Event) -> None:
    fields = event.fields
    if fields.type == CaptureEmbedded.event_type:
        connection.execute(
            "INSERT INTO embeddings (capture, client, tenant, space, event_id, payload) VALUES (?, ?, ?, ?, ?, ?)"
            " ON CONFLICT (capture) DO UPDATE SET"
            " space = excluded.space, event_id = excluded.event_id, payload = excluded.payload",
            (
                fields.aggregate.removeprefix("capture/"), fields.client, fields.tenant,
                fields.payload["space"], fields.id, json.dumps(fields.payload),
            ),
        )  # fmt: skip
    elif fields.type == ClientErased.event_type:
        connection.execute("DELETE FROM embeddings WHERE client = ?", (fields.payload["client"],))


EMBEDDINGS = Projection(
    "embeddings",
    2,
    (
        (
            "embeddings",
            "CREATE TABLE embeddings (number INTEGER PRIMARY KEY, capture TEXT NOT NULL UNIQUE, client TEXT NOT NULL,"
            " tenant TEXT NOT NULL, space TEXT NOT NULL, event_id TEXT NOT NULL, payload TEXT NOT NULL)",
        ),
    ),
    _apply,
)
