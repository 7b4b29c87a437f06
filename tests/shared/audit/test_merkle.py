import hashlib
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.audit.merkle import (
    EMPTY_ROOT,
    CompactRange,
    ProofRefused,
    check_consistency,
    check_inclusion,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    node_hash,
    tree_root,
)

# The entries and roots that the certificate-transparency projects test their RFC 6962 trees with.
PUBLIC_ENTRIES = [
    bytes.fromhex(text)
    for text in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
]
PUBLIC_ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


def naive_root(leaves: list[bytes]) -> bytes:
    """MTH of RFC 9162 §2.1.1, word by word."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return hashlib.sha256(b"\x00" + leaves[0]).digest()
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return hashlib.sha256(b"\x01" + naive_root(leaves[:k]) + naive_root(leaves[k:])).digest()


def naive_path(m: int, leaves: list[bytes]) -> list[bytes]:
    """PATH of RFC 9162 §2.1.3.1, word by word."""
    if len(leaves) == 1:
        return []
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    if m < k:
        return [*naive_path(m, leaves[:k]), naive_root(leaves[k:])]
    return [*naive_path(m - k, leaves[k:]), naive_root(leaves[:k])]


def naive_subproof(m: int, leaves: list[bytes], known: bool) -> list[bytes]:
    """SUBPROOF of RFC 9162 §2.1.4.1, word by word."""
    n = len(leaves)
    if m == n:
        return [] if known else [naive_root(leaves)]
    k = 1
    while k * 2 < n:
        k *= 2
    if m <= k:
        return [*naive_subproof(m, leaves[:k], known), naive_root(leaves[k:])]
    return [*naive_subproof(m - k, leaves[k:], False), naive_root(leaves[:k])]


def nodes_of(leaves: list[bytes]):  # type: ignore[no-untyped-def]
    @cache
    def node(level: int, number: int) -> bytes:
        if level == 0:
            return leaf_hash(leaves[number])
        return node_hash(node(level - 1, 2 * number), node(level - 1, 2 * number + 1))

    return node


def entries(count: int) -> list[bytes]:
    return [b"event %d" % number for number in range(count)]


def grown(leaves: list[bytes]) -> CompactRange:
    tree = CompactRange()
    for leaf in leaves:
        tree.append(leaf_hash(leaf))
    return tree


sizes = st.integers(min_value=1, max_value=300)


@pytest.mark.req("I-14")
def test_roots_are_those_of_the_public_test_data() -> None:
    tree = CompactRange()
    assert tree.root() == EMPTY_ROOT
    for entry, root in zip(PUBLIC_ENTRIES, PUBLIC_ROOTS, strict=True):
        tree.append(leaf_hash(entry))
        assert tree.root().hex() == root


def test_proofs_are_those_of_the_public_test_data() -> None:
    nodes = nodes_of(PUBLIC_ENTRIES)
    ends = [item.hex()[:8] for item in inclusion_proof(0, 8, nodes)]
    assert ends == ["96a296d2", "5f083f0a", "6b47aaf2"]
    assert [item.hex()[:8] for item in inclusion_proof(5, 8, nodes)] == ["bc1a0643", "ca854ea1", "d37ee418"]
    assert [item.hex()[:8] for item in consistency_proof(6, 8, nodes)] == ["0ebc5d34", "ca854ea1", "d37ee418"]


@pytest.mark.req("I-14")
@given(sizes)
def test_appending_one_by_one_gives_the_naive_root_and_every_complete_node(size: int) -> None:
    leaves, tree = entries(size), CompactRange()
    nodes = nodes_of(leaves)
    for leaf in leaves:
        for done in tree.append(leaf_hash(leaf)):
            assert done.hash == nodes(done.level, done.number)
    assert tree.root() == naive_root(leaves) == tree_root(size, nodes)
    assert len(tree.peaks) == size.bit_count()


@pytest.mark.req("I-14")
@given(sizes, st.data())
def test_proofs_are_the_naive_ones_and_verify(size: int, data: st.DataObject) -> None:
    leaves = entries(size)
    nodes, root = nodes_of(leaves), naive_root(leaves)
    number = data.draw(st.integers(0, size - 1))
    old = data.draw(st.integers(1, size))
    path, proof = inclusion_proof(number, size, nodes), consistency_proof(old, size, nodes)
    assert path == naive_path(number, leaves)
    assert proof == naive_subproof(old, leaves, True)
    check_inclusion(leaf_hash(leaves[number]), number, size, root, path)
    check_consistency(old, naive_root(leaves[:old]), size, root, proof)


@pytest.mark.req("I-14")
@given(sizes, st.data())
def test_no_changed_proof_place_or_size_verifies(size: int, data: st.DataObject) -> None:
    leaves = entries(size)
    nodes, root = nodes_of(leaves), naive_root(leaves)
    number = data.draw(st.integers(0, size - 1))
    path = inclusion_proof(number, size, nodes)
    leaf = leaf_hash(leaves[number])
    wrong = [
        (leaf_hash(b"another"), number, size, root, path),
        (leaf, number, size, leaf_hash(b"root"), path),
        (leaf, number, size, root, [*path, leaf]),
        (leaf, number, number, root, path),
        (leaf, number, size, root, [b"short", *path]),
        (leaf, number, size, root, [leaf] * 65),
    ]
    if path:
        at = data.draw(st.integers(0, len(path) - 1))
        wrong.append((leaf, number, size, root, [*path[:at], leaf_hash(path[at]), *path[at + 1 :]]))
        wrong.append((leaf, number, size, root, path[:-1]))
    for attempt in wrong:
        with pytest.raises(ProofRefused):
            check_inclusion(*attempt)


@pytest.mark.req("I-14")
@given(sizes, st.data())
def test_a_tree_that_changed_an_old_leaf_cannot_be_shown_to_be_consistent(size: int, data: st.DataObject) -> None:
    leaves = entries(size)
    old = data.draw(st.integers(1, size))
    number = data.draw(st.integers(0, old - 1))
    rewritten = [*leaves[:number], b"something else", *leaves[number + 1 :]]
    proof = consistency_proof(old, size, nodes_of(rewritten))
    before, after = naive_root(leaves[:old]), naive_root(rewritten)
    for attempt in (proof, consistency_proof(old, size, nodes_of(leaves)), [], [before, *proof]):
        with pytest.raises(ProofRefused):
            check_consistency(old, before, size, after, attempt)


def test_a_tree_never_shrinks_and_an_empty_one_begins_every_tree() -> None:
    leaves = entries(5)
    root = naive_root(leaves)
    check_consistency(0, EMPTY_ROOT, 5, root, [])
    for attempt in ((5, root, 4, naive_root(leaves[:4]), []), (0, root, 5, root, []), (0, EMPTY_ROOT, 5, root, [root])):
        with pytest.raises(ProofRefused):
            check_consistency(*attempt)


@pytest.mark.parametrize(("old", "new"), [(0, 3), (4, 3)])
def test_there_is_no_consistency_proof_for_sizes_that_do_not_grow(old: int, new: int) -> None:
    with pytest.raises(ValueError, match="no consistency"):
        consistency_proof(old, new, nodes_of(entries(3)))


def test_there_is_no_inclusion_proof_for_a_leaf_that_is_not_there() -> None:
    with pytest.raises(ValueError, match="no leaf"):
        inclusion_proof(3, 3, nodes_of(entries(3)))
