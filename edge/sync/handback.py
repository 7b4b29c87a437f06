"""Hands back to a restored hub what this box has applied of the hub's own log and the hub has forgotten."""

from dataclasses import dataclass
from typing import Final

from edge.sync.inbox import Inbox
from shared.sync import sender
from shared.sync.position import Position

_ANSWER_SECONDS: Final = 5.0
_TRIES: Final = 3


@dataclass(frozen=True, slots=True)
class Forgotten:
    """Events the hub lacks: of this epoch, from `first_seq` on."""

    epoch: str
    first_seq: int
    bodies: list[bytes]


class HandBack:
    """What is still to be handed back on one connection.

    While something is, the box's own events wait, for some of them answer what was forgotten. A hub that does not take
    it is asked a few times only, then the box's events go on without.
    """

    def __init__(self, inbox: Inbox) -> None:
        self._inbox = inbox
        self._missing: Forgotten | None = None
        self._tries = 0
        self._sent_at = float("-inf")

    @property
    def pending(self) -> bool:
        """Whether the box's own events must wait."""
        return self._missing is not None

    def greeted(self, known: list[Position], serving: str) -> None:
        """Compare what the hub knows with what was applied here.

        Args:
            known: the end of each epoch of the hub's log, by its word.
            serving: the last of them, which the hub alone writes.
        """
        missing = self._first_missing({end.epoch: end.seq for end in known}, serving)
        same = missing is not None and self._missing is not None and missing.first_seq == self._missing.first_seq
        if missing is None or not same:
            self._tries = 0
        self._missing = missing if self._tries < _TRIES else None
        self._sent_at = float("-inf")

    def due(self, now: float) -> Forgotten | None:
        """Return what to send now; after a few tries without an answer nothing more."""
        if self._missing is None or now - self._sent_at < _ANSWER_SECONDS:
            return None
        if self._tries >= _TRIES:
            self._missing = None
            return None
        self._tries += 1
        self._sent_at = now
        return self._missing

    def _first_missing(self, known: dict[str, int], serving: str) -> Forgotten | None:
        for end in self._inbox.ends():
            first_seq = known.get(end.epoch, 0) + 1
            if end.epoch != serving and end.seq >= first_seq:
                bodies = self._inbox.bodies(end.epoch, first_seq, sender.MAX_BATCH_EVENTS)
                return Forgotten(end.epoch, first_seq, sender.fit(bodies))
        return None
