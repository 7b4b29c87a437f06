"""Deleting clients, for the pages."""

from collections.abc import Mapping

from edge.api import erasure_schemas as shown
from edge.api.ports import Actor
from edge.audit.trail import AuditTrail
from edge.clients.erasure_desk import PURPOSE, Erasure, ErasureDesk
from edge.clients.register import ClientRegister, ClientUnknown
from edge.faces.people import People
from shared.http.errors import Forbidden, NotFound
from shared.ids import ClientId
from shared.vocabulary import RefusalReason


class ErasureFace:
    """Requests to delete clients as the pages exchange them; who asks and who decides are members of the staff."""

    def __init__(self, desk: ErasureDesk, register: ClientRegister, people: People, trail: AuditTrail) -> None:
        self._desk = desk
        self._register = register
        self._people = people
        self._trail = trail

    def erasures(self) -> shown.Erasures:
        """Return every request, latest first."""
        people = [shown.ErasurePerson(id=person, name=name) for person, name in self._people.present().items()]
        names = self._people.names()
        return shown.Erasures(items=[self._shown(item, names) for item in self._desk.all()], people=people)

    def request(self, new: shown.NewErasure, person: str) -> shown.Erasure:
        """Record a request."""
        asked = self._desk.request(ClientId(new.client_id), new.reason, new.legal_basis, self._member(person))
        return self._shown(asked, self._people.names())

    def approve(self, erasure_id: str, person: str) -> shown.Erasure:
        """Record an approval; the box carries it out at once."""
        return self._shown(self._desk.approve(erasure_id, self._member(person)), self._people.names())

    def refuse(self, erasure_id: str, person: str, reason: RefusalReason) -> shown.Erasure:
        """Record a refusal."""
        return self._shown(self._desk.refuse(erasure_id, self._member(person), reason), self._people.names())

    def receipt(self, erasure_id: str, actor: Actor) -> str:
        """Return the hub's signed receipt; that it leaves the box is on record first."""
        text = self._desk.get(erasure_id).receipt
        if text is None:
            raise NotFound("no_receipt", "The hub has not confirmed this deletion yet; wait for the next sync.")
        self._trail.exported("erasure_receipt", 1, actor.id, PURPOSE)
        return text

    def _member(self, person: str) -> str:
        if person not in self._people.present():
            raise Forbidden("not_of_the_staff", "Only a member of this clinic's staff may do this.")
        return person

    def _shown(self, item: Erasure, names: Mapping[str, str]) -> shown.Erasure:
        return shown.Erasure(
            id=item.request,
            client_id=item.client,
            client_name=self._name(item.client),
            reason=item.reason,
            legal_basis=item.legal_basis,
            requested_by=names.get(item.requested_by, item.requested_by),
            requested_at=item.requested_at,
            state=item.state,
            decided_by=names.get(item.decided_by, item.decided_by) if item.decided_by else None,
            erased_at=item.erased_at,
            proven=item.receipt is not None,
        )

    def _name(self, client: ClientId) -> str | None:
        try:
            return self._register.get(client).details.name
        except ClientUnknown:
            return None
