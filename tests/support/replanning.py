"""Reports what upsets a day, as somebody who takes what is proposed first."""

import datetime as dt

from edge.schedule.book import ScheduleBook
from edge.schedule.deciding_policy import Mode
from edge.schedule.domain import Disruption
from edge.schedule.replan_record import ReplanRecord


def replanned(book: ScheduleBook, date: dt.date, disruption: Disruption, actor: str = "desk") -> ReplanRecord:
    """Report a disruption, accept the answer where somebody has to, and return what was done."""
    name, decision = book.propose(date, disruption, actor)
    if decision.mode is not Mode.EXECUTE:
        book.accept(name, 0, actor, lambda: None)
    return book.day(date).replans[-1]
