"""Which generation of its transport key each device was sent, and which it has taken."""

from sqlalchemy import Connection, select

from cloud.storage.tables import device_keys
from cloud.storage.upsert import put
from shared.ids import DeviceId, TenantId


class DeviceKeys:
    """The devices of one tenant, inside the caller's transaction; numbers only ever grow."""

    def __init__(self, connection: Connection, tenant: TenantId) -> None:
        self._connection = connection
        self._tenant = tenant

    def sent(self, device: DeviceId) -> int:
        """Return the newest generation that was sent down; 0 for none."""
        return self._row(device)[0]

    def taken(self, device: DeviceId) -> int:
        """Return the newest generation that the device has said it keeps; 0 for none."""
        return self._row(device)[1]

    def set_sent(self, device: DeviceId, generation: int) -> None:
        """Note that a generation was sent down."""
        sent, taken = self._row(device)
        self._put(device, max(sent, generation), taken)

    def set_taken(self, device: DeviceId, generation: int) -> None:
        """Note the device's word; idempotent."""
        sent, taken = self._row(device)
        self._put(device, sent, max(taken, generation))

    def _row(self, device: DeviceId) -> tuple[int, int]:
        query = select(device_keys.c.sent, device_keys.c.taken).where(
            device_keys.c.tenant == self._tenant, device_keys.c.device == device
        )
        row = self._connection.execute(query).one_or_none()
        return (row.sent, row.taken) if row is not None else (0, 0)

    def _put(self, device: DeviceId, sent: int, taken: int) -> None:
        put(self._connection, device_keys, {"tenant": self._tenant, "device": device}, {"sent": sent, "taken": taken})
