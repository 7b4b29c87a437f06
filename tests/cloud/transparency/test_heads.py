from pathlib import Path

import pytest

from cloud.ingest.down_writer import DownWriter
from cloud.storage.down import DownLog
from cloud.storage.tree import TreeLog
from cloud.transparency.announcer import HeadAnnouncer
from cloud.transparency.keeper import LogKeeper
from cloud.transparency.log_key import LogKey
from shared.audit.heads import Resumption, Signed, TreeHead
from shared.crypto.keyfile import SealedKeyFolder
from shared.events.catalogue import complete_catalogue
from shared.events.envelope import Event
from shared.ids import LocationId, TenantId, Uuid7Source
from tests.cloud.conftest import HubParts

LUMEN = TenantId("lumen")
pytestmark = pytest.mark.req("I-14")


def keeper_of(hub: HubParts, folder: Path) -> LogKeeper:
    return LogKeeper(hub.database, LogKey(SealedKeyFolder(folder / "keys")), hub.clock)


def announcer_of(hub: HubParts, keeper: LogKeeper, woken: list[int], every_seconds: float = 600) -> HeadAnnouncer:
    writer = DownWriter(hub.clock, Uuid7Source(hub.clock))
    wake = lambda: woken.append(1)  # noqa: E731
    return HeadAnnouncer(hub.database, keeper, writer, hub.clock, [LUMEN], every_seconds, wake)


def grow(hub: HubParts, count: int) -> None:
    box = hub.box()
    for _ in range(count):
        box.record("box.started", {"software": "t", "clean": True})
    hub.ack(box, box.batch(1, count))


def announced(hub: HubParts) -> list[Event]:
    with hub.database.read(LUMEN) as connection:
        log, location = DownLog(connection, LUMEN), LocationId("lumen-one")
        head = log.head(location)
        return [Event.from_body(row.body) for row in log.rows(location, head.epoch)] if head is not None else []


def test_a_head_is_announced_when_the_tree_has_grown_and_not_more_often_than_said(
    hub: HubParts, tmp_path: Path
) -> None:
    keeper, woken = keeper_of(hub, tmp_path), [0]
    announcer = announcer_of(hub, keeper, woken)
    keeper.settle(LUMEN, "aa")
    assert announcer.announce_due(LUMEN) is None  # nothing applied yet
    grow(hub, 3)
    assert announcer.announce_due(LUMEN) is not None
    grow(hub, 2)
    assert announcer.announce_due(LUMEN) is None  # too soon
    hub.clock.advance(601)
    assert announcer.announce_due(LUMEN) is not None
    hub.clock.advance(601)
    assert announcer.announce_due(LUMEN) is None  # not grown
    events = announced(hub)
    assert [event.fields.payload["size"] for event in events] == [3, 5]
    assert len(woken) == 3
    for event in events:
        complete_catalogue().check(event.fields.type, 1, event.fields.payload)
        payload = event.fields.payload
        head = TreeHead(LUMEN, payload["epoch"], payload["size"], payload["root"], payload["at"])
        Signed(head, bytes.fromhex(payload["key"]), bytes.fromhex(payload["signature"])).check(LUMEN)


def test_a_hub_whose_clock_went_back_still_announces(hub: HubParts, tmp_path: Path) -> None:
    keeper = keeper_of(hub, tmp_path)
    announcer = announcer_of(hub, keeper, [])
    keeper.settle(LUMEN, "aa")
    grow(hub, 1)
    assert announcer.announce_due(LUMEN) is not None
    grow(hub, 1)
    hub.clock.jump_wall(-365 * 24 * 3600)
    assert announcer.announce_due(LUMEN) is not None


def test_another_hub_epoch_is_said_signed_and_once(hub: HubParts, tmp_path: Path) -> None:
    keeper = keeper_of(hub, tmp_path)
    assert keeper.settle(LUMEN, "aa") is None
    assert keeper.settle(LUMEN, "aa") is None
    grow(hub, 4)
    resumption = keeper.settle(LUMEN, "bb")
    assert resumption is not None
    assert (resumption.before, resumption.epoch, resumption.size) == ("aa", "bb", 4)
    assert keeper.settle(LUMEN, "bb") is None
    head, resumptions = keeper.shown(LUMEN)
    head.check(LUMEN)
    assert [item.statement for item in resumptions] == [resumption]
    resumptions[0].check(LUMEN)
    assert isinstance(resumptions[0].statement, Resumption)
    assert (head.statement.epoch, head.statement.size, head.statement.root) == ("bb", 4, resumption.root)


def test_the_log_key_is_the_same_after_a_restart_and_sealed_on_disk(tmp_path: Path) -> None:
    first = LogKey(SealedKeyFolder(tmp_path))
    assert LogKey(SealedKeyFolder(tmp_path)).public == first.public
    assert len(first.id) == 16
    files = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert SealedKeyFolder(tmp_path).get("log-key") not in files  # type: ignore[comparison-overlap]


def test_a_tree_of_an_empty_hub_has_a_signed_head_too(hub: HubParts, tmp_path: Path) -> None:
    keeper = keeper_of(hub, tmp_path)
    keeper.settle(LUMEN, "aa")
    with hub.database.read(LUMEN) as connection:
        head = keeper.head(TreeLog(connection, LUMEN))
    head.check(LUMEN)
    assert head.statement.size == 0
