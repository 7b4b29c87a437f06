"""What can go wrong with a schedule.

Rejected
└── ScheduleRejected
    ├── InvalidClinic     the clinic's file contradicts itself; names field and fix
    ├── UnknownName       a command names something the day or the clinic does not have
    └── NotAllowed        the command cannot follow the present state
Corrupt
└── BrokenFold            an event does not fit the events before it
"""

from shared.errors import Corrupt, Rejected


class ScheduleRejected(Rejected):
    """Base of every refusal of the schedule."""


class InvalidClinic(ScheduleRejected):
    """The clinic's file contradicts itself."""


class UnknownName(ScheduleRejected):
    """A command names something the day or the clinic does not have."""


class NotAllowed(ScheduleRejected):
    """The command cannot follow the present state."""


class BrokenFold(Corrupt):
    """An event does not fit the events before it."""
