from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from shared.audit.gossip import HeadsUnreadable, SeenHeads, compare
from shared.audit.heads import Signed, TreeHead
from shared.audit.witness import HubRewrote, Seen, Shown, judge_seen
from tests.shared.audit.test_keychain import rotated
from tests.shared.audit.trees import DAY, TENANT, Hub

pytestmark = pytest.mark.req("I-14")


def head_of(signed: Signed) -> TreeHead:
    assert isinstance(signed.statement, TreeHead)
    return signed.statement


def seen_by_other(signed: Signed) -> Seen:
    return Seen("other", signed.key_id, head_of(signed))


def judged(seen: Signed, shown: Shown, hub: Hub) -> str:
    """Return what this box makes of another's head; empty when it fits."""
    try:
        judge_seen(seen_by_other(seen), head_of(shown.head), shown, frozenset(), hub)
    except HubRewrote as error:
        return error.code
    return ""


@given(st.integers(1, 30), st.integers(0, 10), st.integers(0, 10))
def test_heads_of_one_tree_fit_whatever_their_sizes(size: int, more: int, later: int) -> None:
    hub = Hub().grow(size)
    other = hub.head()
    hub.grow(more)
    mine = hub.shown()
    assert judged(other, mine, hub.grow(later)) == ""


@given(st.integers(1, 30), st.integers(0, 10), st.integers(0, 10), st.data())
def test_a_history_told_otherwise_to_another_box_is_found_whatever_the_sizes(
    size: int, mine: int, others: int, data: st.DataObject
) -> None:
    hub = Hub().grow(size)
    fork = hub.copy()
    fork.events[data.draw(st.integers(0, size - 1))] = "00" * 32
    hub.grow(mine)
    fork.grow(others)
    assert judged(fork.head(), hub.shown(), hub) == "two_histories"
    assert judged(hub.head(), fork.shown(), fork) == "two_histories"


def test_another_key_or_epoch_shown_to_another_box_is_found() -> None:
    hub = Hub().grow(5)
    stranger = hub.copy()
    stranger.key = Ed25519PrivateKey.generate()
    assert judged(stranger.head(), hub.shown(), hub) == "another_key_elsewhere"
    elsewhere = hub.copy()
    elsewhere.epoch = "e9"
    assert judged(elsewhere.head(), hub.shown(), hub) == "another_epoch_elsewhere"


def test_a_head_by_a_former_key_fits_once_the_change_is_shown() -> None:
    hub = Hub().grow(5)
    other = hub.head()
    change = rotated(hub)
    assert judged(other, hub.shown(), hub) == "another_key_elsewhere"
    assert judged(other, Shown(hub.head(), changes=(change,)), hub) == ""


@pytest.mark.req("I-17")
def test_what_a_declared_restore_undid_is_no_contradiction_but_what_it_kept_must_fit() -> None:
    hub = Hub().grow(8)
    kept, backup = hub.head(), hub.copy()
    undone = hub.grow(3).head()
    hub.at += 2 * DAY
    back = hub.restored(backup, "e2").grow(5, "b ")
    of_a_dead_branch = back.head()
    assert judged(kept, back.shown(), back) == ""
    assert judged(undone, back.shown(), back) == ""
    back.at += 2 * DAY
    again = back.restored(backup, "e3").grow(1, "c ")
    again.resumed = again.resumed[-1:]  # a backup of the first epoch knows nothing of the second
    assert judged(of_a_dead_branch, again.shown(), again) == ""
    alive = replace(of_a_dead_branch, statement=replace(head_of(of_a_dead_branch), at=again.at + 2 * DAY))
    assert judged(alive, again.shown(), again) == "another_epoch_elsewhere"
    again.events[2] = "00" * 32
    assert judged(kept, again.shown(), again) == "two_histories"


def test_a_restore_that_no_known_key_signed_excuses_nothing() -> None:
    hub = Hub().grow(8)
    other = hub.grow(2).head()
    stranger = hub.copy()
    stranger.key = Ed25519PrivateKey.generate()
    del stranger.events[5:]
    forged = stranger.restored(stranger.copy(), "e2")
    forged.key = hub.key
    assert judged(other, forged.shown(), forged) == "another_epoch_elsewhere"


def test_two_files_with_two_roots_of_one_size_prove_a_split_without_any_hub() -> None:
    hub = Hub().grow(9)
    fork = hub.copy()
    fork.events[4] = "00" * 32
    mine = SeenHeads("one", TENANT, (hub.head(), hub.head(5)))
    same = SeenHeads("two", TENANT, (hub.grow(3).head(), hub.head(5)))
    other = SeenHeads("three", TENANT, (fork.head(), fork.head(4)))
    files = [SeenHeads.from_text(file.to_text().encode()) for file in (mine, same, other)]
    assert files == [mine, same, other]
    assert compare(files[:2]) == compare([mine, same])
    assert (compare(files[:2]).contradictions, compare(files[:2]).compared) == ((), 1)
    (sentence,) = compare([files[0], files[2]]).contradictions
    assert "one and three" in sentence


def test_keys_that_nothing_connects_are_a_contradiction_and_a_rotation_is_none() -> None:
    hub = Hub().grow(3)
    before = SeenHeads("one", TENANT, (hub.head(),))
    change = rotated(hub)
    assert compare([before, SeenHeads("two", TENANT, (hub.head(),))]).contradictions
    assert not compare([before, SeenHeads("two", TENANT, (hub.head(),), (change,))]).contradictions


@given(st.binary(max_size=200))
def test_what_is_no_file_of_heads_is_refused(rubbish: bytes) -> None:
    with pytest.raises(HeadsUnreadable):
        SeenHeads.from_text(rubbish)


def test_a_forged_head_in_a_file_is_refused() -> None:
    hub = Hub().grow(3)
    text = SeenHeads("one", TENANT, (hub.head(),)).to_text()
    with pytest.raises(HeadsUnreadable):
        SeenHeads.from_text(text.replace('"size": 3', '"size": 4').encode())
