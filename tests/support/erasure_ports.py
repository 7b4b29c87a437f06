"""Deleting clients in memory, behind the box's HTTP ports."""

from datetime import UTC, datetime

from edge.api import erasure_schemas as e
from edge.api.ports import Actor
from edge.clients.erasure_desk import ErasureUnknown
from shared.erasure.rules import ErasureState, check_decision
from shared.http.errors import NotFound
from shared.vocabulary import ErasureReason, LegalBasis, RefusalReason

NOW = datetime(2031, 3, 12, 16, 40, tzinfo=UTC)
PEOPLE = {"mara": "Mara Lindqvist", "ben": "Ben Okafor"}


class FakeErasures:
    """One request waits, one client is erased and proven."""

    def __init__(self) -> None:
        self.items = [
            e.Erasure(
                id="erasure-2",
                client_id="client-2",
                client_name="Ana Prieto",
                reason=ErasureReason.CLIENT_ASKED,
                legal_basis=LegalBasis.GDPR_ARTICLE_17,
                requested_by="Mara Lindqvist",
                requested_at=NOW,
                state=ErasureState.REQUESTED,
                proven=False,
            ),
            e.Erasure(
                id="erasure-1",
                client_id="client-1",
                client_name=None,
                reason=ErasureReason.RETENTION_ENDED,
                legal_basis=LegalBasis.RETENTION_POLICY,
                requested_by="Ben Okafor",
                requested_at=NOW,
                state=ErasureState.CONFIRMED,
                decided_by="Mara Lindqvist",
                erased_at=NOW,
                proven=True,
            ),
        ]

    def erasures(self) -> e.Erasures:
        people = [e.ErasurePerson(id=person, name=name) for person, name in PEOPLE.items()]
        return e.Erasures(items=self.items, people=people)

    def request(self, new: e.NewErasure, person: str) -> e.Erasure:
        made = e.Erasure(
            id=f"erasure-{len(self.items) + 1}",
            client_id=new.client_id,
            client_name="Iris Vale",
            reason=new.reason,
            legal_basis=new.legal_basis,
            requested_by=PEOPLE[person],
            requested_at=NOW,
            state=ErasureState.REQUESTED,
            proven=False,
        )
        self.items.insert(0, made)
        return made

    def approve(self, erasure_id: str, person: str) -> e.Erasure:
        return self._decide(erasure_id, person, ErasureState.ERASED, None)

    def refuse(self, erasure_id: str, person: str, reason: RefusalReason) -> e.Erasure:
        found = next(item for item in self.items if item.id == erasure_id)
        return self._decide(erasure_id, person, ErasureState.REFUSED, found.client_name)

    def receipt(self, erasure_id: str, actor: Actor) -> str:
        if erasure_id != "erasure-1":
            raise NotFound("no_receipt", "The hub has not confirmed this deletion yet; wait for the next sync.")
        return '{"receipt": {}}\n'

    def _decide(self, erasure_id: str, person: str, state: ErasureState, name: str | None) -> e.Erasure:
        found = next((item for item in self.items if item.id == erasure_id), None)
        if found is None:
            raise ErasureUnknown("erasure_unknown", "there is no such request on this box")
        check_decision(found.state, found.requested_by, PEOPLE[person])
        changes = {"state": state, "decided_by": PEOPLE[person], "client_name": name}
        done = found.model_copy(update=changes)
        self.items[self.items.index(found)] = done
        return done
