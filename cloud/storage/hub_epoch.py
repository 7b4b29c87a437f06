"""Which life of its database a hub is in: a random id, made with the database and anew by every restore.

A box that hears another one knows that the hub may have forgotten what it once confirmed.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import Connection, select, update

from cloud.storage.database import Database
from cloud.storage.tables import hub_state
from cloud.storage.upsert import put, put_new

EpochSource = Callable[[], str]


@dataclass(frozen=True, slots=True)
class HubLife:
    """One life of the database."""

    epoch: str


def new_epoch() -> str:
    """Return a random epoch."""
    return secrets.token_hex(8)


def hub_life(database: Database, new: EpochSource = new_epoch) -> HubLife:
    """Return the present life; a database that has none yet gets its first."""
    with database.directory() as connection:
        put_new(connection, hub_state, {"only": 1}, {"epoch": new(), "restored_at": None})
        return HubLife(connection.execute(select(hub_state.c.epoch)).scalar_one())


def begin_life(connection: Connection, restored_at: int, new: EpochSource = new_epoch) -> HubLife:
    """Begin another life after a restore, at milliseconds since 1970, inside the caller's transaction."""
    life = HubLife(new())
    put(connection, hub_state, {"only": 1}, {"epoch": life.epoch, "restored_at": restored_at, "ran": 0})
    return life


def ran_since_restore(connection: Connection) -> int | None:
    """Return how many milliseconds the hub has run since it was restored; None when it never was."""
    row = connection.execute(select(hub_state.c.restored_at, hub_state.c.ran)).one()
    return None if row.restored_at is None else int(row.ran)


def add_running_time(connection: Connection, milliseconds: int) -> None:
    """Add to how long the hub has run."""
    connection.execute(update(hub_state).values(ran=hub_state.c.ran + milliseconds))
