"""The rules of PINs and lockout; pure."""

from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Final

from shared.http.errors import Refused

_LONGEST_PIN: Final = 12


@dataclass(frozen=True, slots=True)
class SignInRules:
    """How strict sign-in is; defaults as in the configuration.

    Attributes:
        idle_seconds: after so long without use a session is locked.
        session_seconds: after so long it ends.
        pin_digits: shortest PIN.
        free_failures: wrong PINs in a row that cost nothing.
        pause_seconds: wait after the first that does; doubled with each further one.
        longest_pause_seconds: limit of that.
        break_glass_seconds: how long break-glass lasts.
        code_seconds: life of a set-up code.
    """

    idle_seconds: float = 300
    session_seconds: float = 12 * 3600
    pin_digits: int = 6
    free_failures: int = 3
    pause_seconds: int = 30
    longest_pause_seconds: int = 3600
    break_glass_seconds: int = 1800
    code_seconds: int = 24 * 3600


def pause_after(failures: int, rules: SignInRules) -> int:
    """Return how many seconds nobody may try again after so many wrong PINs in a row."""
    beyond = failures - rules.free_failures - 1
    if beyond < 0:
        return 0
    return int(min(rules.pause_seconds * 2 ** min(beyond, 32), rules.longest_pause_seconds))


def seconds_left(failed_at: datetime, pause: int, now: datetime) -> float:
    """Return what is left of a pause, as seen at the first look after a start.

    A clock that went back shortens nothing: the whole pause is waited again, from now, by monotonic time.
    """
    passed = (now - failed_at).total_seconds()
    return float(pause) if passed < 0 else max(0.0, pause - passed)


def check_pin(pin: str, rules: SignInRules) -> None:
    """Refuse a PIN that is too short, no number, or the first that everybody tries.

    Raises:
        Refused: it is so; the sentence says why and never repeats it.
    """
    if not (pin.isascii() and pin.isdigit()) or not rules.pin_digits <= len(pin) <= _LONGEST_PIN:
        raise Refused("pin_form", f"A PIN has {rules.pin_digits} to {_LONGEST_PIN} digits.", "pin")
    steps = {(int(b) - int(a)) % 10 for a, b in pairwise(pin)}
    if len(steps) == 1 or len(set(pin)) < 3:
        raise Refused("pin_guessable", "This PIN is among the first that others try. Choose another one.", "pin")
