"""Whether a clinic can give what it offers: everything that its file names is there, and suits together."""

from typing import TYPE_CHECKING

from edge.schedule.engine.problem import MOST_NEEDS
from edge.schedule.services import Service, Stage

if TYPE_CHECKING:
    from edge.schedule.registry import Registry, Unit


def refuse_what_nobody_can_give(registry: "Registry") -> None:
    """Refuse a clinic whose devices, services or rules about other visits name what is not there, or cannot be given.

    Raises:
        ValueError: it names the field and what to write instead.
    """
    _stand_in_rooms_that_are_there(registry)
    _offer_what_is_asked(registry)
    _depend_on_what_is_offered(registry)


def _offer_what_is_asked(registry: "Registry") -> None:
    rooms = {room.type for room in registry.rooms}
    for service in registry.services:
        for number, stage in enumerate(service.stages):
            where = f"services.{service.id}.stages.{number}"
            if stage.skill is not None and not any(stage.skill in p.skills for p in registry.providers):
                raise ValueError(f"{where}.skill: no provider has {stage.skill!r}; add it to one or correct it")
            if stage.skill is not None and not any(
                p.may(stage.skill, service.licences(stage.skill)) for p in registry.providers
            ):
                raise ValueError(f"{where}.licence: nobody with {stage.skill!r} has the licences that it asks for")
            if stage.room not in rooms:
                raise ValueError(f"{where}.room: no room has type {stage.room!r}; add one or correct it")
            _offer_device(registry, stage, where)
        _offer_together(registry, service)


def _offer_device(registry: "Registry", stage: Stage, where: str) -> None:
    if stage.device is None:
        return
    units = [device for device in registry.devices if device.type == stage.device]
    if not units:
        raise ValueError(f"{where}.device: no device has type {stage.device!r}; add one or correct it")
    rooms = [room.id for room in registry.rooms if room.type == stage.room]
    if not any(unit.may_stand_in(room) for unit in units for room in rooms):
        raise ValueError(f"{where}.device: no {stage.device!r} may stand in a room of type {stage.room!r}")


def _offer_together(registry: "Registry", service: Service) -> None:
    """Refuse a service whose stages can each be given, but not after each other: like stages keep room and device."""
    where = f"services.{service.id}.stages"
    if service.needs > MOST_NEEDS:
        raise ValueError(
            f"{where}: {service.needs} people, rooms and devices, {MOST_NEEDS} at most; make it two services"
        )
    before: Stage | None = None
    # What is left to choose from, stage by stage: the rooms that still suit, with the device in use.
    ways: set[tuple[frozenset[str], Unit | None]] = {(frozenset(), None)}
    for number, stage in enumerate(service.stages):
        rooms = frozenset(room.id for room in registry.rooms if room.type == stage.room)
        units = [unit for unit in registry.devices if unit.type == stage.device]
        keeps_room = before is not None and before.room == stage.room
        keeps_device = before is not None and before.device == stage.device
        ways = {
            (left, unit)
            for suit, had in ways
            for unit in ((had,) if keeps_device else units or (None,))
            if (left := _standing(suit if keeps_room else rooms, unit))
        }
        if not ways:
            raise ValueError(f"{where}.{number}: no {stage.device!r} may stand in a room that suits the stages before")
        before = stage


def _standing(rooms: frozenset[str], unit: "Unit | None") -> frozenset[str]:
    return rooms if unit is None else frozenset(room for room in rooms if unit.may_stand_in(room))


def _depend_on_what_is_offered(registry: "Registry") -> None:
    for service in registry.services:
        others = [other for other in registry.services if other is not service]
        for field, known in (("after", others), ("apart", registry.services)):
            for number, named in enumerate(getattr(service, field)):
                if not any(named.include(other.id, other.category) for other in known):
                    where = f"services.{service.id}.{field}.{number}"
                    raise ValueError(f"{where}: no other service is {named.named!r}; add one or correct it")


def _stand_in_rooms_that_are_there(registry: "Registry") -> None:
    for device in registry.devices:
        for name in device.rooms:
            if all(room.id != name for room in registry.rooms):
                raise ValueError(f"devices.{device.id}.rooms: the clinic has no room {name!r}; add it or correct it")
