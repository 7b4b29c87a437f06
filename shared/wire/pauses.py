"""How long a connection waits for an answer, and how long before it tries again.

Many boxes that come back at once keep a broker busier than it can be: whoever gives up too soon makes it begin anew,
and whoever tries again too soon takes the time from those who wait. So the patience with an answer grows, pauses grow
and differ (equal jitter, after Brooker, "Exponential backoff and jitter", 2015), and both begin anew only after a
connection that has lasted.
"""

import random
from typing import Final

_FIRST_PAUSE_SECONDS: Final = 0.25
_FIRST_PATIENCE_SECONDS: Final = 2.0
_LONGEST_PATIENCE_SECONDS: Final = 60.0
_LASTING_SECONDS: Final = 10.0


class Pauses:
    """The pauses of one connection."""

    def __init__(self, longest: float, chance: random.Random) -> None:
        """Begin with the shortest; `longest` in seconds is never exceeded."""
        self._longest = longest
        self._chance = chance
        self._pause = _FIRST_PAUSE_SECONDS
        self.patience = _FIRST_PATIENCE_SECONDS
        """Seconds to wait for the broker's answer."""

    def after_session(self, lasted: float) -> float:
        """Return the pause after a connection that was accepted and lasted some seconds."""
        self.patience = _FIRST_PATIENCE_SECONDS
        if lasted >= _LASTING_SECONDS:
            self._pause = _FIRST_PAUSE_SECONDS
        return self._next()

    def after_refusal(self) -> float:
        """Return the pause after an attempt that failed or was refused at once."""
        return self._next()

    def after_silence(self) -> float:
        """Return the pause after an attempt that got no answer in time; the next one waits longer for it."""
        self.patience = min(self.patience * 2, _LONGEST_PATIENCE_SECONDS)
        return self._next()

    def _next(self) -> float:
        pause = min(self._pause, self._longest)
        self._pause = min(self._pause * 2, self._longest)
        return pause * self._chance.uniform(0.5, 1.0)
