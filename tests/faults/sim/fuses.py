"""How a machine dies: at a chosen one of the places where it touches disk or network."""

from enum import StrEnum


class Place(StrEnum):
    """Where a machine can die in the middle of what it does."""

    BEFORE_COMMIT = "before a commit"
    AFTER_COMMIT = "after a commit, before its caller knows"
    PUBLISH = "before a message leaves"


class Crash(BaseException):
    """The machine is gone; no handler of errors may catch this."""

    def __init__(self, machine: str, place: Place) -> None:
        super().__init__(f"{machine} died {place}")
        self.machine = machine


class Fuse:
    """Burns down as a machine passes one kind of place, and kills it there."""

    def __init__(self, machine: str) -> None:
        self._machine = machine
        self._place: Place | None = None
        self._left = 0

    def light(self, place: Place, after: int) -> None:
        """Let the machine die when it passes `place` for the `after`-th time from now on."""
        self._place, self._left = place, after

    def put_out(self) -> None:
        """Let it live."""
        self._place = None

    def burn(self, place: Place) -> None:
        """Pass a place.

        Raises:
            Crash: this was the one.
        """
        if place is not self._place:
            return
        self._left -= 1
        if self._left <= 0:
            self._place = None
            raise Crash(self._machine, place)
