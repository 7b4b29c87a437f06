"""Takes each batch to the transport that is due: the broker when live, the bulk outlet when far behind."""

from dataclasses import replace
from typing import Final

from edge.sync.backfill import BulkOutlet
from edge.sync.mqtt import Outlet
from shared.sync import route, sender
from shared.sync.route import Route, RouteState

_EVENTS: Final = {Route.LIVE: sender.MAX_BATCH_EVENTS, Route.BACKFILL: sender.MAX_BULK_EVENTS}
_BYTES: Final = {Route.LIVE: sender.MAX_BATCH_BYTES, Route.BACKFILL: sender.MAX_BULK_BYTES}


class Ways:
    """The ways up; used by the link's thread only."""

    def __init__(self, live: Outlet, bulk: BulkOutlet | None) -> None:
        """Keep both; without a bulk outlet everything goes live."""
        self._live = live
        self._bulk = bulk
        self._state = RouteState()

    @property
    def state(self) -> RouteState:
        """The route now."""
        return self._state

    @property
    def most_events(self) -> int:
        """How many events a batch may have on the present route."""
        return _EVENTS[self._state.route]

    @property
    def most_bytes(self) -> int:
        """How large a batch may be on the present route."""
        return _BYTES[self._state.route]

    def prepare(self, sending: sender.SenderState, behind: int, now: float) -> sender.SenderState:
        """Choose the route and let time pass on it; returns the sending half as it is then."""
        if self._bulk is not None:
            before = self._state.route
            self._state = route.choose(self._state, sending, behind, now)
            if before is not self._state.route and before is Route.BACKFILL:
                self._bulk.close()
            if self._state.route is Route.BACKFILL:
                self._bulk.open()
        if self._outlet().waiting():
            # Not all of it has left this box: the link is slow. Sending again would only make it slower.
            return replace(sending, waiting_since=now)
        return sender.on_tick(sending, now)

    def publish(self, data: bytes) -> None:
        """Send a batch on the present route.

        Raises:
            NotConnected: there is no connection; the batch still is due.
        """
        self._outlet().publish(data)

    def bulk_lost(self, sending: sender.SenderState, now: float) -> sender.SenderState:
        """Go on live after the bulk outlet ended by itself; what was in flight there is sent again."""
        if self._state.route is Route.LIVE:
            return sending
        self._state = route.on_broken(self._state, now)
        self.close()
        return sender.rewind(sending, now)

    def close(self) -> None:
        """Leave the bulk outlet, when the link is down or ends."""
        self._state = replace(self._state, route=Route.LIVE)
        if self._bulk is not None:
            self._bulk.close()

    def _outlet(self) -> Outlet:
        return self._bulk if self._bulk is not None and self._state.route is Route.BACKFILL else self._live
