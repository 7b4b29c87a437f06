"""Opens the box's record: keys, database, log, vault. Used by the running box and by the offline commands."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from edge.clients.erasure import replay_tombstones
from edge.clients.erasure_projection import ERASURES
from edge.clients.projection import CLIENTS
from edge.config import StoreSettings
from edge.consent.projection import CONSENTS
from edge.enrol import read_identity
from edge.keys.box import BoxKeys
from edge.keys.clients import ClientKeystore
from edge.keys.opening import open_keys
from edge.keys.rekey import Rekey, guard_of
from edge.progress.projection import EMBEDDINGS
from edge.review.projection import REVIEWS
from edge.schedule.projection import CLIENT_VISITS
from edge.staff.projection import STAFF
from edge.store.check import Problem
from edge.store.database import Database
from edge.store.errors import RecordMissing, StorageBroken
from edge.store.events import SqlcipherEventStore
from edge.store.projection import Projection
from edge.store.vault import ImageVault
from edge.transparency.projection import HUB_LOG
from edge.visits.projection import CAPTURES
from shared.clock import Clock
from shared.durable import write_durably
from shared.events.catalogue import complete_catalogue
from shared.ids import IdSource

RECORD_FILE: Final = "record.db"
VAULT_FOLDER: Final = "vault"
PROJECTIONS: tuple[Projection, ...] = (
    CLIENTS,
    CONSENTS,
    CAPTURES,
    REVIEWS,
    EMBEDDINGS,
    ERASURES,
    HUB_LOG,
    STAFF,
    CLIENT_VISITS,
)
DAMAGED_MARKER: Final = "record.damaged"


@dataclass(frozen=True, slots=True)
class Record:
    """The open record and what it is opened with."""

    keys: BoxKeys
    clients: ClientKeystore
    store: SqlcipherEventStore
    vault: ImageVault


def mark_damaged(folder: Path, problem: Problem) -> None:
    """Let nobody open the record before it is restored."""
    write_durably(folder / DAMAGED_MARKER, json.dumps({"code": problem.code, "sentence": problem.sentence}).encode())


def read_marker(folder: Path) -> Problem | None:
    """Return why the record must be restored before it is opened, or None."""
    try:
        noted = json.loads((folder / DAMAGED_MARKER).read_bytes())
        return Problem(str(noted["code"]), str(noted["sentence"]))
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError):
        return Problem("record_damaged", "a check has found the record damaged")


def open_record(settings: StoreSettings, clock: Clock, ids: IdSource) -> Record:
    """Open the record of an enrolled box, making what does not exist yet.

    Raises:
        Rejected: the box is not enrolled.
        RecordMissing: there was a record and its file is gone or empty.
        WrongKey, StorageBroken, StorageReadOnly: the record cannot be opened.
    """
    identity = read_identity(settings.folder)
    keys = open_keys(settings)
    clients = ClientKeystore(settings.keys_folder / "clients", keys.sealed, clock)
    path = settings.folder / RECORD_FILE
    if keys.record_begun and not (path.exists() and path.stat().st_size):
        # SQLite would make a new one, and the photographs in the vault would belong to nobody.
        raise RecordMissing(
            "record_missing", f"{path} is gone or empty although this box has a record: put it back from a backup"
        )
    if (problem := read_marker(settings.folder)) is not None:
        raise StorageBroken(problem.code, f"{problem.sentence}; run `medspa edge restore --replace --from FOLDER`")
    Rekey(path, keys).recover()
    database = Database(path, keys.database(), guard_of(path))
    store = SqlcipherEventStore(
        database,
        identity,
        clock=clock,
        ids=ids,
        catalogue=complete_catalogue(),
        projections=PROJECTIONS,
        data_keys=clients,
        head_key=keys.log_head(),
    )
    keys.mark_record_begun()
    vault = ImageVault(settings.folder / VAULT_FOLDER, settings.reserve_bytes, settings.images_max_bytes)
    replay_tombstones(store, clients, vault)
    return Record(keys, clients, store, vault)
