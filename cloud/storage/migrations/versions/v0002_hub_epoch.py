"""Which life of the database this is, and every epoch of the logs that go down, in order."""

import secrets

import sqlalchemy as sa
from alembic import op

from cloud.storage.migrations.making import hold_to_tenant, identity, is_postgresql, number, text

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Create both tables; the logs that exist are the first epochs of their clinics."""
    state = op.create_table(
        "hub_state",
        sa.Column("only", sa.Integer(), autoincrement=False, nullable=False),
        text("epoch", 16),
        number("restored_at", optional=True),
        sa.PrimaryKeyConstraint("only"),
    )
    op.bulk_insert(state, [{"only": 1, "epoch": secrets.token_hex(8), "restored_at": None}])
    op.create_table(
        "down_epochs",
        identity("tenant"),
        identity("location"),
        text("epoch", 16),
        number("ordinal"),
        sa.PrimaryKeyConstraint("tenant", "location", "epoch"),
    )
    if is_postgresql():
        op.execute("ALTER TABLE down_heads NO FORCE ROW LEVEL SECURITY")
    op.execute("INSERT INTO down_epochs SELECT tenant, location, epoch, 0 FROM down_heads")
    if is_postgresql():
        op.execute("ALTER TABLE down_heads FORCE ROW LEVEL SECURITY")
    hold_to_tenant("down_epochs")
