"""How a box judges the heads it is shown: the tree may grow, and may go back only where a restore is declared.

The rule, in full:

1. The first head ever seen is taken on trust, and its key with it.
2. A head of the epoch known must be signed by that key, be no smaller, and be shown to begin with the tree known.
3. A head of another epoch is a restored hub if signed resumptions lead to it from an epoch this box has seen, and
   the tree at the resumption is shown to begin with the largest tree of that epoch which this box has verified and
   which is no larger. What came after the resumption point is then owed anew: the box sends it again, and checks
   that it is in. A restore is never silent: it is an event on the box.
4. Everything else is a rewrite, and an alarm.
"""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, Protocol

from shared.audit.heads import Resumption, SignatureRefused, Signed, TreeHead
from shared.audit.merkle import ProofRefused, check_consistency, check_inclusion, leaf_hash
from shared.errors import Rejected

MAX_RESTORE_MILLISECONDS: Final = 35 * 24 * 3600 * 1000


class HubRewrote(Rejected):
    """What the hub shows contradicts what it showed, signed or acknowledged before."""


class Prover(Protocol):
    """Asks the hub for proofs; network errors pass through as `Retryable`."""

    def consistency(self, old: int, new: int) -> Sequence[bytes]:
        """Return the proof that the tree of `new` leaves begins with that of `old`.

        Raises:
            HubRewrote: the hub says that its tree is damaged, or has no such size.
        """
        ...


@dataclass(frozen=True, slots=True)
class Known:
    """What a box holds on to: the key, the latest verified head, and earlier verified ones, latest first."""

    key: bytes
    head: TreeHead
    earlier: tuple[TreeHead, ...] = ()


@dataclass(frozen=True, slots=True)
class Shown:
    """What the hub shows now: a head, and the resumptions that led to its epoch, oldest first."""

    head: Signed
    resumptions: tuple[Signed, ...] = ()


@dataclass(frozen=True, slots=True)
class Verified:
    """A head found good; `restored` is the resumption when the hub went back to a backup since the last one."""

    head: TreeHead
    restored: Resumption | None = None


@dataclass(frozen=True, slots=True)
class Included:
    """The hub's answer about one event: the hash of what it stores, and the proof that this is in the tree."""

    seq: int
    number: int
    stored_hash: str
    path: tuple[bytes, ...]


def judge_head(known: Known | None, shown: Shown, tenant: str, prover: Prover) -> Verified:
    """Judge a head by the rule above.

    Raises:
        HubRewrote: the history was rewritten, or another key signs.
    """
    head = _checked_head(shown.head, tenant)
    if known is None:
        return Verified(head)
    if shown.head.key != known.key:
        raise HubRewrote("another_key", f"the head is signed by key {shown.head.key_id}, not by the one known")
    if head.epoch == known.head.epoch:
        _consistent(known.head, head.size, head.root, prover)
        return Verified(head)
    return _judge_restored(known, shown, head, tenant, prover)


def judge_announced(announced: TreeHead, verified: TreeHead, prover: Prover) -> None:
    """Check that a head the hub announced earlier or later belongs to the same tree as a verified one.

    Raises:
        HubRewrote: there are two trees.
    """
    if announced.epoch != verified.epoch:
        return  # of before a restore; that it happened is judged with the verified head
    older, newer = sorted((announced, verified), key=lambda item: item.size)
    _consistent(older, newer.size, newer.root, prover)


def judge_inclusion(head: TreeHead, event_hash: str, answer: Included) -> None:
    """Check that the hub stores an event as it was sent, and that it is in the tree.

    Raises:
        HubRewrote: it is not.
    """
    if answer.stored_hash != event_hash:
        raise HubRewrote("event_changed", f"the hub stores another event {answer.seq} than the one it acknowledged")
    leaf = leaf_hash(bytes.fromhex(event_hash))
    try:
        check_inclusion(leaf, answer.number, head.size, bytes.fromhex(head.root), answer.path)
    except ProofRefused as error:
        raise HubRewrote("event_not_in_tree", f"event {answer.seq}: {error.sentence}") from None


def _judge_restored(known: Known, shown: Shown, head: TreeHead, tenant: str, prover: Prover) -> Verified:
    resumptions = _resumptions(known, shown, tenant)
    seen = (known.head, *known.earlier)
    line = _line(head.epoch, {item.epoch for item in seen}, resumptions)
    first = line[0]
    kept = _of_the_line(seen, first, resumptions)
    if any(item.size > first.size and known.head.at - item.at > MAX_RESTORE_MILLISECONDS for item in kept):
        raise HubRewrote("restore_too_far", "the hub went back by more than the 35 days a restore may")
    base = max((item for item in kept if item.size <= first.size), key=lambda item: item.size, default=None)
    steps = [_as_head(item) for item in line]
    for older, newer in pairwise(([base] if base is not None else []) + [*steps, head]):
        _consistent(older, newer.size, newer.root, prover)
    return Verified(head, first)


def _resumptions(known: Known, shown: Shown, tenant: str) -> dict[str, Resumption]:
    """Return the resumptions shown by the epoch they begin, once each is found signed."""
    found: dict[str, Resumption] = {}
    for signed in shown.resumptions:
        statement = _checked(signed, tenant)
        if not isinstance(statement, Resumption) or signed.key != known.key:
            raise HubRewrote("restore_not_shown", "a resumption is not signed by the key known")
        found[statement.epoch] = statement
    return found


def _line(epoch: str, seen: Set[str], resumptions: Mapping[str, Resumption]) -> list[Resumption]:
    """Return the resumptions from an epoch this box has seen to the one shown."""
    line: list[Resumption] = []
    while epoch not in seen:
        step = resumptions.get(epoch)
        if step is None or step in line:
            raise HubRewrote("restore_not_shown", "the hub begins an epoch that no signed resumption leads to")
        line.insert(0, step)
        epoch = step.before
    if not line:
        raise HubRewrote("epoch_went_back", "the hub is in an epoch that another one has followed already")
    return line


def _of_the_line(seen: Sequence[TreeHead], first: Resumption, resumptions: Mapping[str, Resumption]) -> list[TreeHead]:
    """Return the verified heads of the epoch that was resumed, and of those it came from up to where it did."""
    kept = [item for item in seen if item.epoch == first.before]
    epoch, passed = first.before, {first.epoch}
    while (step := resumptions.get(epoch)) is not None and epoch not in passed:
        passed.add(epoch)
        kept += [item for item in seen if item.epoch == step.before and item.size <= step.size]
        epoch = step.before
    return kept


def _checked_head(signed: Signed, tenant: str) -> TreeHead:
    statement = _checked(signed, tenant)
    if not isinstance(statement, TreeHead):
        raise HubRewrote("bad_signature", "what is shown as a head is none")
    return statement


def _checked(signed: Signed, tenant: str) -> TreeHead | Resumption:
    try:
        signed.check(tenant)
    except SignatureRefused as error:
        raise HubRewrote(error.code, error.sentence) from None
    return signed.statement


def _as_head(resumption: Resumption) -> TreeHead:
    return TreeHead(resumption.tenant, resumption.epoch, resumption.size, resumption.root, resumption.at)


def _consistent(older: TreeHead, size: int, root: str, prover: Prover) -> None:
    if size < older.size:
        raise HubRewrote("tree_shrank", f"the tree had {older.size} events and is now said to have {size}")
    proof: Sequence[bytes] = ()
    if 0 < older.size < size:
        proof = prover.consistency(older.size, size)
    try:
        check_consistency(older.size, bytes.fromhex(older.root), size, bytes.fromhex(root), proof)
    except ProofRefused as error:
        raise HubRewrote(error.code, error.sentence) from None
