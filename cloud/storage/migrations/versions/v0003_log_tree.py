"""The Merkle tree over every event applied; it is begun from the stored events at the next one."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_TABLES = ("log_trees", "log_runs", "log_tiles", "log_resumptions")


def upgrade() -> None:
    """Create the tree's tables."""
    _create_tree()
    _create_resumptions()
    if op.get_bind().dialect.name == "postgresql":
        for table in _TABLES:
            op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
            op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
            op.execute(
                f"CREATE POLICY own_tenant ON {table} USING (tenant = nullif(current_setting('app.tenant', true), ''))"
            )


def _create_tree() -> None:
    op.create_table(
        "log_trees",
        sa.Column("tenant", sa.String(length=128), nullable=False),
        sa.Column("epoch", sa.String(length=16), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("peaks", sa.LargeBinary(), nullable=False),
        sa.Column("announced_size", sa.BigInteger(), nullable=False),
        sa.Column("announced_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant"),
    )
    op.create_table(
        "log_runs",
        sa.Column("tenant", sa.String(length=128), nullable=False),
        sa.Column("first", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("device", sa.String(length=128), nullable=False),
        sa.Column("epoch", sa.String(length=16), nullable=False),
        sa.Column("first_seq", sa.BigInteger(), nullable=False),
        sa.Column("length", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "first"),
    )
    op.create_index("log_runs_by_event", "log_runs", ["tenant", "device", "epoch", "first_seq"], unique=False)
    op.create_table(
        "log_tiles",
        sa.Column("tenant", sa.String(length=128), nullable=False),
        sa.Column("level", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("hash", sa.LargeBinary(length=32), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "level", "number"),
    )


def _create_resumptions() -> None:
    op.create_table(
        "log_resumptions",
        sa.Column("tenant", sa.String(length=128), nullable=False),
        sa.Column("epoch", sa.String(length=16), nullable=False),
        sa.Column("before", sa.String(length=16), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("root", sa.String(length=64), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("key", sa.LargeBinary(length=32), nullable=False),
        sa.Column("signature", sa.LargeBinary(length=64), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "epoch"),
    )
