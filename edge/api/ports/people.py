"""Who asks, and how people sign in."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from edge.staff.permissions import Action
from edge.staff.register import Person
from shared.vocabulary import StaffRole

Authorise = Callable[[], None]
"""Raises where whoever asks may not do what is left to others."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who makes a request; recorded with every event and every read of a photograph."""

    id: str
    name: str


class ActorPort(Protocol):
    """Tells who is asking."""

    def actor(self, headers: Mapping[str, str]) -> Actor:
        """Return who asks, from the request's headers (lower-case names).

        Raises:
            Unauthenticated: nobody is signed in.
        """
        ...

    def acting(self, headers: Mapping[str, str], named: str | None) -> str:
        """Return the id of the person in whose name something is decided, signed or asked for.

        With sign-in it is whoever is signed in; without it, whom the request names.

        Raises:
            Unauthenticated: nobody is signed in.
            Forbidden: the request names somebody else than who is signed in.
            Refused: there is no sign-in, and the request names nobody.
        """
        ...

    def permit(self, headers: Mapping[str, str], action: Action, *, by_hand: bool) -> None:
        """Refuse what the asker may not do; `by_hand` tells whether a person asks or a page that refreshes.

        Raises:
            Unauthenticated: nobody is signed in, or the session is locked.
            Forbidden: the asker's role does not allow it; the try is on record.
        """
        ...

    def allowed(self, headers: Mapping[str, str]) -> frozenset[Action]:
        """Return what the asker may do now, so that a page offers nothing that would be refused.

        Raises:
            Unauthenticated: nobody is signed in, or the session is locked.
        """
        ...


class SignInPort(Protocol):
    """Sessions of the clinic's staff; what each refuses is told by its `Raises` in `edge.staff.sign_in`."""

    def people(self) -> list[Person]:
        """Return everybody who may sign in."""
        ...

    def set_up(self, code: str, name: str, pin: str) -> tuple[str, Person]:
        """Let the holder of a set-up code choose name and PIN; return their session's token."""
        ...

    def start(self, staff: str, pin: str) -> tuple[str, Person]:
        """Sign somebody in; return their session's token."""
        ...

    def unlock(self, token: str, pin: str) -> Person:
        """Let somebody go on whose session was locked."""
        ...

    def end(self, token: str) -> None:
        """Sign somebody out."""
        ...

    def person(self, token: str) -> Person:
        """Return who is signed in."""
        ...

    def break_glass(self, token: str, reason: str) -> int:
        """Give somebody rights beyond their role; return for how many seconds."""
        ...

    def change_pin(self, token: str, current: str, new: str) -> None:
        """Give somebody another PIN."""
        ...

    def invite(self, token: str, role: StaffRole) -> str:
        """Return a one-time set-up code for somebody new."""
        ...

    def deactivate(self, token: str, staff: str) -> None:
        """Let somebody sign in no more."""
        ...
