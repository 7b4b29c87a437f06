"""Starts the box with a sound record, or says on its pages what is wrong."""

from collections.abc import Callable
from typing import Final, TypeVar

import structlog

from edge.backup.damage import Healer
from edge.backup.errors import HistoryRefused, HistoryUnavailable
from edge.config import EdgeSettings
from edge.enrol import IDENTITY_FILE
from edge.faces.out_of_order import serve_out_of_order
from edge.store.errors import StorageFull
from shared.clock import SystemClock
from shared.errors import Corrupt

Box = TypeVar("Box")
_OUT_OF_ORDER_SECONDS: Final = 60.0


def open_sound(settings: EdgeSettings, make: Callable[[], Box]) -> Box:
    """Open the box; a record that is damaged is first restored from the configured backup and the hub.

    When that cannot be done, every page says for a minute what is wrong, and then this raises; whoever runs the box
    starts it again and it tries anew.

    Args:
        settings: the box's own configuration.
        make: opens the box.

    Raises:
        MedSpaError: the record is damaged and cannot be restored now, or as `make` says.
    """
    try:
        return _open(settings, make)
    except (Corrupt, HistoryUnavailable, HistoryRefused, StorageFull) as error:
        structlog.get_logger().error("box_out_of_order", code=error.code)
        serve_out_of_order(error, settings.http, _OUT_OF_ORDER_SECONDS)
        raise


def _open(settings: EdgeSettings, make: Callable[[], Box]) -> Box:
    healer = Healer(settings, SystemClock())
    if (settings.store.folder / IDENTITY_FILE).exists():
        healer.heal()
    try:
        return make()
    except Corrupt:
        # What no look at the log's end has shown; without damage in the pages it is something else.
        if healer.heal(full=True) is None:
            raise
        return make()
