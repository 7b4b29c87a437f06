"""Copies the hub's tables out of PostgreSQL in one snapshot, and into a fresh schema in one transaction.

Row by row with COPY, a tenant at a time as the row-level security wants it: it needs no rights beyond the hub's own
and no program of the server's version.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Final

from psycopg import sql
from sqlalchemy import Connection, create_engine, inspect, text

from cloud.backup.folder import BackupFolder
from cloud.backup.manifest import BackupDamaged, SavedFile
from shared.crypto.stream import SealingWriter
from shared.errors import Rejected
from shared.ids import TenantId

TABLES: Final = "tables"
COLUMNS: Final = f"{TABLES}/columns.json"
_REVISIONS: Final = "alembic_version"


@contextmanager
def snapshot(url: str) -> Iterator[Connection]:
    """Open one consistent view of the whole database, whatever is written meanwhile."""
    engine = create_engine(url, hide_parameters=True, isolation_level="REPEATABLE READ")
    try:
        with engine.connect() as connection, connection.begin():
            connection.execute(text("SET TRANSACTION READ ONLY"))
            yield connection
    finally:
        engine.dispose()


def for_tenant(connection: Connection, tenant: TenantId) -> None:
    """Let the transaction see one tenant's rows."""
    connection.execute(text("SELECT set_config('app.tenant', :tenant, true)"), {"tenant": tenant})


def dump(connection: Connection, folder: BackupFolder, tenants: list[TenantId]) -> dict[str, SavedFile]:
    """Write every table to a file of its own and return what was written."""
    found = inspect(connection)
    columns = {
        table: [column["name"] for column in found.get_columns(table)]
        for table in sorted(found.get_table_names())
        if table != _REVISIONS
    }
    written: dict[str, SavedFile] = {}
    for table, names in columns.items():
        name = f"{TABLES}/{table}.copy"
        with folder.writing(name) as file:
            rows = _dump_table(connection, file, table, names, tenants)
        written[name] = folder.saved(name, rows)
    folder.write(COLUMNS, json.dumps(columns).encode())
    written[COLUMNS] = folder.saved(COLUMNS)
    return written


def _dump_table(
    connection: Connection, file: SealingWriter, table: str, names: list[str], tenants: list[TenantId]
) -> int:
    query = sql.SQL("COPY (SELECT {} FROM {}) TO STDOUT").format(
        sql.SQL(", ").join(map(sql.Identifier, names)), sql.Identifier(table)
    )
    rows = 0
    for tenant in tenants if _is_filtered(connection, table) else [None]:
        if tenant is not None:
            for_tenant(connection, tenant)
        with _cursor(connection) as cursor:
            with cursor.copy(query) as copy:
                for block in copy:
                    file.write(block)
            rows += max(cursor.rowcount, 0)
    return rows


def load(connection: Connection, folder: BackupFolder, files: dict[str, SavedFile]) -> None:
    """Fill the empty tables of the backup's own revision; the caller's transaction owns them.

    Raises:
        BackupDamaged: a file is not what was written, or a table has another number of rows than when it was saved.
    """
    columns: dict[str, list[str]] = json.loads(folder.read(COLUMNS))
    for table, names in columns.items():
        filtered = _is_filtered(connection, table)
        quoted = connection.dialect.identifier_preparer.quote(table)
        if filtered:  # the rows of all tenants come in one stream; nobody else is connected
            connection.execute(text(f"ALTER TABLE {quoted} NO FORCE ROW LEVEL SECURITY"))
        connection.execute(text(f"TRUNCATE {quoted}"))
        rows = _load_table(connection, folder.chunks(f"{TABLES}/{table}.copy"), table, names)
        if filtered:
            connection.execute(text(f"ALTER TABLE {quoted} FORCE ROW LEVEL SECURITY"))
        if rows != files[f"{TABLES}/{table}.copy"].rows:
            raise BackupDamaged("backup_damaged", f"table {table} has other rows than were saved; use another backup")


def _load_table(connection: Connection, chunks: Iterator[bytes], table: str, names: list[str]) -> int:
    query = sql.SQL("COPY {} ({}) FROM STDIN").format(
        sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, names))
    )
    with _cursor(connection) as cursor:
        with cursor.copy(query) as copy:
            for chunk in chunks:
                copy.write(chunk)
        return int(cursor.rowcount)


def is_living(connection: Connection) -> bool:
    """Tell whether a hub's tables are there already."""
    return bool(connection.execute(text("SELECT to_regclass(:name) IS NOT NULL"), {"name": _REVISIONS}).scalar_one())


def refuse_company(connection: Connection) -> None:
    """Make sure that nobody else works on the database.

    Raises:
        Rejected: somebody does.
    """
    others = connection.execute(
        text("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()")
    ).scalar_one()
    if others:
        raise Rejected("database_in_use", "the hub or another program is connected; stop it, then restore")


def move_aside(connection: Connection, now: datetime) -> str:
    """Rename the schema with the present tables and make an empty one; return where they are now."""
    aside = f"before_{now:%Y%m%dt%H%M%S}"
    connection.execute(text(f"ALTER SCHEMA public RENAME TO {aside}"))
    connection.execute(text("CREATE SCHEMA public"))
    return aside


def open_schema(connection: Connection) -> None:
    """Let every role look into the schema, as into one that the server made; the tables have rights of their own."""
    connection.execute(text("GRANT USAGE ON SCHEMA public TO PUBLIC"))


def _is_filtered(connection: Connection, table: str) -> bool:
    query = text("SELECT relrowsecurity FROM pg_class WHERE oid = to_regclass(:name)")
    return bool(connection.execute(query, {"name": f'"{table}"'}).scalar_one())


def _cursor(connection: Connection) -> Any:
    return connection.connection.cursor()
