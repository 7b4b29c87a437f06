"""What people and metrics see of the link."""

from dataclasses import dataclass
from datetime import datetime

from shared.sync.position import Position


@dataclass(frozen=True, slots=True)
class LinkStatus:
    """The link at a glance.

    Attributes:
        online: the hub has answered on the present connection.
        since: when `online` last changed.
        last_acknowledged_at: when the hub last acknowledged anything.
        acknowledged: last of our events the hub has applied, or None before it has applied any.
        fenced: why the hub refuses this box, or None.
        resent: batches' worth of times that sending had to start again.
        duplicates: events the hub told us it had discarded.
        refused: messages from the broker that could not be opened.
        repeated: events of the hub's log that were known already, and words of a former session.
        sent: events handed to the broker since the start, those sent again included.
    """

    online: bool
    since: datetime
    last_acknowledged_at: datetime | None = None
    acknowledged: Position | None = None
    fenced: str | None = None
    resent: int = 0
    duplicates: int = 0
    refused: int = 0
    repeated: int = 0
    sent: int = 0

    @property
    def acknowledged_seq(self) -> int:
        """The acknowledged event's place in its epoch."""
        return self.acknowledged.seq if self.acknowledged is not None else 0
