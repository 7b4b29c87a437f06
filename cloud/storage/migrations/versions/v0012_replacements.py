"""Which device a one-time code lets a new machine replace."""

from alembic import op

from cloud.storage.migrations.making import identity

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Add the column; every code before it is for a new device."""
    op.add_column("invitations", identity("replaces", optional=True))
