"""What each box of a tenant is wanted to be set to, and what it made of that; derived from both logs."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, select

from cloud.storage.tables import twins
from cloud.storage.times import to_milliseconds
from cloud.storage.upsert import put
from shared.events.catalogue.twin import ConfigurationDesired, ConfigurationReported, Value
from shared.events.envelope import Event
from shared.ids import DeviceId, TenantId

_NOTHING_SAID: Final[Mapping[str, object]] = {
    "wanted_version": 0, "wanted": "{}", "wanted_at": 0, "reported_version": 0, "state": "", "reason": "", "digest": "",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Twin:
    """One box's wish and report; `state` is empty until the box has reported."""

    device: DeviceId
    wanted_version: int
    wanted: dict[str, Value]
    reported_version: int
    state: str
    reason: str


class TwinRepository:
    """Twins of one tenant, inside the caller's transaction."""

    def __init__(self, connection: Connection, tenant: TenantId) -> None:
        self._connection = connection
        self._tenant = tenant

    def all(self) -> list[Twin]:
        """Return every twin of which this hub knows the wish, by device."""
        known = (twins.c.tenant == self._tenant) & (twins.c.wanted_version > 0)
        query = select(twins).where(known).order_by(twins.c.device)
        return [
            Twin(
                DeviceId(row.device), row.wanted_version, json.loads(row.wanted), row.reported_version, row.state,
                row.reason,
            )
            for row in self._connection.execute(query)
        ]  # fmt: skip

    def next_version(self, device: DeviceId) -> int:
        """Return the version of the next wish for a box: later also than one that only the box remembers."""
        said = self._said(device)
        return max(int(said["wanted_version"]), int(said["reported_version"])) + 1

    def want(self, event: Event) -> None:
        """Take note of a wish in the hub's log; idempotent, an older one changes nothing."""
        wish = ConfigurationDesired.model_validate(event.fields.payload)
        if wish.version <= int(self._said(DeviceId(wish.device))["wanted_version"]):
            return
        values = {
            "wanted_version": wish.version,
            "wanted": json.dumps(wish.values, sort_keys=True),
            "wanted_at": to_milliseconds(event.fields.wall_time),
        }
        self._put(DeviceId(wish.device), values)

    def report(self, event: Event) -> None:
        """Take note of what a box made of a wish; idempotent.

        Also when the wish is not known: a restored hub may be told of the report first and of its own wish after it.
        """
        report = ConfigurationReported.model_validate(event.fields.payload)
        values = {
            "reported_version": report.version,
            "state": report.state,
            "reason": report.reason.replace("\0", ""),
            "digest": report.digest,
        }
        self._put(DeviceId(event.fields.device), values)

    def _said(self, device: DeviceId) -> Mapping[str, Any]:
        known = select(twins).where(twins.c.tenant == self._tenant, twins.c.device == device)
        row = self._connection.execute(known).one_or_none()
        return _NOTHING_SAID if row is None else row._asdict()

    def _put(self, device: DeviceId, values: dict[str, object]) -> None:
        whole = {**self._said(device), **values}
        keys = {"tenant": self._tenant, "device": device}
        put(self._connection, twins, keys, {name: value for name, value in whole.items() if name not in keys})
