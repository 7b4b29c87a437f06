"""The Merkle tree of RFC 9162 §2.1: append in O(log n), prove inclusion and growth, check both.

Leaves and inner nodes are hashed apart (a prefix byte), so that neither can be passed off as the other.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from shared.errors import Rejected

HASH_BYTES: Final = 32
# A tree that large needs more leaves than a hub can ever have; longer proofs are refused unread.
MAX_PROOF_HASHES: Final = 64
EMPTY_ROOT: Final = hashlib.sha256(b"").digest()

Nodes = Callable[[int, int], bytes]
"""Returns the root of a perfect subtree: `(level, number)` covers the leaves from `number << level` on."""


class ProofRefused(Rejected):
    """A proof does not show what it claims."""


@dataclass(frozen=True, slots=True)
class Node:
    """The root of a perfect subtree of `2**level` leaves, the `number`-th of its level."""

    level: int
    number: int
    hash: bytes


@dataclass(slots=True)
class CompactRange:
    """A tree's right edge: one root for each perfect subtree, largest first; all that appending needs.

    Attributes:
        size: leaves so far.
        peaks: as many roots as `size` has bits set.
    """

    size: int = 0
    peaks: list[bytes] = field(default_factory=list)

    def append(self, leaf: bytes) -> list[Node]:
        """Add a leaf's hash and return the inner nodes that became complete, lowest first."""
        done: list[Node] = []
        node, level, number = leaf, 0, self.size
        while number & 1:
            node = node_hash(self.peaks.pop(), node)
            level, number = level + 1, number >> 1
            done.append(Node(level, number, node))
        self.peaks.append(node)
        self.size += 1
        return done

    def root(self) -> bytes:
        """Return the tree's root."""
        if not self.peaks:
            return EMPTY_ROOT
        root = self.peaks[-1]
        for peak in reversed(self.peaks[:-1]):
            root = node_hash(peak, root)
        return root


def leaf_hash(entry: bytes) -> bytes:
    """Return the hash of a leaf."""
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of an inner node."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def tree_root(size: int, nodes: Nodes) -> bytes:
    """Return the root of the first `size` leaves."""
    return _root(0, size, nodes) if size else EMPTY_ROOT


def inclusion_proof(number: int, size: int, nodes: Nodes) -> list[bytes]:
    """Return the audit path of a leaf in the tree of `size` leaves (RFC 9162 §2.1.3.1).

    Raises:
        ValueError: the tree has no such leaf.
    """
    if not 0 <= number < size:
        raise ValueError(f"a tree of {size} leaves has no leaf {number}")
    path: list[bytes] = []
    first, last = 0, size
    while last - first > 1:
        middle = first + _split(last - first)
        if number < middle:
            path.append(_root(middle, last, nodes))
            last = middle
        else:
            path.append(_root(first, middle, nodes))
            first = middle
    return path[::-1]


def consistency_proof(old: int, new: int, nodes: Nodes) -> list[bytes]:
    """Return the proof that the tree of `new` leaves begins with that of `old` (RFC 9162 §2.1.4.1).

    Raises:
        ValueError: `old` is not between 1 and `new`.
    """
    if not 0 < old <= new:
        raise ValueError(f"there is no consistency of {old} with {new} leaves")
    proof: list[bytes] = []
    first, last = 0, new
    while last != old:
        middle = first + _split(last - first)
        if old <= middle:
            proof.append(_root(middle, last, nodes))
            last = middle
        else:
            proof.append(_root(first, middle, nodes))
            first = middle
    if first:
        proof.append(_root(first, last, nodes))
    return proof[::-1]


def check_inclusion(leaf: bytes, number: int, size: int, root: bytes, proof: Sequence[bytes]) -> None:
    """Check that a leaf's hash stands at `number` in the tree with this root (RFC 9162 §2.1.3.2).

    Raises:
        ProofRefused: it is not shown to.
    """
    _check_form(proof)
    if not 0 <= number < size:
        raise ProofRefused("not_in_tree", f"the tree has {size} leaves and cannot hold number {number}")
    at, end, node = number, size - 1, leaf
    for sibling in proof:
        if end == 0:
            raise ProofRefused("inclusion_not_shown", "the proof of inclusion is too long")
        if at & 1 or at == end:
            node = node_hash(sibling, node)
            while not at & 1 and at:
                at, end = at >> 1, end >> 1
        else:
            node = node_hash(node, sibling)
        at, end = at >> 1, end >> 1
    if end != 0 or node != root:
        raise ProofRefused("inclusion_not_shown", f"leaf {number} is not shown to be in the tree of {size} leaves")


def check_consistency(old: int, old_root: bytes, new: int, new_root: bytes, proof: Sequence[bytes]) -> None:
    """Check that the new tree begins with the old one (RFC 9162 §2.1.4.2); an empty tree begins every tree.

    Raises:
        ProofRefused: it is not shown to.
    """
    _check_form(proof)
    if not 0 <= old <= new:
        raise ProofRefused("tree_shrank", f"the tree had {old} leaves and is now said to have {new}")
    if old in {0, new}:
        same = old_root == (EMPTY_ROOT if old == 0 else new_root)
        if not same or proof:
            raise ProofRefused("tree_changed", f"the tree of {old} leaves has another root than before")
        return
    if _roots_of(old, new, old_root, proof) != (old_root, new_root):
        raise ProofRefused("tree_changed", f"the tree of {new} leaves does not begin with the {old} known before")


def _roots_of(old: int, new: int, old_root: bytes, proof: Sequence[bytes]) -> tuple[bytes, bytes] | None:
    """Return the old and the new root that a proof leads to, or None when it has the wrong length."""
    path = list(proof) if old & (old - 1) else [old_root, *proof]
    if not path:
        return None
    at, end = old - 1, new - 1
    while at & 1:
        at, end = at >> 1, end >> 1
    before = after = path[0]
    for sibling in path[1:]:
        if end == 0:
            return None
        if at & 1 or at == end:
            before, after = node_hash(sibling, before), node_hash(sibling, after)
            while not at & 1 and at:
                at, end = at >> 1, end >> 1
        else:
            after = node_hash(after, sibling)
        at, end = at >> 1, end >> 1
    return (before, after) if end == 0 else None


def _check_form(proof: Sequence[bytes]) -> None:
    if len(proof) > MAX_PROOF_HASHES or any(len(item) != HASH_BYTES for item in proof):
        raise ProofRefused("proof_malformed", f"a proof has at most {MAX_PROOF_HASHES} hashes of {HASH_BYTES} bytes")


def _root(first: int, last: int, nodes: Nodes) -> bytes:
    """Return the root over the leaves `first` to `last`, the left of which begins a perfect subtree."""
    size = last - first
    if size & (size - 1) == 0:
        level = size.bit_length() - 1
        return nodes(level, first >> level)
    middle = first + _split(size)
    return node_hash(_root(first, middle, nodes), _root(middle, last, nodes))


def _split(size: int) -> int:
    """Return the largest power of two below `size`."""
    return 1 << (size - 1).bit_length() - 1
