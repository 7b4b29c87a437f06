"""Who is asking."""

from collections.abc import Mapping

from edge.api.ports import Actor


class StationActors:
    """Everybody at this box acts as its station: the pages are served on the loopback address only."""

    def __init__(self, station: str) -> None:
        self._actor = Actor(f"station-{station}"[:64], "Clinic staff")

    def actor(self, headers: Mapping[str, str]) -> Actor:
        """Return the station's actor."""
        del headers
        return self._actor
