"""Events set aside, tried again: by a person, who may also do without one, or when what they waited for has come."""

from collections.abc import Container, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from cloud.ingest.applier import Applier
from cloud.storage.database import Database
from cloud.storage.log import EventLog
from cloud.storage.parked import Decision, ParkedEvents, ParkedPlace
from cloud.storage.times import to_milliseconds
from shared.clock import Clock
from shared.errors import Rejected
from shared.events.catalogue.slots import SlotClosed
from shared.events.catalogue.system import BookingAnswered
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
            left = apply_again(connection, tenant, self._catalogue, due)
        return Outcome(len(due) - left, left)


def answers_came_first(connection: Connection, tenant: TenantId, catalogue: Catalogue, asked: Container[str]) -> None:
    """Apply what was set aside because it answers these aggregates' requests and came before them.

    Idempotent: what was applied is not set aside any more.
    """
    parked = ParkedEvents(connection, tenant)
    for head in parked.heads():
        answers = head.aggregate in asked and head.type == BookingAnswered.event_type
        # What became of a sold slot is said in the stream of its day, whatever lease it is about.
        if answers or head.type == SlotClosed.event_type:
            apply_again(connection, tenant, catalogue, parked.take(head.event))


def apply_again(connection: Connection, tenant: TenantId, catalogue: Catalogue, places: Sequence[ParkedPlace]) -> int:
    """Apply events that were set aside, and return how many are set aside again."""
    log, applier = EventLog(connection, tenant), Applier(connection, tenant, catalogue)
    left = 0
    for place in places:
        event = log.event(place.device, place.epoch, place.seq)
        left += applier.apply(place.device, [event], place.parked_at)
    return left
