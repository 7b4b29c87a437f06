"""Writes the audit: each entry is durable before the caller goes on; repeats within a minute are one entry.

Entries are events of the aggregate `audit/DAY`, so a look at a record never moves that record's version. Events are
never deleted, here or at the hub, so the audit is kept for the life of the box: longer than the six years asked for.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Final

from edge.store.events import SqlcipherEventStore
from shared.clock import Clock
from shared.events.catalogue.audit import AccessRefused, Exported, KeyUse, KeyUsed, PhotoRead
from shared.events.envelope import EventDraft
from shared.events.payload import PayloadModel
from shared.ids import BlobName, ClientId
from shared.vocabulary import ImageKind, Sensitivity, StaffRole

_MINUTE_SECONDS: Final = 60.0
_REMEMBERED: Final = 4096
SYSTEM: Final = "box"


class AuditTrail:
    """Appends audit entries; safe to share by threads."""

    def __init__(
        self, store: SqlcipherEventStore, clock: Clock, justify: Callable[[str], str] = lambda _actor: "station"
    ) -> None:
        """Keep the collaborators.

        Args:
            store: the log.
            clock: names the day, and measures the minute by monotonic time.
            justify: returns by what right an actor acts now, as a code.
        """
        self._store = store
        self._clock = clock
        self._justify = justify
        self._recent: OrderedDict[Hashable, float] = OrderedDict()
        self._lock = threading.Lock()

    def photo_read(
        self, capture: str, image: tuple[BlobName, ImageKind], client: ClientId, actor: str, purpose: str
    ) -> None:
        """Put a look at a photograph on record, once a minute for each actor, photograph and purpose.

        Raises:
            Retryable: it cannot be recorded, so the photograph must not be shown.
        """
        name, kind = image
        if self._is_recent(("photo", actor, name, purpose)):
            return
        payload = PhotoRead(capture=capture, image=name, kind=kind, justification=self.justification(actor))
        draft = EventDraft(self._aggregate(), payload, actor, purpose, Sensitivity.HEALTH, client)
        self._store.append([draft])
        self._remember(("photo", actor, name, purpose))

    def exported(self, what: str, items: int, actor: str, purpose: str) -> None:
        """Put on record that data is about to leave the box as a file.

        Raises:
            Retryable: it cannot be recorded, so nothing must leave.
        """
        self.note(Exported(what=what, items=items, justification=self.justification(actor)), actor, purpose)

    def key_used(self, key: str, use: KeyUse, actor: str, purpose: str) -> None:
        """Put on record what somebody is about to have done with a key.

        Raises:
            Retryable: it cannot be recorded, so it must not be done.
        """
        self.note(KeyUsed(key=key, use=use, justification=self.justification(actor)), actor, purpose)

    def refused(self, actor: str, role: StaffRole, action: str) -> None:
        """Put a refused try on record, once a minute for each actor and action."""
        if not self._is_recent(("refused", actor, action)):
            self.note(AccessRefused(action=action, role=role), actor, "access")
            self._remember(("refused", actor, action))

    def note(self, payload: PayloadModel, actor: str, purpose: str) -> None:
        """Put an entry on record.

        Raises:
            Retryable: it cannot be recorded, so what it tells must not be done.
        """
        self._store.append([self.draft(payload, actor, purpose)])

    def draft(self, payload: PayloadModel, actor: str, purpose: str) -> EventDraft:
        """Return an entry to be written together with what it tells."""
        return EventDraft(self._aggregate(), payload, actor, purpose)

    def justification(self, actor: str) -> str:
        """Return by what right an actor acts now."""
        return "system" if actor == SYSTEM else self._justify(actor)

    def _aggregate(self) -> str:
        return f"audit/{self._clock.wall().date().isoformat()}"

    def _is_recent(self, key: Hashable) -> bool:
        with self._lock:
            at = self._recent.get(key)
        return at is not None and self._clock.monotonic() - at < _MINUTE_SECONDS

    def _remember(self, key: Hashable) -> None:
        with self._lock:
            self._recent.pop(key, None)
            self._recent[key] = self._clock.monotonic()
            while len(self._recent) > _REMEMBERED:
                self._recent.popitem(last=False)
