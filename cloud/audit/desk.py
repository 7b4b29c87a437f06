"""Alerts for the portal, and what people say to them; their notes are sealed under a key of the tenant."""

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import Row

from cloud.audit.rules import AlertKind
from cloud.fleet.keys import TenantKeys
from cloud.portal import schemas
from cloud.portal.ports import Viewer
from cloud.storage.alerts import AlertRepository
from cloud.storage.database import Database
from cloud.storage.times import from_milliseconds, to_milliseconds
from shared.clock import Clock
from shared.crypto.aead import seal, unseal
from shared.http.errors import Conflict, NotFound
from shared.ids import TenantId

_SHOWN: Final = 200
_SENTENCES: Final[Mapping[AlertKind, str]] = {
    AlertKind.MASS_READS: "{number} photographs opened in a day; from {threshold} on it is unusual for this person.",
    AlertKind.ODD_HOURS: "{number} looks, exports, uses of keys or break-glass outside the clinic's hours.",
    AlertKind.REFUSED_ACCESS: "{number} times something was asked for that the role does not allow.",
    AlertKind.FAILED_SIGN_INS: "{number} wrong PINs or set-up codes.",
    AlertKind.BREAK_GLASS: "Rights beyond the role were taken {number} times; the reason is on the box.",
    AlertKind.MASS_EXPORTS: "{number} files were taken out in a day; from {threshold} on somebody should ask why.",
    AlertKind.KEY_USE: "Keys were changed, recovered or taken out by hand {number} times.",
    AlertKind.HUB_HISTORY: "A box found that this hub's history was changed. Keep both databases and call for help.",
}


class AlertDesk:
    """Shows alerts and takes acknowledgements."""

    def __init__(self, database: Database, keys: TenantKeys, clock: Clock) -> None:
        self._database = database
        self._keys = keys
        self._clock = clock

    def alerts(self, viewer: Viewer) -> schemas.Alerts:
        """Return alerts, those that wait for a person first."""
        tenant = TenantId(viewer.tenant)
        with self._database.read(tenant) as connection:
            rows = AlertRepository(connection, tenant).latest(_SHOWN)
        shown = [self._shown(tenant, row) for row in rows]
        return schemas.Alerts(waiting=sum(item.acknowledged_at is None for item in shown), items=shown)

    def acknowledge(self, alert: str, note: str, viewer: Viewer) -> schemas.AuditAlert:
        """Note what a person found.

        Raises:
            NotFound: the viewer's tenant has no such alert.
            Conflict: somebody acknowledged it before.
        """
        tenant = TenantId(viewer.tenant)
        sealed = seal(self._keys.alert_notes(tenant), note.encode(), _context(alert))
        with self._database.write(tenant) as connection:
            rows = AlertRepository(connection, tenant)
            if rows.find(alert) is None:
                raise NotFound("no_such_alert", "There is no such alert.")
            if not rows.acknowledge(alert, viewer.id, sealed, to_milliseconds(self._clock.wall())):
                raise Conflict("acknowledged_before", "Somebody has acknowledged this alert already.")
            row = rows.find(alert)
        assert row is not None  # noqa: S101 - found above, in the same transaction, and never removed
        return self._shown(tenant, row)

    def _shown(self, tenant: TenantId, row: Row[Any]) -> schemas.AuditAlert:
        kind = AlertKind(row.kind)
        note = None
        if row.note is not None:
            note = unseal(self._keys.alert_notes(tenant), bytes(row.note), _context(row.id)).decode()
        return schemas.AuditAlert(
            id=row.id,
            location_id=row.location,
            kind=kind,
            actor=row.actor,
            day=row.day,
            sentence=_SENTENCES[kind].format(number=row.number, threshold=row.threshold),
            first_at=from_milliseconds(row.first_at),
            last_at=from_milliseconds(row.last_at),
            acknowledged_at=None if row.acknowledged_at is None else from_milliseconds(row.acknowledged_at),
            acknowledged_by=row.acknowledged_by,
            note=note,
        )


def _context(alert: str) -> bytes:
    return f"alert-note/{alert}".encode()
