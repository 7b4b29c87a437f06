"""Which life of the database this is, and every epoch of the logs that go down, in order."""

import secrets

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Create both tables; the logs that exist are the first epochs of their clinics."""
    state = op.create_table(
        "hub_state",
        sa.Column("only", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("epoch", sa.String(length=16), nullable=False),
        sa.Column("restored_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("only"),
    )
    op.bulk_insert(state, [{"only": 1, "epoch": secrets.token_hex(8), "restored_at": None}])
    op.create_table(
        "down_epochs",
        sa.Column("tenant", sa.String(length=128), nullable=False),
        sa.Column("location", sa.String(length=128), nullable=False),
        sa.Column("epoch", sa.String(length=16), nullable=False),
        sa.Column("ordinal", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "location", "epoch"),
    )
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER TABLE down_heads NO FORCE ROW LEVEL SECURITY")
    op.execute("INSERT INTO down_epochs SELECT tenant, location, epoch, 0 FROM down_heads")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER TABLE down_heads FORCE ROW LEVEL SECURITY")
        op.execute("ALTER TABLE down_epochs ENABLE ROW LEVEL SECURITY")
        op.execute("ALTER TABLE down_epochs FORCE ROW LEVEL SECURITY")
        op.execute(
            "CREATE POLICY own_tenant ON down_epochs USING (tenant = nullif(current_setting('app.tenant', true), ''))"
        )
