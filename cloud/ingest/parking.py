"""What a person does about events set aside: try again, or do without one so that those behind it go on."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from cloud.ingest.applier import Applier
from cloud.storage.database import Database
from cloud.storage.log import EventLog
from cloud.storage.parked import Decision, ParkedEvents, ParkedPlace
from cloud.storage.times import to_milliseconds
from shared.clock import Clock
from shared.errors import Rejected
from shared.events.payload import Catalogue
from shared.http.errors import NotFound
from shared.ids import EventId, TenantId


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a decision: events applied now, and events that are set aside still."""

    applied: int
    set_aside: int


class ParkedDesk:
    """Decides about set-aside events; each decision is recorded in the transaction that carries it out."""

    def __init__(self, database: Database, catalogue: Catalogue, clock: Clock) -> None:
        self._database = database
        self._catalogue = catalogue
        self._clock = clock

    def list(self, tenant: TenantId) -> Sequence[ParkedPlace]:
        """Return the events that were set aside, oldest first, without those that wait behind them."""
        with self._database.read(tenant) as connection:
            return ParkedEvents(connection, tenant).heads()

    def replay(self, tenant: TenantId, event: EventId, actor: str) -> Outcome:
        """Try an event and those behind it again; what still cannot be applied is set aside again.

        Raises:
            NotFound: it is not set aside, or waits behind another one.
        """
        return self._decide(tenant, event, Decision.REPLAYED, actor, "")

    def skip(self, tenant: TenantId, event: EventId, actor: str, reason: str) -> Outcome:
        """Do without an event's effect, for good, and apply those behind it; the event itself stays in its log.

        Raises:
            NotFound: it is not set aside, or waits behind another one.
            Rejected: no reason is given.
        """
        if not reason.strip():
            raise Rejected("reason_missing", "say why this event is to have no effect")
        return self._decide(tenant, event, Decision.SKIPPED, actor, reason)

    def _decide(self, tenant: TenantId, event: EventId, decision: Decision, actor: str, reason: str) -> Outcome:
        with self._database.write(tenant) as connection:
            parked = ParkedEvents(connection, tenant)
            places = parked.take(event)
            if not places:
                raise NotFound("not_set_aside", "no such event is set aside; it may have been decided already")
            parked.decide(event, decision, actor, reason, to_milliseconds(self._clock.wall()))
            due = places if decision is Decision.REPLAYED else places[1:]
            left = self._apply(connection, tenant, due)
        return Outcome(len(due) - left, left)

    def _apply(self, connection: Connection, tenant: TenantId, places: Sequence[ParkedPlace]) -> int:
        log, applier = EventLog(connection, tenant), Applier(connection, tenant, self._catalogue)
        left = 0
        for place in places:
            event = log.event(place.device, place.epoch, place.seq)
            left += applier.apply(place.device, [event], place.parked_at)
        return left
