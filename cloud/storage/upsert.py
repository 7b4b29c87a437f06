"""Insert a row or change the one with the same key, in one statement on both databases.

Statements are made once and kept: making them costs more than running them.
"""

from collections.abc import Mapping
from functools import cache
from typing import Any

from sqlalchemy import Connection, Table, bindparam, update
from sqlalchemy.dialects import postgresql, sqlite

from cloud.storage.tables import metadata


def put(connection: Connection, table: Table, keys: Mapping[str, Any], values: Mapping[str, Any]) -> None:
    """Make the row with `keys` hold `values`; idempotent by its key."""
    statement = _put(connection.dialect.name, table.name, tuple(keys), tuple(values))
    connection.execute(statement, {**keys, **values})


def add_to(connection: Connection, table: Table, keys: Mapping[str, Any], amounts: Mapping[str, int]) -> None:
    """Add to the numbers of the row with `keys`, which starts with nothing."""
    statement = _add_to(connection.dialect.name, table.name, tuple(keys), tuple(amounts))
    connection.execute(statement, {**keys, **amounts})


def change(connection: Connection, table: Table, keys: Mapping[str, Any], values: Mapping[str, Any]) -> None:
    """Make the row with `keys` hold `values`; where there is none, nothing happens."""
    statement = _change(table.name, tuple(keys), tuple(values))
    connection.execute(statement, {**{f"of_{name}": value for name, value in keys.items()}, **values})


def put_new(connection: Connection, table: Table, keys: Mapping[str, Any], values: Mapping[str, Any]) -> bool:
    """Insert the row unless one with `keys` exists; tell whether it was inserted."""
    statement = _put_new(connection.dialect.name, table.name, tuple(keys))
    return connection.execute(statement, {**keys, **values}).first() is not None


@cache
def _put(dialect: str, name: str, keys: tuple[str, ...], values: tuple[str, ...]) -> Any:
    statement = _insert(dialect, metadata.tables[name])
    changes = {value: statement.excluded[value] for value in values}
    return statement.on_conflict_do_update(index_elements=list(keys), set_=changes)


@cache
def _add_to(dialect: str, name: str, keys: tuple[str, ...], amounts: tuple[str, ...]) -> Any:
    table = metadata.tables[name]
    statement = _insert(dialect, table)
    changes = {amount: table.c[amount] + statement.excluded[amount] for amount in amounts}
    return statement.on_conflict_do_update(index_elements=list(keys), set_=changes)


@cache
def _change(name: str, keys: tuple[str, ...], values: tuple[str, ...]) -> Any:
    table = metadata.tables[name]
    mine = [table.c[key] == bindparam(f"of_{key}") for key in keys]
    return update(table).where(*mine).values({value: bindparam(value) for value in values})


@cache
def _put_new(dialect: str, name: str, keys: tuple[str, ...]) -> Any:
    table = metadata.tables[name]
    statement = _insert(dialect, table).on_conflict_do_nothing(index_elements=list(keys))
    return statement.returning(table.c[keys[0]])


def _insert(dialect: str, table: Table) -> Any:
    return sqlite.insert(table) if dialect == "sqlite" else postgresql.insert(table)
