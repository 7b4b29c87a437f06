"""Requests to delete a client from the portal: they go down to the client's clinic, whose box carries them out."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection, Row

from cloud.erasure.effects import PORTAL, add_agreed, add_asked
from cloud.ingest.down_writer import DownWriter
from cloud.storage.database import Database
from cloud.storage.erasures import ErasureRepository
from shared.erasure.rules import ErasureState, check_decision
from shared.events.catalogue.erasure import ErasureAgreed, ErasureAsked
from shared.events.envelope import EventDraft
from shared.events.payload import PayloadModel
from shared.http.errors import Conflict, NotFound
from shared.ids import IdSource, LocationId, TenantId
from shared.vocabulary import ErasureReason, LegalBasis


class ErasureOffice:
    """What the portal may ask and see of deletions; one transaction a call."""

    def __init__(self, database: Database, down: DownWriter, ids: IdSource, wake: Callable[[], None]) -> None:
        self._database = database
        self._down = down
        self._ids = ids
        self._wake = wake

    def request(self, tenant: TenantId, client: str, reason: ErasureReason, basis: LegalBasis, person: str) -> Row[Any]:
        """Ask a client's clinic to delete them; a request of theirs that waits already is returned as it is.

        Raises:
            NotFound: no clinic of the tenant has registered this client.
            Conflict: the client is deleted already.
        """
        with self._database.write(tenant) as connection:
            known = ErasureRepository(connection, tenant)
            waiting = [row for row in known.requests() if row.client == client and row.state in _OPEN]
            if waiting:
                return waiting[0]
            if client in known.deleted_among({client}):
                raise Conflict("client_erased", "This client was erased already.")
            location = known.location_of(client)
            if location is None:
                raise NotFound("unknown_client", "No clinic of yours has registered a client with this number.")
            payload = ErasureAsked(
                request=self._ids.new(), client=client, reason=reason, legal_basis=basis, requested_by=person
            )
            add_asked(known, self._tell(connection, tenant, location, payload, person))
            made = _found(known, payload.request)
        self._wake()
        return made

    def approve(self, tenant: TenantId, request: str, person: str) -> Row[Any]:
        """Approve what another person of the portal has asked for; the clinic may have decided before.

        Raises:
            NotFound: there is no such request.
            Conflict: it was made at the clinic, whose people decide on it.
            SamePerson, AlreadyDecided: nothing was recorded.
        """
        with self._database.write(tenant) as connection:
            known = ErasureRepository(connection, tenant)
            row = _found(known, request)
            if row.origin != PORTAL:
                raise Conflict("decided_at_the_clinic", "The clinic asked for this; somebody there decides on it.")
            check_decision(ErasureState(row.state), row.requested_by, person)
            payload = ErasureAgreed(request=request, client=row.client, approved_by=person)
            add_agreed(known, self._tell(connection, tenant, LocationId(row.location), payload, person))
            made = _found(known, request)
        self._wake()
        return made

    def requests(self, tenant: TenantId) -> tuple[list[Row[Any]], dict[str, Row[Any]]]:
        """Return every request, latest first, and the tombstones by client."""
        with self._database.read(tenant) as connection:
            known = ErasureRepository(connection, tenant)
            return known.requests(), {row.client: row for row in known.erased()}

    def receipt(self, tenant: TenantId, client: str) -> str:
        """Return the signed receipt of a client's deletion.

        Raises:
            NotFound: there is none, or not yet.
        """
        _, erased = self.requests(tenant)
        if client not in erased or erased[client].receipt is None:
            raise NotFound("no_receipt", "There is no receipt yet: the deletion is not complete.")
        return str(erased[client].receipt)

    def _tell(
        self, connection: Connection, tenant: TenantId, location: LocationId, payload: PayloadModel, person: str
    ) -> Any:
        aggregate = f"{payload.event_type.replace('.', '-')}/{payload.model_dump()['request']}"
        return self._down.append(connection, tenant, location, EventDraft(aggregate, payload, person, "erasure"))


_OPEN = (ErasureState.REQUESTED, ErasureState.APPROVED)


def _found(known: ErasureRepository, request: str) -> Row[Any]:
    row = next((row for row in known.requests() if row.request == request), None)
    if row is None:
        raise NotFound("unknown_request", "There is no such request.")
    return row
