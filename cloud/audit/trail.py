"""Puts on record what leaves the hub and what is done with its keys: in the clinics' logs, so that their boxes keep it.

The hub's own tables are the hub's to change; a log that went down is chained, and each box that has it hands it back.
"""

from collections.abc import Callable
from typing import Final

from cloud.ingest.down_writer import DownWriter
from cloud.storage.clinics import clinics_of
from cloud.storage.database import Database
from shared.clock import Clock
from shared.events.catalogue.audit import Exported, KeyUse, KeyUsed
from shared.events.envelope import EventDraft
from shared.ids import IdSource, TenantId

OPERATOR: Final = "operator"
COMMAND_LINE: Final = "command_line"


class HubTrail:
    """Writes the hub's audit entries; each is durable in the log of every clinic of its tenant when the call ends."""

    def __init__(
        self, database: Database, clock: Clock, ids: IdSource, wake: Callable[[], None] = lambda: None
    ) -> None:
        """Keep the collaborators; `wake` lets running links send at once."""
        self._database = database
        self._ids = ids
        self._down = DownWriter(clock, ids)
        self._wake = wake

    def note(self, tenant: TenantId, payload: Exported | KeyUsed, actor: str, purpose: str) -> None:
        """Put an entry on record.

        Raises:
            Retryable, SQLAlchemyError: it cannot be recorded, so what it tells must not be done.
        """
        with self._database.write(tenant) as connection:
            for location in clinics_of(connection, tenant):
                draft = EventDraft(f"hub-audit/{self._ids.new()}", payload, actor, purpose)
                self._down.append(connection, tenant, location, draft)
        self._wake()

    def command_used_key(self, tenant: TenantId, key: str, use: KeyUse, purpose: str) -> None:
        """Put on record what somebody at the hub's command line has done with a key.

        Raises:
            Retryable, SQLAlchemyError: as `note`.
        """
        self.note(tenant, KeyUsed(key=key, use=use, justification=COMMAND_LINE), OPERATOR, purpose)
