"""Deleting clients, for the pages."""

from collections.abc import Sequence

from edge.api import erasure_schemas as shown
from edge.clients.erasure_desk import Erasure, ErasureDesk
from edge.clients.register import ClientRegister, ClientUnknown
from edge.schedule.registry import Provider
from shared.http.errors import Forbidden, NotFound
from shared.ids import ClientId


class ErasureFace:
    """Requests to delete clients as the pages exchange them; who asks and who decides are members of the staff."""

    def __init__(self, desk: ErasureDesk, register: ClientRegister, staff: Sequence[Provider]) -> None:
        self._desk = desk
        self._register = register
        self._staff = {str(item.id): item.name for item in staff}

    def erasures(self) -> shown.Erasures:
        """Return every request, latest first."""
        people = [shown.ErasurePerson(id=person, name=name) for person, name in self._staff.items()]
        return shown.Erasures(items=[self._shown(item) for item in self._desk.all()], people=people)

    def request(self, new: shown.NewErasure) -> shown.Erasure:
        """Record a request."""
        person = self._member(new.person_id)
        return self._shown(self._desk.request(ClientId(new.client_id), new.reason, new.legal_basis, person))

    def approve(self, erasure_id: str, what: shown.ErasureApproval) -> shown.Erasure:
        """Record an approval; the box carries it out at once."""
        return self._shown(self._desk.approve(erasure_id, self._member(what.person_id)))

    def refuse(self, erasure_id: str, what: shown.ErasureRefusal) -> shown.Erasure:
        """Record a refusal."""
        return self._shown(self._desk.refuse(erasure_id, self._member(what.person_id), what.reason))

    def receipt(self, erasure_id: str) -> str:
        """Return the hub's signed receipt."""
        text = self._desk.get(erasure_id).receipt
        if text is None:
            raise NotFound("no_receipt", "The hub has not confirmed this deletion yet; wait for the next sync.")
        return text

    def _member(self, person: str) -> str:
        if person not in self._staff:
            raise Forbidden("not_of_the_staff", "Only a member of this clinic's staff may do this.")
        return person

    def _shown(self, item: Erasure) -> shown.Erasure:
        return shown.Erasure(
            id=item.request,
            client_id=item.client,
            client_name=self._name(item.client),
            reason=item.reason,
            legal_basis=item.legal_basis,
            requested_by=self._staff.get(item.requested_by, item.requested_by),
            requested_at=item.requested_at,
            state=item.state,
            decided_by=self._staff.get(item.decided_by, item.decided_by) if item.decided_by else None,
            erased_at=item.erased_at,
            proven=item.receipt is not None,
        )

    def _name(self, client: ClientId) -> str | None:
        try:
            return self._register.get(client).details.name
        except ClientUnknown:
            return None
