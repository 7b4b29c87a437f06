"""Where each client has a visit, as a table."""

from collections.abc import Mapping
from typing import Any, Final

from edge.schedule.domain import Status
from edge.store.database import Connection
from edge.store.projection import Projection
from shared.events.catalogue import schedule as said
from shared.events.catalogue.erasure import ClientErased
from shared.events.envelope import Event

_PLACED: Final = "UPDATE client_visits SET placed = ? WHERE day = ? AND appointment = ?"
_ACTIVE: Final = "UPDATE client_visits SET active = ? WHERE day = ? AND appointment = ?"


def _apply(connection: Connection, event: Event) -> None:
    payload = event.fields.payload
    match event.fields.type:
        case said.AppointmentBooked.event_type:
            _put(connection, payload["day"], payload["visit"])
        case said.ReplanUndone.event_type:
            for visit in payload["restored"]:
                _put(connection, payload["day"], visit)
            for name in payload["removed"]:
                connection.execute(
                    "DELETE FROM client_visits WHERE day = ? AND appointment = ?", (payload["day"], name)
                )
        case said.AppointmentMoved.event_type:
            _set(connection, _PLACED, payload, bool(payload["after"]))
        case said.AppointmentDisplaced.event_type:
            _set(connection, _PLACED, payload, False)
        case said.AppointmentCancelled.event_type:
            _set(connection, _ACTIVE, payload, False)
        case said.AppointmentStatusChanged.event_type:
            _set(connection, _ACTIVE, payload, Status(payload["after"]).active)
        case ClientErased.event_type:
            connection.execute("DELETE FROM client_visits WHERE client = ?", (payload["client"],))


def _put(connection: Connection, day: str, visit: Mapping[str, Any]) -> None:
    connection.execute(
        "INSERT OR REPLACE INTO client_visits VALUES (?, ?, ?, ?, ?, ?)",
        (
            day, visit["appointment"], visit["client_id"], visit["service"],
            Status(visit["status"]).active, bool(visit["stages"]),
        ),
    )  # fmt: skip


def _set(connection: Connection, statement: str, payload: Mapping[str, Any], value: bool) -> None:
    connection.execute(statement, (value, payload["day"], payload["appointment"]))


CLIENT_VISITS = Projection(
    "client_visits",
    1,
    (
        (
            "client_visits",
            "CREATE TABLE client_visits (day TEXT NOT NULL, appointment TEXT NOT NULL, client TEXT NOT NULL,"
            " service TEXT NOT NULL, active INTEGER NOT NULL, placed INTEGER NOT NULL,"
            " PRIMARY KEY (day, appointment), UNIQUE (client, day, appointment))",
        ),
    ),
    _apply,
)
