"""Devices, clinics and invitations of one tenant."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import Connection, Row, bindparam, insert, select, update

from cloud.storage.tables import (
    counters,
    device_directory,
    devices,
    invitations,
    locations,
    now_snapshots,
)
from cloud.storage.upsert import add_to, change, put
from shared.ids import DeviceId, LocationId, TenantId
from shared.sync.position import Position

_DEVICE: Final = select(devices).where(
    devices.c.tenant == bindparam("of_tenant"), devices.c.id == bindparam("of_device")
)
_DEVICE_LOCKED: Final = _DEVICE.with_for_update()


class DeviceState(StrEnum):
    """Whether a device may speak."""

    ACTIVE = "active"
    FENCED = "fenced"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True)
class DeviceRecord:
    """A device as the hub keeps it; times are milliseconds since 1970."""

    id: DeviceId
    location: LocationId
    label: str
    signing_key: bytes
    receiving_key: bytes
    state: DeviceState
    reason: str
    may_restart: bool
    enrolled_at: int
    last_contact_at: int | None
    online: bool
    online_since: int
    head_epoch: str
    head_seq: int
    software: str


@dataclass(frozen=True, slots=True)
class Invitation:
    """A one-time code, known by its hash only; `replaces` names the device whose place a new machine takes."""

    location: LocationId
    expires_at: int
    used_at: int | None
    device: DeviceId | None
    replaces: DeviceId | None


class DeviceRepository:
    """Devices and invitations of one tenant, inside the caller's transaction."""

    def __init__(self, connection: Connection, tenant: TenantId) -> None:
        self._connection = connection
        self._tenant = tenant

    def get(self, device: DeviceId, *, for_update: bool = False) -> DeviceRecord | None:
        """Return a device, or None; `for_update` keeps other hub processes away until the transaction ends."""
        query = _DEVICE_LOCKED if for_update else _DEVICE
        row = self._connection.execute(query, {"of_tenant": self._tenant, "of_device": device}).one_or_none()
        return None if row is None else _record(row)

    def all(self) -> list[DeviceRecord]:
        """Return every device, oldest first."""
        query = select(devices).where(devices.c.tenant == self._tenant).order_by(devices.c.enrolled_at, devices.c.id)
        return [_record(row) for row in self._connection.execute(query)]

    def add(self, record: DeviceRecord) -> None:
        """Enrol a device; its id must be new in the whole hub."""
        self._connection.execute(insert(device_directory).values(device=record.id, tenant=self._tenant))
        values = {name: getattr(record, name) for name in DeviceRecord.__slots__}
        self._connection.execute(insert(devices).values(tenant=self._tenant, **values))

    def set_state(self, device: DeviceId, state: DeviceState, reason: str, *, may_restart: bool = False) -> None:
        """Change whether a device may speak, with the reason people will read."""
        self._change(device, state=state, reason=reason[:500], may_restart=may_restart)

    def replace(self, device: DeviceId, label: str, signing_key: bytes, receiving_key: bytes) -> None:
        """Let another machine, with keys of its own, be this device from now on, whatever kept it out before."""
        keys = {"signing_key": signing_key, "receiving_key": receiving_key}
        self._change(device, label=label, state=DeviceState.ACTIVE, reason="", may_restart=False, **keys)

    def restarted(self, device: DeviceId) -> None:
        """Use up the permission to start an epoch that continues nothing known."""
        self._change(device, may_restart=False)

    def seen(self, device: DeviceId, now: int) -> None:
        """Take note that the device spoke."""
        self._change(device, last_contact_at=now)

    def said_hello(self, device: DeviceId, head: Position, software: str) -> None:
        """Take note of what the device said about itself."""
        self._change(device, head_epoch=head.epoch, head_seq=head.seq, software=software[:64])

    def present(self, device: DeviceId, now: int, *, online: bool) -> None:
        """Take note of presence; repeating the same changes nothing."""
        query = (
            update(devices)
            .where(devices.c.tenant == self._tenant, devices.c.id == device, devices.c.online != online)
            .values(online=online, online_since=now)
        )
        self._connection.execute(query)

    def everybody_offline(self, now: int) -> None:
        """Forget presence, at the hub's own start; the broker's retained messages tell it anew."""
        query = update(devices).where(devices.c.tenant == self._tenant, devices.c.online.is_(True))
        self._connection.execute(query.values(online=False, online_since=now))

    def invite(self, code_hash: str, location: LocationId, expires_at: int, replaces: DeviceId | None = None) -> None:
        """Store an invitation, for a new device or for a machine that takes the place of one."""
        values = {"code_hash": code_hash, "location": location, "expires_at": expires_at, "replaces": replaces}
        self._connection.execute(insert(invitations).values(tenant=self._tenant, **values))

    def invitation(self, code_hash: str) -> Invitation | None:
        """Return an invitation, locked until the transaction ends."""
        query = select(invitations).where(invitations.c.tenant == self._tenant, invitations.c.code_hash == code_hash)
        row = self._connection.execute(query.with_for_update()).one_or_none()
        return None if row is None else _invitation(row)

    def use_invitation(self, code_hash: str, device: DeviceId, now: int) -> None:
        """Mark an invitation as used."""
        query = update(invitations).where(invitations.c.tenant == self._tenant, invitations.c.code_hash == code_hash)
        self._connection.execute(query.values(used_at=now, device=device))

    def has_location(self, location: LocationId) -> bool:
        """Tell whether the tenant has this clinic."""
        query = select(locations.c.id).where(locations.c.tenant == self._tenant, locations.c.id == location)
        return self._connection.execute(query).first() is not None

    def count(self, device: DeviceId, **amounts: int) -> None:
        """Add to some of a device's counters."""
        for name, amount in amounts.items():
            if amount:
                keys = {"tenant": self._tenant, "device": device, "name": name}
                add_to(self._connection, counters, keys, {"value": amount})

    def counts(self, device: DeviceId) -> dict[str, int]:
        """Return a device's counters by name."""
        query = select(counters.c.name, counters.c.value).where(
            counters.c.tenant == self._tenant, counters.c.device == device
        )
        return {row.name: row.value for row in self._connection.execute(query)}

    def store_now(self, device: DeviceId, json_text: str, now: int) -> None:
        """Keep the latest snapshot of the clinic's present state."""
        keys = {"tenant": self._tenant, "device": device}
        put(self._connection, now_snapshots, keys, {"json": json_text, "received_at": now})

    def snapshots(self) -> dict[DeviceId, str]:
        """Return the latest snapshot of each device as JSON."""
        query = select(now_snapshots.c.device, now_snapshots.c.json).where(now_snapshots.c.tenant == self._tenant)
        return {DeviceId(row.device): row.json for row in self._connection.execute(query)}

    def _change(self, device: DeviceId, **values: Any) -> None:
        change(self._connection, devices, {"tenant": self._tenant, "id": device}, values)


def tenant_of(connection: Connection, device: DeviceId) -> TenantId | None:
    """Return whose device this is, from the directory; None for nobody's."""
    query = select(device_directory.c.tenant).where(device_directory.c.device == device)
    tenant = connection.execute(query).scalar_one_or_none()
    return None if tenant is None else TenantId(tenant)


def _invitation(row: Row[Any]) -> Invitation:
    device, replaces = (DeviceId(item) if item is not None else None for item in (row.device, row.replaces))
    return Invitation(LocationId(row.location), row.expires_at, row.used_at, device, replaces)


def _record(row: Row[Any]) -> DeviceRecord:
    values = {name: getattr(row, name) for name in DeviceRecord.__slots__}
    values["state"] = DeviceState(row.state)
    return DeviceRecord(**values)
