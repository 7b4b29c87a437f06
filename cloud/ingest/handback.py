"""Takes back what boxes have applied of the hub's own log and a restored hub has forgotten."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection

from cloud.bookings.desk import request_of
from cloud.bookings.lease_rows import OF_THE_HUB, LeaseRows
from cloud.erasure.effects import add_agreed, add_asked
from cloud.ingest.parking import answers_came_first
from cloud.storage.database import Database
from cloud.storage.devices import DeviceRepository, DeviceState
from cloud.storage.down import HUB_DEVICE, DownLog
from cloud.storage.erasures import ErasureRepository
from cloud.storage.hub_epoch import ran_since_restore
from cloud.storage.projections import Projections
from cloud.storage.twins import TwinRepository
from shared.errors import Rejected
from shared.events.catalogue.erasure import ErasureAgreed, ErasureAsked
from shared.events.catalogue.system import BookingRequested
from shared.events.catalogue.twin import ConfigurationDesired
from shared.events.envelope import Event
from shared.events.payload import Catalogue
from shared.ids import DeviceId, LocationId, TenantId
from shared.sync.position import Position
from shared.sync.receiver import Fork, Fresh, judge_batch

# As long as a box may have been away. Later nobody may tell a hub what it is said to have said. Counted in days on
# which the hub ran: the clock of a machine that was just restored may be wrong by years.
_OPEN_MILLISECONDS: Final = 35 * 24 * 3600 * 1000
_MOST_EPOCHS: Final = 100


class HandBackRefused(Rejected):
    """These events are not taken as the hub's own."""


@dataclass(frozen=True, slots=True)
class HandedBack:
    """What a box hands back: events of an epoch of its clinic's log, in order."""

    epoch: str
    first_seq: int
    bodies: Sequence[bytes]


class HandBacks:
    """Continues former epochs of the hub's log with what boxes remember."""

    def __init__(self, database: Database, catalogue: Catalogue) -> None:
        self._database = database
        self._catalogue = catalogue

    def take(self, tenant: TenantId, device: DeviceId, handed: HandedBack) -> tuple[LocationId, int]:
        """Store what was forgotten and let it take effect again; return the clinic and how many events were news.

        Idempotent by `(location, epoch, seq)`: what is known is ignored.

        Raises:
            HandBackRefused: the hub was not restored lately, the device may not speak, or the events do not continue
                a former epoch of its clinic's log; nothing was stored.
        """
        with self._database.write(tenant) as connection:
            ran = ran_since_restore(connection)
            if ran is None or ran > _OPEN_MILLISECONDS:
                raise HandBackRefused("hand_back_closed", "this hub was not restored lately: it knows what it has said")
            record = DeviceRepository(connection, tenant).get(device)
            if record is None or record.state is not DeviceState.ACTIVE:
                raise HandBackRefused("device_refused", "the device is not enrolled, fenced or revoked")
            down = DownLog(connection, tenant)
            fresh = self._judge(down, tenant, record.location, handed)
            if fresh.events:
                down.take_back(record.location, fresh.events)
                apply_down(connection, tenant, fresh.events)
                # A box's answer may have come before the request that it hands back.
                asked = {event.fields.aggregate for event in fresh.events}
                answers_came_first(connection, tenant, self._catalogue, asked)
        return record.location, len(fresh.events)

    def _judge(self, down: DownLog, tenant: TenantId, location: LocationId, handed: HandedBack) -> Fresh:
        ends = {end.epoch: end for end in down.ends(location)}
        head = down.head(location)
        if head is None or handed.epoch == head.epoch or len(ends) > _MOST_EPOCHS:
            raise HandBackRefused("hand_back_misplaced", "only former epochs of the hub's log are taken back")
        verdict = judge_batch(
            ends.get(handed.epoch, Position(handed.epoch)),
            handed.first_seq,
            handed.bodies,
            lambda seq: down.hash_at(location, handed.epoch, seq),
            HUB_DEVICE,
        )
        if isinstance(verdict, Fork):
            raise HandBackRefused("hand_back_contradicts", f"{verdict.reason}; look at the box's log")
        if not isinstance(verdict, Fresh):
            raise HandBackRefused("hand_back_gap", f"event {verdict.missing_seq} is missing before these")
        for event in verdict.events:
            self._check(event, tenant, location)
        return verdict

    def _check(self, event: Event, tenant: TenantId, location: LocationId) -> None:
        fields = event.fields
        if (fields.tenant, fields.location) != (tenant, location):
            raise HandBackRefused("hand_back_misplaced", "an event belongs to another clinic")
        self._catalogue.check(fields.type, fields.schema_version, fields.payload)


def apply_down(connection: Connection, tenant: TenantId, events: Sequence[Event]) -> None:
    """Let events of the hub's own log have their effect on the hub's rows; idempotent by what they are about."""
    projections = Projections(connection, tenant)
    for event in events:
        if event.fields.type == BookingRequested.event_type:
            projections.add_request(request_of(event))
        elif event.fields.type == ConfigurationDesired.event_type:
            TwinRepository(connection, tenant).want(event)
        elif event.fields.type == ErasureAsked.event_type:
            add_asked(ErasureRepository(connection, tenant), event)
        elif event.fields.type in OF_THE_HUB:
            LeaseRows(connection, tenant).apply_down(event)
        elif event.fields.type == ErasureAgreed.event_type:
            add_agreed(ErasureRepository(connection, tenant), event)
