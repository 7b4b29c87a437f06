"""What the box's HTTP surface needs from the application.

Functions without `async` are called on a worker thread, never on the event loop, and may block on the
store. Each may raise any `shared.errors.MedSpaError`: `NotFound`, `Conflict`, `Refused` and
`Unauthenticated` are in `shared.http.errors`, `Retryable` answers 503. Anything else is a defect and
answers 500 with no detail.
"""

from dataclasses import dataclass

from prometheus_client import CollectorRegistry

from edge.api.ports.kiosk import KioskPort, KioskSession, PreviewFrame
from edge.api.ports.people import Actor, ActorPort, Authorise, SignInPort
from edge.api.ports.record import (
    CapturesPort,
    ClientsPort,
    ConsentPort,
    ErasuresPort,
    ProgressPort,
    ReviewPort,
    StatusPort,
)
from edge.api.ports.schedule import ChecklistPort, ClearancesPort, RegistryPort, SchedulePort, WaitlistPort

__all__ = [
    "Actor",
    "ActorPort",
    "Authorise",
    "CapturesPort",
    "ChecklistPort",
    "ClearancesPort",
    "ClientsPort",
    "ConsentPort",
    "EdgePorts",
    "ErasuresPort",
    "KioskPort",
    "KioskSession",
    "PreviewFrame",
    "ProgressPort",
    "RegistryPort",
    "ReviewPort",
    "SchedulePort",
    "SignInPort",
    "StatusPort",
    "WaitlistPort",
]


@dataclass(frozen=True, slots=True)
class EdgePorts:
    """Everything `create_edge_api` needs."""

    actors: ActorPort
    sign_in: SignInPort
    status: StatusPort
    clients: ClientsPort
    consent: ConsentPort
    captures: CapturesPort
    schedule: SchedulePort
    clearances: ClearancesPort
    checklist: ChecklistPort
    waitlist: WaitlistPort
    registry: RegistryPort
    review: ReviewPort
    progress: ProgressPort
    erasures: ErasuresPort
    kiosk: KioskPort
    metrics: CollectorRegistry
