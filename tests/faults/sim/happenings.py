"""What can happen in a world: people's work, and every fault."""

import json
import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import edge.store.database
from cloud.bookings.desk import Wish
from cloud.storage.database import Database
from cloud.storage.down import DownLog
from cloud.storage.hub_epoch import begin_life, new_epoch
from cloud.storage.times import to_milliseconds
from edge.keys.box import BoxKeys
from edge.record import PROJECTIONS
from edge.store.refill import LogRefill
from shared.errors import MedSpaError
from shared.events.envelope import Event
from shared.ids import DeviceId, LocationId
from shared.vocabulary import ClockQuality, ConsentPurpose
from shared.wire import medspa_pb2 as wire
from shared.wire.envelope import seal_message
from shared.wire.topics import UP, topic
from tests.faults.sim.box import SimBox
from tests.faults.sim.fuses import Place
from tests.faults.sim.network import Weather
from tests.faults.sim.payloads import analysis, plain, poison
from tests.faults.sim.template import TENANT_IDS
from tests.faults.sim.world import World
from tests.support.hubs import ZONE

DAY_SECONDS = 24 * 3600.0
JUMPS = (timedelta(days=3653), timedelta(days=-40), timedelta(minutes=20), timedelta(minutes=-20))
LARGE_BYTES = 150_000


class Happenings:
    """Makes things happen in one world; every method is one thing, with what chance decides as arguments."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._hub_copies: list[Path] = []
        self._box_copies: list[tuple[str, Path]] = []
        self._key_copies: list[tuple[str, Path]] = []

    # --- work -------------------------------------------------------------------------------------
    def write(self, box: int, count: int, aggregate: int) -> None:
        """Record plain events."""
        self._at(box, f"writes {count}", lambda it: it.append(*[plain(f"thing/{aggregate}")] * count))

    def photograph(self, box: int, large: bool, analysed: bool) -> None:
        """Take a photograph of somebody who consents, and analyse it or not."""
        data = self._world.chance.randbytes(LARGE_BYTES if large else 300)

        def work(it: SimBox) -> None:
            clients = [client for client in it.clients_known() if it.may_leave(client)]
            if not clients:
                clients = [it.welcome("Planted Name")]
            client = self._world.chance.choice(clients)
            capture = it.photograph(client, data)
            if analysed:
                it.append(analysis(capture, client))

        self._at(box, "photographs", work)

    def withdraw(self, box: int, which: int) -> None:
        """Take a client's consent back."""

        def work(it: SimBox) -> None:
            clients = it.clients_known() or [it.welcome("Planted Name")]
            it.consent.withdraw(clients[which % len(clients)], ConsentPurpose.TREATMENT_RECORD, "", "tester")

        self._world.injected["consent withdrawn"] += self._at(box, "hears of a withdrawal", work)

    def erase(self, box: int, which: int) -> None:
        """Delete a client."""

        def work(it: SimBox) -> None:
            clients = it.clients_known()
            if clients:
                it.erase(clients[which % len(clients)])

        self._world.injected["client deleted"] += self._at(box, "deletes a client", work)

    def make_room(self, box: int) -> None:
        """Let a box remove all that it may, a day later: today's photographs always stay."""
        self._world.run(DAY_SECONDS, DAY_SECONDS / 6)
        self._world.injected["room made"] += self._at(box, "makes room", lambda it: it.pruner.step())
        self._world.check()

    def book(self, box: int, days: int) -> None:
        """Ask a clinic for an appointment, at the hub."""
        world, identity = self._world, self._box(box).identity
        if not world.hub.running:
            return
        start = world.hub.clock.wall().astimezone(ZoneInfo(ZONE)).replace(hour=9, minute=0, second=0, microsecond=0)
        start += timedelta(days=1 + days)
        wish = Wish(
            LocationId(identity.location), "consultation", "Planted Name", None, start, start + timedelta(hours=9), "x"
        )
        world.note(f"somebody books at {identity.location}")
        world.guarded(world.hub, lambda: world.hub.desk.request(identity.tenant, wish))
        world.check()

    # --- the network ------------------------------------------------------------------------------
    def storm(self, box: int, up: bool, weather: Weather) -> None:
        """Let one direction of a box's messages meet some weather."""
        device = self._box(box).identity.device
        (self._world.network.up_weather if up else self._world.network.down_weather)[device] = weather
        self._world.injected["one-way partition" if weather.cut else "lossy network"] += 1
        self._world.note(f"box-{box} {'up' if up else 'down'}: {weather}")

    def clear_up(self) -> None:
        """End the weather."""
        self._world.network.calm()
        self._world.note("the network is well")

    def restart_broker(self) -> None:
        """Restart the broker, which loses all it holds."""
        self._world.injected["broker restart"] += 1
        self._world.note("the broker restarts")
        self._world.network.restart_broker()

    def unplug(self, box: int) -> None:
        """Take a box off the network."""
        self._world.injected["unplugged"] += 1
        self._world.note(f"box-{box} is unplugged")
        self._world.network.unplug(self._box(box).identity.device)

    # --- crashes ----------------------------------------------------------------------------------
    def crash_box(self, box: int) -> None:
        """Kill a box between two things it does."""
        it = self._box(box)
        if it.running:
            self._world.injected["box killed"] += 1
            self._world.note(f"{it.name} is killed")
            self._world.switch_off(it)

    def crash_hub(self) -> None:
        """Kill the hub between two things it does."""
        if self._world.hub.running:
            self._world.injected["hub killed"] += 1
            self._world.note("the hub is killed")
            self._world.switch_off(self._world.hub)

    def light_box(self, box: int, place: Place, after: int) -> None:
        """Let a box that is on die in the middle of something soon."""
        if not self._box(box).running:
            return
        self._world.note(f"box-{box} will die {place} number {after}")
        self._box(box).fuse.light(place, after)

    def light_hub(self, place: Place, after: int) -> None:
        """Let a hub that is on die in the middle of something soon."""
        if not self._world.hub.running:
            return
        self._world.note(f"the hub will die {place} number {after}")
        self._world.hub.fuse.light(place, after)

    def lose_wake_ups(self, box: int) -> None:
        """Lose the word that there is something to send, on both sides."""
        it = self._box(box)
        if it.running:
            self._world.injected["wake-up lost"] += it.lose_wake_ups(self._world.chance)
        self._world.injected["wake-up lost"] += self._world.hub.forget_wake_up()

    # --- clocks -----------------------------------------------------------------------------------
    def jump_clock(self, machine: int, jump: int, vouched_for: bool) -> None:
        """Move a machine's wall clock; the last machine is the hub, the last jump an empty battery."""
        world = self._world
        clock = world.boxes[machine].clock if machine < len(world.boxes) else world.hub.clock
        world.injected["clock jump"] += 1
        world.note(f"the clock of machine {machine} jumps ({jump})")
        if jump < len(JUMPS):
            clock.jump(JUMPS[jump], ClockQuality.SYNCHRONISED if vouched_for else ClockQuality.FREE_RUNNING)
        else:
            clock.lose_battery()

    # --- poison -----------------------------------------------------------------------------------
    def poison(self, box: int, kind: str, aggregate: int) -> None:
        """Record something the hub cannot apply, or something very large."""
        done = self._at(box, f"writes {kind}", lambda it: it.append(poison(f"poison/{aggregate}", kind)))
        self._world.injected["poisoned event"] += done

    def plant_rubbish(self, box: int, kind: int) -> None:
        """Send the hub something that is no message of the device on whose topic it comes."""
        world, identity = self._world, self._box(box).identity
        other = self._box(box + 1).identity
        key = world.hub.keys.transport(other.tenant, other.device)
        told = wire.Message(events=wire.EventBatch(session="x", epoch="0" * 16, first_seq=1, bodies=[b"{}"]))
        data = [
            b"rubbish",
            world.chance.randbytes(2000),
            seal_message(told, identity.tenant, identity.device, UP, key),
            bytes(1024 * 1024 + 1),
        ][kind]
        world.injected["message of a stranger"] += 1
        world.note(f"rubbish {kind} on the topic of box-{box}")
        world.network.plant(topic(identity.tenant, DeviceId(identity.device), UP), data)

    # --- lost and copied disks --------------------------------------------------------------------
    def back_up_hub(self) -> None:
        """Keep a copy of the hub's disk, as it is between two transactions."""
        world = self._world
        if not world.hub.running:
            return
        world.hub.die()
        target = world.folder / f"hub-copy-{len(self._hub_copies)}"
        shutil.copytree(world.hub.folder, target)
        self._hub_copies.append(target)
        world.note(f"the hub is backed up ({len(self._hub_copies)})")
        world.switch_on(world.hub)

    def restore_hub(self, which: int) -> None:
        """Put an older disk into the hub."""
        world = self._world
        if not self._hub_copies:
            return
        source = self._hub_copies[which % len(self._hub_copies)]
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
        world.note(f"the hub is restored from copy {which % len(self._hub_copies) + 1}")
        world.switch_on(world.hub)

    def back_up_box(self, box: int) -> None:
        """Keep a copy of a box's disk, as it is between two transactions."""
        world, it = self._world, self._box(box)
        world.switch_off(it)
        target = world.folder / f"{it.name}-copy-{len(self._box_copies)}"
        shutil.copytree(it.folder, target)
        self._box_copies.append((it.name, target))
        world.note(f"{it.name} is backed up ({len(self._box_copies)})")
        world.switch_on(it)

    def restore_box(self, which: int, as_it_should_be: bool) -> None:
        """Put an older disk into its box: with a new epoch, or raw, as somebody does who swaps a disk."""
        world = self._world
        if not self._box_copies:
            return
        name, source = self._box_copies[which % len(self._box_copies)]
        it = next(box for box in world.boxes if box.name == name)
        world.switch_off(it)
        shutil.rmtree(it.folder)
        shutil.copytree(source, it.folder)
        it.saved.clear()
        if as_it_should_be:
            begin_epoch(it.folder)
        world.watch.rewind(it)
        world.watch.doubt(it.identity.device)
        world.injected["box restored from an older copy"] += 1
        world.note(f"{name} is restored {'in a new epoch' if as_it_should_be else 'raw'}")
        world.switch_on(it)

    def clone_box(self, box: int) -> None:
        """Copy a box's disk into a second machine, and let both run."""
        world, it = self._world, self._box(box)
        world.switch_off(it)
        twin = f"{it.name}-twin-{len(world.boxes)}"
        shutil.copytree(it.folder, world.folder / twin)
        world.watch.doubt(it.identity.device)
        world.injected["box cloned"] += 1
        world.note(f"{twin} is a copy of {it.name}, both run")
        world.switch_on(it)
        world.switch_on(world.place(twin, it.identity, like=it))

    def forge(self, box: int, known: bool) -> None:
        """Send, with a box's own key, another event at a place of its log that is taken or is next."""
        world, it = self._world, self._box(box)
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

    def back_up_keys(self, box: int) -> None:
        """Keep a copy of a box's keys, as its escrow does."""
        it = self._box(box)
        target = self._world.folder / f"{it.name}-keys-{len(self._key_copies)}"
        shutil.copytree(it.folder / "keys", target)
        self._key_copies.append((it.name, target))
        self._world.note(f"the keys of {it.name} are copied ({len(self._key_copies)})")

    def restore_keys(self, which: int) -> None:
        """Put older keys into their box, with those of clients deleted since."""
        world = self._world
        if not self._key_copies:
            return
        name, source = self._key_copies[which % len(self._key_copies)]
        it = next(box for box in world.boxes if box.name == name)
        world.switch_off(it)
        shutil.rmtree(it.folder / "keys")
        shutil.copytree(source, it.folder / "keys")
        world.injected["keys restored from an older copy"] += 1
        world.note(f"the keys of {name} are restored from copy {which % len(self._key_copies) + 1}")
        world.switch_on(it)

    def _box(self, number: int) -> SimBox:
        return self._world.boxes[number % len(self._world.boxes)]

    def _at(self, number: int, what: str, work: Callable[[SimBox], object]) -> bool:
        """Let people do something at a box that is on; tell whether it was done."""
        it = self._box(number)
        if not it.running:
            return False
        self._world.note(f"{it.name} {what}")
        try:
            done = self._world.guarded(it, lambda: work(it))
        except MedSpaError as error:
            self._world.note(f"{it.name} refuses: {error.code}")
            done = False
        if it.running:
            self._world.watch.box_is_sound(it)
        return done


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
