from dataclasses import replace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from shared.audit.heads import Signed, TreeHead
from shared.audit.witness import (
    HubRewrote,
    Known,
    Shown,
    judge_announced,
    judge_head,
    judge_inclusion,
)
from tests.shared.audit.trees import DAY, TENANT, Hub

pytestmark = pytest.mark.req("I-14")


def knows(*heads: Signed) -> Known:
    """Return what a box holds on to that verified these heads, oldest first."""
    found: list[Any] = [item.statement for item in reversed(heads)]
    return Known(heads[-1].key, found[0], tuple(found[1:]))


def refused(known: Known | None, shown: Shown, hub: Hub) -> str:
    with pytest.raises(HubRewrote) as caught:
        judge_head(known, shown, TENANT, hub)
    return caught.value.code


@given(st.integers(0, 60), st.integers(0, 60))
def test_a_tree_that_only_grew_is_verified(before: int, more: int) -> None:
    hub = Hub().grow(before)
    old = hub.head()
    hub.grow(more)
    assert judge_head(knows(old), hub.shown(), TENANT, hub).head.size == before + more


@given(st.integers(1, 60), st.integers(0, 60), st.data())
def test_a_hub_that_edits_or_drops_an_old_event_is_caught(before: int, more: int, data: st.DataObject) -> None:
    hub = Hub().grow(before)
    old = hub.head()
    hub.grow(more)
    number = data.draw(st.integers(0, before - 1))
    edited, dropped = hub.copy(), hub.copy()
    edited.events[number] = "00" * 32
    del dropped.events[number]
    dropped.grow(1, "instead ")
    assert refused(knows(old), edited.shown(), edited) == "tree_changed"
    assert refused(knows(old), dropped.shown(), dropped) == "tree_changed"


def test_a_hub_that_shows_a_smaller_tree_is_caught() -> None:
    hub = Hub().grow(20)
    old = hub.head()
    del hub.events[10:]
    assert refused(knows(old), hub.shown(), hub) == "tree_shrank"


def test_a_hub_with_two_trees_is_caught_when_one_box_sees_both() -> None:
    hub = Hub().grow(20)
    fork = hub.copy().grow(5, "fork ")
    hub.grow(5)
    assert refused(knows(hub.head()), fork.shown(), fork) == "tree_changed"
    announced, verified = fork.head().statement, hub.head().statement
    assert isinstance(announced, TreeHead)
    assert isinstance(verified, TreeHead)
    with pytest.raises(HubRewrote):
        judge_announced(announced, verified, hub)
    judge_announced(verified, verified, hub)


def test_another_key_or_a_forged_signature_is_refused() -> None:
    hub = Hub().grow(3)
    known = knows(hub.head())
    other = hub.copy()
    other.key = Ed25519PrivateKey.generate()
    assert refused(known, other.shown(), other) == "another_key"
    forged = replace(hub.head(), signature=bytes(64))
    assert refused(known, Shown(forged), hub) == "bad_signature"
    assert refused(None, Shown(replace(hub.head(), key=b"short")), hub) == "bad_signature"
    with pytest.raises(HubRewrote):
        judge_head(known, hub.shown(), "another tenant", hub)


def test_the_first_head_is_taken_on_trust() -> None:
    hub = Hub().grow(7)
    assert judge_head(None, hub.shown(), TENANT, hub).head.size == 7


@pytest.mark.req("I-17", "F-13")
@given(st.integers(1, 30), st.integers(0, 30), st.integers(0, 30))
def test_an_honest_restore_is_told_from_a_rewrite_and_never_silent(first: int, more: int, after: int) -> None:
    hub = Hub().grow(first)
    early = hub.head()
    backup = hub.copy()
    hub.grow(more)
    late = hub.head()
    hub.at += 2 * DAY
    back = hub.restored(backup, "e2").grow(after, "again ")
    verdict = judge_head(knows(early, late), back.shown(), TENANT, back)
    assert verdict.restored is not None
    assert (verdict.restored.size, verdict.head.size) == (first, first + after)


@given(st.integers(2, 30), st.data())
def test_a_rewrite_dressed_up_as_a_restore_is_caught(size: int, data: st.DataObject) -> None:
    hub = Hub().grow(size)
    early = hub.head()
    backup = hub.copy()
    hub.grow(4)
    backup.events[data.draw(st.integers(0, size - 1))] = "00" * 32
    back = hub.restored(backup, "e2").grow(6)
    assert refused(knows(early, hub.head()), back.shown(), back) == "tree_changed"


def test_a_new_epoch_without_a_signed_resumption_is_a_rewrite() -> None:
    hub = Hub().grow(9)
    known = knows(hub.head())
    silent = hub.copy()
    silent.epoch = "e2"
    assert refused(known, silent.shown(), silent) == "restore_not_shown"
    back = hub.restored(hub, "e2")
    stranger = hub.copy()
    stranger.key = Ed25519PrivateKey.generate()
    foreign = stranger.restored(hub, "e2").resumed[-1]
    assert refused(known, Shown(back.head(), (foreign,)), back) == "restore_not_shown"


def test_a_restore_goes_back_thirty_five_days_at_most() -> None:
    hub = Hub().grow(5)
    backup, seen = hub.copy(), []
    for _ in range(40):
        hub.at += DAY
        seen.append(hub.grow(1).head())
    back = hub.restored(backup, "e2").grow(50)
    assert refused(knows(*seen), back.shown(), back) == "restore_too_far"
    assert judge_head(knows(*seen[-30:]), back.shown(), TENANT, back).restored is not None


def test_two_restores_in_a_row_are_followed_and_an_old_epoch_never_comes_back() -> None:
    hub = Hub().grow(8)
    first = hub.head()
    backup = hub.copy()
    hub.grow(3)
    known = knows(first, hub.head())
    second = hub.restored(backup, "e2").grow(5, "b ")
    third = second.restored(second.copy(), "e3").grow(2, "c ")
    verdict = judge_head(known, third.shown(), TENANT, third)
    assert verdict.restored is not None
    assert (verdict.restored.epoch, verdict.head.epoch) == ("e2", "e3")
    assert refused(knows(first, second.head()), hub.shown(), hub) == "epoch_went_back"


def test_a_second_restore_of_the_same_backup_is_followed_from_the_head_before_it() -> None:
    hub = Hub().grow(8)
    first = hub.head()
    backup = hub.copy()
    second = hub.grow(3).restored(backup, "e2").grow(5, "b ")
    again = second.restored(backup, "e3").grow(1, "d ")
    known = knows(first, second.head())
    assert judge_head(known, again.shown(), TENANT, again).restored is not None
    again.events[2] = "00" * 32
    assert refused(known, again.shown(), again) == "tree_changed"


def test_an_event_must_be_in_the_tree_as_it_was_sent() -> None:
    hub = Hub().grow(12)
    head = hub.head().statement
    assert isinstance(head, TreeHead)
    answer = hub.included(4)
    judge_inclusion(head, hub.events[4], answer)
    for wrong in (replace(answer, stored_hash="00" * 32), replace(answer, number=5), replace(answer, path=())):
        with pytest.raises(HubRewrote):
            judge_inclusion(head, hub.events[4], wrong)
