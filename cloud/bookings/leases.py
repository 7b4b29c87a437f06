"""The hub's half of lending slots, pure: what a lease is after each event, when it may be sold, when it is over.

What is known of a lease is a join of what both logs say, in any order: a grant, a later end of the grant, one word of
the hub's. So a repeated event, a rebuild, and what boxes hand back to a restored hub all lead to the same row.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo
from enum import StrEnum
from typing import Final

from shared.events.catalogue.slots import SlotClosed, SlotLeased, SlotPart
from shared.http.errors import Conflict
from shared.slots import last_sale, moment


class LeaseState(StrEnum):
    """How far a lease has come. The hub alone decides between the last three, each time once."""

    OFFERED = "offered"
    CLOSED = "closed"
    EXPIRED = "expired"
    RETURNED = "returned"
    SOLD = "sold"


_RANK: Final = {state: rank for rank, state in enumerate(LeaseState)}
_BY_THE_BOX: Final = frozenset({"lapsed", "released"})
_OF_A_SALE: Final = frozenset({"booked", "waiting"})


@dataclass(frozen=True, slots=True)
class Origin:
    """Who lent: the box, the epoch of its log, its clinic."""

    location: str
    device: str
    epoch: str


@dataclass(frozen=True, slots=True)
class Lease:
    """One slot that was lent.

    Attributes:
        origin: who lent it; device and epoch are empty while only the hub's own word about it is known.
        life: the life of the hub that may sell it.
        until: before which moment, in milliseconds since 1970.
        recalled: whether the box wants it back.
        order: of whoever bought it.
        decided_at: when the hub gave its word, in milliseconds since 1970.
        outcome: what the box has made of the sale: `booked` or `waiting`, with start and reason.
    """

    slot: SlotPart
    origin: Origin
    life: str = ""
    until: int = 0
    state: LeaseState = LeaseState.OFFERED
    recalled: bool = False
    order: str = ""
    decided_at: int | None = None
    outcome: str = ""
    start: int | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Standing:
    """Whose leases count now.

    Attributes:
        life: the hub's present one.
        epochs: of each box that may speak, the epoch of its log that it writes now.
        zones: of each clinic.
    """

    life: str
    epochs: Mapping[str, str]
    zones: Mapping[str, tzinfo]

    def confirms(self, lease: Lease) -> bool:
        """Tell whether this life of the hub holds the lease, by the word of a box that still knows it."""
        return lease.life == self.life and self.epochs.get(lease.origin.device) == lease.origin.epoch

    def is_over(self, lease: Lease, now: datetime) -> bool:
        """Tell whether the time to sell a slot is over, by the hub's clock."""
        zone = self.zones.get(lease.origin.location)
        if zone is None:
            return True
        start = moment(lease.slot.day, lease.slot.start, zone)
        return now >= last_sale(start, datetime.fromtimestamp(lease.until / 1000, zone))


# --- what is said -------------------------------------------------------------------------------------
def granted(known: Lease | None, origin: Origin, event: SlotLeased) -> Lease:
    """Return a lease after its grant, which may come after the hub's own word about it."""
    lease = known or Lease(event.slot, origin)
    until = max(lease.until, int(event.until.timestamp() * 1000))
    return replace(lease, slot=event.slot, origin=origin, life=event.hub_epoch, until=until)


def renewed(lease: Lease, until: datetime) -> Lease:
    """Return a lease that lasts longer; an older renewal changes nothing."""
    return replace(lease, until=max(lease.until, int(until.timestamp() * 1000)))


def recalled(lease: Lease) -> Lease:
    """Return a lease that the box wants back."""
    return replace(lease, recalled=True)


def closed(lease: Lease, event: SlotClosed) -> Lease:
    """Return a lease after the box's word on what became of it."""
    if event.outcome in _BY_THE_BOX:
        return _at_least(lease, LeaseState.CLOSED)
    if event.outcome in _OF_A_SALE:
        reason = event.reason.replace("\0", "")
        return replace(lease, outcome=event.outcome, start=event.start, reason=reason)
    return lease  # an echo of the hub's own word


def sold(known: Lease | None, location: str, slot: SlotPart, order: str, at: int) -> Lease:
    """Return a lease after its sale."""
    lease = _at_least(known or Lease(slot, Origin(location, "", "")), LeaseState.SOLD)
    return replace(lease, order=order, decided_at=at)


def ended(known: Lease | None, location: str, slot: SlotPart, state: LeaseState, at: int) -> Lease:
    """Return a lease after the hub's word that it will not be sold; a sale outlives it."""
    lease = known or Lease(slot, Origin(location, "", ""))
    after = _at_least(lease, state)
    return after if after == lease else replace(after, decided_at=at)


def _at_least(lease: Lease, state: LeaseState) -> Lease:
    return replace(lease, state=max(lease.state, state, key=lambda item: _RANK[item]))


# --- what is decided ----------------------------------------------------------------------------------
def collide(one: SlotPart, other: SlotPart) -> bool:
    """Tell whether two slots need somebody or something at the same time."""
    return one.day == other.day and any(
        a.start < b.end
        and b.start < a.end
        and (a.room == b.room or (a.provider or "") == b.provider or (a.device or "") == b.device)
        for a in one.stages
        for b in other.stages
    )


def check_sale(lease: Lease, order: str, now: datetime, standing: Standing, sold: Sequence[Lease] = ()) -> bool:
    """Tell whether a slot is to be sold now; False when this very order has bought it before.

    Args:
        lease: of the slot.
        order: names the purchase.
        now: by the hub's clock.
        standing: whose leases count.
        sold: leases of the same clinic that were sold. A box that was restored has forgotten what it lent, and may
            lend the place again before it hears of the sale.

    Raises:
        Conflict: somebody else has bought it, or it is not to be had any more.
    """
    if lease.state is LeaseState.SOLD:
        if lease.order == order:
            return False
        raise Conflict("slot_sold", "somebody has just bought this slot; choose another one")
    if lease.state is not LeaseState.OFFERED or lease.recalled:
        raise Conflict("slot_ended", "the clinic needs this time itself; choose another slot")
    if not standing.confirms(lease):
        raise Conflict("slot_unconfirmed", "the clinic has not confirmed this slot lately; choose another one")
    if standing.is_over(lease, now):
        raise Conflict("slot_expired", "it is too late to book this slot online; choose another one or call the clinic")
    if any(not other.outcome and collide(other.slot, lease.slot) for other in sold):
        raise Conflict("slot_sold", "somebody has bought this time already; choose another one")
    return True


def is_free(lease: Lease, now: datetime, standing: Standing, sold: Sequence[Lease] = ()) -> bool:
    """Tell whether somebody can buy a slot now."""
    try:
        return lease.state is LeaseState.OFFERED and check_sale(lease, "", now, standing, sold)
    except Conflict:
        return False


def due(lease: Lease, now: datetime, standing: Standing) -> tuple[LeaseState, str] | None:
    """Return the word that is due about a lease, with its reason, or none.

    Of a lease of a former life nothing is said: what that life has sold, this one may have forgotten.
    """
    if lease.state is not LeaseState.OFFERED or lease.life != standing.life:
        return None
    if standing.epochs.get(lease.origin.device) != lease.origin.epoch:
        return LeaseState.RETURNED, "the box has begun its log anew since, or may not speak any more"
    if lease.recalled:
        return LeaseState.RETURNED, "the clinic asked for it"
    if standing.is_over(lease, now):
        return LeaseState.EXPIRED, ""
    return None
