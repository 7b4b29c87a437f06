"""The first tables, and row-level security where the database has it."""

import sqlalchemy as sa
from alembic import op

from cloud.storage.migrations.making import hold_to_tenant, identity, number, text

revision = "0001"
down_revision = None

_OPEN_TABLES = ("tenants", "device_directory", "alembic_version")


def upgrade() -> None:
    """Create every table of the first version."""
    _create_images_and_bookings()
    _create_devices_and_down_log()
    _create_events_and_locations()
    _create_state()
    made = sa.inspect(op.get_bind()).get_table_names()
    hold_to_tenant(*(table for table in made if table not in _OPEN_TABLES))


def _create_images_and_bookings() -> None:
    op.create_table(
        "blobs",
        identity("tenant"),
        text("name", 64),
        number("size"),
        text("state", 16),
        identity("device"),
        number("stored_at"),
        sa.PrimaryKeyConstraint("tenant", "name"),
    )
    op.create_table(
        "booking_contacts",
        identity("tenant"),
        text("request", 64),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "request"),
    )
    op.create_table(
        "booking_requests",
        identity("tenant"),
        text("id", 64),
        identity("location"),
        text("service", 80),
        text("day", 10),
        sa.Column("earliest_minute", sa.Integer(), nullable=False),
        sa.Column("latest_minute", sa.Integer(), nullable=False),
        number("requested_at"),
        text("state", 16),
        sa.Column("start_minute", sa.Integer(), nullable=True),
        text("reason", 500),
        sa.PrimaryKeyConstraint("tenant", "id"),
    )
    op.create_table(
        "capture_images",
        identity("tenant"),
        identity("capture"),
        text("blob", 64),
        identity("device"),
        sa.PrimaryKeyConstraint("tenant", "capture", "blob"),
    )
    op.create_index("capture_images_by_blob", "capture_images", ["tenant", "blob"], unique=False)
    op.create_table(
        "captures",
        identity("tenant"),
        identity("id"),
        identity("location"),
        identity("device"),
        text("day", 10),
        sa.Column("findings", sa.Integer(), nullable=False),
        text("image_state", 16),
        sa.PrimaryKeyConstraint("tenant", "id"),
    )
    op.create_index("captures_by_day", "captures", ["tenant", "day"], unique=False)


def _create_devices_and_down_log() -> None:
    op.create_table(
        "counters",
        identity("tenant"),
        identity("device"),
        text("name", 64),
        number("value"),
        sa.PrimaryKeyConstraint("tenant", "device", "name"),
    )
    op.create_table(
        "device_directory",
        identity("device"),
        identity("tenant"),
        sa.PrimaryKeyConstraint("device"),
    )
    op.create_table(
        "devices",
        identity("tenant"),
        identity("id"),
        identity("location"),
        text("label", 120),
        sa.Column("signing_key", sa.LargeBinary(length=32), nullable=False),
        sa.Column("receiving_key", sa.LargeBinary(length=32), nullable=False),
        text("state", 16),
        text("reason", 500),
        sa.Column("may_restart", sa.Boolean(), nullable=False),
        number("enrolled_at"),
        number("last_contact_at", optional=True),
        sa.Column("online", sa.Boolean(), nullable=False),
        number("online_since"),
        text("head_epoch", 16),
        number("head_seq"),
        text("software", 64),
        sa.PrimaryKeyConstraint("tenant", "id"),
    )
    op.create_table(
        "down_heads",
        identity("tenant"),
        identity("location"),
        text("epoch", 16),
        number("seq"),
        text("hash", 64),
        sa.PrimaryKeyConstraint("tenant", "location"),
    )
    op.create_table(
        "down_log",
        identity("tenant"),
        identity("location"),
        text("epoch", 16),
        number("seq", key=True),
        text("id", 36),
        text("hash", 64),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "location", "epoch", "seq"),
    )
    op.create_table(
        "down_positions",
        identity("tenant"),
        identity("device"),
        text("epoch", 16),
        number("seq"),
        text("hash", 64),
        sa.PrimaryKeyConstraint("tenant", "device"),
    )


def _create_events_and_locations() -> None:
    op.create_table(
        "events",
        identity("tenant"),
        identity("device"),
        text("epoch", 16),
        number("seq", key=True),
        text("id", 36),
        text("hash", 64),
        identity("location"),
        text("type", 64),
        identity("aggregate"),
        number("version"),
        text("hlc", 16),
        number("wall_time"),
        number("received_at"),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "device", "epoch", "seq"),
        sa.UniqueConstraint("tenant", "id", name="events_id_once"),
    )
    op.create_index("events_by_aggregate", "events", ["tenant", "aggregate"], unique=False)
    op.create_index("events_by_type", "events", ["tenant", "type", "wall_time"], unique=False)
    op.create_table(
        "hello_sessions",
        identity("tenant"),
        identity("device"),
        text("session", 64),
        number("seen_at"),
        sa.PrimaryKeyConstraint("tenant", "device", "session"),
    )
    op.create_table(
        "invitations",
        identity("tenant"),
        text("code_hash", 64),
        identity("location"),
        number("expires_at"),
        number("used_at", optional=True),
        identity("device", optional=True),
        sa.PrimaryKeyConstraint("tenant", "code_hash"),
    )
    op.create_table(
        "locations",
        identity("tenant"),
        identity("id"),
        text("name", 120),
        text("timezone", 64),
        sa.Column("services", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "id"),
    )


def _create_state() -> None:
    op.create_table(
        "now_snapshots",
        identity("tenant"),
        identity("device"),
        sa.Column("json", sa.Text(), nullable=False),
        number("received_at"),
        sa.PrimaryKeyConstraint("tenant", "device"),
    )
    op.create_table(
        "parked",
        identity("tenant"),
        text("event", 36),
        identity("device"),
        text("epoch", 16),
        number("seq"),
        identity("location"),
        text("type", 64),
        identity("aggregate"),
        text("behind", 36, optional=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        text("reason", 500),
        number("parked_at"),
        sa.PrimaryKeyConstraint("tenant", "event"),
    )
    op.create_index("parked_by_aggregate", "parked", ["tenant", "device", "aggregate"], unique=False)
    op.create_table(
        "positions",
        identity("tenant"),
        identity("device"),
        text("epoch", 16),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        number("seq"),
        text("hash", 64),
        text("parent_epoch", 16),
        number("parent_seq"),
        sa.PrimaryKeyConstraint("tenant", "device", "epoch"),
    )
    op.create_table(
        "tenants",
        identity("id"),
        text("name", 120),
        sa.PrimaryKeyConstraint("id"),
    )
