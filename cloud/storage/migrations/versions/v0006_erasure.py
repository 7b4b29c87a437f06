"""Tables for deleting clients, filled from the events that are stored already."""

import json
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

_TABLES = ("known_clients", "capture_clients", "consent_decisions", "erasure_requests", "erasures", "shredded_images")


def upgrade() -> None:
    """Create the tables and let them know the clients, photographs and decisions of the logs."""
    _create_what_logs_name()
    _create_requests()
    _create_what_was_destroyed()
    _fill()
    if op.get_bind().dialect.name == "postgresql":
        for table in _TABLES:
            op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
            op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
            op.execute(
                f"CREATE POLICY own_tenant ON {table} USING (tenant = nullif(current_setting('app.tenant', true), ''))"
            )


def _id(name: str, *, optional: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.String(length=128), nullable=optional)


def _create_what_logs_name() -> None:
    op.create_table(
        "known_clients", _id("tenant"), _id("client"), _id("location"), sa.PrimaryKeyConstraint("tenant", "client")
    )
    op.create_table(
        "capture_clients",
        _id("tenant"),
        _id("capture"),
        _id("client"),
        _id("device"),
        sa.Column("hlc", sa.String(length=16), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "capture"),
    )
    op.create_index("capture_clients_by_client", "capture_clients", ["tenant", "client"], unique=False)
    op.create_table(
        "consent_decisions",
        _id("tenant"),
        sa.Column("event", sa.String(length=36), nullable=False),
        _id("client"),
        sa.Column("granted", sa.BigInteger(), nullable=False),
        sa.Column("hlc", sa.String(length=16), nullable=False),
        sa.Column("supersedes", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "event"),
    )
    op.create_index("consent_decisions_by_client", "consent_decisions", ["tenant", "client"], unique=False)


def _create_requests() -> None:
    op.create_table(
        "erasure_requests",
        _id("tenant"),
        sa.Column("request", sa.String(length=64), nullable=False),
        _id("client"),
        _id("location"),
        sa.Column("reason", sa.String(length=32), nullable=False),
        sa.Column("legal_basis", sa.String(length=32), nullable=False),
        _id("requested_by"),
        sa.Column("requested_at", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        _id("decided_by", optional=True),
        sa.Column("decided_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("tenant", "request"),
    )


def _create_what_was_destroyed() -> None:
    op.create_table(
        "erasures",
        _id("tenant"),
        _id("client"),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("request", sa.String(length=64), nullable=False),
        _id("location"),
        _id("device"),
        sa.Column("reason", sa.String(length=32), nullable=False),
        sa.Column("legal_basis", sa.String(length=32), nullable=False),
        sa.Column("event", sa.String(length=36), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("generation", sa.BigInteger(), nullable=False),
        sa.Column("erased_at", sa.BigInteger(), nullable=False),
        sa.Column("done_at", sa.BigInteger(), nullable=True),
        sa.Column("receipt", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("tenant", "client"),
    )
    op.create_table(
        "shredded_images",
        _id("tenant"),
        sa.Column("blob", sa.String(length=64), nullable=False),
        _id("client"),
        sa.Column("why", sa.String(length=16), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
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
