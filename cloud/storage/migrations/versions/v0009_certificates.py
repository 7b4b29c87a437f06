"""The certificates that devices were given."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Create the table, held to its tenant like every other."""
    op.create_table(
        "certificates",
        sa.Column("tenant", sa.String(length=128), nullable=False),
        sa.Column("serial", sa.String(length=40), nullable=False),
        sa.Column("device", sa.String(length=128), nullable=False),
        sa.Column("root", sa.String(length=64), nullable=False),
        sa.Column("issued_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("revoked_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("tenant", "serial"),
    )
    op.create_index("certificates_by_device", "certificates", ["tenant", "device", "issued_at"], unique=False)
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER TABLE certificates ENABLE ROW LEVEL SECURITY")
        op.execute("ALTER TABLE certificates FORCE ROW LEVEL SECURITY")
        op.execute(
            "CREATE POLICY own_tenant ON certificates USING (tenant = nullif(current_setting('app.tenant', true), ''))"
        )
