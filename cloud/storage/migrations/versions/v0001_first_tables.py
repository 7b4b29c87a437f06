"""The first tables, and row-level security where the database has it."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_OPEN_TABLES = ("tenants", "device_directory")


def upgrade() -> None:
    """Create every table of the first version."""
    _create_images_and_bookings()
    _create_devices_and_down_log()
    _create_events_and_locations()
    _create_state()
    if op.get_bind().dialect.name == "postgresql":
        _enable_row_level_security()


def _enable_row_level_security() -> None:
    for table in sa.inspect(op.get_bind()).get_table_names():
        if table in {*_OPEN_TABLES, "alembic_version"}:
            continue
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(
            f"CREATE POLICY own_tenant ON {table} USING (tenant = nullif(current_setting('app.tenant', true), ''))"
        )


def _create_images_and_bookings() -> None:
    op.create_table(
        "blobs",
        sa.Column("tenant", sa.String(length=128), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("device", sa.String(length=128), nullable=False),
        sa.Column("stored_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "name"),
    )
    op.create_table(
        "booking_contacts",
        sa.Column("tenant", sa.String(length=128), nullable=False),
        sa.Column("request", sa.String(length=64), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "request"),
    )
    op.create_table(
        "booking_requests",
        sa.Column("tenant", sa.String(length=128), nullable=False),
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("location", sa.String(length=128), nullable=False),
        sa.Column("service", sa.String(length=80), nullable=False),
        sa.Column("day", sa.String(length=10), nullable=False),
        sa.Column("earliest_minute", sa.Integer(), nullable=False),
        sa.Column("latest_minute", sa.Integer(), nullable=False),
        sa.Column("requested_at", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("start_minute", sa.Integer(), nullable=True),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "id"),
    )
    op.create_table(
        "capture_images",
        sa.Column("tenant", sa.String(length=128), nullable=False),
        sa.Column("capture", sa.String(length=128), nullable=False),
        sa.Column("blob", sa.String(length=64), nullable=False),
        sa.Column("device", sa.String(length=128), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "capture", "blob"),
    )
    op.create_index("capture_images_by_blob", "capture_images", ["tenant", "blob"], unique=False)
    op.create_table(
        "captures",
        sa.Column("tenant", sa.String(length=128), nullable=False),
        sa.Column("id", sa.String(length=128), nullable=False),
        sa.Column("location", sa.String(length=128), nullable=False),
        sa.Column("device", sa.String(length=128), nullable=False),
        sa.Column("day", sa.String(length=10), nullable=False),
        sa.Column("findings", sa.Integer(), nullable=False),
        sa.Column("image_state", sa.String(length=16), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "id"),
    )
    op.create_index("captures_by_day", "captures", ["tenant", "day"], unique=False)


def _create_devices_and_down_log() -> None:
    op.create_table(
        "counters",
        sa.Column("tenant", sa.String(length=128), nullable=False),
        sa.Column("device", sa.String(length=128), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "device", "name"),
    )
    op.create_table(
        "device_directory",
        sa.Column("device", sa.String(length=128), nullable=False),
        sa.Column("tenant", sa.String(length=128), nullable=False),
        sa.PrimaryKeyConstraint("device"),
    )
    op.create_table(
        "devices",
        sa.Column("tenant", sa.String(length=128), nullable=False),
        sa.Column("id", sa.String(length=128), nullable=False),
        sa.Column("location", sa.String(length=128), nullable=False),
        sa.Column("label", sa.String(length=120), nullable=False),
        sa.Column("signing_key", sa.LargeBinary(length=32), nullable=False),
        sa.Column("receiving_key", sa.LargeBinary(length=32), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("may_restart", sa.Boolean(), nullable=False),
        sa.Column("enrolled_at", sa.BigInteger(), nullable=False),
        sa.Column("last_contact_at", sa.BigInteger(), nullable=True),
        sa.Column("online", sa.Boolean(), nullable=False),
        sa.Column("online_since", sa.BigInteger(), nullable=False),
        sa.Column("head_epoch", sa.String(length=16), nullable=False),
        sa.Column("head_seq", sa.BigInteger(), nullable=False),
        sa.Column("software", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "id"),
    )
    op.create_table(
        "down_heads",
        sa.Column("tenant", sa.String(length=128), nullable=False),
        sa.Column("location", sa.String(length=128), nullable=False),
        sa.Column("epoch", sa.String(length=16), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "location"),
    )
    op.create_table(
        "down_log",
        sa.Column("tenant", sa.String(length=128), nullable=False),
        sa.Column("location", sa.String(length=128), nullable=False),
        sa.Column("epoch", sa.String(length=16), nullable=False),
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "location", "epoch", "seq"),
    )
    op.create_table(
        "down_positions",
        sa.Column("tenant", sa.String(length=128), nullable=False),
        sa.Column("device", sa.String(length=128), nullable=False),
        sa.Column("epoch", sa.String(length=16), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "device"),
    )


def _create_events_and_locations() -> None:
    op.create_table(
        "events",
        sa.Column("tenant", sa.String(length=128), nullable=False),
        sa.Column("device", sa.String(length=128), nullable=False),
        sa.Column("epoch", sa.String(length=16), nullable=False),
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("location", sa.String(length=128), nullable=False),
        sa.Column("type", sa.String(length=64), nullable=False),
        sa.Column("aggregate", sa.String(length=128), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("hlc", sa.String(length=16), nullable=False),
        sa.Column("wall_time", sa.BigInteger(), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "device", "epoch", "seq"),
        sa.UniqueConstraint("tenant", "id", name="events_id_once"),
    )
    op.create_index("events_by_aggregate", "events", ["tenant", "aggregate"], unique=False)
    op.create_index("events_by_type", "events", ["tenant", "type", "wall_time"], unique=False)
    op.create_table(
        "hello_sessions",
        sa.Column("tenant", sa.String(length=128), nullable=False),
        sa.Column("device", sa.String(length=128), nullable=False),
        sa.Column("session", sa.String(length=64), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "device", "session"),
    )
    op.create_table(
        "invitations",
        sa.Column("tenant", sa.String(length=128), nullable=False),
        sa.Column("code_hash", sa.String(length=64), nullable=False),
        sa.Column("location", sa.String(length=128), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("used_at", sa.BigInteger(), nullable=True),
        sa.Column("device", sa.String(length=128), nullable=True),
        sa.PrimaryKeyConstraint("tenant", "code_hash"),
    )
    op.create_table(
        "locations",
        sa.Column("tenant", sa.String(length=128), nullable=False),
        sa.Column("id", sa.String(length=128), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("timezone", sa.String(length=64), nullable=False),
        sa.Column("services", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "id"),
    )


def _create_state() -> None:
    op.create_table(
        "now_snapshots",
        sa.Column("tenant", sa.String(length=128), nullable=False),
        sa.Column("device", sa.String(length=128), nullable=False),
        sa.Column("json", sa.Text(), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "device"),
    )
    op.create_table(
        "parked",
        sa.Column("tenant", sa.String(length=128), nullable=False),
        sa.Column("event", sa.String(length=36), nullable=False),
        sa.Column("device", sa.String(length=128), nullable=False),
        sa.Column("epoch", sa.String(length=16), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("location", sa.String(length=128), nullable=False),
        sa.Column("type", sa.String(length=64), nullable=False),
        sa.Column("aggregate", sa.String(length=128), nullable=False),
        sa.Column("behind", sa.String(length=36), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("parked_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "event"),
    )
    op.create_index("parked_by_aggregate", "parked", ["tenant", "device", "aggregate"], unique=False)
    op.create_table(
        "positions",
        sa.Column("tenant", sa.String(length=128), nullable=False),
        sa.Column("device", sa.String(length=128), nullable=False),
        sa.Column("epoch", sa.String(length=16), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("parent_epoch", sa.String(length=16), nullable=False),
        sa.Column("parent_seq", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "device", "epoch"),
    )
    op.create_table(
        "tenants",
        sa.Column("id", sa.String(length=128), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
