"""What box and hub must agree on about slots that are lent: until when one may be sold, and when it is over.

Two clocks never agree. The hub alone decides, by its own, when it stops selling; the box gives a slot up by itself only
when both limits are so far behind that no clock it believes could have told the hub otherwise.
"""

import datetime as dt
from typing import Final

SALE_ENDS: Final = dt.timedelta(minutes=60)
"""So long before its start a slot is not sold any more, whatever its lease says."""
OVER_AFTER: Final = dt.timedelta(minutes=30)
"""So long after its start an unsold slot is over: whoever had bought it would be here."""


def moment(day: dt.date, minute: int, zone: dt.tzinfo) -> dt.datetime:
    """Return when the clinic's own clocks show a minute of a day, in UTC."""
    midnight = dt.datetime.combine(day, dt.time(), zone)
    return (midnight + dt.timedelta(minutes=minute)).astimezone(dt.UTC)


def last_sale(start: dt.datetime, until: dt.datetime) -> dt.datetime:
    """Return the moment from which the hub sells a slot no more."""
    return min(until, start - SALE_ENDS)


def is_over(start: dt.datetime, now: dt.datetime) -> bool:
    """Tell whether a slot that nobody has bought can be used otherwise, by a clock that is believed."""
    return now >= start + OVER_AFTER
