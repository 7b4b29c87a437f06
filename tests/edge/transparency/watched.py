"""A box that watches a real hub, and what an owner can do to one."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import delete, select, update

from cloud.main import Hub
from cloud.storage.database import Database
from cloud.storage.tables import events, positions
from cloud.storage.tree import TreeLog
from cloud.storage.tree_tables import log_runs, log_tiles, log_trees
from edge.keys.certificate import BoxCertificate
from edge.store.hub_life import HubLife
from edge.sync.hub_channel import HubChannel
from edge.transparency.client import HubLogClient
from edge.transparency.watch import Acknowledged, HubLogWatch, WatchRules
from shared.clock import SystemClock
from shared.events.catalogue.log import HeadSigned
from shared.events.envelope import Event, EventDraft
from tests.edge.sync.rig import Rig, build
from tests.support.hubs import TENANT


class Watched:
    """A box whose link and watch run against a real hub."""

    def __init__(self, hub: Hub, folder: Path, rules: WatchRules) -> None:
        self.hub = hub
        # The link's handlers are given before the watch exists that one of them is of.
        self.rig: Rig = build(hub, folder, lambda _book: {HeadSigned.event_type: self._announced})
        store = self.rig.record.store
        certificate = BoxCertificate(self.rig.record.keys.sealed)
        channel = HubChannel(f"127.0.0.1:{hub.settings.rpc.port}", certificate.present)
        self.client = HubLogClient(channel, store.identity.tenant)
        self.watch = HubLogWatch(store, self.client, self._acknowledged, SystemClock(), rules)
        self.rig.link.start()

    def _acknowledged(self) -> Acknowledged:
        life = HubLife(self.rig.record.store).epoch()
        return Acknowledged(self.rig.link.status.acknowledged_seq, life)

    def _announced(self, event: Event) -> Sequence[EventDraft]:
        return self.watch.announced(event)

    def told(self, event_type: str) -> list[dict[str, Any]]:
        """Return the payloads of one type in the box's log."""
        rows = self.rig.record.store.rows("SELECT body FROM events WHERE type = ? ORDER BY position", (event_type,))
        return [Event.from_body(body).fields.payload for (body,) in rows]

    def send(self, count: int) -> list[Event]:
        made = self.rig.append(count)
        self.rig.wait_acknowledged()
        return made

    def close(self) -> None:
        self.watch.stop()
        self.rig.close()


def rewrite_in_full(database: Database, drop: int | None = None, edit: int | None = None) -> None:
    """Change history as an owner can who knows the schema: events, hashes and the tree over them, all consistent."""
    with database.write(TENANT) as connection:
        epoch = TreeLog(connection, TENANT).state().epoch
        if edit is not None:
            connection.execute(update(events).where(events.c.seq == edit).values(hash="ab" * 32))
        if drop is not None:
            connection.execute(delete(events).where(events.c.seq == drop))
            later = select(events.c.seq).where(events.c.seq > drop).order_by(events.c.seq)
            for seq in list(connection.execute(later).scalars()):
                connection.execute(update(events).where(events.c.seq == seq).values(seq=seq - 1))
        for table in (log_trees, log_runs, log_tiles):
            connection.execute(delete(table))
        count = len(list(connection.execute(select(events.c.seq)).scalars()))
        connection.execute(update(positions).values(seq=count))
        tree = TreeLog(connection, TENANT)
        tree.begin()
        tree.set_epoch(epoch)
