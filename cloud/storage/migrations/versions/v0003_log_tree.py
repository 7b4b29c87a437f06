"""The Merkle tree over every event applied; it is begun from the stored events at the next one."""

import sqlalchemy as sa
from alembic import op

from cloud.storage.migrations.making import hold_to_tenant, identity, number, text

revision = "0003"
down_revision = "0002"

_TABLES = ("log_trees", "log_runs", "log_tiles", "log_resumptions")


def upgrade() -> None:
    """Create the tree's tables."""
    _create_tree()
    _create_resumptions()
    hold_to_tenant(*_TABLES)


def _create_tree() -> None:
    op.create_table(
        "log_trees",
        identity("tenant"),
        text("epoch", 16),
        number("size"),
        sa.Column("peaks", sa.LargeBinary(), nullable=False),
        number("announced_size"),
        number("announced_at"),
        sa.PrimaryKeyConstraint("tenant"),
    )
    op.create_table(
        "log_runs",
        identity("tenant"),
        number("first", key=True),
        identity("device"),
        text("epoch", 16),
        number("first_seq"),
        number("length"),
        sa.PrimaryKeyConstraint("tenant", "first"),
    )
    op.create_index("log_runs_by_event", "log_runs", ["tenant", "device", "epoch", "first_seq"], unique=False)
    op.create_table(
        "log_tiles",
        identity("tenant"),
        sa.Column("level", sa.Integer(), autoincrement=False, nullable=False),
        number("number", key=True),
        sa.Column("hash", sa.LargeBinary(length=32), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "level", "number"),
    )


def _create_resumptions() -> None:
    op.create_table(
        "log_resumptions",
        identity("tenant"),
        text("epoch", 16),
        text("before", 16),
        number("size"),
        text("root", 64),
        number("at"),
        sa.Column("key", sa.LargeBinary(length=32), nullable=False),
        sa.Column("signature", sa.LargeBinary(length=64), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "epoch"),
    )
