"""Inserts many rows in one statement: a multi-row insert on SQLite, arrays on PostgreSQL.

PostgreSQL's COPY refuses tables with row-level security; arrays through `unnest` travel as compactly and do not.
"""

from collections.abc import Sequence
from functools import cache
from typing import Any, Final

from sqlalchemy import BigInteger, Boolean, Column, Connection, Integer, LargeBinary

from cloud.storage.tables import metadata

Row = tuple[Any, ...]
_ARRAYS: Final = ((Boolean, "boolean[]"), (BigInteger, "bigint[]"), (Integer, "integer[]"), (LargeBinary, "bytea[]"))


def insert_rows(connection: Connection, table: str, rows: Sequence[Row], *, new_only: bool = False) -> None:
    """Insert rows, each with a value for every column in the table's order.

    Args:
        connection: the caller's transaction.
        table: name of one of the hub's tables.
        rows: what to insert; none does nothing.
        new_only: leave out rows whose key is taken, instead of raising.
    """
    if not rows:
        return
    statement = _statement(connection.dialect.name, table, new_only=new_only)
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(statement, list(rows))
    else:
        connection.exec_driver_sql(statement, tuple(list(column) for column in zip(*rows, strict=True)))


@cache
def _statement(dialect: str, table: str, *, new_only: bool) -> str:
    columns = metadata.tables[table].columns
    names = ", ".join(column.name for column in columns)
    conflict = " ON CONFLICT DO NOTHING" if new_only else ""
    if dialect == "sqlite":
        marks = ", ".join("?" for _ in columns)
        return f"INSERT INTO {table} ({names}) VALUES ({marks}){conflict}"  # noqa: S608 - our own tables' names
    arrays = ", ".join(f"%s::{_array(column)}" for column in columns)
    return f"INSERT INTO {table} ({names}) SELECT * FROM unnest({arrays}){conflict}"  # noqa: S608 - our own tables' names


def _array(column: Column[Any]) -> str:
    return next((name for kind, name in _ARRAYS if isinstance(column.type, kind)), "text[]")
