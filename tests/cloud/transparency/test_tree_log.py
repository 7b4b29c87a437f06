from collections.abc import Callable

import pytest
from sqlalchemy import delete, func, select, update
from sqlalchemy.exc import IntegrityError

from cloud.side import verify_tenant
from cloud.storage.database import Database
from cloud.storage.log import EventLog
from cloud.storage.tables import events
from cloud.storage.tree import TreeDamaged, TreeLog
from cloud.storage.tree_tables import log_runs, log_tiles, log_trees
from shared.audit.merkle import (
    check_consistency,
    check_inclusion,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    node_hash,
    tree_root,
)
from shared.ids import DeviceId, TenantId
from tests.cloud.conftest import HubParts
from tests.support.box import FakeBox

LUMEN = TenantId("lumen")
pytestmark = pytest.mark.req("I-14")


def record(box: FakeBox, count: int) -> None:
    for _ in range(count):
        box.record("box.started", {"software": "t", "clean": True})


def send(hub: HubParts, box: FakeBox, first: int, last: int) -> None:
    assert hub.ack(box, box.batch(first, last)).applied.seq == last


def leaves(*parts: tuple[FakeBox, int, int]) -> list[bytes]:
    """Return the leaves that stretches of boxes' logs make, in the order they were applied."""
    return [leaf_hash(bytes.fromhex(e.hash)) for box, first, last in parts for e in box.log[first - 1 : last]]


def root_of(found: list[bytes]) -> bytes:
    def node(level: int, number: int) -> bytes:
        return found[number] if level == 0 else node_hash(node(level - 1, 2 * number), node(level - 1, 2 * number + 1))

    return tree_root(len(found), node)


def test_the_tree_holds_each_applied_event_once_in_order_of_application(hub: HubParts) -> None:
    one, two = hub.box(), hub.box()
    record(one, 700)
    record(two, 300)
    send(hub, one, 1, 400)
    send(hub, two, 1, 300)
    send(hub, one, 1, 400)  # again: discarded
    send(hub, one, 401, 700)
    expected = leaves((one, 1, 400), (two, 1, 300), (one, 401, 700))
    with hub.database.read(LUMEN) as connection:
        tree = TreeLog(connection, LUMEN)
        edge = tree.state().edge
        assert (edge.size, edge.root()) == (1000, root_of(expected))
        assert tree.recomputed() == edge
        assert tree_root(1000, tree.node) == edge.root()
        for old in (1, 255, 256, 257, 400, 999):
            proof = consistency_proof(old, 1000, tree.node)
            check_consistency(old, root_of(expected[:old]), 1000, edge.root(), proof)
        for box, seq, number in ((one, 1, 0), (two, 300, 699), (one, 401, 700), (one, 700, 999)):
            leaf = tree.leaf_of(box.device, box.epoch, seq)
            assert leaf is not None
            assert (leaf.number, leaf.stored_hash) == (number, box.log[seq - 1].hash)
            check_inclusion(expected[number], number, 1000, edge.root(), inclusion_proof(number, 1000, tree.node))
        assert tree.leaf_of(one.device, one.epoch, 701) is None
        assert tree.leaf_of(DeviceId("nobody"), one.epoch, 1) is None
        assert tree.leaf_of(two.device, two.epoch, 0) is None


def test_a_million_events_would_cost_little_runs_are_merged_and_only_every_256th_node_is_kept(hub: HubParts) -> None:
    box = hub.box()
    record(box, 600)
    for first in range(1, 600, 50):
        send(hub, box, first, first + 49)
    with hub.database.read(LUMEN) as connection:
        assert connection.execute(select(func.count()).select_from(log_runs)).scalar_one() == 1
        assert connection.execute(select(func.count()).select_from(log_tiles)).scalar_one() == 2
        assert len(connection.execute(select(log_trees.c.peaks)).scalar_one()) == 32 * (600).bit_count()


def test_a_hub_that_had_events_before_it_had_a_tree_begins_it_with_all_of_them(hub: HubParts) -> None:
    box = hub.box()
    record(box, 30)
    send(hub, box, 1, 20)
    with hub.database.write(LUMEN) as connection:
        for table in (log_trees, log_runs, log_tiles):
            connection.execute(delete(table))
    send(hub, box, 21, 30)
    with hub.database.read(LUMEN) as connection:
        edge = TreeLog(connection, LUMEN).state().edge
    assert (edge.size, edge.root()) == (30, root_of(leaves((box, 1, 30))))


def test_a_batch_that_is_rolled_back_leaves_no_leaf(hub: HubParts, open_database: Callable[[], Database]) -> None:
    box = hub.box()
    record(box, 4)
    send(hub, box, 1, 2)

    def store_one_again() -> None:
        with open_database().write(LUMEN) as connection:
            TreeLog(connection, LUMEN).append(box.log[2:])
            EventLog(connection, LUMEN).append(box.log[1:], 0)

    with pytest.raises(IntegrityError):
        store_one_again()
    with hub.database.read(LUMEN) as connection:
        assert TreeLog(connection, LUMEN).state().edge.size == 2


def test_each_tenant_has_a_tree_of_its_own(hub: HubParts) -> None:
    for tenant, count in (("lumen", 3), ("aurora", 5)):
        box = hub.box(tenant)
        record(box, count)
        send(hub, box, 1, count)
    for tenant, count in (("lumen", 3), ("aurora", 5)):
        with hub.database.read(TenantId(tenant)) as connection:
            assert TreeLog(connection, TenantId(tenant)).state().edge.size == count


def test_an_event_edited_in_the_database_is_no_longer_the_leaf(hub: HubParts) -> None:
    box = hub.box()
    record(box, 10)
    send(hub, box, 1, 10)
    other = box.log[3].body.replace(b'"t"', b'"x"')
    with hub.database.write(LUMEN) as connection:
        connection.execute(update(events).where(events.c.seq == 4).values(body=other))
        tree = TreeLog(connection, LUMEN)
        leaf = tree.leaf_of(box.device, box.epoch, 4)
        assert leaf is not None
        assert leaf.stored_hash != box.log[3].hash


def test_a_removed_event_makes_its_proofs_impossible(hub: HubParts) -> None:
    box = hub.box()
    record(box, 10)
    send(hub, box, 1, 10)
    with hub.database.write(LUMEN) as connection:
        connection.execute(delete(events).where(events.c.seq == 4))
        tree = TreeLog(connection, LUMEN)
        assert tree.leaf_of(box.device, box.epoch, 4) is None
        with pytest.raises(TreeDamaged):
            inclusion_proof(0, 10, tree.node)
        with pytest.raises(TreeDamaged):
            tree.recomputed()


def test_verify_names_a_tree_that_is_not_of_the_stored_events(hub: HubParts) -> None:
    box = hub.box()
    record(box, 300)
    send(hub, box, 1, 300)
    assert all(report.report.intact for report in verify_tenant(hub.database, LUMEN))
    with hub.database.write(LUMEN) as connection:
        connection.execute(update(log_trees).values(peaks=b"\1" * 32 * (300).bit_count()))
    damaged = [report.name for report in verify_tenant(hub.database, LUMEN) if not report.report.intact]
    assert damaged == ["tree of lumen"]
