"""What goes wrong in a world, but for disks: the network, crashes, clocks and messages that must not be heeded."""

from datetime import timedelta

from shared.ids import DeviceId
from shared.vocabulary import ClockQuality
from shared.wire import medspa_pb2 as wire
from shared.wire.envelope import seal_message
from shared.wire.topics import UP, topic
from tests.faults.sim import payloads
from tests.faults.sim.fuses import Place
from tests.faults.sim.network import HEALTHY_SECONDS, Weather
from tests.faults.sim.world import World

JUMPS = (timedelta(days=3653), timedelta(days=-40), timedelta(minutes=20), timedelta(minutes=-20))
RUBBISH = range(4)


def cut_one_way(world: World, box: int, up: bool) -> None:
    """Let nothing through in one direction."""
    world.injected["one-way partition"] += 1
    _turn(world, box, up, Weather(cut=True))


def storm(world: World, box: int, up: bool, drop: float, duplicate: float, corrupt: float, delay: float) -> None:
    """Lose, double, alter and delay messages in one direction; shares between 0 and 1, and seconds."""
    world.injected["lossy network"] += 1
    _turn(world, box, up, Weather(drop, duplicate, corrupt, (HEALTHY_SECONDS[0], delay)))


def clear_up(world: World) -> None:
    """End the weather."""
    world.network.calm()
    world.note("the network is well")


def restart_broker(world: World) -> None:
    """Restart the broker, which loses all it holds."""
    world.injected["broker restart"] += 1
    world.note("the broker restarts")
    world.network.restart_broker()


def unplug(world: World, box: int) -> None:
    """Take a box off the network."""
    it = world.box(box)
    world.injected["unplugged"] += 1
    world.note(f"{it.name} is unplugged")
    world.network.unplug(it.identity.device)


def crash_box(world: World, box: int) -> None:
    """Kill a box between two things it does."""
    it = world.box(box)
    if it.running:
        world.injected["box killed"] += 1
        world.note(f"{it.name} is killed")
        world.switch_off(it)


def crash_hub(world: World) -> None:
    """Kill the hub between two things it does."""
    if world.hub.running:
        world.injected["hub killed"] += 1
        world.note("the hub is killed")
        world.switch_off(world.hub)


def light_box(world: World, box: int, place: Place, after: int) -> None:
    """Let a box that is on die in the middle of something soon."""
    it = world.box(box)
    if it.running:
        world.note(f"{it.name} will die {place} number {after}")
        it.fuse.light(place, after)


def light_hub(world: World, place: Place, after: int) -> None:
    """Let a hub that is on die in the middle of something soon."""
    if world.hub.running:
        world.note(f"the hub will die {place} number {after}")
        world.hub.fuse.light(place, after)


def lose_wake_ups(world: World, box: int) -> None:
    """Lose the word that there is something to send, on both sides."""
    it = world.box(box)
    if it.running:
        world.injected["wake-up lost"] += it.lose_wake_ups(world.chance)
    world.injected["wake-up lost"] += world.hub.forget_wake_up()


def jump_clock(world: World, machine: int, jump: int, vouched_for: bool) -> None:
    """Move a machine's wall clock; the last machine is the hub, the last jump an empty battery."""
    clock = world.boxes[machine].clock if machine < len(world.boxes) else world.hub.clock
    world.injected["clock jump"] += 1
    world.note(f"the clock of machine {machine} jumps ({jump})")
    if jump < len(JUMPS):
        clock.jump(JUMPS[jump], ClockQuality.SYNCHRONISED if vouched_for else ClockQuality.FREE_RUNNING)
    else:
        clock.lose_battery()


def poison(world: World, box: int, kind: str, aggregate: int) -> None:
    """Record something the hub cannot apply, or something very large."""
    done = world.at(box, f"writes {kind}", lambda it: it.append(payloads.poison(f"poison/{aggregate}", kind)))
    world.injected["poisoned event"] += done


def plant_rubbish(world: World, box: int, kind: int) -> None:
    """Send the hub something that is no message of the device on whose topic it comes."""
    it = world.box(box)
    identity = it.identity
    other = world.box(box + 1).identity
    key = world.hub.keys.transport(other.tenant, other.device)
    told = wire.Message(events=wire.EventBatch(session="x", epoch="0" * 16, first_seq=1, bodies=[b"{}"]))
    data = [
        b"rubbish",
        world.chance.randbytes(2000),
        seal_message(told, identity.tenant, identity.device, UP, key),
        bytes(1024 * 1024 + 1),
    ][kind]
    world.injected["message of a stranger"] += 1
    world.note(f"rubbish {kind} on the topic of {it.name}")
    world.network.plant(topic(identity.tenant, DeviceId(identity.device), UP), data)


def _turn(world: World, box: int, up: bool, weather: Weather) -> None:
    it = world.box(box)
    (world.network.up_weather if up else world.network.down_weather)[it.identity.device] = weather
    world.note(f"{it.name} {'up' if up else 'down'}: {weather}")
