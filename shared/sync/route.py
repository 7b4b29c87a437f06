"""Which transport batches of events take: live over the broker, or as a backfill when far behind.

A batch travels on one transport at a time: the route changes only while nothing is in flight. Pure, like
`sender.py`.
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from shared.sync.sender import SenderState

BACKFILL_ABOVE: Final = 2_000
LIVE_BELOW: Final = 200
AFTER_FAILURE_SECONDS: Final = 15.0


class Route(StrEnum):
    """The transports."""

    LIVE = "live"
    BACKFILL = "backfill"


@dataclass(frozen=True, slots=True)
class RouteState:
    """The route now.

    Attributes:
        route: where the next batch goes.
        live_until: monotonic seconds before which no backfill is tried, since the last one failed.
        switches: how often the route has changed.
    """

    route: Route = Route.LIVE
    live_until: float = float("-inf")
    switches: int = 0


def choose(state: RouteState, sending: SenderState, behind: int, now: float) -> RouteState:
    """Return the route for the next batch.

    Args:
        state: the route so far.
        sending: the sending half; while a batch is in flight the route stays.
        behind: events that the receiver has not acknowledged.
        now: monotonic seconds.
    """
    if sending.batch_ends:
        return state
    if state.route is Route.LIVE and behind > BACKFILL_ABOVE and now >= state.live_until:
        return replace(state, route=Route.BACKFILL, switches=state.switches + 1)
    if state.route is Route.BACKFILL and behind < LIVE_BELOW:
        return replace(state, route=Route.LIVE, switches=state.switches + 1)
    return state


def on_broken(state: RouteState, now: float) -> RouteState:
    """Go on live when a backfill ended by itself; it is tried again after a while."""
    if state.route is Route.LIVE:
        return state
    return RouteState(Route.LIVE, now + AFTER_FAILURE_SECONDS, state.switches + 1)
