"""The heads a box has verified, as a file that travels past the hub, and what comparing such files proves."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, Final

from shared.audit.heads import SignatureRefused, Signed, TreeHead
from shared.audit.keychain import KeyChange, keys_until
from shared.errors import Rejected

MAX_FILE_BYTES: Final = 1_000_000
MAX_HEADS: Final = 200


class HeadsUnreadable(Rejected):
    """A file holds no heads that their key has signed."""


@dataclass(frozen=True, slots=True)
class SeenHeads:
    """What one box has verified, latest first, and the changes of the log key it knows of."""

    device: str
    tenant: str
    heads: tuple[Signed, ...]
    changes: tuple[KeyChange, ...] = ()

    def to_text(self) -> str:
        """Return what `from_text` reads; it says nothing about clients or staff."""
        heads = [_head(item) for item in self.heads[:MAX_HEADS]]
        changes = [[item.before.hex(), item.after.hex(), item.at, item.signature.hex()] for item in self.changes]
        said = {"device": self.device, "tenant": self.tenant, "heads": heads, "key_changes": changes}
        return json.dumps(said, indent=1) + "\n"

    @classmethod
    def from_text(cls, text: bytes) -> "SeenHeads":
        """Read a file and check every signature in it.

        Raises:
            HeadsUnreadable: it is no such file, or a head is not signed by the key it names.
        """
        try:
            said = json.loads(text[:MAX_FILE_BYTES])
            heads = tuple(_signed(said["tenant"], row) for row in said["heads"][:MAX_HEADS])
            changes = tuple(
                KeyChange(bytes.fromhex(before), bytes.fromhex(after), int(at), bytes.fromhex(signature))
                for before, after, at, signature in said["key_changes"]
            )
            found = cls(str(said["device"]), str(said["tenant"]), heads, changes)
            for head in heads:
                head.check(found.tenant)
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError, SignatureRefused):
            raise HeadsUnreadable(
                "heads_unreadable", "the file holds no signed heads; copy it from the box anew"
            ) from None
        return found


@dataclass(frozen=True, slots=True)
class Comparison:
    """What two boxes' files say of each other: contradictions, and how many heads of both are of one size."""

    contradictions: tuple[str, ...]
    compared: int


def compare(files: Sequence[SeenHeads]) -> Comparison:
    """Look for two heads of one epoch and size with different roots: the hub signed both, so it showed two histories.

    Heads of different sizes cannot be compared without the hub's proofs; a box does that.
    """
    contradictions: list[str] = []
    compared = 0
    for one, other in combinations(files, 2):
        roots = {(head.epoch, head.size): head.root for head in _heads(one)}
        for head in _heads(other):
            root = roots.get((head.epoch, head.size))
            compared += root is not None
            if root is not None and root != head.root:
                where = f"epoch {head.epoch}, {head.size} events"
                contradictions.append(f"{one.device} and {other.device} were shown two histories ({where})")
        if one.tenant == other.tenant and not _keys(one) & _keys(other):
            contradictions.append(f"{one.device} and {other.device} were shown log keys that nothing connects")
    return Comparison(tuple(contradictions), compared)


def _heads(file: SeenHeads) -> list[TreeHead]:
    return [item.statement for item in file.heads if isinstance(item.statement, TreeHead)]


def _keys(file: SeenHeads) -> set[bytes]:
    return {key for head in file.heads[:1] for key in keys_until(head.key, file.changes)}


def _head(signed: Signed) -> dict[str, Any]:
    head = signed.statement
    if not isinstance(head, TreeHead):
        raise TypeError("a resumption is no head")
    key, signature = signed.key.hex(), signed.signature.hex()
    return {
        "epoch": head.epoch,
        "size": head.size,
        "root": head.root,
        "at": head.at,
        "key": key,
        "signature": signature,
    }


def _signed(tenant: str, row: dict[str, Any]) -> Signed:
    head = TreeHead(tenant, str(row["epoch"]), int(row["size"]), str(row["root"]), int(row["at"]))
    return Signed(head, bytes.fromhex(row["key"]), bytes.fromhex(row["signature"]))
