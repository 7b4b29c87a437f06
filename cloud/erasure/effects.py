"""What a box's events mean for deleting clients: whose a photograph is, what must not stay, what is deleted.

Nothing is destroyed here. What is due is written in the transaction that applies the event, and done by `eraser.py`.
"""

from collections.abc import Iterable
from typing import Any, Final

from sqlalchemy import Connection

from cloud.erasure.rules import KnownDecision, withdrawn_at
from cloud.storage.erasures import ERASED, WITHDRAWN, ErasureRepository, Taken
from cloud.storage.projections import Projections
from cloud.storage.times import to_milliseconds
from shared.erasure.rules import ErasureState
from shared.events.catalogue.capture import CaptureStored
from shared.events.catalogue.client import ClientRegistered
from shared.events.catalogue.consent import ConsentRecorded, ConsentWithdrawn
from shared.events.catalogue.erasure import (
    ClientErased,
    ErasureApproved,
    ErasureReceiptKept,
    ErasureRefused,
    ErasureRequested,
    ImagesShredded,
)
from shared.events.envelope import Event
from shared.ids import TenantId
from shared.vocabulary import ConsentDecision, ConsentPurpose

CLINIC: Final = "clinic"
PORTAL: Final = "portal"
_DECISIONS: Final = frozenset({ConsentRecorded.event_type, ConsentWithdrawn.event_type})
_OF_CONSEQUENCE: Final = _DECISIONS | {
    payload.event_type
    for payload in (
        ClientRegistered,
        CaptureStored,
        ImagesShredded,
        ClientErased,
        ErasureRequested,
        ErasureApproved,
        ErasureRefused,
        ErasureReceiptKept,
    )
}


class ErasureEffects:
    """Applies events to what is known about one tenant's deletions, inside the caller's transaction."""

    def __init__(self, connection: Connection, tenant: TenantId, projections: Projections) -> None:
        self._known = ErasureRepository(connection, tenant)
        self._projections = projections
        self._photographs: list[Event] = []
        self._deleted: set[str] = set()
        self._decided: dict[str, list[KnownDecision]] = {}

    def apply(self, applied: Iterable[Event]) -> None:
        """Apply events whose own effects are written. Idempotent by the event, the capture, or the client."""
        due = [event for event in applied if event.fields.type in _OF_CONSEQUENCE]
        clients = {event.fields.client for event in due if event.fields.client is not None}
        # Most of a backlog is photographs: what is asked for each of them is read once, and kept as events change it.
        self._deleted, self._decided = self._known.deleted_among(clients), self._known.decisions_of(clients)
        for event in due:
            self._apply(event)
        self._add_photographs()

    def _apply(self, event: Event) -> None:
        fields = event.fields
        match fields.type:
            case ClientRegistered.event_type if fields.client is not None:
                self._known.add_client(fields.client, fields.location)
            case CaptureStored.event_type if fields.client is not None:
                self._photograph(event, fields.client)
            case kind if kind in _DECISIONS and fields.client is not None:
                self._decision(event, fields.client)
            case ImagesShredded.event_type:
                self._shred(event, fields.payload["images"], fields.payload["client"], ERASED)
            case ClientErased.event_type:
                self._erased(event)
            case _:
                self._request(event)

    def _photograph(self, event: Event, client: str) -> None:
        self._photographs.append(event)
        names = [str(image["name"]) for image in event.fields.payload["images"]]
        if client in self._deleted:
            self._shred(event, names, client, ERASED)
        elif withdrawn_at(self._decided.get(client, ()), event.fields.hlc):
            self._shred(event, names, client, WITHDRAWN)

    def _decision(self, event: Event, client: str) -> None:
        fields, payload = event.fields, event.fields.payload
        if payload["purpose"] != ConsentPurpose.TREATMENT_RECORD:
            return
        granted = payload.get("decision") == ConsentDecision.GRANTED
        supersedes = frozenset(map(str, payload.get("supersedes", ())))
        decision = KnownDecision(fields.id, granted, fields.hlc, supersedes)
        known = self._decided.setdefault(client, [])
        if all(item.event != decision.event for item in known):
            self._known.add_decision(client, decision)
            known.append(decision)
        if granted:
            return
        # Another box may have taken photographs after it, and told of them first.
        for item in self._taken(client):
            if withdrawn_at(known, item.hlc):
                self._shred(event, item.images, client, WITHDRAWN)

    def _erased(self, event: Event) -> None:
        fields, payload = event.fields, event.fields.payload
        client = str(payload["client"])
        values: dict[str, Any] = {
            "request": payload["request"],
            "location": fields.location,
            "device": fields.device,
            "reason": payload["reason"],
            "legal_basis": payload["legal_basis"],
            "event": fields.id,
            "hash": event.hash,
            "generation": payload["keystore_generation"],
            "erased_at": to_milliseconds(fields.wall_time),
        }
        self._known.bury(client, values)
        self._deleted.add(client)
        self._shred(event, payload["images"], client, ERASED)
        for item in self._taken(client):
            self._shred(event, item.images, client, ERASED)
        self._known.settle(client, ErasureState.ERASED)

    def _taken(self, client: str) -> list[Taken]:
        self._add_photographs()
        return self._known.taken(client)

    def _add_photographs(self) -> None:
        self._known.add_captures(self._photographs)
        self._photographs = []

    def _request(self, event: Event) -> None:
        fields, payload = event.fields, event.fields.payload
        at = to_milliseconds(fields.wall_time)
        match fields.type:
            case ErasureRequested.event_type:
                self._known.add_request(payload["request"], request_values(payload, fields.location, at))
            case ErasureApproved.event_type:
                self._known.decide(payload["request"], ErasureState.APPROVED, payload["approved_by"], at)
            case ErasureRefused.event_type:
                self._known.decide(payload["request"], ErasureState.REFUSED, payload["refused_by"], at)
            case ErasureReceiptKept.event_type:
                self._known.settle(payload["client"], ErasureState.CONFIRMED)
            case _:
                pass  # of no consequence for deletions

    def _shred(self, event: Event, names: Iterable[str], client: str, why: str) -> None:
        shredded = sorted(set(names))
        self._known.shred(shredded, client, why, event.fields.device, to_milliseconds(event.fields.wall_time))
        for name in shredded:
            self._projections.image_is_here(name)


def request_values(payload: dict[str, Any], location: str, at: int, origin: str = CLINIC) -> dict[str, Any]:
    """Return the row of a request, whether a box recorded it or the portal asks for it."""
    return {
        "client": payload["client"],
        "location": location,
        "reason": payload["reason"],
        "legal_basis": payload["legal_basis"],
        "requested_by": payload["requested_by"],
        "requested_at": at,
        "state": ErasureState.REQUESTED,
        "origin": origin,
    }


def add_asked(known: ErasureRepository, event: Event) -> None:
    """Note what somebody asked for in the portal, from the event that tells the clinic's box."""
    fields = event.fields
    values = request_values(fields.payload, fields.location, to_milliseconds(fields.wall_time), PORTAL)
    known.asked_in_portal(fields.payload["request"], values)


def add_agreed(known: ErasureRepository, event: Event) -> None:
    """Note that another person of the portal approved it, from the event that tells the clinic's box."""
    fields, payload = event.fields, event.fields.payload
    at = to_milliseconds(fields.wall_time)
    known.decide(payload["request"], ErasureState.APPROVED, payload["approved_by"], at)
