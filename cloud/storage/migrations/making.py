"""What migrations make again and again. Released ones use it, too: what it says to a database never changes."""

from typing import Any

import sqlalchemy as sa
from alembic import op


def identity(name: str, *, optional: bool = False) -> sa.Column[str]:
    """Return a column for the name of a tenant, a clinic, a box, a client, an aggregate or a person."""
    return text(name, 128, optional=optional)


def text(name: str, length: int, *, optional: bool = False) -> sa.Column[str]:
    """Return a column for text of a bounded length."""
    return sa.Column(name, sa.String(length=length), nullable=optional)


def number(name: str, *, optional: bool = False, key: bool = False) -> sa.Column[int]:
    """Return a column for a place in a log, a time in milliseconds or a size; the database never picks a `key`."""
    more: dict[str, Any] = {"autoincrement": False} if key else {}
    return sa.Column(name, sa.BigInteger(), nullable=optional, **more)


def is_postgresql() -> bool:
    """Tell whether the database has row-level security."""
    return op.get_bind().dialect.name == "postgresql"


def hold_to_tenant(*tables: str) -> None:
    """Let nobody see or change rows of these tables but those of the tenant that the transaction is for."""
    if not is_postgresql():
        return
    for table in tables:
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(
            f"CREATE POLICY own_tenant ON {table} USING (tenant = nullif(current_setting('app.tenant', true), ''))"
        )
