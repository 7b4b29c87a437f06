"""Payloads of a day's checklist. `at` is in minutes from local midnight of `day`, before it where negative."""

import datetime as dt
from enum import StrEnum
from typing import Annotated, ClassVar, Final

from pydantic import Field

from shared.events.payload import PayloadModel

Name = Annotated[str, Field(min_length=1, max_length=80)]
FARTHEST_MINUTES: Final = 31 * 24 * 60
Moment = Annotated[int, Field(ge=-FARTHEST_MINUTES, le=FARTHEST_MINUTES)]


class SkipReason(StrEnum):
    """Why a task is not done; words of a list, so that no free text tells of a client."""

    NOT_NEEDED = "not_needed"
    CLIENT_DECLINED = "client_declined"
    DONE_ELSEWHERE = "done_elsewhere"
    NO_TIME = "no_time"


class TaskDone(PayloadModel):
    """Somebody did a task of a visit."""

    event_type: ClassVar[str] = "checklist.task_done"
    day: dt.date
    appointment: Name
    task: Name
    by: Name
    at: Moment


class TaskSkipped(PayloadModel):
    """Somebody decided that a task of a visit is not done."""

    event_type: ClassVar[str] = "checklist.task_skipped"
    day: dt.date
    appointment: Name
    task: Name
    reason: SkipReason
    by: Name
    at: Moment


class TaskReopened(PayloadModel):
    """A task that was done or skipped is open again."""

    event_type: ClassVar[str] = "checklist.task_reopened"
    day: dt.date
    appointment: Name
    task: Name
    by: Name
    at: Moment


PAYLOADS: tuple[type[PayloadModel], ...] = (TaskDone, TaskSkipped, TaskReopened)
