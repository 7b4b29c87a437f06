"""Takes requests to delete a client and the decision of another person; what is destroyed then is `erasure.py`'s."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from edge.store.events import SqlcipherEventStore
from shared.erasure.rules import ErasureState, check_decision
from shared.errors import Rejected
from shared.events.catalogue.erasure import (
    ErasureAgreed,
    ErasureApproved,
    ErasureAsked,
    ErasureConfirmed,
    ErasureReceiptKept,
    ErasureRefused,
    ErasureRequested,
)
from shared.events.envelope import Event, EventDraft
from shared.events.payload import PayloadModel
from shared.ids import ClientId, IdSource
from shared.vocabulary import ErasureReason, LegalBasis, RefusalReason

PURPOSE: Final = "erasure"
HUB: Final = "hub"
_ROWS: Final = (
    "SELECT request, client, reason, legal_basis, requested_by, requested_at, state, decided_by, decided_at,"
    " erased_at, confirmed_at, receipt FROM erasures"
)
_ONE: Final = f"{_ROWS} WHERE request = ?"
_ALL: Final = f"{_ROWS} ORDER BY rowid DESC"


class ErasureUnknown(Rejected):
    """There is no such request."""


class NothingToErase(Rejected):
    """The client is not in this box's record, or was deleted already."""


@dataclass(frozen=True, slots=True)
class Erasure:
    """A request to delete a client, and what became of it."""

    request: str
    client: ClientId
    reason: ErasureReason
    legal_basis: LegalBasis
    requested_by: str
    requested_at: datetime
    state: ErasureState
    decided_by: str | None
    decided_at: datetime | None
    erased_at: datetime | None
    confirmed_at: datetime | None
    receipt: str | None


class ErasureDesk:
    """The clinic's requests to delete clients."""

    def __init__(self, store: SqlcipherEventStore, ids: IdSource) -> None:
        self._store = store
        self._ids = ids

    def request(self, client: ClientId, reason: ErasureReason, basis: LegalBasis, person: str) -> Erasure:
        """Record that somebody asks for a client to be deleted; a request that waits already is returned as it is.

        Raises:
            NothingToErase: no such client, or deleted already.
        """
        waiting = [item for item in self.all() if item.client == client and item.state in _OPEN]
        if waiting:
            return waiting[0]
        if not self._store.rows("SELECT 1 FROM clients WHERE client = ?", (client,)):
            raise NothingToErase("nothing_to_erase", "no such client is in this box's record, or was erased already")
        request = self._ids.new()
        payload = ErasureRequested(
            request=request, client=client, reason=reason, legal_basis=basis, requested_by=person
        )
        self._store.append([draft(payload, person, expected_version=0)])
        return self.get(request)

    def approve(self, request: str, person: str) -> Erasure:
        """Record another person's approval; from then on the deletion is carried out.

        Raises:
            ErasureUnknown, AlreadyDecided, SamePerson: nothing was recorded.
            VersionConflict: somebody else decided at the same moment.
        """
        found = self._decidable(request, person)
        payload = ErasureApproved(request=request, client=found.client, approved_by=person)
        self._store.append([draft(payload, person, expected_version=1)])
        return self.get(request)

    def refuse(self, request: str, person: str, reason: RefusalReason) -> Erasure:
        """Record another person's refusal.

        Raises:
            ErasureUnknown, AlreadyDecided, SamePerson: nothing was recorded.
            VersionConflict: somebody else decided at the same moment.
        """
        found = self._decidable(request, person)
        payload = ErasureRefused(request=request, client=found.client, refused_by=person, reason=reason)
        self._store.append([draft(payload, person, expected_version=1)])
        return self.get(request)

    def get(self, request: str) -> Erasure:
        """Return one request.

        Raises:
            ErasureUnknown: there is none of this id.
        """
        rows = self._store.rows(_ONE, (request,))
        if not rows:
            raise ErasureUnknown("erasure_unknown", "there is no such request on this box")
        return _erasure(rows[0])

    def all(self) -> list[Erasure]:
        """Return every request, latest first."""
        return [_erasure(row) for row in self._store.rows(_ALL)]

    def asked_in_portal(self, event: Event) -> Sequence[EventDraft]:
        """Answer the hub's `erasure.asked`: the request is recorded here and waits for another person.

        Idempotent by the request's id.

        Raises:
            NothingToErase: the client is not in this box's record.
        """
        asked = ErasureAsked.model_validate(event.fields.payload)
        if self._store.rows("SELECT 1 FROM erasures WHERE request = ?", (asked.request,)):
            return []
        if not self._store.rows("SELECT 1 FROM clients WHERE client = ?", (asked.client,)):
            raise NothingToErase("nothing_to_erase", "no such client is in this box's record, or was erased already")
        return [draft(ErasureRequested(**asked.model_dump()), HUB, expected_version=0)]

    def agreed_in_portal(self, event: Event) -> Sequence[EventDraft]:
        """Answer the hub's `erasure.agreed` with the approval, unless the clinic has decided meanwhile.

        Raises:
            ErasureUnknown, SamePerson: it is set aside.
        """
        agreed = ErasureAgreed.model_validate(event.fields.payload)
        found = self.get(agreed.request)
        if found.state is not ErasureState.REQUESTED:
            return []
        check_decision(found.state, found.requested_by, agreed.approved_by)
        payload = ErasureApproved(request=found.request, client=found.client, approved_by=agreed.approved_by)
        return [draft(payload, HUB, expected_version=1)]

    def confirmed_by_hub(self, event: Event) -> Sequence[EventDraft]:
        """Answer the hub's `erasure.confirmed`: the receipt is kept.

        A box restored from before the deletion does not know of it: there the hub's word is the approval, and the
        client is deleted anew.
        """
        confirmed = ErasureConfirmed.model_validate(event.fields.payload)
        request, client = confirmed.request, confirmed.client
        kept = draft(ErasureReceiptKept(request=request, client=client, receipt=confirmed.receipt), HUB)
        if not self._store.rows("SELECT 1 FROM clients WHERE client = ?", (client,)):
            return [kept]
        asked = ErasureRequested(
            request=request,
            client=client,
            reason=confirmed.reason,
            legal_basis=confirmed.legal_basis,
            requested_by=HUB,
        )
        return [draft(asked, HUB), draft(ErasureApproved(request=request, client=client, approved_by=HUB), HUB), kept]

    def _decidable(self, request: str, person: str) -> Erasure:
        found = self.get(request)
        check_decision(found.state, found.requested_by, person)
        return found


_OPEN: Final = (ErasureState.REQUESTED, ErasureState.APPROVED)


def draft(payload: PayloadModel, actor: str, expected_version: int | None = None) -> EventDraft:
    """Return the draft of an event about a deletion; its aggregate is the request, never the client's own.

    So nothing that is set aside about the client can hold the deletion up.
    """
    request = str(payload.model_dump()["request"])
    return EventDraft(f"erasure/{request}", payload, actor, PURPOSE, expected_version=expected_version)


def _erasure(row: tuple[Any, ...]) -> Erasure:
    return Erasure(
        request=row[0],
        client=ClientId(row[1]),
        reason=ErasureReason(row[2]),
        legal_basis=LegalBasis(row[3]),
        requested_by=row[4],
        requested_at=datetime.fromisoformat(row[5]),
        state=ErasureState(row[6]),
        decided_by=row[7],
        decided_at=_moment(row[8]),
        erased_at=_moment(row[9]),
        confirmed_at=_moment(row[10]),
        receipt=row[11],
    )


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
