"""How a box judges the heads it is shown: the tree may grow, and may go back only where a restore is declared.

The rule, in full:

1. The first head ever seen is taken on trust, and its key with it.
2. A head of the epoch known must be signed by that key, or by one that signed changes lead to from it
   (`keychain.py`), be no smaller, and be shown to begin with the tree known.
3. A head of another epoch is a restored hub if signed resumptions lead to it from an epoch this box has seen, and
   the tree at the resumption is shown to begin with the largest tree of that epoch which this box has verified and
   which is no larger. What came after the resumption point is then owed anew: the box sends it again, and checks
   that it is in. A restore is never silent: it is an event on the box.
4. A head that another box of the tenant has verified must be of the same tree, unless a declared restore undid it:
   whoever shows two boxes two histories is found out as soon as they hear of each other's heads.
5. Everything else is a rewrite, and an alarm.
"""

from collections.abc import Container, Mapping, Sequence, Set
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, Protocol

from shared.audit.heads import Resumption, SignatureRefused, Signed, TreeHead, key_id
from shared.audit.keychain import KeyChange, keys_between, keys_until
from shared.audit.merkle import ProofRefused, check_consistency, check_inclusion, leaf_hash
from shared.errors import Rejected

MAX_RESTORE_MILLISECONDS: Final = 35 * 24 * 3600 * 1000
# So far the clocks of a box and its hub may be apart when it is asked whether a head is of before a restore.
CLOCK_MILLISECONDS: Final = 24 * 3600 * 1000


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
class Seen:
    """A head that another box says it has verified, signed by the log key with this fingerprint."""

    device: str
    key_id: str
    head: TreeHead


@dataclass(frozen=True, slots=True)
class Shown:
    """What the hub shows now.

    Attributes:
        head: of the tree.
        resumptions: those that led to its epoch, oldest first.
        changes: of the log key, in any order.
        seen: what the hub says other boxes have reported.
    """

    head: Signed
    resumptions: tuple[Signed, ...] = ()
    changes: tuple[KeyChange, ...] = ()
    seen: tuple[Seen, ...] = ()

    @property
    def keys(self) -> frozenset[bytes]:
        """The log key that signs now, and every one that led to it."""
        return keys_until(self.head.key, self.changes)


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
    keys = keys_between(known.key, shown.head.key, shown.changes)
    if not keys:
        raise HubRewrote(
            "another_key", f"the head is signed by key {shown.head.key_id}, not by the one known or a successor"
        )
    if head.epoch == known.head.epoch:
        _consistent(known.head, head.size, head.root, prover)
        return Verified(head)
    fresh = _resumptions(shown, tenant, keys)
    return _judge_restored(known, head, fresh, _resumptions(shown, tenant, shown.keys) | fresh, prover)


def judge_seen(seen: Seen, verified: TreeHead, shown: Shown, former: Set[bytes], prover: Prover) -> None:
    """Check that a head another box has verified belongs to the same tree; it must have been heard of before `shown`.

    Args:
        seen: the other box's.
        verified: this box's, just found good.
        shown: what that one was part of.
        former: log keys that this box has held on to before.
        prover: asks the hub.

    Raises:
        HubRewrote: two boxes were shown two histories, or two keys.
    """
    keys = shown.keys | former
    if seen.key_id not in {key_id(key) for key in keys}:
        raise HubRewrote("another_key_elsewhere", f"box {seen.device} was shown log key {seen.key_id}, this one not")
    head, resumptions = seen.head, _resumptions(shown, verified.tenant, keys)
    kept, epoch = verified.size, verified.epoch
    began = resumptions[epoch].at if epoch in resumptions else 0
    passed: set[str] = set()
    while epoch != head.epoch:
        step = resumptions.get(epoch)
        if step is None or epoch in passed:
            if not began or head.at >= began + CLOCK_MILLISECONDS:
                raise HubRewrote(
                    "another_epoch_elsewhere", f"box {seen.device} was shown epoch {head.epoch}, this one not"
                )
            return  # of a life of the hub that a declared restore ended
        passed.add(epoch)
        kept, epoch = min(kept, step.size), step.before
    if epoch == verified.epoch or head.size <= kept:
        _same_tree(seen, verified, prover)


def _same_tree(seen: Seen, verified: TreeHead, prover: Prover) -> None:
    older, newer = sorted((seen.head, verified), key=lambda item: item.size)
    try:
        _consistent(older, newer.size, newer.root, prover)
    except HubRewrote as error:
        sentence = (
            f"the hub shows box {seen.device} another history than this box:"
            f" epoch {seen.head.epoch}, {seen.head.size} events, root {seen.head.root[:16]} ({error.code})"
        )
        raise HubRewrote("two_histories", sentence) from None


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


def _judge_restored(
    known: Known, head: TreeHead, fresh: Mapping[str, Resumption], every: Mapping[str, Resumption], prover: Prover
) -> Verified:
    """Follow a restore; only resumptions of the key known or later ones (`fresh`) may lead on from what is known."""
    seen = (known.head, *known.earlier)
    line = _line(head.epoch, {item.epoch for item in seen}, fresh)
    first = line[0]
    kept = _of_the_line(seen, first, every)
    if any(item.size > first.size and known.head.at - item.at > MAX_RESTORE_MILLISECONDS for item in kept):
        raise HubRewrote("restore_too_far", "the hub went back by more than the 35 days a restore may")
    base = max((item for item in kept if item.size <= first.size), key=lambda item: item.size, default=None)
    steps = [_as_head(item) for item in line]
    for older, newer in pairwise(([base] if base is not None else []) + [*steps, head]):
        _consistent(older, newer.size, newer.root, prover)
    return Verified(head, first)


def _resumptions(shown: Shown, tenant: str, keys: Container[bytes]) -> dict[str, Resumption]:
    """Return the resumptions signed by one of these keys, by the epoch they begin; others count for nothing."""
    found: dict[str, Resumption] = {}
    for signed in shown.resumptions:
        statement = _checked(signed, tenant)
        if isinstance(statement, Resumption) and signed.key in keys:
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
