"""What the watch over the audit stream keeps; it looks at every event from the first on."""

import sqlalchemy as sa
from alembic import op

from cloud.storage.migrations.making import hold_to_tenant, identity, number, text

revision = "0011"
down_revision = "0010"

_TABLES = ("audit_cursors", "audit_counts", "alerts")


def upgrade() -> None:
    """Create the tables."""
    _create_counts()
    _create_alerts()
    hold_to_tenant(*_TABLES)


def _create_counts() -> None:
    op.create_table(
        "audit_cursors",
        identity("tenant"),
        number("next_leaf"),
        sa.PrimaryKeyConstraint("tenant"),
    )
    op.create_table(
        "audit_counts",
        identity("tenant"),
        identity("location"),
        identity("actor"),
        text("kind", 32),
        text("day", 10),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "location", "actor", "kind", "day"),
    )


def _create_alerts() -> None:
    op.create_table(
        "alerts",
        identity("tenant"),
        text("id", 32),
        identity("location"),
        identity("actor"),
        text("kind", 32),
        text("day", 10),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("threshold", sa.Integer(), nullable=False),
        number("first_at"),
        number("last_at"),
        number("acknowledged_at", optional=True),
        identity("acknowledged_by", optional=True),
        sa.Column("note", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("tenant", "id"),
    )
