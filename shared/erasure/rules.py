"""Who may decide on a request to delete a client: somebody else than who asked, and once."""

from enum import StrEnum

from shared.errors import Rejected


class ErasureState(StrEnum):
    """How far a request to delete a client has come."""

    REQUESTED = "requested"
    APPROVED = "approved"
    REFUSED = "refused"
    ERASED = "erased"
    CONFIRMED = "confirmed"


class SamePerson(Rejected):
    """The person who asks cannot be the one who decides."""


class AlreadyDecided(Rejected):
    """The request was decided on before; nothing can be decided twice."""


def check_decision(state: ErasureState, requested_by: str, person: str) -> None:
    """Return when `person` may approve or refuse a request now.

    Args:
        state: how far the request has come.
        requested_by: who asked, as an opaque id.
        person: who wants to decide.

    Raises:
        AlreadyDecided: somebody has decided.
        SamePerson: they asked for it themselves.
    """
    if state is not ErasureState.REQUESTED:
        raise AlreadyDecided("erasure_decided", "this request was decided on already; see the list")
    if not person or person == requested_by:
        raise SamePerson("same_person", "somebody else than who asked must decide; ask a colleague")
