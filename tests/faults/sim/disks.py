"""What befalls the disks of a world: old copies come back, and two machines write one log."""

import json
import shutil
from pathlib import Path

import edge.store.database
from cloud.storage.database import Database
from cloud.storage.down import DownLog
from cloud.storage.hub_epoch import begin_life, new_epoch
from cloud.storage.times import to_milliseconds
from edge.keys.box import BoxKeys
from edge.record import PROJECTIONS
from edge.store.refill import LogRefill
from shared.events.envelope import Event
from shared.wire import medspa_pb2 as wire
from shared.wire.envelope import seal_message
from shared.wire.topics import UP, topic
from tests.faults.sim.template import MAX_BOXES, TENANT_IDS
from tests.faults.sim.world import World


def back_up_hub(world: World) -> None:
    """Keep a copy of the hub's disk, as it is between two transactions."""
    if not world.hub.running:
        return
    world.hub.die()
    target = world.folder / f"hub-copy-{len(world.copies.hubs)}"
    shutil.copytree(world.hub.folder, target)
    world.copies.hubs.append(target)
    world.note(f"the hub is backed up ({len(world.copies.hubs)})")
    world.switch_on(world.hub)


def restore_hub(world: World, which: int) -> None:
    """Put an older disk into the hub."""
    if not world.copies.hubs:
        return
    source = world.copies.hubs[which % len(world.copies.hubs)]
    if world.hub.running:
        world.hub.die()
    before = set(world.auditor.rows("SELECT id FROM booking_requests"))
    shutil.rmtree(world.hub.folder)
    shutil.copytree(source, world.hub.folder)
    _begin_life(world)
    world.hub_has_new_disk()
    kept = set(world.auditor.rows("SELECT id FROM booking_requests"))
    world.lost_requests |= {request for (request,) in before - kept}
    world.injected["hub restored from an older copy"] += 1
    world.note(f"the hub is restored from copy {which % len(world.copies.hubs) + 1}")
    world.switch_on(world.hub)


def back_up_box(world: World, box: int) -> None:
    """Keep a copy of a box's disk, as it is between two transactions."""
    it = world.box(box)
    world.switch_off(it)
    target = world.folder / f"{it.name}-copy-{len(world.copies.boxes)}"
    shutil.copytree(it.folder, target)
    world.copies.boxes.append((it.name, target))
    world.note(f"{it.name} is backed up ({len(world.copies.boxes)})")
    world.switch_on(it)


def restore_box(world: World, which: int, raw: bool) -> None:
    """Put an older disk into its box: with a new epoch, or raw, as somebody does who swaps a disk."""
    if not world.copies.boxes:
        return
    name, source = world.copies.boxes[which % len(world.copies.boxes)]
    it = next(box for box in world.boxes if box.name == name)
    world.switch_off(it)
    shutil.rmtree(it.folder)
    shutil.copytree(source, it.folder)
    it.saved.clear()
    if not raw:
        begin_epoch(it.folder)
    world.watch.rewind(it)
    world.watch.doubt(it.identity.device)
    world.injected["box restored from an older copy"] += 1
    world.note(f"{name} is restored {'raw' if raw else 'in a new epoch'}")
    world.switch_on(it)


def clone_box(world: World, box: int) -> None:
    """Copy a box's disk into a second machine, and let both run, unless there are many."""
    if len(world.boxes) > MAX_BOXES:
        return
    it = world.box(box)
    world.switch_off(it)
    twin = f"{it.name}-twin-{len(world.boxes)}"
    shutil.copytree(it.folder, world.folder / twin)
    world.watch.doubt(it.identity.device)
    world.injected["box cloned"] += 1
    world.note(f"{twin} is a copy of {it.name}, both run")
    world.switch_on(it)
    world.switch_on(world.place(twin, it.identity, like=it))


def forge(world: World, box: int, known: bool) -> None:
    """Send, with a box's own key, another event at a place of its log that is taken or is next."""
    it = world.box(box)
    events = it.store.read(0, 10_000) if it.running else []
    if not events:
        return
    last = events[-1].fields
    changes = {"actor": "forger"} if known else {"actor": "forger", "seq": last.seq + 1, "prev_hash": "f" * 64}
    forged = Event.seal_in_chain(json.loads(events[-1].body) | changes)
    batch = wire.EventBatch(session="forged", epoch=last.epoch, first_seq=forged.fields.seq, bodies=[forged.body])
    identity = it.identity
    key = world.hub.keys.transport(identity.tenant, identity.device)
    sealed = seal_message(wire.Message(events=batch), identity.tenant, identity.device, UP, key)
    world.watch.forged(it, (last.epoch, forged.fields.seq), forged.hash)
    world.watch.doubt(identity.device)
    world.injected["forked body"] += 1
    world.note(f"a forged event at {batch.first_seq} of {it.name}")
    world.network.plant(topic(identity.tenant, identity.device, UP), sealed)


def back_up_keys(world: World, box: int) -> None:
    """Keep a copy of a box's keys, as its escrow does."""
    it = world.box(box)
    target = world.folder / f"{it.name}-keys-{len(world.copies.keys)}"
    shutil.copytree(it.folder / "keys", target)
    world.copies.keys.append((it.name, target))
    world.note(f"the keys of {it.name} are copied ({len(world.copies.keys)})")


def restore_keys(world: World, which: int) -> None:
    """Put older keys into their box, with those of clients deleted since."""
    if not world.copies.keys:
        return
    name, source = world.copies.keys[which % len(world.copies.keys)]
    it = next(box for box in world.boxes if box.name == name)
    world.switch_off(it)
    shutil.rmtree(it.folder / "keys")
    shutil.copytree(source, it.folder / "keys")
    world.injected["keys restored from an older copy"] += 1
    world.note(f"the keys of {name} are restored from copy {which % len(world.copies.keys) + 1}")
    world.switch_on(it)


def begin_epoch(folder: Path) -> None:
    """Do to a restored disk what the product's restore does last: never use a place of the log twice."""
    keys = BoxKeys(folder / "keys")
    database = edge.store.database.Database(folder / "data" / "record.db", keys.database())
    LogRefill(database, PROJECTIONS, keys.log_head()).begin_epoch()
    database.close()


def _begin_life(world: World) -> None:
    """Do to a restored hub what the product's restore does last: name its life anew, and its logs' epochs."""
    database = Database(f"sqlite:///{world.hub.file}")
    for tenant in TENANT_IDS:
        with database.write(tenant) as connection:
            down = DownLog(connection, tenant)
            for location in down.locations():
                down.begin_epoch(location, new_epoch())
            begin_life(connection, to_milliseconds(world.hub.clock.wall()))
    database.close()
