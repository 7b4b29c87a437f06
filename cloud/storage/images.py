"""Which images of a tenant are here, and which are named and not here yet."""

from sqlalchemy import Connection, distinct, func, select

from cloud.storage.tables import blobs, capture_images
from cloud.storage.upsert import put_new
from shared.ids import BlobName, DeviceId, TenantId


class ImageRepository:
    """A tenant's images, inside the caller's transaction."""

    def __init__(self, connection: Connection, tenant: TenantId) -> None:
        self._connection = connection
        self._tenant = tenant

    def is_durable(self, name: BlobName) -> bool:
        """Tell whether an image is on disk and verified."""
        query = select(blobs.c.name).where(
            blobs.c.tenant == self._tenant, blobs.c.name == name, blobs.c.state == "durable"
        )
        return self._connection.execute(query).first() is not None

    def is_shredded(self, name: BlobName) -> bool:
        """Tell whether an image must not be here: its client is deleted, or had withdrawn."""
        query = select(blobs.c.name).where(
            blobs.c.tenant == self._tenant, blobs.c.name == name, blobs.c.state == "shredded"
        )
        return self._connection.execute(query).first() is not None

    def add(self, name: BlobName, size: int, device: DeviceId, now: int) -> bool:
        """Note an image that is durable on disk; tell whether that is news."""
        values = {"size": size, "state": "durable", "device": device, "stored_at": now}
        return put_new(self._connection, blobs, {"tenant": self._tenant, "name": name}, values)

    def missing(self) -> dict[DeviceId, int]:
        """Return how many images each device's captures name that are not here."""
        settled = select(blobs.c.name).where(blobs.c.tenant == self._tenant)
        query = (
            select(capture_images.c.device, func.count(distinct(capture_images.c.blob)).label("missing"))
            .where(capture_images.c.tenant == self._tenant, capture_images.c.blob.not_in(settled))
            .group_by(capture_images.c.device)
        )
        return {DeviceId(row.device): row.missing for row in self._connection.execute(query)}
