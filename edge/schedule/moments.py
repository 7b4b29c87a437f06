"""Moments of a plan as people write them: "09:30" on the first day, "2026-12-01T09:30" on any."""

import datetime as dt
import re
from typing import Annotated, Final

from pydantic import AfterValidator, Field

from edge.schedule.domain import DAY_MINUTES

_TIME: Final = r"([01][0-9]|2[0-3]):[0-5][0-9]"
_WRITTEN: Final = rf"^(24:00|([0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}T)?{_TIME})$"
_ADVICE: Final = 'write a time such as "09:30", or "2026-12-01T09:30" with its date'


def readable(text: str) -> str:
    """Return a moment as it is written.

    Raises:
        ValueError: it is written in another way, such as with seconds or a time zone, or there is no such date.
    """
    if re.fullmatch(_WRITTEN, text) is None:
        raise ValueError(_ADVICE)
    if "T" in text:
        try:
            dt.datetime.fromisoformat(text)
        except ValueError as error:
            raise ValueError(f"{_ADVICE}: {error}") from error
    return text


Moment = Annotated[
    str,
    AfterValidator(readable),
    Field(
        description='"09:30" on the first day, or a local date and time such as "2026-12-01T09:30".',
        json_schema_extra={"pattern": _WRITTEN},
    ),
]


def minute_of(date: dt.date, moment: str) -> int:
    """Return a moment in minutes from the midnight at which `date` begins.

    Raises:
        ValueError: as `readable`.
    """
    readable(moment)
    if "T" not in moment:
        return int(moment[:2]) * 60 + int(moment[3:])
    at = dt.datetime.fromisoformat(moment)
    return (at.date() - date).days * DAY_MINUTES + at.hour * 60 + at.minute


def moment_of(date: dt.date, minute: int) -> str:
    """Return minutes from the midnight at which `date` begins as they are written here."""
    day, rest = divmod(minute, DAY_MINUTES)
    if day == 0 or minute == DAY_MINUTES:
        return f"{minute // 60:02d}:{minute % 60:02d}"
    return f"{date + dt.timedelta(days=day)}T{rest // 60:02d}:{rest % 60:02d}"
