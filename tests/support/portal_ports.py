"""A hub's application in memory behind the portal's ports."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta

from prometheus_client import CollectorRegistry

from cloud.audit.rules import AlertKind
from cloud.portal import schemas as p
from cloud.portal.ports import PortalPorts, Viewer
from shared.erasure.rules import ErasureState, check_decision
from shared.http.errors import Conflict, NotFound, Unauthenticated
from shared.vocabulary import ErasureReason, LegalBasis

NOW = datetime(2031, 3, 12, 16, 40, tzinfo=UTC)
ZONE = "America/New_York"


class FakeViewers:
    """One signed-in owner, or nobody when a test says so."""

    signed_in = True

    def viewer(self, headers: Mapping[str, str]) -> Viewer:
        if not self.signed_in:
            raise Unauthenticated("not_signed_in", "Please sign in.")
        return Viewer(id="owner-1", name="Pat", tenant="coastal")


def box(number: int, *, online: bool = True, lag: int = 0, alarm: str | None = None) -> p.Device:
    """A box in the state asked for."""
    return p.Device(
        id=f"box-{number}",
        name="Front room",
        online=online,
        since=NOW - timedelta(hours=2),
        last_contact_at=NOW - timedelta(seconds=4 if online else 5400),
        lag_events=lag,
        lag_seconds=lag * 2.5,
        blobs_missing=lag // 40,
        fenced=alarm is not None,
        alarm=alarm,
        versions=[p.ComponentVersion(name="medspasync", version="0.1.0")],
    )


class FakeFleet:
    """Three clinics: healthy, offline, and held for review."""

    def fleet(self, viewer: Viewer) -> p.Fleet:
        alarm = "This box holds less than the hub has already. Confirm that it was restored from a backup."
        places = [
            ("harbor", "Harbor Street", box(1)),
            ("park", "Park Avenue", box(2, online=False, lag=412)),
            ("mill", "Mill Lane", box(3, alarm=alarm)),
        ]
        return p.Fleet(
            now=NOW,
            locations=[p.Location(id=i, name=n, timezone=ZONE, devices=[device]) for i, n, device in places],
        )

    def activity(self, viewer: Viewer, days: int) -> p.Activity:
        last = date(2031, 3, 12)
        rows = [
            p.ActivityRow(
                day=last - timedelta(days=back),
                location_id=place,
                captures=6 + (back * 7 + i * 5) % 11,
                findings=19 + (back * 13 + i * 17) % 31,
            )
            for back in range(days)
            for i, place in enumerate(("harbor", "park", "mill"))
        ]
        return p.Activity(first_day=last - timedelta(days=days - 1), last_day=last, rows=rows)

    def __init__(self) -> None:
        self.waiting = [
            p.ParkedEvent(
                id="parked-1",
                location_id="mill",
                device_id="box-3",
                seq=8123,
                type="treatment.noted",
                reason="The hub does not know version 3 of this event yet.",
                action="Update the hub; it is applied by itself then.",
                parked_at=NOW,
                waiting=2,
            )
        ]

    def parked(self, viewer: Viewer) -> p.Parked:
        return p.Parked(items=self.waiting)

    def summary(self, viewer: Viewer) -> p.Summary:
        return p.Summary(
            now=NOW,
            tenant_name="Coastal Skin Group",
            locations=3,
            devices=3,
            devices_online=2,
            captures_today=41,
            findings_today=128,
            replans_today=3,
            events_today=1874,
            parked=1,
        )


class FakeBookings:
    """Requests in a list, and one slot that can be bought."""

    def __init__(self) -> None:
        start = NOW + timedelta(days=1)
        self.lent = [
            p.Slot(
                id="slot-1", location_id="harbor", service="facial", starts_at=start, ends_at=start + timedelta(hours=1)
            )
        ]
        self.sold: list[p.SoldSlot] = []
        self.orders: dict[str, str] = {}
        self.items = [
            p.BookingRequest(
                id="request-1",
                location_id="harbor",
                service="Facial",
                wanted_from=NOW,
                requested_at=NOW,
                wanted_until=NOW + timedelta(hours=2),
                state=p.BookingState.ACCEPTED,
                starts_at=NOW,
            ),
            p.BookingRequest(
                id="request-2",
                location_id="park",
                service="Laser",
                wanted_from=NOW,
                requested_at=NOW,
                wanted_until=NOW + timedelta(hours=2),
                state=p.BookingState.DECLINED,
                reason="No laser room is free then.",
            ),
        ]

    def request(self, new: p.NewBookingRequest, viewer: Viewer) -> p.BookingRequest:
        if new.location_id not in ("harbor", "park", "mill"):
            raise NotFound("no_such_location", "This clinic is not in your group.")
        made = p.BookingRequest(
            id=f"request-{len(self.items) + 1}",
            location_id=new.location_id,
            service=new.service,
            wanted_from=new.wanted_from,
            wanted_until=new.wanted_until,
            requested_at=NOW,
            state=p.BookingState.TENTATIVE,
        )
        self.items.insert(0, made)
        return made

    def requests(self, viewer: Viewer) -> p.BookingRequests:
        services = ["Facial", "Laser", "Peel"]
        return p.BookingRequests(items=self.items, services={"harbor": services, "park": services, "mill": services})

    def slots(self, viewer: Viewer) -> p.Slots:
        free = [slot for slot in self.lent if all(slot.id != sold.id for sold in self.sold)]
        return p.Slots(free=free, sold=self.sold)

    def sell(self, slot: str, sale: p.NewSlotSale, viewer: Viewer) -> p.SoldSlot:
        found = next((item for item in self.lent if item.id == slot), None)
        if found is None:
            raise NotFound("unknown_slot", "There is no such slot.")
        if self.orders.setdefault(slot, sale.order) != sale.order:
            raise Conflict("slot_sold", "Somebody has just bought this slot. Choose another one.")
        made = p.SoldSlot(**found.model_dump(), sold_at=NOW, outcome=p.SlotOutcome.SOLD)
        self.sold = [made]
        return made


class FakeParked:
    """Decisions about the fleet's set-aside events; a replay never helps."""

    def __init__(self, fleet: FakeFleet) -> None:
        self.fleet = fleet
        self.reasons: list[str] = []

    def replay(self, event: str, viewer: Viewer) -> p.ParkedOutcome:
        found = self._find(event)
        return p.ParkedOutcome(applied=0, set_aside=1 + found.waiting)

    def skip(self, event: str, reason: str, viewer: Viewer) -> p.ParkedOutcome:
        found = self._find(event)
        self.fleet.waiting.remove(found)
        self.reasons.append(reason)
        return p.ParkedOutcome(applied=found.waiting, set_aside=0)

    def _find(self, event: str) -> p.ParkedEvent:
        found = next((item for item in self.fleet.waiting if item.id == event), None)
        if found is None:
            raise NotFound("not_set_aside", "No such event is set aside.")
        return found


class FakeErasures:
    """Requests to delete clients: one waits for the viewer, one is proven."""

    def __init__(self) -> None:
        self.items = [
            p.Erasure(
                id="erasure-2",
                client_id="client-31",
                location_id="harbor",
                reason=ErasureReason.CONSENT_WITHDRAWN,
                legal_basis=LegalBasis.GDPR_ARTICLE_17,
                requested_by="compliance-2",
                requested_at=NOW - timedelta(hours=1),
                state=ErasureState.REQUESTED,
                may_approve=True,
            ),
            p.Erasure(
                id="erasure-1",
                client_id="client-7",
                location_id="harbor",
                reason=ErasureReason.CLIENT_ASKED,
                legal_basis=LegalBasis.CCPA_RIGHT_TO_DELETE,
                requested_by="anna",
                requested_at=NOW - timedelta(days=2),
                state=ErasureState.CONFIRMED,
                decided_by="ben",
                erased_at=NOW - timedelta(days=1),
                receipt_at=NOW - timedelta(days=1),
                may_approve=False,
            ),
        ]

    def erasures(self, viewer: Viewer) -> p.Erasures:
        return p.Erasures(items=self.items)

    def request(self, new: p.NewErasure, viewer: Viewer) -> p.Erasure:
        if new.client_id == "nobody":
            raise NotFound("unknown_client", "No clinic of yours has registered a client with this number.")
        made = p.Erasure(
            id=f"erasure-{len(self.items) + 1}",
            client_id=new.client_id,
            location_id="harbor",
            reason=new.reason,
            legal_basis=new.legal_basis,
            requested_by=viewer.id,
            requested_at=NOW,
            state=ErasureState.REQUESTED,
            may_approve=False,
        )
        self.items.insert(0, made)
        return made

    def approve(self, request: str, viewer: Viewer) -> p.Erasure:
        found = next((item for item in self.items if item.id == request), None)
        if found is None:
            raise NotFound("unknown_request", "There is no such request.")
        check_decision(found.state, found.requested_by, viewer.id)
        changes = {"state": ErasureState.APPROVED, "decided_by": viewer.id, "may_approve": False}
        done = found.model_copy(update=changes)
        self.items[self.items.index(found)] = done
        return done

    def receipt(self, client: str, viewer: Viewer) -> str:
        if client != "client-7":
            raise NotFound("no_receipt", "There is no receipt yet: the deletion is not complete.")
        return '{"receipt": {}}\n'


class FakeAlerts:
    """One alert that waits until somebody has looked."""

    def __init__(self) -> None:
        self.items = [
            p.AuditAlert(
                id="alert-1",
                location_id="harbor",
                kind=AlertKind.MASS_READS,
                actor="staff-7",
                day=NOW.date(),
                sentence="212 photographs opened in a day; from 60 on it is unusual for this person.",
                first_at=NOW,
                last_at=NOW,
            )
        ]

    def alerts(self, viewer: Viewer) -> p.Alerts:
        return p.Alerts(waiting=sum(item.acknowledged_at is None for item in self.items), items=self.items)

    def acknowledge(self, alert: str, note: str, viewer: Viewer) -> p.AuditAlert:
        found = next((item for item in self.items if item.id == alert), None)
        if found is None:
            raise NotFound("no_such_alert", "There is no such alert.")
        word = {"acknowledged_at": NOW, "acknowledged_by": viewer.id, "note": note}
        self.items = [found.model_copy(update=word)]
        return self.items[0]


class FakeReadiness:
    """A hub that works."""

    def parts(self) -> Mapping[str, bool]:
        return {"database": True}


def fake_portal_ports() -> PortalPorts:
    """A whole hub in memory; the fakes are reachable through the ports' fields."""
    fleet = FakeFleet()
    return PortalPorts(
        viewers=FakeViewers(),
        fleet=fleet,
        bookings=FakeBookings(),
        parked=FakeParked(fleet),
        erasures=FakeErasures(),
        alerts=FakeAlerts(),
        readiness=FakeReadiness(),
        metrics=CollectorRegistry(),
    )
