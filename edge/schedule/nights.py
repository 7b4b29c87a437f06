"""The aggregate of the nights in which the coming days were rolled: one roll a night, and one undo of all of it."""

import datetime as dt
from collections.abc import Iterable
from typing import Final

from edge.schedule.coming_days import ROLLED
from edge.schedule.errors import BrokenFold, NotAllowed
from edge.schedule.horizon import RollMemory
from edge.schedule.ids import AppointmentId
from edge.schedule.schedule import Schedule
from shared.events.catalogue import nights as said
from shared.events.payload import PayloadModel

AGGREGATE: Final = "schedule-nights"
LATEST: Final = dt.timedelta(hours=6)
"""A box that was off at its hour rolls so long after it, and not in the middle of the day after."""


def night_at(now: dt.datetime, hour: int) -> tuple[dt.date, bool]:
    """Return the night that a moment at the clinic belongs to, by the date its hour was on, and whether it is due."""
    begins = now.replace(hour=hour, minute=0, second=0, microsecond=0)
    if begins > now:
        begins -= dt.timedelta(days=1)
    return begins.date(), now - begins < LATEST


class Nights:
    """What has been rolled.

    Attributes:
        rolled: every roll, oldest first.
        version: how many payloads have been applied.
    """

    def __init__(self) -> None:
        self.rolled: list[said.NightRolled] = []
        self.version = 0
        self._undone: set[str] = set()

    @classmethod
    def fold(cls, payloads: Iterable[PayloadModel]) -> "Nights":
        """Return what payloads, in order, add up to."""
        nights = cls()
        for payload in payloads:
            nights.apply(payload)
        return nights

    def was_rolled(self, night: dt.date) -> bool:
        """Tell whether a night has had its roll, undone or not."""
        return any(roll.night == night for roll in self.rolled)

    def memory(self, days: Iterable[Schedule], zone: dt.tzinfo) -> RollMemory:
        """Return what a roll has to know of those before it; a move counts as one also when it was taken back."""
        at = {day.replan: roll.at.astimezone(zone).replace(tzinfo=None) for roll in self.rolled for day in roll.days}
        moved = {
            AppointmentId(move.appointment): at[record.reported.replan]
            for day in days
            for record in day.replans
            if record.reported.kind == ROLLED
            for move in record.moves
            if move.before
        }
        return RollMemory(moved, self.rolled[-1].left if self.rolled else "")

    def latest(self) -> said.NightRolled:
        """Return the latest roll that moved anybody, to be undone.

        Raises:
            NotAllowed: there is none, or it was undone.
        """
        moving = [roll for roll in self.rolled if roll.days]
        if not moving:
            raise NotAllowed("nothing_to_undo", "no night has moved a visit: there is nothing to take back")
        if moving[-1].roll in self._undone:
            raise NotAllowed("undone_before", "the latest roll was taken back before; move other visits by hand")
        return moving[-1]

    def apply(self, payload: PayloadModel) -> None:
        """Take one event into account.

        Raises:
            BrokenFold: the event does not fit the events before it.
        """
        match payload:
            case said.NightRolled():
                self.rolled.append(payload)
            case said.NightUndone(roll=name):
                if all(roll.roll != name for roll in self.rolled):
                    raise BrokenFold("unknown_roll", "an event takes back a roll that never was; repair the log")
                self._undone.add(name)
            case _:
                raise BrokenFold("foreign_event", f"{payload.event_type} does not belong to the nights")
        self.version += 1
