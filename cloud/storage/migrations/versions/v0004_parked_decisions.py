"""What people decide about events set aside, and how often an event's effect has failed."""

import sqlalchemy as sa
from alembic import op

from cloud.storage.migrations.making import hold_to_tenant, identity, number, text

revision = "0004"
down_revision = "0003"

_TABLES = ("parked_decisions", "apply_failures")


def upgrade() -> None:
    """Create both tables."""
    op.create_table(
        "parked_decisions",
        identity("tenant"),
        text("event", 36),
        number("decided_at", key=True),
        text("decision", 16),
        text("actor", 64),
        text("reason", 500),
        sa.PrimaryKeyConstraint("tenant", "event", "decided_at"),
    )
    op.create_table(
        "apply_failures",
        identity("tenant"),
        identity("device"),
        text("epoch", 16),
        number("seq", key=True),
        number("tries"),
        sa.PrimaryKeyConstraint("tenant", "device", "epoch", "seq"),
    )
    hold_to_tenant(*_TABLES)
