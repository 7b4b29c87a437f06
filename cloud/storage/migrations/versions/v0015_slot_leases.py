"""Slots that boxes lend to the hub, which sells them at once."""

import sqlalchemy as sa
from alembic import op

from cloud.storage.migrations.making import hold_to_tenant, identity, number, text

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    """Create the table; a grant that came before the hub knew of slots is set aside and can be replayed."""
    op.create_table(
        "slot_leases",
        identity("tenant"),
        text("id", 64),
        identity("location"),
        identity("device"),
        text("epoch", 16),
        text("life", 16),
        text("day", 10),
        sa.Column("slot", sa.Text(), nullable=False),
        number("until"),
        text("state", 16),
        sa.Column("recalled", sa.Boolean(), nullable=False),
        text("order_id", 64),
        number("decided_at", optional=True),
        text("outcome", 16),
        sa.Column("start_minute", sa.Integer(), nullable=True),
        text("reason", 500),
        sa.PrimaryKeyConstraint("tenant", "id"),
    )
    op.create_index("slot_leases_by_day", "slot_leases", ["tenant", "state", "day"])
    hold_to_tenant("slot_leases")
