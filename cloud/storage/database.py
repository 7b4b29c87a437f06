"""One engine for SQLite and PostgreSQL: migrations at the start, and transactions made for one tenant.

On SQLite there is one writer at a time, WAL and `synchronous=FULL`. On PostgreSQL each transaction names its
tenant and row-level security holds every statement to it.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, event, make_url, text

from cloud.storage.arrays import register
from cloud.storage.tables import TENANT_TABLES
from shared.errors import Rejected
from shared.ids import TenantId

_BUSY_MILLISECONDS: Final = 10_000
# Ids are random, so each new event touches pages all over their index: SQLite's own 2 MiB hold few of them.
_CACHE_KIBIBYTES: Final = 64 * 1024
# 32 MiB of log: a backlog's batch alone fills SQLite's own 4 MiB, and would copy the same index pages every time.
_CHECKPOINT_PAGES: Final = 8_000
# A server that vanishes without a word is given up, not waited for by the one thread that serves every box.
_PATIENCE: Final = {"connect_timeout": 10, "tcp_user_timeout": 30_000, "keepalives_idle": 20}
_MIGRATIONS: Final = Path(__file__).parent / "migrations"


class SchemaTooNew(Rejected):
    """Newer software wrote the database, or a backup of it; nothing was changed."""


class Database:
    """The hub's database; safe to share by threads."""

    def __init__(self, url: str) -> None:
        self._engine = _engine(url)
        self._writing = threading.Lock() if self.is_sqlite else None

    @property
    def is_sqlite(self) -> bool:
        """Whether this is the embedded database."""
        return self._engine.dialect.name == "sqlite"

    @contextmanager
    def write(self, tenant: TenantId) -> Iterator[Connection]:
        """Open the one write transaction of a tenant; it commits at the end and rolls back on any error."""
        if self._writing is None:
            with self._transaction(tenant, "BEGIN") as connection:
                # One writer a tenant, as on SQLite: an image and the event that names it never miss each other.
                connection.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))"), {"name": tenant})
                yield connection
            return
        with self._writing, self._transaction(tenant, "BEGIN IMMEDIATE") as connection:
            yield connection

    @contextmanager
    def read(self, tenant: TenantId) -> Iterator[Connection]:
        """Open a consistent view of a tenant's rows."""
        with self._transaction(tenant, "BEGIN") as connection:
            yield connection

    @contextmanager
    def read_directory(self) -> Iterator[Connection]:
        """Open a consistent view of the two tables that belong to no tenant; it waits for no writer."""
        with self._engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def directory(self) -> Iterator[Connection]:
        """Open a write transaction for the two tables that belong to no tenant."""
        if self._writing is None:
            with self._engine.connect() as connection, connection.begin():
                yield connection
            return
        with self._writing, self._engine.connect() as plain:
            connection = plain.execution_options(begin="BEGIN IMMEDIATE")
            with connection.begin():
                yield connection

    def alive(self) -> bool:
        """Tell whether a statement can be run; an unreachable database raises the driver's error."""
        with self._engine.connect() as connection:
            return bool(connection.execute(text("SELECT 1")).scalar_one() == 1)

    def close(self) -> None:
        """Give every connection back."""
        self._engine.dispose()

    @contextmanager
    def _transaction(self, tenant: TenantId, begin: str) -> Iterator[Connection]:
        with self._engine.connect() as plain:
            connection = plain.execution_options(begin=begin)
            with connection.begin():
                if not self.is_sqlite:
                    connection.execute(text("SELECT set_config('app.tenant', :tenant, true)"), {"tenant": tenant})
                yield connection


def migrate(owner_url: str, app_url: str) -> None:
    """Bring the tables to this version; with an owner of its own, the hub's role gets rights but owns nothing.

    Raises:
        SchemaTooNew: newer software wrote the database.
        sqlalchemy.exc.SQLAlchemyError: the database cannot be reached or refuses; nothing was half done, each
            migration is one transaction.
    """
    engine = _engine(owner_url)
    try:
        with engine.connect() as plain:
            connection = plain.execution_options(begin="BEGIN IMMEDIATE")
            with connection.begin():
                upgrade(connection)
                grant(connection, owner_url, app_url)
    finally:
        engine.dispose()


def upgrade(connection: Connection, revision: str = "head") -> None:
    """Bring the tables to a revision, inside the caller's transaction.

    Raises:
        SchemaTooNew: the tables are at a revision that this software does not know, or are to be brought to one.
    """
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    config.attributes["connection"] = connection
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    present = MigrationContext.configure(connection).get_current_revision()
    if not {present, revision} <= known | {None, "head"}:
        raise SchemaTooNew("schema_too_new", "the database was written by newer software; update this hub")
    command.upgrade(config, revision)


def grant(connection: Connection, owner_url: str, app_url: str) -> None:
    """Give the hub's role its rights where another one owns the tables."""
    role = make_url(app_url).username
    if connection.dialect.name != "postgresql" or owner_url == app_url or role is None:
        return
    quoted = connection.dialect.identifier_preparer.quote(role)
    names = ", ".join(["tenants", "device_directory", "hub_state", *(table.name for table in TENANT_TABLES)])
    connection.execute(text(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {names} TO {quoted}"))


def owner_engine(url: str) -> Engine:
    """Return an engine of one's own for work on the tables as a whole; dispose of it."""
    return _engine(url)


def sqlite_file(url: str) -> Path | None:
    """Return the file of the embedded database, or None for another one."""
    parsed = make_url(url)
    return Path(parsed.database or "") if parsed.get_backend_name() == "sqlite" else None


def _engine(url: str) -> Engine:
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite":
        engine = create_engine(
            parsed, pool_pre_ping=True, pool_size=8, max_overflow=8, hide_parameters=True, connect_args=_PATIENCE
        )
        event.listen(engine, "connect", _prepare_postgresql)
        return engine
    if parsed.database:
        Path(parsed.database).parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    engine = create_engine(parsed, hide_parameters=True, connect_args={"timeout": _BUSY_MILLISECONDS / 1000})
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_postgresql(connection: Any, _record: Any) -> None:
    register(connection)


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # transactions are begun by `_begin_sqlite`, not by the driver's guess
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        f"busy_timeout={_BUSY_MILLISECONDS}",
        f"cache_size=-{_CACHE_KIBIBYTES}",
        f"wal_autocheckpoint={_CHECKPOINT_PAGES}",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    connection.exec_driver_sql(connection.get_execution_options().get("begin", "BEGIN"))
