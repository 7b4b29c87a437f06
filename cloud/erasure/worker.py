"""Completes deletions at the hub as soon as their tombstones arrive, on its own thread."""

from collections.abc import Sequence
from typing import Final

import structlog

from cloud.erasure.eraser import HubEraser
from shared.ids import TenantId
from shared.worker import Worker, in_turn

_LOOK_AGAIN_SECONDS: Final = 0.5
_STOP_SECONDS: Final = 10.0


class HubErasureWorker:
    """Looks for what is due, tenant by tenant; one tenant's trouble delays no other."""

    def __init__(self, eraser: HubEraser, tenants: Sequence[TenantId]) -> None:
        self._eraser = eraser
        self._tenants = tuple(tenants)
        self._log = structlog.get_logger()
        self._worker = Worker("hub-erasure", lambda: in_turn(self._step, self._tenants), every=_LOOK_AGAIN_SECONDS)

    def start(self) -> None:
        """Destroy what a restore brought back, then go on until `stop`; nothing serves before this returns.

        Raises:
            OSError, SQLAlchemyError: a disk or the database refuses; the hub must not serve.
        """
        for tenant in self._tenants:
            returned = self._eraser.replay_tombstones(tenant)
            if returned:
                self._log.warning("erased_images_returned", tenant=tenant, count=returned)
        self._worker.start()

    def stop(self) -> None:
        """Stop; a deletion under way is completed after the next start."""
        self._worker.stop(_STOP_SECONDS)

    def _step(self, tenant: TenantId) -> None:
        count = self._eraser.complete_due(tenant)
        if count:
            self._log.info("clients_erased", tenant=tenant, count=count)
