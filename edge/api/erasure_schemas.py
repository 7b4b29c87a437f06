"""What crosses the border about deleting clients: words from lists only, since free text would outlive the client."""

from pydantic import AwareDatetime, Field

from edge.api.schemas import Identifier, Schema
from shared.erasure.rules import ErasureState
from shared.vocabulary import ErasureReason, LegalBasis, RefusalReason


class ErasurePerson(Schema):
    """Somebody of the clinic who may ask or decide."""

    id: Identifier
    name: str


class NewErasure(Schema):
    """A request that a client be deleted."""

    client_id: Identifier
    reason: ErasureReason
    legal_basis: LegalBasis
    person_id: Identifier | None = Field(default=None, description="Who asks. With sign-in, whoever is signed in.")


class ErasureApproval(Schema):
    """Another person's approval; it cannot be undone."""

    person_id: Identifier | None = Field(
        default=None, description="Who approves; never who asked. With sign-in, whoever is signed in."
    )


class ErasureRefusal(Schema):
    """Another person's refusal."""

    person_id: Identifier | None = Field(
        default=None, description="Who refuses; never who asked. With sign-in, whoever is signed in."
    )
    reason: RefusalReason


class Erasure(Schema):
    """A request to delete a client, and what became of it."""

    id: Identifier
    client_id: Identifier
    client_name: str | None = Field(description="None once the client is erased.")
    reason: ErasureReason
    legal_basis: LegalBasis
    requested_by: str
    requested_at: AwareDatetime
    state: ErasureState
    decided_by: str | None = None
    erased_at: AwareDatetime | None = None
    proven: bool = Field(description="Whether the hub's signed receipt is here.")


class Erasures(Schema):
    """Requests, latest first, and who may ask and decide."""

    items: list[Erasure]
    people: list[ErasurePerson]
