"""What the hub's processes know together of each box's down link."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Create the table; boxes are greeted anew."""
    op.create_table(
        "down_links",
        sa.Column("tenant", sa.String(length=128), nullable=False),
        sa.Column("device", sa.String(length=128), nullable=False),
        sa.Column("life", sa.String(length=16), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "device"),
    )
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER TABLE down_links ENABLE ROW LEVEL SECURITY")
        op.execute("ALTER TABLE down_links FORCE ROW LEVEL SECURITY")
        op.execute(
            "CREATE POLICY own_tenant ON down_links USING (tenant = nullif(current_setting('app.tenant', true), ''))"
        )
