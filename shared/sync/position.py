"""Where in a log somebody stands."""

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
