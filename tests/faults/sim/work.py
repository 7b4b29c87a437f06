"""What people do in a world: every function is one thing, with what is left to choose as arguments."""

from datetime import timedelta
from zoneinfo import ZoneInfo

from cloud.bookings.desk import Wish
from shared.ids import LocationId
from shared.vocabulary import ConsentPurpose
from tests.faults.sim.box import SimBox
from tests.faults.sim.clocks import DAY_SECONDS
from tests.faults.sim.payloads import analysis, plain
from tests.faults.sim.world import TICK_SECONDS, World
from tests.support.hubs import ZONE


def write(world: World, box: int, count: int, aggregate: int) -> None:
    """Record plain events."""
    world.at(box, f"writes {count}", lambda it: it.append(*[plain(f"thing/{aggregate}")] * count))


def photograph(world: World, box: int, size: int, analysed: bool) -> None:
    """Take a photograph of somebody who consents, and analyse it or not."""
    data = world.chance.randbytes(size)

    def work(it: SimBox) -> None:
        clients = [client for client in it.clients_known() if it.may_leave(client)]
        if not clients:
            clients = [it.welcome("Planted Name")]
        client = world.chance.choice(clients)
        capture = it.photograph(client, data)
        if analysed:
            it.append(analysis(capture, client))

    world.at(box, "photographs", work)


def withdraw(world: World, box: int, which: int) -> None:
    """Take a client's consent back."""

    def work(it: SimBox) -> None:
        clients = it.clients_known() or [it.welcome("Planted Name")]
        it.consent.withdraw(clients[which % len(clients)], ConsentPurpose.TREATMENT_RECORD, "", "tester")

    world.injected["consent withdrawn"] += world.at(box, "hears of a withdrawal", work)


def erase(world: World, box: int, which: int) -> None:
    """Delete a client."""

    def work(it: SimBox) -> None:
        clients = it.clients_known()
        if clients:
            it.erase(clients[which % len(clients)])

    world.injected["client deleted"] += world.at(box, "deletes a client", work)


def make_room(world: World, box: int) -> None:
    """Let a box remove all that it may, a day later: today's photographs always stay."""
    pass_time(world, DAY_SECONDS)
    world.injected["room made"] += world.at(box, "makes room", lambda it: it.pruner.step())


def book(world: World, box: int, days: int) -> None:
    """Ask a clinic for an appointment, at the hub."""
    identity = world.box(box).identity
    if not world.hub.running:
        return
    start = world.hub.clock.wall().astimezone(ZoneInfo(ZONE)).replace(hour=9, minute=0, second=0, microsecond=0)
    start += timedelta(days=1 + days)
    wish = Wish(
        LocationId(identity.location), "consultation", "Planted Name", None, start, start + timedelta(hours=9), "x"
    )
    world.note(f"somebody books at {identity.location}")
    world.guarded(world.hub, lambda: world.hub.desk.request(identity.tenant, wish))


def pass_time(world: World, seconds: float) -> None:
    """Let time pass, in longer steps the longer it takes, and check what must hold at every moment."""
    if any("twin" in box.name for box in world.boxes):
        # Two machines of one name put each other off the broker for ever: a day of that shows nothing new.
        seconds = min(seconds, 60.0)
    if seconds <= 5.0:
        world.run(seconds, TICK_SECONDS)
    elif seconds <= 60.0:
        world.run(seconds, 10.0)
    else:
        world.run(seconds, DAY_SECONDS / 8)
    world.check()
