"""Signs the heads of every tenant's tree, and says where a restored tree goes on."""

from collections.abc import Sequence

from cloud.storage.database import Database
from cloud.storage.times import to_milliseconds
from cloud.storage.tree import TreeLog
from cloud.transparency.log_key import LogKey
from shared.audit.heads import Resumption, Signed, TreeHead
from shared.audit.keychain import KeyChange
from shared.audit.merkle import CompactRange
from shared.clock import Clock
from shared.ids import TenantId


class LogKeeper:
    """Signs heads; safe to share by threads."""

    def __init__(self, database: Database, key: LogKey, clock: Clock) -> None:
        self._database = database
        self._key = key
        self._clock = clock

    def settle(self, tenant: TenantId, hub_epoch: str) -> Resumption | None:
        """Let a tenant's tree go on in the hub's epoch; in another one than before it is said, signed, where.

        Idempotent by the epoch; call it when the hub starts. Returns the resumption when there was one.
        """
        with self._database.write(tenant) as connection:
            tree = TreeLog(connection, tenant)
            tree.begin()
            state = tree.state(for_update=True)
            if state.epoch == hub_epoch:
                return None
            tree.set_epoch(hub_epoch)
            if not state.epoch:
                return None
            resumption = Resumption(tenant, hub_epoch, state.epoch, state.edge.size, *self._root_and_time(state.edge))
            tree.add_resumption(self._key.sign(resumption))
            tree.set_announced(0, 0)
        return resumption

    def head(self, tree: TreeLog) -> Signed:
        """Return the signed head of a tree now."""
        state = tree.state()
        head = TreeHead(tree.tenant, state.epoch, state.edge.size, *self._root_and_time(state.edge))
        return self._key.sign(head)

    def shown(self, tenant: TenantId) -> tuple[Signed, Sequence[Signed]]:
        """Return the present head, and the resumptions that led to its epoch."""
        with self._database.read(tenant) as connection:
            tree = TreeLog(connection, tenant)
            return self.head(tree), tree.resumptions()

    def key_changes(self) -> Sequence[KeyChange]:
        """Return every change of the log key; ask after `shown`, so that they lead to the key that signed it."""
        return self._key.changes

    def _root_and_time(self, edge: CompactRange) -> tuple[str, int]:
        return edge.root().hex(), to_milliseconds(self._clock.wall())
