"""Tables for deleting clients, filled from the events that are stored already."""

import json
from typing import Any

import sqlalchemy as sa
from alembic import op

from cloud.storage.migrations.making import hold_to_tenant, identity, number, text

revision = "0006"
down_revision = "0005"

_TABLES = ("known_clients", "capture_clients", "consent_decisions", "erasure_requests", "erasures", "shredded_images")


def upgrade() -> None:
    """Create the tables and let them know the clients, photographs and decisions of the logs."""
    _create_what_logs_name()
    _create_requests()
    _create_what_was_destroyed()
    _fill()
    hold_to_tenant(*_TABLES)


def _create_what_logs_name() -> None:
    op.create_table(
        "known_clients",
        identity("tenant"),
        identity("client"),
        identity("location"),
        sa.PrimaryKeyConstraint("tenant", "client"),
    )
    op.create_table(
        "capture_clients",
        identity("tenant"),
        identity("capture"),
        identity("client"),
        identity("device"),
        text("hlc", 16),
        sa.PrimaryKeyConstraint("tenant", "capture"),
    )
    op.create_index("capture_clients_by_client", "capture_clients", ["tenant", "client"], unique=False)
    op.create_table(
        "consent_decisions",
        identity("tenant"),
        text("event", 36),
        identity("client"),
        number("granted"),
        text("hlc", 16),
        sa.Column("supersedes", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "event"),
    )
    op.create_index("consent_decisions_by_client", "consent_decisions", ["tenant", "client"], unique=False)


def _create_requests() -> None:
    op.create_table(
        "erasure_requests",
        identity("tenant"),
        text("request", 64),
        identity("client"),
        identity("location"),
        text("reason", 32),
        text("legal_basis", 32),
        identity("requested_by"),
        number("requested_at"),
        text("state", 16),
        identity("decided_by", optional=True),
        number("decided_at", optional=True),
        sa.PrimaryKeyConstraint("tenant", "request"),
    )


def _create_what_was_destroyed() -> None:
    op.create_table(
        "erasures",
        identity("tenant"),
        identity("client"),
        text("state", 16),
        text("request", 64),
        identity("location"),
        identity("device"),
        text("reason", 32),
        text("legal_basis", 32),
        text("event", 36),
        text("hash", 64),
        number("generation"),
        number("erased_at"),
        number("done_at", optional=True),
        sa.Column("receipt", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("tenant", "client"),
    )
    op.create_table(
        "shredded_images",
        identity("tenant"),
        text("blob", 64),
        identity("client"),
        text("why", 16),
        text("state", 16),
        sa.PrimaryKeyConstraint("tenant", "blob"),
    )
    op.create_index("shredded_images_by_state", "shredded_images", ["tenant", "state"], unique=False)
    op.create_index("shredded_images_by_client", "shredded_images", ["tenant", "client"], unique=False)


def _fill() -> None:
    """Read the stored events, whose tables row-level security hides from no migration that names the tenant."""
    connection = op.get_bind()
    for tenant in connection.execute(sa.text("SELECT id FROM tenants")).scalars().all():
        if connection.dialect.name == "postgresql":
            connection.execute(sa.text("SELECT set_config('app.tenant', :tenant, true)"), {"tenant": tenant})
        query = sa.text(
            "SELECT body FROM events WHERE tenant = :tenant AND type IN"
            " ('client.registered', 'capture.stored', 'consent.recorded', 'consent.withdrawn')"
        )
        for body in connection.execute(query, {"tenant": tenant}).scalars():
            _fill_one(connection, tenant, json.loads(bytes(body)))


def _fill_one(connection: Any, tenant: str, event: dict[str, Any]) -> None:
    client, payload = event.get("client"), event["payload"]
    if client is None:
        return
    values: dict[str, Any] = {"tenant": tenant, "client": client}
    if event["type"] == "client.registered":
        statement = "INSERT INTO known_clients (tenant, client, location) VALUES (:tenant, :client, :location)"
        values |= {"location": event["location"]}
    elif event["type"] == "capture.stored":
        statement = (
            "INSERT INTO capture_clients (tenant, capture, client, device, hlc)"
            " VALUES (:tenant, :capture, :client, :device, :hlc)"
        )
        values |= {"capture": event["aggregate"], "device": event["device"], "hlc": event["hlc"]}
    elif payload.get("purpose") == "treatment_record":
        statement = (
            "INSERT INTO consent_decisions (tenant, event, client, granted, hlc, supersedes)"
            " VALUES (:tenant, :event, :client, :granted, :hlc, :supersedes)"
        )
        values |= {
            "event": event["id"],
            "granted": int(payload.get("decision") == "granted"),
            "hlc": event["hlc"],
            "supersedes": json.dumps(payload.get("supersedes", [])),
        }
    else:
        return
    connection.execute(sa.text(f"{statement} ON CONFLICT DO NOTHING"), values)
