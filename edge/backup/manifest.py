"""What one version of a backup consists of; sealed, and written last."""

from datetime import datetime
from typing import Final

from pydantic import BaseModel, ConfigDict, Field

from edge.store.events import BoxIdentity
from shared.ids import DeviceId, LocationId, TenantId
from shared.sync.position import Position

FORMAT: Final = 1


class _Part(BaseModel):
    # A newer version may have added fields; what it must not change without a new format is what is here.
    model_config = ConfigDict(frozen=True, extra="ignore")


class Place(_Part):
    """An event's place in the log."""

    epoch: str
    seq: int
    hash: str

    @classmethod
    def of(cls, position: Position) -> "Place":
        """Return the place of a position."""
        return cls(epoch=position.epoch, seq=position.seq, hash=position.hash)

    def position(self) -> Position:
        """Return the position at this place."""
        return Position(self.epoch, self.seq, self.hash)


class Segment(_Part):
    """A sealed run of the log."""

    name: str
    count: int
    size: int = Field(description="Bytes of its events.")
    last: Place


class ImageList(_Part):
    """A sealed list of the images that one run has copied."""

    name: str
    count: int


class State(_Part):
    """Every row that is neither event nor derived from events, sealed."""

    name: str
    digest: str


class Manifest(_Part):
    """One version of the backup; whole by itself, though versions share their parts."""

    format: int = Field(default=FORMAT)
    number: int
    made_at: datetime
    software: str
    schema_version: int
    tenant: str
    location: str
    device: str
    head: Place
    segments: tuple[Segment, ...]
    images: tuple[ImageList, ...]
    state: State

    @property
    def events(self) -> int:
        """How many events it holds."""
        return sum(segment.count for segment in self.segments)

    @property
    def last(self) -> Position | None:
        """The last event it holds, or None of an empty log."""
        return self.segments[-1].last.position() if self.segments else None

    def identity(self) -> BoxIdentity:
        """Return whose backup it is."""
        return BoxIdentity(TenantId(self.tenant), LocationId(self.location), DeviceId(self.device))

    def objects(self) -> set[str]:
        """Return the names of the sealed parts."""
        return {*(part.name for part in self.segments), *(part.name for part in self.images), self.state.name}
