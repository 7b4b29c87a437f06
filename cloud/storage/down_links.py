"""What the hub's processes know together of each box's down link: one row a box, changed by one process at a time."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from sqlalchemy import bindparam, delete, select, update

from cloud.storage.clinics import tenant_names
from cloud.storage.database import Database
from cloud.storage.tables import down_links
from cloud.storage.upsert import put
from shared.ids import DeviceId, TenantId

_LINK: Final = select(down_links.c.state, down_links.c.version).where(
    down_links.c.tenant == bindparam("of_tenant"),
    down_links.c.device == bindparam("of_device"),
    down_links.c.life == bindparam("of_life"),
)
_DEVICES: Final = (
    select(down_links.c.device)
    .where(down_links.c.tenant == bindparam("of_tenant"), down_links.c.life == bindparam("of_life"))
    .order_by(down_links.c.device)
)


@dataclass(frozen=True, slots=True)
class BoxAddress:
    """One device of one tenant."""

    tenant: TenantId
    device: DeviceId


@dataclass(frozen=True, slots=True)
class StoredLink:
    """A link's state as text, and how often it has been changed."""

    text: str
    version: int


class DownLinkRows:
    """The rows of one life of the hub's database; those that a restore brought back count as absent."""

    def __init__(self, database: Database, life: str) -> None:
        self._database = database
        self._life = life

    def get(self, box: BoxAddress) -> StoredLink | None:
        """Return a box's link."""
        values = {"of_tenant": box.tenant, "of_device": box.device, "of_life": self._life}
        with self._database.read(box.tenant) as connection:
            row = connection.execute(_LINK, values).one_or_none()
        return None if row is None else StoredLink(row.state, row.version)

    def begin(self, box: BoxAddress, text: str) -> None:
        """Replace a box's link by a new one, whatever it was."""
        with self._database.write(box.tenant) as connection:
            mine = (down_links.c.tenant == box.tenant) & (down_links.c.device == box.device)
            before = connection.execute(select(down_links.c.version).where(mine)).scalar_one_or_none() or 0
            values = {"life": self._life, "version": before + 1, "state": text}
            put(connection, down_links, {"tenant": box.tenant, "device": box.device}, values)

    def change(self, box: BoxAddress, text: str, version: int) -> bool:
        """Store a change of the link read at `version`; False when another process has changed it meanwhile."""
        query = update(down_links).where(
            down_links.c.tenant == box.tenant, down_links.c.device == box.device, down_links.c.version == version
        )
        with self._database.write(box.tenant) as connection:
            return connection.execute(query.values(version=version + 1, state=text)).rowcount == 1

    def drop(self, box: BoxAddress) -> None:
        """Forget a box's link."""
        query = delete(down_links).where(down_links.c.tenant == box.tenant, down_links.c.device == box.device)
        with self._database.write(box.tenant) as connection:
            connection.execute(query)

    def boxes(self) -> Iterator[BoxAddress]:
        """Return every box with a link."""
        for tenant in tenant_names(self._database):
            with self._database.read(tenant) as connection:
                values = {"of_tenant": tenant, "of_life": self._life}
                devices = connection.execute(_DEVICES, values).scalars().all()
            yield from (BoxAddress(tenant, DeviceId(device)) for device in devices)
