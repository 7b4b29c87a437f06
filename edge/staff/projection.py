"""The staff, their set-up codes and their wrong PINs as tables."""

from edge.store.database import Connection
from edge.store.projection import Projection
from shared.events.catalogue.audit import SignedIn, SignInFailed
from shared.events.catalogue.staff import PinChanged, StaffDeactivated, StaffInvited, StaffJoined
from shared.events.envelope import Event


def _apply(connection: Connection, event: Event) -> None:
    fields = event.fields
    said = fields.payload
    match fields.type:
        case StaffInvited.event_type:
            connection.execute(
                "INSERT OR IGNORE INTO staff_codes VALUES (?, ?, ?)",
                (said["code_hash"], said["role"], said["expires_at"]),
            )
        case StaffJoined.event_type:
            connection.execute(
                "INSERT INTO staff VALUES (?, ?, ?, ?, ?, 1)",
                (said["staff"], said["role"], said["name_sealed"], said["pin_sealed"], said["code_hash"]),
            )
        case PinChanged.event_type:
            connection.execute("UPDATE staff SET pin = ? WHERE staff = ?", (said["pin_sealed"], said["staff"]))
        case StaffDeactivated.event_type:
            connection.execute("UPDATE staff SET active = 0 WHERE staff = ?", (said["staff"],))
        case SignInFailed.event_type:
            connection.execute(
                "INSERT INTO sign_in_failures VALUES (?, ?, ?) ON CONFLICT (staff) DO UPDATE SET"
                " failures = excluded.failures, failed_at = excluded.failed_at",
                (fields.actor, said["failures"], fields.wall_time.isoformat()),
            )
        case SignedIn.event_type:
            connection.execute("DELETE FROM sign_in_failures WHERE staff = ?", (fields.actor,))


STAFF = Projection(
    "staff",
    1,
    (
        (
            "staff",
            "CREATE TABLE staff (staff TEXT PRIMARY KEY, role TEXT NOT NULL, name TEXT NOT NULL,"
            " pin TEXT NOT NULL, code_hash TEXT NOT NULL UNIQUE, active INTEGER NOT NULL)",
        ),
        (
            "staff_codes",
            "CREATE TABLE staff_codes (code_hash TEXT PRIMARY KEY, role TEXT NOT NULL, expires_at TEXT NOT NULL)",
        ),
        (
            "sign_in_failures",
            "CREATE TABLE sign_in_failures (staff TEXT PRIMARY KEY, failures INTEGER NOT NULL,"
            " failed_at TEXT NOT NULL)",
        ),
    ),
    _apply,
)
