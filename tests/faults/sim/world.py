"""Boxes, hub and network in one virtual time; what can happen to them is in `happenings.py`."""

import random
import shutil
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from edge.schedule.registry import demo_registry
from edge.store.events import BoxIdentity
from shared.errors import MedSpaError
from shared.events.catalogue import complete_catalogue
from shared.wire.envelope import open_message
from shared.wire.topics import DOWN, parse_topic
from tests.faults.sim.box import SimBox, Surroundings
from tests.faults.sim.clocks import MachineClock, TrueTime
from tests.faults.sim.fuses import Crash
from tests.faults.sim.hub import SimHub
from tests.faults.sim.images import BlobsInProcess
from tests.faults.sim.invariants import InvariantBroken, Watch
from tests.faults.sim.network import Network
from tests.faults.sim.payloads import box_catalogue
from tests.faults.sim.template import TENANT_IDS, Template

TICK_SECONDS = 4.0
_HELD_SECONDS = 0.3
_RESTART_SECONDS = (1.0, 120.0)
_MESSAGES_KEPT = 20
_MOST_ROUNDS = 1000


@dataclass
class Copies:
    """What somebody has put aside, in the order it was copied: disks and keys with the names of their boxes."""

    hubs: list[Path] = field(default_factory=list)
    boxes: list[tuple[str, Path]] = field(default_factory=list)
    keys: list[tuple[str, Path]] = field(default_factory=list)


class World:
    """Everything there is; the same seed gives the same world."""

    def __init__(self, template: Template, folder: Path, seed: int, boxes: int) -> None:
        """Put machines on their places and switch them on."""
        self.folder = folder
        self.chance = random.Random(seed)
        self.time = TrueTime()
        self.trace: list[str] = []
        self.injected: Counter[str] = Counter()
        self.watch = Watch()
        self.copies = Copies()
        self.lost_requests: set[str] = set()
        template.copy(folder, boxes)
        self.network = Network(self.time, self.chance, self._to_hub)
        self.hub = SimHub(folder / "hub", TENANT_IDS, MachineClock(self.time), complete_catalogue(), self._from_hub)
        self._around = Surroundings(self.network, box_catalogue(), demo_registry())
        self._stubs: dict[str, BlobsInProcess] = {}
        self._due: dict[str, float] = {}
        self._moved = False
        self._broken: InvariantBroken | None = None
        self.heard: deque[tuple[str, bytes]] = deque(maxlen=_MESSAGES_KEPT)
        self.hub.boot()
        self.auditor = self.hub.auditor()
        self.boxes: list[SimBox] = []
        for number in range(boxes):
            self.place(f"box-{number}", template.identities[number]).boot()
        self.check()

    def place(self, name: str, identity: BoxIdentity, like: SimBox | None = None) -> SimBox:
        """Put one more machine somewhere; its disk lies in the folder of its name."""
        box = SimBox(name, self.folder / name, identity, MachineClock(self.time), self._around)
        self.boxes.append(box)
        self._stubs[name] = BlobsInProcess(box, self.hub, self.network, self.chance, self._image_leaves)
        self.watch.begin(box, like)
        return box

    def close(self) -> None:
        """Switch everything off and delete the disks."""
        for machine in self.machines():
            if machine.running:
                machine.die()
        self.auditor.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def machines(self) -> list[SimBox | SimHub]:
        """Return the hub and every box."""
        return [self.hub, *self.boxes]

    def box(self, number: int) -> SimBox:
        """Return one of the boxes; every number names one."""
        return self.boxes[number % len(self.boxes)]

    def note(self, text: str) -> None:
        """Write a line of the trace."""
        self.trace.append(f"{self.time.now:12.2f}  {text}")

    # --- time -------------------------------------------------------------------------------------
    def run(self, seconds: float, tick: float = TICK_SECONDS) -> None:
        """Let virtual time pass."""
        end, next_tick = self.time.now + seconds, self.time.now + tick
        while True:
            self._settle()
            arrives = self.network.next_at()
            held = self.time.now + _HELD_SECONDS if self.hub.holds else end
            self.time.now = max(self.time.now, min(next_tick, end, held, arrives if arrives is not None else end))
            self.network.deliver_due()
            if self.hub.holds:
                self.guarded(self.hub, self.hub.again)
            if self.time.now >= next_tick:
                next_tick += tick
                self._tick()
            if self.time.now >= end:
                self._settle()
                return

    def guarded(self, machine: SimBox | SimHub, action: Callable[[], object]) -> bool:
        """Let a machine do something; tell whether it lived to see the end of it."""
        try:
            action()
        except Crash as crash:
            self.note(str(crash))
            self.injected[f"crash {crash.args[0].partition(' ')[2]}"] += 1
            self.switch_off(machine)
            return False
        return True

    def at(self, number: int, what: str, work: Callable[[SimBox], object]) -> bool:
        """Let people do something at a box that is on; tell whether it was done."""
        it = self.box(number)
        if not it.running:
            return False
        self.note(f"{it.name} {what}")
        try:
            done = self.guarded(it, lambda: work(it))
        except MedSpaError as error:
            self.note(f"{it.name} refuses: {error.code}")
            done = False
        if it.running:
            self.watch.box_is_sound(it)
        return done

    def switch_off(self, machine: SimBox | SimHub, seconds: float | None = None) -> None:
        """Take the power from a machine; it starts again by itself after a while."""
        if machine.running:
            if isinstance(machine, SimBox):
                self.watch.box_is_sound(machine)  # its last events may have reached the hub
            machine.die()
        self._due[_name(machine)] = self.time.now + (
            self.chance.uniform(*_RESTART_SECONDS) if seconds is None else seconds
        )

    def switch_on(self, machine: SimBox | SimHub) -> None:
        """Start a machine that is off."""
        if not machine.running:
            self.note(f"{_name(machine)} starts")
            self._due.pop(_name(machine), None)
            machine.boot()

    def retire(self, box: SimBox) -> None:
        """Switch a machine off for good."""
        self.note(f"{box.name} is taken out of service")
        if box.running:
            box.die()
        self._due.pop(box.name, None)
        self.boxes.remove(box)

    def hub_has_new_disk(self) -> None:
        """Read the hub's database anew; another one lies in its place."""
        self.auditor.close()
        self.auditor = self.hub.auditor()
        self.watch.hub_was_restored()

    def _settle(self) -> None:
        for _ in range(_MOST_ROUNDS):
            moved = False
            if self.hub.running:
                self.guarded(self.hub, lambda: self._mark(self.hub.hear()))
                moved = self._moved
            for box in self.boxes:
                if box.running:
                    self._moved = False
                    self.guarded(box, lambda box=box: self._mark(box.hear()))  # type: ignore[misc]
                    moved = moved or self._moved
            if not moved:
                return
        raise AssertionError("the world never comes to rest")

    def _mark(self, moved: bool) -> None:
        self._moved = moved

    def _tick(self) -> None:
        for machine in self.machines():
            if not machine.running and self._due.get(_name(machine), float("inf")) <= self.time.now:
                self.switch_on(machine)
        if self.hub.running:
            self.guarded(self.hub, self.hub.tick)
        for box in list(self.boxes):
            if box.running and self.guarded(box, box.tick):
                self.guarded(box, lambda box=box: box.send_images(self._stubs[box.name]))  # type: ignore[misc]
                if not self.hub.running and "hub" not in self._due:
                    self.switch_off(self.hub)

    # --- what must hold ---------------------------------------------------------------------------
    def check(self) -> None:
        """Check everything that must hold at every moment."""
        if self._broken is not None:
            raise self._broken
        for box in self.boxes:
            if box.running:
                self.watch.box_is_sound(box)
        self.watch.hub_is_sound(self.auditor)
        self.watch.tenants_are_apart(self.auditor)
        for box in self.boxes:
            if box.running:
                self.watch.cursor_is_honest(box)
                self.watch.nothing_went_too_early(box, self.auditor)

    # --- ears on the wire -------------------------------------------------------------------------
    def _to_hub(self, name: str, data: bytes) -> None:
        self.heard.append((name, data))
        self.hub.arrive(name, data)

    def _overhears(self, check: Callable[[], None]) -> None:
        """Check something in the middle of the product's work, which may swallow what it does not know."""
        try:
            check()
        except InvariantBroken as error:
            self._broken = self._broken or error

    def _from_hub(self, name: str, data: bytes) -> None:
        tenant, device, _ = parse_topic(name)
        message = open_message(data, tenant, device, DOWN, self.hub.keys.transport(tenant, device))
        if message.WhichOneof("kind") == "ack":
            applied = message.ack.applied
            self._overhears(
                lambda: self.watch.acknowledgement_is_sound(self.auditor, device, applied.epoch, applied.seq)
            )
        self.network.down(device, data)

    def _image_leaves(self, box: SimBox, name: str) -> None:
        self._overhears(lambda: self.watch.image_may_leave(box, name))


def _name(machine: SimBox | SimHub) -> str:
    return machine.name if isinstance(machine, SimBox) else "hub"
