"""Decisions as a table, one row each."""

from edge.store.database import Connection
from edge.store.projection import Projection
from shared.events.catalogue.consent import ConsentRecorded, ConsentWithdrawn
from shared.events.catalogue.erasure import ClientErased
from shared.events.envelope import Event
from shared.vocabulary import ConsentDecision


def _apply(connection: Connection, event: Event) -> None:
    fields, payload = event.fields, event.fields.payload
    if fields.type == ConsentRecorded.event_type:
        decision, expires = payload["decision"], payload.get("expires_at")
    elif fields.type == ConsentWithdrawn.event_type:
        decision, expires = ConsentDecision.DENIED, None
    else:
        if fields.type == ClientErased.event_type:
            connection.execute("DELETE FROM consents WHERE client = ?", (payload["client"],))
        return
    connection.execute(
        "INSERT INTO consents VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            fields.id, fields.client, payload["purpose"], str(decision), fields.wall_time.isoformat(),
            expires, ",".join(payload.get("supersedes", ())),
        ),
    )  # fmt: skip


CONSENTS = Projection(
    "consents",
    2,
    (
        (
            "consents",
            "CREATE TABLE consents (id TEXT PRIMARY KEY, client TEXT NOT NULL, purpose TEXT NOT NULL,"
            " decision TEXT NOT NULL, recorded_at TEXT NOT NULL, expires_at TEXT, supersedes TEXT NOT NULL)",
        ),
    ),
    _apply,
)
