"""Which generation of its transport key each device was sent and has taken."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Create the table; every device has the first generation."""
    op.create_table(
        "device_keys",
        sa.Column("tenant", sa.String(length=128), nullable=False),
        sa.Column("device", sa.String(length=128), nullable=False),
        sa.Column("sent", sa.Integer(), nullable=False),
        sa.Column("taken", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "device"),
    )
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER TABLE device_keys ENABLE ROW LEVEL SECURITY")
        op.execute("ALTER TABLE device_keys FORCE ROW LEVEL SECURITY")
        op.execute(
            "CREATE POLICY own_tenant ON device_keys USING (tenant = nullif(current_setting('app.tenant', true), ''))"
        )
