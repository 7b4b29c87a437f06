"""What a client has on other days, read from the table of visits: none of those days is opened for it."""

import datetime as dt

from edge.schedule.domain import PastVisit
from edge.schedule.ids import ServiceId
from edge.schedule.other_days import history_of, reach_of
from edge.schedule.registry import Registry
from edge.store.events import SqlcipherEventStore
from shared.ids import ClientId


class VisitsOnRecord:
    """Reads what a client has on other days; safe to share by threads."""

    def __init__(self, store: SqlcipherEventStore) -> None:
        self._store = store

    def history(self, registry: Registry, client: ClientId, service: ServiceId, day: dt.date) -> tuple[PastVisit, ...]:
        """Return what the clinic's rules make of a client's other days for a visit on a day, nearest days first.

        Only visits that have a place and are neither cancelled nor missed; nothing is looked up for a service that no
        rule is about.
        """
        reach = reach_of(registry, service)
        if reach is None:
            return ()
        first = dt.date.min if reach.back is None else day - dt.timedelta(days=reach.back)
        last = day + dt.timedelta(days=reach.ahead)
        rows = self._store.rows(
            "SELECT day, service FROM client_visits"
            " WHERE client = ? AND day BETWEEN ? AND ? AND day <> ? AND active AND placed",
            (client, first.isoformat(), last.isoformat(), day.isoformat()),
        )
        found = (PastVisit(ServiceId(name), (day - dt.date.fromisoformat(date)).days) for date, name in rows)
        return history_of(registry, service, found)
