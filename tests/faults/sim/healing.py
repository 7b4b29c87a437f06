"""The end of every fault, after which all must converge by itself: nothing waits, and both sides agree."""

from dataclasses import dataclass

from cloud.side import rebuild_tenant
from tests.faults.sim.box import SimBox
from tests.faults.sim.invariants import InvariantBroken, hub_state
from tests.faults.sim.world import World

_HEALED_SECONDS = 60.0
_PATIENCE_SECONDS = 1800.0
# As long as it may take until each of several machines with one identity was on the broker twice.
_NOTICED_SECONDS = 180.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a healed world looked like.

    Attributes:
        seconds: virtual seconds from the end of the last fault until nothing waited.
        events: events in the boxes' logs, every one of them at the hub.
        acknowledged: events that were at the hub before all healed.
    """

    seconds: float
    events: int
    acknowledged: int


def heal(world: World) -> Outcome:
    """End every fault, and check that all converges without anybody's help."""
    world.note("everything heals")
    acknowledged = int(world.auditor.rows("SELECT count(*) FROM events")[0][0])
    world.network.calm()
    for machine in world.machines():
        machine.clock.set_right()
        machine.fuse.put_out()
        world.switch_on(machine)
    begun = world.time.now
    if world.watch.in_doubt:
        _until_noticed(world)
        _people_decide(world)
    before = backlog(world)
    _until_quiet(world, _HEALED_SECONDS)
    if before and backlog(world) >= before:
        raise InvariantBroken("I-08", f"{_waiting(world)} of {before} wait a minute after all has healed")
    _until_nothing_waits(world)
    seconds = world.time.now - begun
    _all_agree(world)
    _nothing_old_matters(world)
    written = sum(int(box.store.rows("SELECT count(*) FROM events")[0][0]) for box in world.boxes)
    return Outcome(seconds, written, acknowledged)


def backlog(world: World) -> int:
    """Return what waits anywhere: events, images and the hub's events."""
    return sum(_waiting(world).values())


def _people_decide(world: World) -> None:
    """Look at each identity in doubt: keep the one machine whose log the hub has, and let it in again."""
    for device in sorted(world.watch.in_doubt):
        candidates, kept = _logs_of(world, device)
        fenced = _is_fenced(world, device)
        if len(candidates) > len(kept) and not fenced:
            raise InvariantBroken("I-18", f"{device}: two logs use this identity and nobody has noticed")
        if fenced:
            # One that went on where the hub knows a later epoch stays out, as often as it is let in.
            kept = [box for box in kept if world.watch.knows_last_epoch(box, world.auditor)]
        for box in candidates:
            if box not in kept[:1]:
                world.retire(box)
        if fenced and kept:
            world.note(f"a person readmits {device}")
            world.hub.enrolment().readmit(kept[0].identity.tenant, kept[0].identity.device)


def _until_noticed(world: World) -> None:
    """Give each machine the time to speak: two of one identity put each other off the broker again and again."""
    world.run(_HEALED_SECONDS, 5.0)
    world.check()
    end = world.time.now + _NOTICED_SECONDS
    while world.time.now < end and any(_is_unnoticed(world, device) for device in world.watch.in_doubt):
        world.run(5.0, 5.0)
        world.check()


def _is_unnoticed(world: World, device: str) -> bool:
    candidates, kept = _logs_of(world, device)
    return len(candidates) > len(kept) and not _is_fenced(world, device)


def _is_fenced(world: World, device: str) -> bool:
    return world.auditor.rows("SELECT state FROM devices WHERE id = ?", (device,)) == [("fenced",)]


def _logs_of(world: World, device: str) -> tuple[list[SimBox], list[SimBox]]:
    """Return the machines that use an identity, and those of them whose log can be the hub's."""
    candidates = [box for box in world.boxes if box.identity.device == device]
    return candidates, [box for box in candidates if world.watch.agrees_with_hub(box, world.auditor)]


def _waiting(world: World) -> dict[str, int]:
    return {box.name: _waits_at(world, box) for box in world.boxes}


def _until_quiet(world: World, seconds: float) -> None:
    end = world.time.now + seconds
    while world.time.now < end and backlog(world):
        world.run(min(5.0, end - world.time.now), 1.0)
        world.check()


def _until_nothing_waits(world: World) -> None:
    _until_quiet(world, _PATIENCE_SECONDS)
    if backlog(world):
        raise InvariantBroken("I-08", f"something waits for ever: {_waiting(world)}")


def _all_agree(world: World) -> None:
    world.check()
    for box in world.boxes:
        world.watch.nothing_is_lost(box, world.auditor)
        world.watch.images_are_there(box, world.auditor)
        if not box.store.verify().intact:
            raise InvariantBroken("I-14", f"{box.name}: the log's chain does not verify")
    world.watch.only_the_bad_wait(world.boxes, world.auditor, world.lost_requests)


def _nothing_old_matters(world: World) -> None:
    """Deliver what is still under way and all that was ever heard once more: nothing may change."""
    if world.watch.hub_forgot or world.watch.in_doubt:
        # What somebody said before they were restored may arrive for the first time only now, and bring back what
        # they have forgotten: no message is old before it was heard.
        _let_arrive(world)
        if world.watch.in_doubt:
            _until_noticed(world)
            _people_decide(world)
        _until_nothing_waits(world)
        _all_agree(world)
    before = hub_state(world.auditor), [box.store.head() for box in world.boxes]
    _let_arrive(world)
    for name, data in world.chance.sample(list(world.heard), len(world.heard)):
        world.network.plant(name, data)
    world.run(10, 10)
    world.check()
    if (hub_state(world.auditor), [box.store.head() for box in world.boxes]) != before:
        raise InvariantBroken("I-04", "what came late or again has changed something")
    for tenant in {box.identity.tenant for box in world.boxes}:
        for report in rebuild_tenant(world.hub.database, tenant):
            if report.digest_before != report.digest_after:
                raise InvariantBroken("I-04", f"{report.name} is not what the logs say")


def _let_arrive(world: World) -> None:
    late = world.network.last_at() - world.time.now + 1
    world.run(late, late)


def _waits_at(world: World, box: SimBox) -> int:
    here: dict[str, int] = dict(box.store.rows("SELECT epoch, count(*) FROM events GROUP BY epoch"))
    query = "SELECT epoch, seq FROM positions WHERE device = ?"
    there: dict[str, int] = dict(world.auditor.rows(query, (box.identity.device,)))
    images = box.store.rows(
        # One that made room, and that a hub restored from before has lost, is set aside for good.
        "SELECT client FROM images JOIN captures USING (capture)"
        " WHERE refused = 0 AND NOT (aside IS NOT NULL AND pruned = 1) AND confirmed_by IS NOT ?",
        world.auditor.rows("SELECT epoch FROM hub_state")[0],
    )
    events = sum(max(0, count - there.get(epoch, 0)) for epoch, count in here.items())
    allowed = sum(box.may_leave(client) for (client,) in images)
    return events + allowed + len(world.watch.down_differs(box, world.auditor))
