"""What a stage uses, by kind, and what people call it."""

from collections.abc import Iterator, Mapping, Sequence

from edge.schedule.domain import ResourceKind, StageAssignment
from edge.schedule.ids import ProviderId, RoomId, UnitId
from edge.schedule.registry import Provider, Registry, Room, Unit


def used(stage: StageAssignment, kind: ResourceKind) -> str | None:
    """Return what a stage uses of a kind."""
    match kind:
        case ResourceKind.PROVIDER:
            return stage.provider
        case ResourceKind.ROOM:
            return stage.room
        case ResourceKind.DEVICE:
            return stage.device


def uses(stage: StageAssignment) -> Iterator[tuple[ResourceKind, str]]:
    """Yield everything that a stage uses."""
    for kind in ResourceKind:
        name = used(stage, kind)
        if name is not None:
            yield kind, name


def entries(registry: Registry) -> Mapping[ResourceKind, Sequence[Provider | Room | Unit]]:
    """Return whom and what the clinic's file has of each kind."""
    return {
        ResourceKind.PROVIDER: registry.providers,
        ResourceKind.ROOM: registry.rooms,
        ResourceKind.DEVICE: registry.devices,
    }


def called(registry: Registry, kind: ResourceKind, name: str) -> str:
    """Return what people call a provider, room or device."""
    match kind:
        case ResourceKind.PROVIDER:
            return registry.provider(ProviderId(name)).name
        case ResourceKind.ROOM:
            return registry.room(RoomId(name)).name
        case ResourceKind.DEVICE:
            return registry.device(UnitId(name)).name
