"""The one dependency by which every route states what it does and has it permitted."""

from typing import Any, Final

from fastapi import Depends
from starlette.requests import HTTPConnection

from edge.api.ports import EdgePorts
from edge.staff.permissions import Action

_PAGES_REFRESH: Final = frozenset({"GET", "HEAD"})


class Permit:
    """Refuses a request whose sender may not do `action`."""

    def __init__(self, ports: EdgePorts, action: Action) -> None:
        self._ports = ports
        self.action = action

    def __call__(self, connection: HTTPConnection) -> None:
        """Check one request; a photograph that is opened is opened by hand, a page that refreshes is not.

        Raises:
            Unauthenticated: nobody is signed in, or the session is locked.
            Forbidden: the role does not allow it.
        """
        by_hand = self.action is Action.READ_PHOTO or connection.scope.get("method") not in _PAGES_REFRESH
        self._ports.actors.permit(connection.headers, self.action, by_hand=by_hand)


def permits(ports: EdgePorts, action: Action) -> list[Any]:
    """Return a route's `dependencies` that permit one action."""
    return [Depends(Permit(ports, action))]
