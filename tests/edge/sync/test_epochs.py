"""A log of several epochs arrives whole and in order, and again at a hub that was restored."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from cloud.main import Hub
from cloud.storage.log import EventLog
from edge.record import PROJECTIONS
from edge.store.database import Database
from edge.store.refill import LogRefill
from edge.store.schema import migrate
from edge.sync.link import SyncLink
from shared.events.envelope import Event
from tests.edge.sync.rig import Rig, build
from tests.support.hubs import TENANT, eventually, external_broker, hub_settings, running_hub
from tests.support.promises import Tally
from tests.support.records import open_box_record
from tests.support.servers import mosquitto

pytestmark = [pytest.mark.system, pytest.mark.parametrize("hub", ["mosquitto"], indirect=True)]


def begin_epoch(rig: Rig) -> str:
    """Begin a new epoch as a restore does, while nothing else writes."""
    return LogRefill(rig.record.store._database, PROJECTIONS, rig.record.keys.log_head()).begin_epoch()


def new_link(rig: Rig) -> SyncLink:
    """Return the link of the box's next start."""
    protocol = rig.link._protocol
    return SyncLink(
        rig.record.store,
        protocol._inbox,
        type(rig.transport)(rig.transport._address, rig.transport._credentials),
        transport_key=protocol._sealing._ring.held()[0],
        clock=protocol._clock,
        snapshot=dict,
        software="test",
    )


def three_epochs(rig: Rig) -> None:
    for count in (230, 40, 7):
        if rig.record.store.head().seq:
            begin_epoch(rig)
        rig.append(count)


@pytest.mark.req("I-05", "I-18", "P-2")
def test_a_log_of_several_epochs_arrives_whole_and_in_order(rig: Rig) -> None:
    three_epochs(rig)
    assert [end.seq for end in rig.record.store.epochs()] == [230, 40, 7]
    rig.link.start()
    rig.wait_acknowledged()
    rig.append(5)
    rig.wait_acknowledged()
    assert len(rig.log()) >= 282  # and what the box answers to the hub's log
    assert rig.at_hub() == rig.log()
    assert rig.link.status.fenced is None
    with rig.hub.database.read(TENANT) as connection:
        ends = [record.applied.seq for record in EventLog(connection, TENANT).epochs(rig.record.store.identity.device)]
    assert (ends[:2], ends[2] >= 12) == ([230, 40], True)
    assert rig.record.store.verify().intact


@pytest.mark.req("I-05", "P-2")
def test_a_network_cut_between_two_epochs_changes_nothing(rig: Rig, tally: Tally) -> None:
    three_epochs(rig)
    rig.link.start()
    for wanted in (1, 231, 271):
        eventually(lambda wanted=wanted: len(rig.at_hub()) >= wanted)
        rig.network.sever()
        eventually(lambda: not rig.link.status.online)
        rig.append(2)
        rig.network.restore()
        tally.injected(1)
    rig.wait_acknowledged()
    assert rig.at_hub() == rig.log()
    tally.lost(len(rig.log()) - len(rig.at_hub()))
    assert rig.link.status.fenced is None


@pytest.mark.req("I-18")
def test_a_box_whose_epoch_is_new_sends_the_former_ones_not_again(rig: Rig) -> None:
    rig.append(30)
    rig.link.start()
    rig.wait_acknowledged()
    rig.link.stop()
    begin_epoch(rig)
    rig.append(4)
    link = new_link(rig)
    link.start()
    eventually(lambda: link.status.acknowledged == rig.record.store.head())
    link.stop()
    assert link.status.sent == 4
    assert rig.at_hub() == rig.log()


@pytest.mark.req("P-4", "I-17", "F-13")
@pytest.mark.parametrize("kept", [0, 100, 230, 250], ids=lambda kept: f"backup holds {kept}")
def test_hub_restored_from_old_backup_gets_every_epoch_again(hub: Hub, tmp_path: Path, kept: int, tally: Tally) -> None:
    del hub  # this one restores its own
    folder = tmp_path / "hub"
    settings = hub_settings(folder, external_broker(tmp_path / "broker"))
    with mosquitto(settings):
        with running_hub(settings) as before:
            rig = build(before, tmp_path / "box")
            rig.append(min(kept, 230))
            if kept > 230:
                begin_epoch(rig)
                rig.append(kept - 230)
            rig.link.start()
            eventually(lambda: rig.link.status.online)
            rig.wait_acknowledged()
            rig.link.stop()
        shutil.copytree(folder, tmp_path / "backup")
        with running_hub(settings):
            if kept < 230:
                rig.append(230 - kept)
            if kept <= 230:
                begin_epoch(rig)
                rig.append(20)
            begin_epoch(rig)
            rig.append(3)
            link = new_link(rig)
            link.start()
            eventually(lambda: link.status.acknowledged == rig.record.store.head())
            tally.acknowledged(len(rig.log()))
            link.stop()
        shutil.rmtree(folder)
        shutil.copytree(tmp_path / "backup", folder)
        tally.injected(1)
        with running_hub(settings) as after:
            rig.hub = after
            link = new_link(rig)
            link.start()
            eventually(lambda: link.status.acknowledged == rig.record.store.head() and rig.at_hub() == rig.log(), 40)
            link.stop()
            assert link.status.fenced is None
            tally.lost(len(rig.log()) - len(rig.at_hub()))
            rig.close()


@pytest.mark.req("I-18", "P-5")
def test_a_box_that_went_on_from_an_earlier_event_is_fenced_until_a_person_readmits_it(
    make_rig: Callable[..., Rig],
) -> None:
    rig = make_rig()
    rig.append(10)
    backup = rig.record.store.read(0, 6)
    rig.link.start()
    rig.wait_acknowledged()
    rig.link.stop()
    at_hub = rig.at_hub()
    restored = _restored_from(rig, backup)
    link = new_link(restored)
    link.start()
    eventually(lambda: link.status.fenced is not None)
    assert rig.at_hub() == at_hub
    rig.hub.enrolment.readmit(TENANT, rig.record.store.identity.device)
    link.stop()
    for _ in range(2):  # also at every later start
        restored.link = new_link(restored)
        restored.link.start()
        restored.wait_acknowledged()
        restored.append(1)
        restored.wait_acknowledged()
        assert restored.link.status.fenced is None
        restored.link.stop()
    assert rig.at_hub() == [*at_hub, *restored.log()[6:]]


def _restored_from(rig: Rig, kept: list[Event]) -> Rig:
    """Return the same box with a record that holds only `kept`, in a new epoch."""
    path = rig.record.folder / "data" / "record.db"
    rig.record.store.close()
    path.unlink()
    database = Database(path, rig.record.keys.database())
    migrate(database)
    refill = LogRefill(database, PROJECTIONS, rig.record.keys.log_head())
    refill.append(kept)
    refill.begin_epoch()
    database.close()
    clock = rig.link._protocol._clock
    rig.record = open_box_record(rig.record.folder, clock, rig.record.store.identity)
    rig.link._protocol._inbox._store = rig.record.store
    rig.append(3)
    return rig
