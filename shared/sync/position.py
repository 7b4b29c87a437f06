"""Where in a log somebody stands."""

from collections.abc import Sequence
from dataclasses import dataclass

from shared.events.envelope import GENESIS_HASH
from shared.wire import medspa_pb2 as wire


@dataclass(frozen=True, slots=True)
class Position:
    """The last event of an epoch that was written or applied; `seq` 0 stands before the first."""

    epoch: str
    seq: int = 0
    hash: str = GENESIS_HASH

    def to_wire(self) -> wire.Position:
        """Return the protobuf form."""
        return wire.Position(epoch=self.epoch, seq=self.seq, hash=self.hash)

    @classmethod
    def from_wire(cls, message: wire.Position) -> "Position":
        """Read the protobuf form; an absent hash stands for the genesis hash."""
        return cls(message.epoch, message.seq, message.hash or GENESIS_HASH)


def place_of(position: Position | None, epochs: Sequence[Position]) -> int:
    """Return which of a log's epochs a position stands in, by index; the first when it stands in none."""
    names = [end.epoch for end in epochs]
    return names.index(position.epoch) if position is not None and position.epoch in names else 0


def count_behind(position: Position | None, epochs: Sequence[Position]) -> int:
    """Return how many events of a log come after a position.

    Args:
        position: how far somebody has come, or None for not at all.
        epochs: the end of each epoch of the log, oldest first.
    """
    at = place_of(position, epochs)
    total = sum(end.seq for end in epochs[at:])
    return total - min(position.seq, epochs[at].seq) if position is not None and _stands_in(position, epochs) else total


def _stands_in(position: Position, epochs: Sequence[Position]) -> bool:
    return any(end.epoch == position.epoch for end in epochs)
