"""Who is asking, and whether they may."""

from collections.abc import Mapping
from http.cookies import CookieError, SimpleCookie
from typing import Final

from edge.api.ports import Actor
from edge.staff.permissions import Action
from edge.staff.sign_in import SignIn
from shared.http.errors import Refused

SESSION_COOKIE: Final = "medspa_session"


class StationActors:
    """Without sign-in everybody at this box acts as its station: the pages are on the loopback address only."""

    def __init__(self, station: str) -> None:
        self._actor = Actor(f"station-{station}"[:64], "Clinic staff")

    def actor(self, headers: Mapping[str, str]) -> Actor:
        """Return the station's actor."""
        del headers
        return self._actor

    def acting(self, headers: Mapping[str, str], named: str | None) -> str:
        """Return whom the request names; nobody can check it.

        Raises:
            Refused: it names nobody.
        """
        del headers
        if named is None:
            raise Refused("person_missing", "Please say who does this.")
        return named

    def permit(self, headers: Mapping[str, str], action: Action, *, by_hand: bool) -> None:
        """Allow everything."""

    def allowed(self, headers: Mapping[str, str]) -> frozenset[Action]:
        """Return every action."""
        del headers
        return frozenset(Action)


class SignedInActors:
    """With sign-in the actor is the person whose session the request carries."""

    def __init__(self, sign_in: SignIn) -> None:
        self._sign_in = sign_in

    def actor(self, headers: Mapping[str, str]) -> Actor:
        """Return who is signed in.

        Raises:
            Unauthenticated: nobody is, or the session is locked.
        """
        person = self._sign_in.person(session_token(headers))
        return Actor(person.id, person.name)

    def acting(self, headers: Mapping[str, str], named: str | None) -> str:
        """Return who is signed in, whatever the request says.

        Raises:
            Unauthenticated: nobody is, or the session is locked.
            Forbidden: the request names somebody else; the try is on record.
        """
        return self._sign_in.acting(session_token(headers), named).id

    def permit(self, headers: Mapping[str, str], action: Action, *, by_hand: bool) -> None:
        """Refuse what the signed-in person's role does not allow.

        Raises:
            Unauthenticated: nobody is signed in, or the session is locked.
            Forbidden: their role does not allow it.
        """
        if action is not Action.PUBLIC:
            self._sign_in.permit(session_token(headers), action, by_hand=by_hand)

    def allowed(self, headers: Mapping[str, str]) -> frozenset[Action]:
        """Return what the signed-in person may do now.

        Raises:
            Unauthenticated: nobody is signed in, or the session is locked.
        """
        return self._sign_in.allowed(session_token(headers))


def session_token(headers: Mapping[str, str]) -> str:
    """Return the session's token that a request carries; empty when there is none."""
    try:
        morsel = SimpleCookie(headers.get("cookie", "")).get(SESSION_COOKIE)
    except CookieError:
        return ""
    return morsel.value if morsel is not None else ""
