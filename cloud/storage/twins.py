"""What each box of a tenant is wanted to be set to, and what it made of that; derived from both logs."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, select

from cloud.storage.tables import twins
from cloud.storage.times import to_milliseconds
from cloud.storage.upsert import put
from shared.events.catalogue.twin import ConfigurationDesired, ConfigurationReported, Value
from shared.events.envelope import Event
from shared.ids import DeviceId, TenantId

_SILENT: Final[Mapping[str, object]] = {"reported_version": 0, "state": "", "reason": "", "digest": ""}


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
        """Return every twin, by device."""
        query = select(twins).where(twins.c.tenant == self._tenant).order_by(twins.c.device)
        return [
            Twin(
                DeviceId(row.device), row.wanted_version, json.loads(row.wanted), row.reported_version, row.state,
                row.reason,
            )
            for row in self._connection.execute(query)
        ]  # fmt: skip

    def next_version(self, device: DeviceId) -> int:
        """Return the version of the next wish for a box."""
        query = select(twins.c.wanted_version).where(twins.c.tenant == self._tenant, twins.c.device == device)
        return (self._connection.execute(query).scalar_one_or_none() or 0) + 1

    def want(self, event: Event) -> None:
        """Take note of a wish in the hub's log; idempotent, an older one changes nothing."""
        wish = ConfigurationDesired.model_validate(event.fields.payload)
        if wish.version < self.next_version(DeviceId(wish.device)):
            return
        values = {
            "wanted_version": wish.version,
            "wanted": json.dumps(wish.values, sort_keys=True),
            "wanted_at": to_milliseconds(event.fields.wall_time),
        }
        self._put(DeviceId(wish.device), values)

    def report(self, event: Event) -> None:
        """Take note of what a box made of a wish; idempotent."""
        report = ConfigurationReported.model_validate(event.fields.payload)
        if self.next_version(DeviceId(event.fields.device)) == 1:
            return  # a wish that this hub does not remember: nothing to compare it with
        values = {
            "reported_version": report.version,
            "state": report.state,
            "reason": report.reason.replace("\0", ""),
            "digest": report.digest,
        }
        self._put(DeviceId(event.fields.device), values)

    def _put(self, device: DeviceId, values: dict[str, object]) -> None:
        known = select(twins).where(twins.c.tenant == self._tenant, twins.c.device == device)
        row = self._connection.execute(known).one_or_none()
        whole = {**(_SILENT if row is None else row._asdict()), **values}
        keys = {"tenant": self._tenant, "device": device}
        put(self._connection, twins, keys, {name: value for name, value in whole.items() if name not in keys})
