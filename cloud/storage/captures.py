"""Captures and the images they name, gathered while a batch is applied and written together at its end."""

from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import Connection, bindparam, select, update

from cloud.storage.bulk import insert_rows, is_among
from cloud.storage.tables import blobs, capture_images, captures
from shared.events.envelope import Event
from shared.ids import TenantId

_SET_FINDINGS: Final = (
    update(captures)
    .where(captures.c.tenant == bindparam("of_tenant"), captures.c.id == bindparam("of_capture"))
    .values(findings=bindparam("found"))
)
_KNOWN: Final = select(captures.c.id, captures.c.location).where(
    captures.c.tenant == bindparam("of_tenant"), is_among(captures.c.id, "ids")
)
_SETTLED: Final = select(blobs.c.name).where(blobs.c.tenant == bindparam("of_tenant"), is_among(blobs.c.name, "names"))


class ImageState(StrEnum):
    """Whether every image a capture names is here."""

    AWAITING = "awaiting"
    PRESENT = "present"


class CaptureRows:
    """One tenant's captures inside the caller's transaction; nothing is written before `flush`."""

    def __init__(self, connection: Connection, tenant: TenantId, ids: Iterable[str]) -> None:
        """Read what is known of the captures that may be touched.

        Args:
            connection: the caller's transaction.
            tenant: whose captures.
            ids: every capture that `add` or `set_findings` will be called for.
        """
        self._connection = connection
        self._tenant = tenant
        wanted = sorted(set(ids))
        known = connection.execute(_KNOWN, {"of_tenant": tenant, "ids": wanted}).all() if wanted else ()
        self._locations: dict[str, str] = {row.id: row.location for row in known}
        self._new: dict[str, dict[str, Any]] = {}
        self._images: dict[tuple[str, str], str] = {}
        self._findings: dict[str, int] = {}

    def add(self, event: Event, day: str, images: Sequence[str]) -> None:
        """Add a capture and the images it names; idempotent by the capture's id."""
        fields = event.fields
        names = set(images)
        for name in names:
            self._images.setdefault((fields.aggregate, name), fields.device)
        if fields.aggregate in self._locations:
            return
        self._locations[fields.aggregate] = fields.location
        self._new[fields.aggregate] = {"device": fields.device, "day": day, "images": names}

    def set_findings(self, capture: str, location: str, findings: int) -> bool:
        """Note how many findings a capture has; False when there is no such capture at the location."""
        if self._locations.get(capture) != location:
            return False
        self._findings[capture] = findings
        return True

    def flush(self) -> None:
        """Write what was gathered."""
        images = [(self._tenant, capture, name, device) for (capture, name), device in self._images.items()]
        insert_rows(self._connection, capture_images.name, images, new_only=True)
        settled = settled_names(self._connection, self._tenant, {row[2] for row in images}) if self._new else set()
        rows = [
            (
                self._tenant, capture, self._locations[capture], new["device"], new["day"],
                self._findings.pop(capture, 0),
                ImageState.PRESENT if new["images"] <= settled else ImageState.AWAITING,
            )
            for capture, new in self._new.items()
        ]  # fmt: skip
        insert_rows(self._connection, captures.name, rows)
        if self._findings:
            changes = [
                {"of_tenant": self._tenant, "of_capture": capture, "found": found}
                for capture, found in self._findings.items()
            ]
            self._connection.execute(_SET_FINDINGS, changes)
        self._new, self._images, self._findings = {}, {}, {}


def settled_names(connection: Connection, tenant: TenantId, names: Iterable[str]) -> set[str]:
    """Return which of these images are waited for no more: on disk and verified, or destroyed for good."""
    wanted = sorted(names)
    values = {"of_tenant": tenant, "names": wanted}
    return set(connection.execute(_SETTLED, values).scalars()) if wanted else set()
