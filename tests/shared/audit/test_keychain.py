from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from shared.audit.heads import Signed, TreeHead
from shared.audit.keychain import KeyChange, change_key, keys_between, keys_until
from shared.audit.witness import HubRewrote, Known, Shown, judge_head
from tests.shared.audit.trees import DAY, TENANT, Hub

pytestmark = pytest.mark.req("I-14")


def rotated(hub: Hub) -> KeyChange:
    """Let another key sign the hub's heads, signed by the present one."""
    old, hub.key = hub.key, Ed25519PrivateKey.generate()
    return change_key(public(old), public(hub.key), hub.at, old)


def public(key: Ed25519PrivateKey) -> bytes:
    return key.public_key().public_bytes_raw()


def knows(signed: Signed) -> Known:
    assert isinstance(signed.statement, TreeHead)
    return Known(signed.key, signed.statement)


def refused(known: Known, shown: Shown, hub: Hub) -> str:
    with pytest.raises(HubRewrote) as caught:
        judge_head(known, shown, TENANT, hub)
    return caught.value.code


@given(st.integers(1, 6), st.data())
def test_a_box_follows_from_any_key_to_any_later_one_and_never_back(count: int, data: st.DataObject) -> None:
    hub = Hub().grow(4)
    heads, changes = [hub.head()], []
    for _ in range(count):
        changes.append(rotated(hub))
        heads.append(hub.grow(3).head())
    changes = data.draw(st.permutations(changes))
    first = data.draw(st.integers(0, count))
    last = data.draw(st.integers(0, count))
    line = keys_between(heads[first].key, heads[last].key, changes)
    assert line == [head.key for head in heads[first : last + 1]]
    shown = Shown(heads[-1], changes=tuple(changes))
    assert judge_head(knows(heads[first]), shown, TENANT, hub).head == heads[-1].statement
    assert keys_until(heads[last].key, changes) == {head.key for head in heads[: last + 1]}


@pytest.mark.parametrize("field", ["before", "after", "at", "signature"])
def test_a_change_of_key_that_was_touched_leads_nowhere(field: str) -> None:
    hub = Hub().grow(2)
    known = knows(hub.head())
    change = rotated(hub)
    other = {"before": bytes(32), "after": bytes(32), "at": 7, "signature": bytes(64)}[field]
    touched = replace(change, **{field: other})
    assert not touched.good
    assert refused(known, Shown(hub.head(), changes=(touched,)), hub) == "another_key"


def test_a_key_signed_by_itself_or_in_a_circle_leads_nowhere() -> None:
    one, two = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
    circle = [change_key(public(one), public(two), 1, one), change_key(public(two), public(one), 1, two)]
    assert keys_between(bytes(32), public(two), circle) == []
    assert keys_until(public(two), circle) == {public(one), public(two)}


def test_a_former_key_that_signs_a_rival_successor_is_refused_by_a_box_that_went_on() -> None:
    hub = Hub().grow(3)
    thief = hub.copy()
    change = rotated(hub)
    known = knows(hub.head())
    rival = rotated(thief)
    assert refused(known, Shown(thief.head(), changes=(change, rival)), thief) == "another_key"


@pytest.mark.req("I-17")
def test_a_restore_is_followed_across_changes_of_key_but_not_on_the_word_of_a_former_key() -> None:
    hub = Hub().grow(5)
    early = hub.head()
    backup = hub.copy()
    changes = [rotated(hub)]
    late = hub.grow(2).head()
    hub.at += DAY
    back = hub.restored(backup, "e2").grow(3, "again ")
    changes.append(rotated(back))
    for known in (early, late):
        shown = Shown(back.head(), tuple(back.resumed), tuple(changes))
        assert judge_head(Known(known.key, early.statement, ()), shown, TENANT, back).restored is not None  # type: ignore[arg-type]
    forged = backup.restored(backup, "e2")
    forged.key = back.key
    shown = Shown(forged.head(), tuple(forged.resumed), tuple(changes))
    assert refused(knows(late), shown, forged) == "restore_not_shown"
