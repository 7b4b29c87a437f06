"""What each box is wanted to be set to, and what it made of that."""

import sqlalchemy as sa
from alembic import op

from cloud.storage.migrations.making import hold_to_tenant, identity, number, text

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Create the table; no box was wanted to be anything before."""
    op.create_table(
        "twins",
        identity("tenant"),
        identity("device"),
        number("wanted_version"),
        sa.Column("wanted", sa.Text(), nullable=False),
        number("wanted_at"),
        number("reported_version"),
        text("state", 16),
        text("reason", 500),
        text("digest", 64),
        sa.PrimaryKeyConstraint("tenant", "device"),
    )
    hold_to_tenant("twins")
