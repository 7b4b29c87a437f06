"""Completes deletions at the hub as soon as their tombstones arrive, on its own thread."""

import threading
from collections.abc import Sequence
from typing import Final

import structlog
from sqlalchemy.exc import SQLAlchemyError

from cloud.erasure.eraser import HubEraser
from shared.ids import TenantId

_LOOK_AGAIN_SECONDS: Final = 0.5
_AFTER_FAILURE_SECONDS: Final = 5.0


class HubErasureWorker:
    """Looks for what is due, tenant by tenant; one tenant's trouble delays no other."""

    def __init__(self, eraser: HubEraser, tenants: Sequence[TenantId]) -> None:
        self._eraser = eraser
        self._tenants = tuple(tenants)
        self._stopping = threading.Event()
        self._log = structlog.get_logger()
        self._thread = threading.Thread(target=self._run, name="hub-erasure", daemon=True)

    def start(self) -> None:
        """Destroy what a restore brought back, then go on until `stop`; nothing serves before this returns.

        Raises:
            OSError, SQLAlchemyError: a disk or the database refuses; the hub must not serve.
        """
        for tenant in self._tenants:
            returned = self._eraser.replay_tombstones(tenant)
            if returned:
                self._log.warning("erased_images_returned", tenant=tenant, count=returned)
        self._thread.start()

    def stop(self) -> None:
        """Stop; a deletion under way is completed after the next start."""
        self._stopping.set()
        if self._thread.ident is not None:
            self._thread.join(timeout=10)

    def _run(self) -> None:
        pause = _LOOK_AGAIN_SECONDS
        while not self._stopping.wait(pause):
            done = [self._step(tenant) for tenant in self._tenants]
            pause = _LOOK_AGAIN_SECONDS if all(done) else _AFTER_FAILURE_SECONDS

    def _step(self, tenant: TenantId) -> bool:
        try:
            count = self._eraser.complete_due(tenant)
        except (SQLAlchemyError, OSError) as error:
            self._log.warning("erasure_waits", tenant=tenant, reason_code=type(error).__name__)
            return False
        except Exception:  # noqa: BLE001 - the thread's boundary: a deletion is tried until it is done
            self._log.error("erasure_failed", tenant=tenant, exc_info=True)
            return False
        if count:
            self._log.info("clients_erased", tenant=tenant, count=count)
        return True
