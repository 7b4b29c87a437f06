"""The hub's log key is changed while boxes are connected, offline for weeks, or have never heard of the new one."""

import gc
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from cloud.main import Hub
from edge.transparency.watch import HubLogState, WatchRules
from shared.audit.heads import key_id
from shared.crypto.aead import new_key
from shared.crypto.keyfile import SealedKeyFolder
from shared.events.catalogue.log import HubRewroteHistory, LogKeyTrusted
from shared.events.envelope import EventDraft
from tests.edge.transparency.watched import Watched, rewrite_in_full
from tests.support.hubs import eventually, hub_settings, running_hub
from tests.support.promises import Tally

pytestmark = [
    pytest.mark.system,
    pytest.mark.req("I-14"),
    # The embedded broker leaves connections that were reset to the garbage collector.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
RULES = WatchRules(every_seconds=3600, random_events=0, sweep_events=40)
WEEKS_MILLISECONDS = 21 * 24 * 3600 * 1000


@pytest.fixture(autouse=True)
def _collected() -> Iterator[None]:
    yield
    gc.collect()


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    settings = hub_settings(tmp_path / "hub")
    often = settings.transparency.model_copy(update={"head_seconds": 0.2})
    with running_hub(settings.model_copy(update={"transparency": often})) as running:
        yield running


def box(hub: Hub, folder: Path) -> Watched:
    made = Watched(hub, folder, RULES)
    made.send(10)
    assert made.watch.check().state is HubLogState.VERIFIED
    return made


def pinned(watched: Watched) -> bytes:
    """Return the log key a box holds on to."""
    known = watched.watch._heads.known()
    assert known is not None
    return known.key


@pytest.mark.req("F-15")
def test_connected_boxes_follow_each_rotation_and_one_long_offline_follows_two_at_once(
    hub: Hub, tmp_path: Path, tally: Tally
) -> None:
    connected, away = box(hub, tmp_path / "one"), box(hub, tmp_path / "two")
    first, now = hub.log_key.public, time.time_ns() // 1_000_000
    away.rig.network.sever()
    eventually(lambda: not away.rig.link.status.online)
    for count in (1, 2):
        # By another process, as the command is.
        hub_folder = SealedKeyFolder(hub.settings.effective_keys_folder)
        type(hub.log_key)(hub_folder).rotate(now + count * WEEKS_MILLISECONDS)
        tally.injected(1)
        assert connected.watch.check().state is HubLogState.VERIFIED
        assert pinned(connected) == hub.log_key.changes[-1].after == hub.log_key.public
        connected.send(3)  # heads by every key are announced to both
        announced_to(hub, connected)
    assert pinned(away) == first
    away.rig.append(4)
    away.rig.network.restore()
    away.rig.wait_acknowledged()
    announced_to(hub, away)
    for watched in (connected, away, connected):
        assert watched.watch.check().state is HubLogState.VERIFIED
        assert pinned(watched) == hub.log_key.public != first
        assert watched.told(HubRewroteHistory.event_type) == []
    tally.lost(0)
    connected.close()
    away.close()


def announced_to(hub: Hub, watched: Watched) -> None:
    """Wait until a box was sent a head by the present key."""
    eventually(lambda: (said := watched.watch._announced) is not None and said.key == hub.log_key.public, 40)


def lose_key(hub: Hub) -> None:
    """Let a key sign that nothing leads to, as after the loss of the key folder or on another's machine."""
    folder = SealedKeyFolder(hub.settings.effective_keys_folder)
    hub.log_key.rotate(1)
    folder.put("log-key", new_key())
    folder.destroy("log-key-chain")


def trust(watched: Watched, fingerprint: str) -> None:
    payload = LogKeyTrusted(key_id=fingerprint, why="told by telephone")
    watched.rig.record.store.append([EventDraft("hub-log/watch", payload, "operator", "transparency")])


def test_a_key_that_no_former_one_signed_is_an_alarm_until_a_person_vouches_for_that_very_key(
    hub: Hub, tmp_path: Path, tally: Tally
) -> None:
    watched = box(hub, tmp_path / "one")
    before = pinned(watched)
    lose_key(hub)
    tally.injected(1)
    assert watched.watch.check().state is HubLogState.REWRITTEN
    assert watched.told(HubRewroteHistory.event_type)[0]["reason"] == "another_key"
    assert pinned(watched) == before
    trust(watched, key_id(bytes(32)))
    assert watched.watch.check().state is HubLogState.REWRITTEN
    trust(watched, hub.log_key.id)
    # A head may have been announced under the key that was lost at once; the next one is under the new key.
    eventually(lambda: watched.watch.check().state is HubLogState.VERIFIED, 40)
    assert pinned(watched) == hub.log_key.public
    watched.close()


def test_a_key_that_a_person_vouched_for_must_go_on_with_the_same_history(
    hub: Hub, tmp_path: Path, tally: Tally
) -> None:
    watched = box(hub, tmp_path / "one")
    watched.rig.link.stop()
    lose_key(hub)
    rewrite_in_full(hub.database, edit=7)
    tally.injected(1)
    trust(watched, hub.log_key.id)
    assert watched.watch.check().state is HubLogState.REWRITTEN
    assert watched.told(HubRewroteHistory.event_type)[0]["reason"] == "tree_changed"
    watched.close()
