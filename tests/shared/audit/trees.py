"""A hub's log in memory, honest unless told otherwise, that signs heads and proves."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from shared.audit.heads import Resumption, Signed, TreeHead, sign
from shared.audit.merkle import consistency_proof, inclusion_proof, leaf_hash, node_hash, tree_root
from shared.audit.witness import HubRewrote, Included, Shown

TENANT = "lumen"
DAY = 24 * 3600 * 1000


@dataclass
class Hub:
    """A log of event hashes (hex)."""

    events: list[str] = field(default_factory=list)
    epoch: str = "e1"
    at: int = DAY
    key: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)
    resumed: list[Signed] = field(default_factory=list)

    def grow(self, count: int, mark: str = "") -> "Hub":
        for _ in range(count):
            self.events.append(leaf_hash(f"{mark}{len(self.events)}".encode()).hex())
        return self

    def copy(self) -> "Hub":
        return Hub(list(self.events), self.epoch, self.at, self.key, list(self.resumed))

    def restored(self, backup: "Hub", epoch: str) -> "Hub":
        """Return the hub as it is after restoring a backup, which says so."""
        new = backup.copy()
        new.epoch, new.at, new.key = epoch, self.at, self.key
        root = tree_root(len(new.events), new.node).hex()
        new.resumed.append(self._sign(Resumption(TENANT, epoch, backup.epoch, len(new.events), root, new.at)))
        return new

    def head(self, size: int | None = None) -> Signed:
        count = len(self.events) if size is None else size
        return self._sign(TreeHead(TENANT, self.epoch, count, tree_root(count, self.node).hex(), self.at))

    def shown(self) -> Shown:
        return Shown(self.head(), tuple(self.resumed))

    def consistency(self, old: int, new: int) -> Sequence[bytes]:
        if new > len(self.events):
            raise HubRewrote("hub_cannot_prove", "the tree has not been of that size")
        return consistency_proof(old, new, self.node)

    def included(self, number: int) -> Included:
        path = inclusion_proof(number, len(self.events), self.node)
        return Included(number + 1, number, self.events[number], tuple(path))

    def node(self, level: int, number: int) -> bytes:
        if level == 0:
            return leaf_hash(bytes.fromhex(self.events[number]))
        return node_hash(self.node(level - 1, 2 * number), self.node(level - 1, 2 * number + 1))

    def _sign(self, statement: TreeHead | Resumption) -> Signed:
        return sign(statement, self.key, self.key.public_key().public_bytes_raw())
