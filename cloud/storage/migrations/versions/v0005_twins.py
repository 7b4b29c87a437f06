"""What each box is wanted to be set to, and what it made of that."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Create the table; no box was wanted to be anything before."""
    op.create_table(
        "twins",
        sa.Column("tenant", sa.String(length=128), nullable=False),
        sa.Column("device", sa.String(length=128), nullable=False),
        sa.Column("wanted_version", sa.BigInteger(), nullable=False),
        sa.Column("wanted", sa.Text(), nullable=False),
        sa.Column("wanted_at", sa.BigInteger(), nullable=False),
        sa.Column("reported_version", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "device"),
    )
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER TABLE twins ENABLE ROW LEVEL SECURITY")
        op.execute("ALTER TABLE twins FORCE ROW LEVEL SECURITY")
        op.execute("CREATE POLICY own_tenant ON twins USING (tenant = nullif(current_setting('app.tenant', true), ''))")
