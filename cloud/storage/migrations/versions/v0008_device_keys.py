"""Which generation of its transport key each device was sent and has taken."""

import sqlalchemy as sa
from alembic import op

from cloud.storage.migrations.making import hold_to_tenant, identity

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Create the table; every device has the first generation."""
    op.create_table(
        "device_keys",
        identity("tenant"),
        identity("device"),
        sa.Column("sent", sa.Integer(), nullable=False),
        sa.Column("taken", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "device"),
    )
    hold_to_tenant("device_keys")
