"""How long a restored hub has run: so long it takes back what boxes remember of its own log."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """Add the column; a hub restored before begins to count now."""
    op.add_column("hub_state", sa.Column("ran", sa.BigInteger(), nullable=False, server_default="0"))
