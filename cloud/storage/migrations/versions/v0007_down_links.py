"""What the hub's processes know together of each box's down link."""

import sqlalchemy as sa
from alembic import op

from cloud.storage.migrations.making import hold_to_tenant, identity, number, text

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Create the table; boxes are greeted anew."""
    op.create_table(
        "down_links",
        identity("tenant"),
        identity("device"),
        text("life", 16),
        number("version"),
        sa.Column("state", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "device"),
    )
    hold_to_tenant("down_links")
