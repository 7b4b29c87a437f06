"""Sells the slots that boxes have lent, at once and for good, and tells the boxes how each lease ended."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from cloud.bookings import leases
from cloud.bookings.lease_rows import LeaseRows
from cloud.bookings.leases import Lease, LeaseState
from cloud.fleet.keys import TenantKeys
from cloud.ingest.down_writer import DownWriter
from cloud.storage.database import Database
from cloud.storage.tables import booking_contacts
from cloud.storage.upsert import put
from shared.clock import Clock
from shared.crypto.aead import seal
from shared.events.catalogue.slots import SlotExpired, SlotReturned, SlotSold
from shared.events.envelope import EventDraft
from shared.events.payload import PayloadModel
from shared.http.errors import NotFound
from shared.ids import IdSource, LocationId, TenantId
from shared.worker import Worker, in_turn

_SETTLE_SECONDS: Final = 5.0
_STOP_SECONDS: Final = 10.0


@dataclass(frozen=True, slots=True)
class Purchase:
    """Who buys which slot; name and phone are kept sealed and are in no event.

    `order` names the purchase: the same one may be asked for again after a lost answer, and buys once.
    """

    lease: str
    order: str
    client_name: str
    phone: str | None
    actor: str


class SlotSales:
    """The slots of one hub's tenants."""

    def __init__(
        self, database: Database, keys: TenantKeys, clock: Clock, ids: IdSource, wake: Callable[[], None]
    ) -> None:
        self._database = database
        self._keys = keys
        self._clock = clock
        self._wake = wake
        self._down = DownWriter(clock, ids)

    def free(self, tenant: TenantId) -> list[Lease]:
        """Return the slots that can be bought now, by day."""
        with self._database.read(tenant) as connection:
            rows, now = LeaseRows(connection, tenant), self._clock.wall()
            standing = rows.standing()
            offered = rows.offered()
            sold = {place: rows.unanswered(place) for place in {lease.origin.location for lease in offered}}
            return [lease for lease in offered if leases.is_free(lease, now, standing, sold[lease.origin.location])]

    def sold(self, tenant: TenantId) -> list[Lease]:
        """Return the latest sales, latest first, each with what the box has made of it."""
        with self._database.read(tenant) as connection:
            return LeaseRows(connection, tenant).sold()

    def sell(self, tenant: TenantId, purchase: Purchase) -> Lease:
        """Sell a slot and queue the sale for the clinic's box, in one transaction; whether the box is reached or not.

        Idempotent by the lease and the order.

        Raises:
            NotFound: the tenant has no such slot.
            Conflict: somebody else has bought it, or it is not to be had any more; nothing was sold.
        """
        with self._database.write(tenant) as connection:
            rows = LeaseRows(connection, tenant)
            lease = rows.get(purchase.lease, for_update=True)
            if lease is None:
                raise NotFound("unknown_slot", "there is no such slot")
            sold = rows.unanswered(lease.origin.location)
            if not leases.check_sale(lease, purchase.order, self._clock.wall(), rows.standing(), sold):
                return lease
            word = SlotSold(slot=lease.slot, hub_epoch=lease.life, order=purchase.order)
            draft = EventDraft(f"slot/{purchase.lease}", word, purchase.actor, "booking")
            event = self._down.append(connection, tenant, LocationId(lease.origin.location), draft)
            lease = rows.apply_down(event)
            contact = json.dumps({"name": purchase.client_name, "phone": purchase.phone}).encode()
            sealed = seal(self._keys.contacts(tenant), contact, f"booking-contact/{purchase.lease}".encode())
            put(connection, booking_contacts, {"tenant": tenant, "request": purchase.lease}, {"sealed": sealed})
        self._wake()
        return lease

    def settle(self, tenant: TenantId) -> int:
        """Give the word that is due about each lease: expired, or given back; return how many there were.

        Idempotent: a word that was given ends the lease.
        """
        with self._database.read(tenant) as connection:
            if not self._due(LeaseRows(connection, tenant).offered(), LeaseRows(connection, tenant)):
                return 0
        with self._database.write(tenant) as connection:
            rows = LeaseRows(connection, tenant)
            words = self._due(rows.offered(for_update=True), rows)
            for lease, word in words:
                draft = EventDraft(f"slot/{lease.slot.lease}", word, "hub", "booking")
                rows.apply_down(self._down.append(connection, tenant, LocationId(lease.origin.location), draft))
        if words:
            self._wake()
        return len(words)

    def _due(self, offered: Sequence[Lease], rows: LeaseRows) -> list[tuple[Lease, PayloadModel]]:
        now, standing = self._clock.wall(), rows.standing()
        words: list[tuple[Lease, PayloadModel]] = []
        for lease in offered:
            word = leases.due(lease, now, standing)
            if word is None:
                continue
            state, reason = word
            returned = state is LeaseState.RETURNED
            words.append(
                (lease, SlotReturned(slot=lease.slot, reason=reason) if returned else SlotExpired(slot=lease.slot))
            )
        return words


class LeaseKeeper:
    """Gives the words that are due, tenant by tenant, on a thread of its own; any number of hub processes may."""

    def __init__(self, sales: SlotSales, tenants: Sequence[TenantId]) -> None:
        self._sales = sales
        self._worker = Worker("leases", lambda: in_turn(self._settle, tenants), every=_SETTLE_SECONDS)

    def start(self) -> None:
        """Begin."""
        self._worker.start()

    def stop(self) -> None:
        """Finish the step in hand and stop."""
        self._worker.stop(_STOP_SECONDS)

    def _settle(self, tenant: TenantId) -> None:
        self._sales.settle(tenant)
