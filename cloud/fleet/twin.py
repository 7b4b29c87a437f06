"""Tells a box what it is to be set to; the box tries, reports, and goes back by itself when it does harm."""

from collections.abc import Callable, Mapping
from typing import Final

from pydantic import ValidationError

from cloud.ingest.down_writer import DownWriter
from cloud.storage.database import Database
from cloud.storage.devices import DeviceRepository, DeviceState
from cloud.storage.twins import Twin, TwinRepository
from shared.clock import Clock
from shared.errors import Rejected
from shared.events.catalogue.twin import ConfigurationDesired, Value
from shared.events.envelope import EventDraft
from shared.http.errors import NotFound
from shared.ids import DeviceId, IdSource, TenantId

_ACTOR: Final = "operator"


class TwinDesk:
    """The wanted side of every box's twin; the hub is its only writer."""

    def __init__(
        self, database: Database, clock: Clock, ids: IdSource, wake: Callable[[], None] = lambda: None
    ) -> None:
        self._database = database
        self._down = DownWriter(clock, ids)
        self._wake = wake

    def want(self, tenant: TenantId, device: DeviceId, values: Mapping[str, Value], deadline_seconds: int) -> int:
        """Send a box the whole of what is to differ from its own file and return the wish's version.

        Raises:
            NotFound: the tenant has no such box.
            Rejected: the box was revoked, or a name or value has no acceptable form.
        """
        with self._database.write(tenant) as connection:
            record = DeviceRepository(connection, tenant).get(device, for_update=True)
            if record is None:
                raise NotFound("unknown_device", "the tenant has no such device; see `medspa hub devices`")
            if record.state is DeviceState.REVOKED:
                raise Rejected("device_revoked", "a revoked box is told nothing any more")
            repository = TwinRepository(connection, tenant)
            wish = _wish(device, repository.next_version(device), values, deadline_seconds)
            draft = EventDraft(f"twin/{device}/{wish.version}", wish, _ACTOR, "operation")
            repository.want(self._down.append(connection, tenant, record.location, draft))
        self._wake()
        return wish.version

    def all(self, tenant: TenantId) -> list[Twin]:
        """Return every box's wish and report."""
        with self._database.read(tenant) as connection:
            return TwinRepository(connection, tenant).all()


def _wish(device: DeviceId, version: int, values: Mapping[str, Value], deadline_seconds: int) -> ConfigurationDesired:
    try:
        return ConfigurationDesired(
            device=device, version=version, values=dict(values), deadline_seconds=deadline_seconds
        )
    except ValidationError as error:
        wrong = ", ".join(".".join(map(str, item["loc"])) for item in error.errors(include_url=False))
        raise Rejected("bad_setting", f"this has no acceptable form: {wrong}") from None
