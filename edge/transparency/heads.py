"""The heads of the hub's tree that this box has verified, kept apart from its log."""

from typing import Final

from edge.store.database import Connection
from edge.store.events import SqlcipherEventStore
from shared.audit.heads import Signed, TreeHead
from shared.audit.witness import Known

_DAY_MILLISECONDS: Final = 24 * 3600 * 1000
_KEPT_IN_FULL: Final = 500


class VerifiedHeads:
    """Verified heads, oldest first; of older days only the last head each is kept."""

    def __init__(self, store: SqlcipherEventStore) -> None:
        self._store = store

    def latest(self) -> Signed | None:
        """Return the head verified last."""
        found = self._read("ORDER BY number DESC LIMIT 1")
        return found[0] if found else None

    def kept(self) -> list[Signed]:
        """Return every verified head that is kept, latest first."""
        return self._read("ORDER BY number DESC")

    def known(self) -> Known | None:
        """Return what the next head is judged by; None before the first."""
        found = self.kept()
        if not found:
            return None
        heads = [item.statement for item in found if isinstance(item.statement, TreeHead)]
        return Known(found[0].key, heads[0], tuple(heads[1:]))

    def add(self, connection: Connection, head: Signed) -> None:
        """Keep a verified head, in the caller's transaction; one like the last, by the same key, is not kept again."""
        statement = head.statement
        last = connection.execute("SELECT epoch, size, key FROM hub_heads ORDER BY number DESC LIMIT 1").fetchone()
        if not isinstance(statement, TreeHead) or last == (statement.epoch, statement.size, head.key):
            return
        connection.execute(
            "INSERT INTO hub_heads (epoch, size, root, at, key, signature) VALUES (?, ?, ?, ?, ?, ?)",
            (statement.epoch, statement.size, statement.root, statement.at, head.key, head.signature),
        )
        connection.execute(
            "DELETE FROM hub_heads WHERE number <= (SELECT max(number) FROM hub_heads) - ?1 AND number NOT IN"
            " (SELECT max(number) FROM hub_heads GROUP BY epoch, at / ?2)",
            (_KEPT_IN_FULL, _DAY_MILLISECONDS),
        )

    def _read(self, order: str) -> list[Signed]:
        tenant = self._store.identity.tenant
        rows = self._store.rows(f"SELECT epoch, size, root, at, key, signature FROM hub_heads {order}")  # noqa: S608
        return [Signed(TreeHead(tenant, *row[:4]), bytes(row[4]), bytes(row[5])) for row in rows]
