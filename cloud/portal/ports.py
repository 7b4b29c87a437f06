"""What the portal needs from the hub. Functions are called on worker threads and may block.

Each may raise a `shared.errors.MedSpaError`, those of `shared.http.errors` included; every answer is
about the viewer's tenant only.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from prometheus_client import CollectorRegistry

from cloud.portal.schemas import (
    Activity,
    Alerts,
    AuditAlert,
    BookingRequest,
    BookingRequests,
    Erasure,
    Erasures,
    Fleet,
    NewBookingRequest,
    NewErasure,
    NewSlotSale,
    Parked,
    ParkedOutcome,
    Slots,
    SoldSlot,
    Summary,
)


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who looks at the portal, and whose clinics they may see."""

    id: str
    name: str
    tenant: str


class ViewerPort(Protocol):
    """Tells who is asking."""

    def viewer(self, headers: Mapping[str, str]) -> Viewer:
        """Return who asks, from the request's headers (lower-case names).

        Raises:
            Unauthenticated: nobody is signed in.
        """
        ...


class FleetPort(Protocol):
    """Clinics, boxes and what they did."""

    def fleet(self, viewer: Viewer) -> Fleet:
        """Return every clinic and box of the viewer's tenant."""
        ...

    def activity(self, viewer: Viewer, days: int) -> Activity:
        """Return captures and findings of the last `days` days, today included."""
        ...

    def parked(self, viewer: Viewer) -> Parked:
        """Return the events set aside."""
        ...

    def summary(self, viewer: Viewer) -> Summary:
        """Return today's totals."""
        ...


class BookingsPort(Protocol):
    """Booking requests to the clinics."""

    def request(self, new: NewBookingRequest, viewer: Viewer) -> BookingRequest:
        """Record a request and queue it for the clinic's box.

        Raises:
            NotFound: no such location in the viewer's tenant.
            Refused: the location does not offer the service, or the window has passed.
        """
        ...

    def requests(self, viewer: Viewer) -> BookingRequests:
        """Return the latest requests and the services that can be asked for."""
        ...

    def slots(self, viewer: Viewer) -> Slots:
        """Return the slots that can be bought now, and the latest sales."""
        ...

    def sell(self, slot: str, sale: NewSlotSale, viewer: Viewer) -> SoldSlot:
        """Sell a slot at once and for good.

        Raises:
            NotFound: the viewer's tenant has no such slot.
            Conflict: somebody else has bought it, or it is not to be had any more.
        """
        ...


class ParkedPort(Protocol):
    """Decisions about events set aside."""

    def replay(self, event: str, viewer: Viewer) -> ParkedOutcome:
        """Try an event and those behind it again.

        Raises:
            NotFound: it is not set aside in the viewer's tenant.
        """
        ...

    def skip(self, event: str, reason: str, viewer: Viewer) -> ParkedOutcome:
        """Do without an event's effect and apply those behind it.

        Raises:
            NotFound: it is not set aside in the viewer's tenant.
            Rejected: the reason is empty.
        """
        ...


class ErasuresPort(Protocol):
    """Requests to delete clients, and the receipts that prove it."""

    def erasures(self, viewer: Viewer) -> Erasures:
        """Return every request of the viewer's tenant, latest first."""
        ...

    def request(self, new: NewErasure, viewer: Viewer) -> Erasure:
        """Ask the client's clinic to delete them.

        Raises:
            NotFound: no clinic of the tenant has registered this client.
            Conflict: the client is deleted already.
        """
        ...

    def approve(self, request: str, viewer: Viewer) -> Erasure:
        """Approve what another person of the portal has asked for.

        Raises:
            NotFound: there is no such request.
            Conflict: it was made at the clinic.
            SamePerson, AlreadyDecided: the viewer may not decide on it.
        """
        ...

    def receipt(self, client: str, viewer: Viewer) -> str:
        """Return the signed receipt of a client's deletion, as the file that is checked.

        Raises:
            NotFound: there is none, or not yet.
        """
        ...


class AlertsPort(Protocol):
    """Alerts raised from the audit stream."""

    def alerts(self, viewer: Viewer) -> Alerts:
        """Return alerts, those that wait for a person first."""
        ...

    def acknowledge(self, alert: str, note: str, viewer: Viewer) -> AuditAlert:
        """Note what a person found.

        Raises:
            NotFound: the viewer's tenant has no such alert.
            Conflict: somebody acknowledged it before.
        """
        ...


class ReadinessPort(Protocol):
    """Whether the hub can do its work."""

    def parts(self) -> Mapping[str, bool]:
        """Return each part the hub needs and whether it works now."""
        ...


@dataclass(frozen=True, slots=True)
class PortalPorts:
    """Everything `create_portal_api` and `portal_router` need."""

    viewers: ViewerPort
    fleet: FleetPort
    bookings: BookingsPort
    parked: ParkedPort
    erasures: ErasuresPort
    alerts: AlertsPort
    readiness: ReadinessPort
    metrics: CollectorRegistry
