"""Inserts many rows in one statement: a multi-row insert on SQLite, arrays on PostgreSQL; and asks about many values.

PostgreSQL's COPY refuses tables with row-level security; arrays through `unnest` travel as compactly and do not.
"""

import json
from collections.abc import Sequence
from functools import cache
from typing import Any, Final

from sqlalchemy import BigInteger, Boolean, Column, ColumnElement, Connection, Dialect, Integer, LargeBinary, bindparam
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import UserDefinedType

from cloud.storage.arrays import BIGINT, BOOLEAN, BYTEA, INTEGER, TEXT, Array, Element
from cloud.storage.tables import metadata

Row = tuple[Any, ...]
_ELEMENTS: Final = ((Boolean, BOOLEAN), (BigInteger, BIGINT), (Integer, INTEGER), (LargeBinary, BYTEA))


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
        columns = zip(_elements(table), zip(*rows, strict=True), strict=True)
        connection.exec_driver_sql(statement, tuple(Array(element, values) for element, values in columns))


class _Texts(UserDefinedType[list[str]]):
    """Many texts as one parameter: a JSON array on SQLite, an array on PostgreSQL."""

    cache_ok = True

    def bind_processor(self, dialect: Dialect) -> Any:
        """Return how the values are handed to the driver."""
        return json.dumps if dialect.name == "sqlite" else lambda values: Array(TEXT, values)


class _IsAmong(FunctionElement[bool]):
    """Whether a column is one of many texts."""

    type = Boolean()
    inherit_cache = True

    def self_group(self, against: Any = None) -> Any:
        """Return this condition as it is: made into `… = 1`, as SQLite's Boolean values are, it would use no index."""
        del against
        return self


def is_among(column: Column[Any], name: str) -> ColumnElement[bool]:
    """Return the condition that a text column is one of the values in the parameter `name`, a list.

    However many there are, the statement stays the same, and is compiled once.
    """
    return _IsAmong(column, bindparam(name, type_=_Texts()))


@compiles(_IsAmong, "sqlite")
def _is_among_on_sqlite(element: Any, compiler: Any, **options: Any) -> str:
    column, texts = (compiler.process(clause, **options) for clause in element.clauses)
    return f"{column} IN (SELECT value FROM json_each({texts}))"  # noqa: S608 - a bound parameter


@compiles(_IsAmong, "postgresql")
def _is_among_on_postgresql(element: Any, compiler: Any, **options: Any) -> str:
    column, texts = (compiler.process(clause, **options) for clause in element.clauses)
    return f"{column} = ANY ({texts}::text[])"


@cache
def _statement(dialect: str, table: str, *, new_only: bool) -> str:
    columns = metadata.tables[table].columns
    names = ", ".join(column.name for column in columns)
    conflict = " ON CONFLICT DO NOTHING" if new_only else ""
    if dialect == "sqlite":
        marks = ", ".join("?" for _ in columns)
        return f"INSERT INTO {table} ({names}) VALUES ({marks}){conflict}"  # noqa: S608 - our own tables' names
    arrays = ", ".join(f"%s::{element.name}[]" for element in _elements(table))
    return f"INSERT INTO {table} ({names}) SELECT * FROM unnest({arrays}){conflict}"  # noqa: S608 - our own tables' names


@cache
def _elements(table: str) -> tuple[Element, ...]:
    columns = metadata.tables[table].columns
    return tuple(
        next((element for kind, element in _ELEMENTS if isinstance(column.type, kind)), TEXT) for column in columns
    )
