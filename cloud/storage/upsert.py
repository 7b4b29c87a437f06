"""Insert a row or change the one with the same key, in one statement on both databases."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite


def put(connection: Connection, table: Table, keys: Mapping[str, Any], values: Mapping[str, Any]) -> None:
    """Make the row with `keys` hold `values`; idempotent by its key."""
    row = {**keys, **values}
    if connection.dialect.name == "sqlite":
        connection.execute(
            sqlite.insert(table).values(row).on_conflict_do_update(index_elements=list(keys), set_=dict(values))
        )
    else:
        connection.execute(
            postgresql.insert(table).values(row).on_conflict_do_update(index_elements=list(keys), set_=dict(values))
        )


def put_new(connection: Connection, table: Table, keys: Mapping[str, Any], values: Mapping[str, Any]) -> bool:
    """Insert the row unless one with `keys` exists; tell whether it was inserted."""
    row = {**keys, **values}
    key = table.c[next(iter(keys))]
    if connection.dialect.name == "sqlite":
        result = connection.execute(
            sqlite.insert(table).values(row).on_conflict_do_nothing(index_elements=list(keys)).returning(key)
        )
    else:
        result = connection.execute(
            postgresql.insert(table).values(row).on_conflict_do_nothing(index_elements=list(keys)).returning(key)
        )
    return result.first() is not None
