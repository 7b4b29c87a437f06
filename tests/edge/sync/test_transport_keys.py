"""A real box takes a new transport key from a real hub while it works."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from cloud.fleet.exchange import KeyExchange
from cloud.ingest.down_writer import DownWriter
from cloud.main import Hub
from cloud.storage.down import DownLog
from edge.keys.transport import TransportKeys
from edge.store.events import BoxIdentity
from shared.clock import SystemClock
from shared.errors import Rejected
from shared.events.catalogue.keys import TransportKeyDelivered
from shared.events.envelope import Event
from shared.ids import DeviceId, Uuid7Source
from tests.edge.sync.rig import Rig, build
from tests.support.hubs import TENANT, eventually, hub_settings, running_hub
from tests.support.promises import Tally


@pytest.fixture
def own_hub(tmp_path: Path) -> Iterator[Hub]:
    """A hub that knows this test's boxes only."""
    with running_hub(hub_settings(tmp_path / "hub")) as running:
        yield running


@pytest.fixture
def box(own_hub: Hub, tmp_path: Path) -> Iterator[Rig]:
    """Its only box."""
    rig = build(own_hub, tmp_path / "box")
    yield rig
    rig.close()


def exchange_of(hub: Hub) -> KeyExchange:
    clock = SystemClock()
    return KeyExchange(hub.database, hub.keys, DownWriter(clock, Uuid7Source(clock)), clock)


@pytest.mark.req("F-15", "I-03", "I-08")
def test_the_key_changes_under_a_working_link_and_no_event_is_lost(own_hub: Hub, box: Rig, tally: Tally) -> None:
    device = box.record.store.identity.device
    box.link.start()
    box.append(30)
    box.wait_acknowledged()
    old = box.record.keys.transport()
    exchange = exchange_of(own_hub)
    assert exchange.rotate(TENANT) == [device]
    own_hub.ingest.wake()
    box.append(30)
    eventually(lambda: exchange.settle(TENANT) == [])
    assert own_hub.keys.generations.standing(TENANT).settled
    box.append(30)
    box.wait_acknowledged()
    eventually(lambda: len(box.record.keys.transports()) == 1)
    assert box.record.keys.transports() == (own_hub.keys.transport(TENANT, device),)
    assert box.record.keys.transport() != old
    assert box.at_hub() == box.log()
    assert box.link.status.fenced is None
    kept = [path.read_bytes() for path in (box.record.folder / "keys").rglob("*") if path.is_file()]
    assert not any(key in data for key in (old, box.record.keys.transport()) for data in kept)
    tally.injected(1)
    tally.acknowledged(90)
    tally.lost(0)
    tally.doubled(0)


@pytest.mark.req("F-15")
def test_a_box_that_was_away_takes_the_key_when_it_comes_back(own_hub: Hub, box: Rig) -> None:
    box.link.start()
    eventually(box.acknowledged)
    box.network.sever()
    exchange = exchange_of(own_hub)
    exchange.rotate(TENANT)
    box.append(20)
    assert exchange.settle(TENANT) == [box.record.store.identity.device]
    box.network.restore()
    eventually(lambda: exchange.settle(TENANT) == [], 40)
    box.wait_acknowledged()
    assert box.at_hub() == box.log()


def test_a_key_for_another_box_means_nothing_and_an_altered_one_is_refused(own_hub: Hub, box: Rig) -> None:
    exchange_of(own_hub).rotate(TENANT)
    identity = box.record.store.identity
    event = _last_delivery(own_hub)
    other = TransportKeys(box.record.keys, BoxIdentity(identity.tenant, identity.location, DeviceId("another")))
    assert other.take(event) == []
    keys = TransportKeys(box.record.keys, identity)
    changed = event.fields.model_copy(update={"payload": {**event.fields.payload, "generation": 3}})
    with pytest.raises(Rejected, match="delivery_unreadable"):
        keys.take(Event.seal_in_chain(changed.model_dump(mode="json", exclude={"hash"})))
    assert len(keys.held()) == 1
    (draft,) = keys.take(event)
    assert (len(keys.held()), draft.payload.model_dump()["generation"]) == (2, 2)
    assert keys.take(event)  # delivered twice, it is taken once and answered again
    assert len(keys.held()) == 2
    keys.used_by_hub(keys.held()[1])
    assert len(TransportKeys(box.record.keys, identity).held()) == 2
    newest = keys.held()[0]
    keys.used_by_hub(newest)
    assert TransportKeys(box.record.keys, identity).held() == (newest,)


def _last_delivery(hub: Hub) -> Event:
    with hub.database.read(TENANT) as connection:
        down = DownLog(connection, TENANT)
        rows = [row for name in down.locations() for epoch in down.ends(name) for row in down.rows(name, epoch.epoch)]
    events = [Event.from_body(row.body) for row in rows]
    return [event for event in events if event.fields.type == TransportKeyDelivered.event_type][-1]
