"""Which device a one-time code lets a new machine replace."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Add the column; every code before it is for a new device."""
    op.add_column("invitations", sa.Column("replaces", sa.String(length=128), nullable=True))
