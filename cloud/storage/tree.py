"""One tenant's Merkle tree over the events it has applied, in order of application.

Leaves are not stored: a *run* says which stretch of a device's log a stretch of leaves is, so the events' own hashes
are the leaves. Kept beside it are the right edge, which appending needs, and every 256th node, which proofs need.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import Connection, Row, bindparam, insert, select

from cloud.storage.tables import events, positions
from cloud.storage.tree_tables import log_resumptions, log_runs, log_tiles, log_trees
from cloud.storage.upsert import change, put, put_new
from shared.audit.heads import Resumption, Signed
from shared.audit.merkle import HASH_BYTES, CompactRange, leaf_hash, node_hash
from shared.errors import Corrupt
from shared.events.envelope import Event, body_hash
from shared.ids import DeviceId, TenantId

_TILE_LEVELS: Final = 8
_TILE: Final = 1 << _TILE_LEVELS
_PAGE: Final = 5_000
_TREE: Final = select(log_trees).where(log_trees.c.tenant == bindparam("of_tenant"))
_TREE_LOCKED: Final = _TREE.with_for_update()
_LAST_RUN: Final = (
    select(log_runs).where(log_runs.c.tenant == bindparam("of_tenant")).order_by(log_runs.c.first.desc()).limit(1)
)


class TreeDamaged(Corrupt):
    """The stored events are not those the tree was built of."""


@dataclass(frozen=True, slots=True)
class TreeState:
    """A tree at one moment; `epoch` is empty until the hub names one."""

    epoch: str
    edge: CompactRange
    announced_size: int
    announced_at: int


@dataclass(frozen=True, slots=True)
class Leaf:
    """Where an event stands in the tree, and the hash of what is stored of it."""

    number: int
    stored_hash: str


@dataclass(slots=True)
class TreeLog:
    """One tenant's tree, inside the caller's transaction."""

    connection: Connection
    tenant: TenantId
    _blocks: dict[tuple[int, int], list[bytes]] = field(default_factory=dict)

    def state(self, *, for_update: bool = False) -> TreeState:
        """Return the tree as stored; one that was never begun is empty."""
        row = self._row(for_update=for_update)
        if row is None:
            return TreeState("", CompactRange(), 0, 0)
        return TreeState(row.epoch, _edge(row), row.announced_size, row.announced_at)

    def begin(self) -> None:
        """Begin the tree with every event stored so far, device by device; once only, others wait for it."""
        keys, empty = {"tenant": self.tenant}, {"epoch": "", "size": 0, "peaks": b"", "announced_size": 0}
        if not put_new(self.connection, log_trees, keys, {**empty, "announced_at": 0}):
            return
        ends = select(positions).where(positions.c.tenant == self.tenant, positions.c.seq > 0)
        for row in self.connection.execute(ends.order_by(positions.c.device, positions.c.ordinal)).all():
            for first in range(1, row.seq + 1, _PAGE):
                hashes = self._hashes(row.device, row.epoch, first, min(_PAGE, row.seq + 1 - first))
                self._grow(self.state().edge, DeviceId(row.device), row.epoch, first, hashes)

    def append(self, arrived: Sequence[Event]) -> None:
        """Add events of one epoch that follow one another; call it before their position is stored."""
        if not arrived:
            return
        row = self._row(for_update=True)
        if row is None:
            self.begin()
        edge = _edge(row) if row is not None else self.state().edge
        fields = arrived[0].fields
        self._grow(edge, DeviceId(fields.device), fields.epoch, fields.seq, [event.hash for event in arrived])

    def set_epoch(self, epoch: str) -> None:
        """Name the hub epoch that the tree goes on in."""
        self._change(epoch=epoch)

    def set_announced(self, size: int, at: int) -> None:
        """Take note that the head of this size was sent to the boxes."""
        self._change(announced_size=size, announced_at=at)

    def leaf_of(self, device: DeviceId, epoch: str, seq: int) -> Leaf | None:
        """Return an event's leaf, hashed from the bytes stored; None when no such event is stored or in the tree."""
        runs = select(log_runs).where(log_runs.c.tenant == self.tenant, log_runs.c.device == device)
        runs = runs.where(log_runs.c.epoch == epoch, log_runs.c.first_seq <= seq)
        run = self.connection.execute(runs.order_by(log_runs.c.first_seq.desc()).limit(1)).one_or_none()
        query = select(events.c.body).where(self._stored(device, epoch), events.c.seq == seq)
        body = self.connection.execute(query).scalar_one_or_none()
        if run is None or body is None or seq >= run.first_seq + run.length:
            return None
        return Leaf(run.first + seq - run.first_seq, body_hash(bytes(body)))

    def node(self, level: int, number: int) -> bytes:
        """Return the root of a perfect subtree (`shared.audit.merkle.Nodes`).

        Raises:
            TreeDamaged: events under it are missing.
        """
        base = level - level % _TILE_LEVELS
        width = 1 << (level - base)
        first = number * width
        block = self._block(base, first // _TILE)
        nodes = block[first % _TILE : first % _TILE + width]
        if len(nodes) != width:
            raise TreeDamaged("tree_damaged", "events that the tree was built of are missing; run medspa verify")
        while len(nodes) > 1:
            nodes = [node_hash(nodes[at], nodes[at + 1]) for at in range(0, len(nodes), 2)]
        return nodes[0]

    def add_resumption(self, signed: Signed) -> None:
        """Keep a signed resumption; idempotent by its epoch."""
        statement = signed.statement
        if not isinstance(statement, Resumption):
            raise TypeError("a head is no resumption")
        values = {
            "before": statement.before, "size": statement.size, "root": statement.root, "at": statement.at,
            "key": signed.key, "signature": signed.signature,
        }  # fmt: skip
        put_new(self.connection, log_resumptions, {"tenant": self.tenant, "epoch": statement.epoch}, values)

    def resumptions(self) -> list[Signed]:
        """Return every resumption, oldest first."""
        query = select(log_resumptions).where(log_resumptions.c.tenant == self.tenant).order_by(log_resumptions.c.at)
        return [
            Signed(Resumption(self.tenant, row.epoch, row.before, row.size, row.root, row.at), row.key, row.signature)
            for row in self.connection.execute(query)
        ]

    def recomputed(self) -> CompactRange:
        """Build the tree's edge anew from the stored events.

        Raises:
            TreeDamaged: events that it was built of are missing.
        """
        edge = CompactRange()
        size = self.state().edge.size
        for block in range(-(-size // _TILE)):
            for leaf in self._leaves(block):
                edge.append(leaf)
        if edge.size != size:
            raise TreeDamaged("tree_damaged", f"{size} events were applied and {edge.size} are stored")
        return edge

    def _grow(self, edge: CompactRange, device: DeviceId, epoch: str, first_seq: int, hashes: Sequence[str]) -> None:
        self._note_run(edge.size, device, epoch, first_seq, len(hashes))
        done = [node for text in hashes for node in edge.append(leaf_hash(bytes.fromhex(text)))]
        tiles = [
            {"tenant": self.tenant, "level": node.level, "number": node.number, "hash": node.hash}
            for node in done
            if node.level % _TILE_LEVELS == 0
        ]
        if tiles:
            self.connection.execute(insert(log_tiles), tiles)
        self._change(size=edge.size, peaks=b"".join(edge.peaks))

    def _note_run(self, first: int, device: DeviceId, epoch: str, first_seq: int, length: int) -> None:
        """Lengthen the last run when these events continue it, else begin another."""
        last = self.connection.execute(_LAST_RUN, {"of_tenant": self.tenant}).one_or_none()
        values = {"device": device, "epoch": epoch, "first_seq": first_seq, "length": length}
        if last is not None and (last.device, last.epoch, last.first_seq + last.length) == (device, epoch, first_seq):
            first, values["first_seq"], values["length"] = last.first, last.first_seq, last.length + length
        put(self.connection, log_runs, {"tenant": self.tenant, "first": first}, values)

    def _block(self, base: int, block: int) -> list[bytes]:
        """Return up to 256 neighbouring nodes of a stored level."""
        key = (base, block)
        if key not in self._blocks:
            self._blocks[key] = self._leaves(block) if base == 0 else self._tiles(base, block)
        return self._blocks[key]

    def _tiles(self, level: int, block: int) -> list[bytes]:
        query = select(log_tiles.c.hash).where(log_tiles.c.tenant == self.tenant, log_tiles.c.level == level)
        query = query.where(log_tiles.c.number >= block * _TILE, log_tiles.c.number < (block + 1) * _TILE)
        return [bytes(item) for item in self.connection.execute(query.order_by(log_tiles.c.number)).scalars()]

    def _leaves(self, block: int) -> list[bytes]:
        first, last = block * _TILE, (block + 1) * _TILE
        query = select(log_runs).where(log_runs.c.tenant == self.tenant, log_runs.c.first < last)
        query = query.where(log_runs.c.first + log_runs.c.length > first).order_by(log_runs.c.first)
        leaves: list[bytes] = []
        for run in self.connection.execute(query).all():
            begin, end = max(first, run.first), min(last, run.first + run.length)
            hashes = self._hashes(run.device, run.epoch, run.first_seq + begin - run.first, end - begin)
            leaves += [leaf_hash(bytes.fromhex(item)) for item in hashes]
        return leaves

    def _hashes(self, device: str, epoch: str, first_seq: int, count: int) -> list[str]:
        query = select(events.c.hash).where(self._stored(device, epoch), events.c.seq >= first_seq)
        found = list(self.connection.execute(query.order_by(events.c.seq).limit(count)).scalars())
        if len(found) != count:
            raise TreeDamaged("tree_damaged", "events that the tree was built of are missing; run medspa verify")
        return found

    def _stored(self, device: str, epoch: str) -> Any:
        return (events.c.tenant == self.tenant) & (events.c.device == device) & (events.c.epoch == epoch)

    def _row(self, *, for_update: bool = False) -> Row[Any] | None:
        query = _TREE_LOCKED if for_update else _TREE
        return self.connection.execute(query, {"of_tenant": self.tenant}).one_or_none()

    def _change(self, **values: Any) -> None:
        change(self.connection, log_trees, {"tenant": self.tenant}, values)


def _edge(row: Row[Any]) -> CompactRange:
    peaks = [bytes(row.peaks[at : at + HASH_BYTES]) for at in range(0, len(row.peaks), HASH_BYTES)]
    return CompactRange(row.size, peaks)
