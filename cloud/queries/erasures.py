"""The portal's view of deletions."""

from typing import Any

from sqlalchemy import Row

from cloud.audit.trail import HubTrail
from cloud.erasure.office import ErasureOffice
from cloud.portal import schemas
from cloud.portal.ports import Viewer
from cloud.storage.times import from_milliseconds
from shared.erasure.rules import ErasureState
from shared.events.catalogue.audit import Exported
from shared.ids import TenantId


class ErasureQueries:
    """Requests to delete clients, and their receipts."""

    def __init__(self, office: ErasureOffice, trail: HubTrail) -> None:
        self._office = office
        self._trail = trail

    def erasures(self, viewer: Viewer) -> schemas.Erasures:
        """Return every request of the viewer's tenant, latest first."""
        rows, erased = self._office.requests(TenantId(viewer.tenant))
        return schemas.Erasures(items=[_shown(row, erased.get(row.client), viewer) for row in rows])

    def request(self, new: schemas.NewErasure, viewer: Viewer) -> schemas.Erasure:
        """Ask the client's clinic to delete them."""
        row = self._office.request(TenantId(viewer.tenant), new.client_id, new.reason, new.legal_basis, viewer.id)
        return _shown(row, None, viewer)

    def approve(self, request: str, viewer: Viewer) -> schemas.Erasure:
        """Approve what another person has asked for."""
        return _shown(self._office.approve(TenantId(viewer.tenant), request, viewer.id), None, viewer)

    def receipt(self, client: str, viewer: Viewer) -> str:
        """Return the signed receipt as a file; that it leaves the hub is on record first."""
        text = self._office.receipt(TenantId(viewer.tenant), client)
        leaves = Exported(what="erasure_receipt", items=1, justification="portal")
        self._trail.note(TenantId(viewer.tenant), leaves, viewer.id, "erasure")
        return text


def _shown(row: Row[Any], stone: Row[Any] | None, viewer: Viewer) -> schemas.Erasure:
    waits = row.state == ErasureState.REQUESTED
    return schemas.Erasure(
        id=row.request,
        client_id=row.client,
        location_id=row.location,
        reason=row.reason,
        legal_basis=row.legal_basis,
        requested_by=row.requested_by,
        requested_at=from_milliseconds(row.requested_at),
        state=row.state,
        decided_by=row.decided_by,
        erased_at=None if stone is None else from_milliseconds(stone.erased_at),
        receipt_at=None if stone is None or stone.done_at is None else from_milliseconds(stone.done_at),
        may_approve=waits and row.origin == "portal" and row.requested_by != viewer.id,
    )
