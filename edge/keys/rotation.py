"""Changes the wrapping keys every 90 days while the box runs, and records that it did.

Two keys wrap all others: the client wrapping key, and the root that seals everything in the key folder. Neither
changes what it wraps, so no page of the record is written anew. Changing one is safe while others read, in this
process and in others; see `ClientKeystore.rotate` and `SealedKeyFolder.rotate_root` for what a crash leaves.
"""

from datetime import datetime, timedelta
from typing import Final

from edge.keys.box import BoxKeys
from edge.keys.clients import ClientKeystore
from edge.store.events import SqlcipherEventStore
from shared.clock import Clock
from shared.events.catalogue.system import KeysRotated
from shared.events.envelope import Event, EventDraft
from shared.worker import Worker

LIFE: Final = timedelta(days=90)
CLIENTS: Final = "client-wrapping"
ROOT: Final = "root"
_CHECK_SECONDS: Final = 3600.0
_STOP_SECONDS: Final = 60.0


def is_due(made_at: datetime, now: datetime) -> bool:
    """Tell whether a wrapping key has had its time.

    A key made in a time that has not come yet was dated by a clock that was wrong: it is changed at once, and so gets
    a date that can be trusted. To change a key too early harms nothing.
    """
    return now < made_at or now >= made_at + LIFE


class KeyRotation:
    """Changes the wrapping keys; every call is complete and durable when it returns."""

    def __init__(self, keys: BoxKeys, clients: ClientKeystore, clock: Clock) -> None:
        self._keys = keys
        self._clients = clients
        self._clock = clock

    def rotate(self) -> dict[str, int]:
        """Change both now and return their generations."""
        self._rotate_clients()
        self._rotate_root()
        return self.generations()

    def rotate_due(self) -> None:
        """Change those whose time has come."""
        now = self._clock.wall()
        if is_due(self._clients.made_at, now):
            self._rotate_clients()
        if is_due(self._keys.root_made_at(now), now):
            self._rotate_root()

    def generations(self) -> dict[str, int]:
        """Return the generation of each wrapping key."""
        return {CLIENTS: self._clients.generation, ROOT: self._keys.sealed.root_generation}

    def _rotate_clients(self) -> None:
        self._clients.rotate()

    def _rotate_root(self) -> None:
        self._keys.sealed.rotate_root()
        self._keys.root_made_at(self._clock.wall())


class RotationWorker:
    """Looks every hour whether a wrapping key is due, on a thread of its own."""

    def __init__(
        self, rotation: KeyRotation, store: SqlcipherEventStore, check_seconds: float = _CHECK_SECONDS
    ) -> None:
        self._rotation = rotation
        self._store = store
        self._worker = Worker("key-rotation", self.step, every=check_seconds, first=0.0)

    def start(self) -> None:
        """Begin to look."""
        self._worker.start()

    def stop(self) -> None:
        """Stop looking; a change that is under way is completed first."""
        self._worker.stop(_STOP_SECONDS)

    def step(self) -> None:
        """Change what is due, then record each generation that the log does not know yet.

        Idempotent by key and generation: a change that a crash, a command or an erasure left unrecorded is recorded
        by the next step.

        Raises:
            MedSpaError, OSError: the disk refuses; the old keys go on working.
        """
        self._rotation.rotate_due()
        device = self._store.identity.device
        drafts = [
            EventDraft(f"keys/{device}/{key}", KeysRotated(key=key, generation=generation), "box", "operation")
            for key, generation in self._rotation.generations().items()
            if generation > self._recorded(f"keys/{device}/{key}")
        ]
        if drafts:
            self._store.append(drafts)

    def _recorded(self, aggregate: str) -> int:
        rows = self._store.rows(
            "SELECT body FROM events WHERE aggregate = ? ORDER BY version DESC LIMIT 1", (aggregate,)
        )
        return int(Event.from_body(rows[0][0]).fields.payload["generation"]) if rows else 1
