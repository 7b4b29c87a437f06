"""Where a request to delete a client was made: what the portal asked for, its people may also approve."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Add the column; every request so far was made at a clinic."""
    column = sa.Column("origin", sa.String(length=16), nullable=False, server_default="clinic")
    op.add_column("erasure_requests", column)
