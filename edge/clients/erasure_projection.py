"""Requests to delete a client as a table: who asked, who decided, and the receipt."""

from typing import Final

from edge.store.database import Connection
from edge.store.projection import Projection
from shared.erasure.rules import ErasureState
from shared.events.catalogue.erasure import (
    ClientErased,
    ErasureApproved,
    ErasureReceiptKept,
    ErasureRefused,
    ErasureRequested,
)
from shared.events.envelope import Event


def _apply(connection: Connection, event: Event) -> None:
    fields, payload = event.fields, event.fields.payload
    at = fields.wall_time.isoformat()
    match fields.type:
        case ErasureRequested.event_type:
            connection.execute(
                "INSERT OR IGNORE INTO erasures VALUES (?, ?, ?, ?, ?, ?, ?, NULL, NULL, NULL, NULL, NULL)",
                (
                    payload["request"], payload["client"], payload["reason"], payload["legal_basis"],
                    payload["requested_by"], at, str(ErasureState.REQUESTED),
                ),
            )  # fmt: skip
        case ErasureApproved.event_type:
            _decided(connection, payload["request"], ErasureState.APPROVED, payload["approved_by"], at)
        case ErasureRefused.event_type:
            _decided(connection, payload["request"], ErasureState.REFUSED, payload["refused_by"], at)
        case ClientErased.event_type:
            # Whoever else asked for the same client has got it by this one tombstone.
            connection.execute(
                "UPDATE erasures SET state = iif(receipt IS NULL, ?1, ?2), erased_at = ?3"
                " WHERE client = ?4 AND state IN (?5, ?6)",
                (*_END, at, payload["client"], str(ErasureState.REQUESTED), str(ErasureState.APPROVED)),
            )
        case ErasureReceiptKept.event_type:
            connection.execute(
                "UPDATE erasures SET state = iif(state = ?1, ?2, state), confirmed_at = ?3, receipt = ?4"
                " WHERE client = ?5 AND state <> ?6",
                (*_END, at, payload["receipt"], payload["client"], str(ErasureState.REFUSED)),
            )


_END: Final = (str(ErasureState.ERASED), str(ErasureState.CONFIRMED))


def _decided(connection: Connection, request: str, state: ErasureState, person: str, at: str) -> None:
    connection.execute(
        "UPDATE erasures SET state = ?, decided_by = ?, decided_at = ? WHERE request = ? AND state = ?",
        (str(state), person, at, request, str(ErasureState.REQUESTED)),
    )


ERASURES = Projection(
    "erasures",
    1,
    (
        (
            "erasures",
            "CREATE TABLE erasures (request TEXT PRIMARY KEY, client TEXT NOT NULL, reason TEXT NOT NULL,"
            " legal_basis TEXT NOT NULL, requested_by TEXT NOT NULL, requested_at TEXT NOT NULL, state TEXT NOT NULL,"
            " decided_by TEXT, decided_at TEXT, erased_at TEXT, confirmed_at TEXT, receipt TEXT)",
        ),
    ),
    _apply,
)
