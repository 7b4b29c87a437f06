"""The clinic's closed days and what is learnt from them, on record: folds the log, appends what is decided, once."""

import datetime as dt
import threading
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from edge.schedule.calibration import AGGREGATE, PURPOSE, Calibration
from edge.schedule.choices import Decisions, decisions_of, joined
from edge.schedule.day_close import close_day
from edge.schedule.domain import UNKNOWN_SHOW, AppointmentRequest
from edge.schedule.estimates import Estimates, History, calibrated, history_of, show_of
from edge.schedule.ids import ServiceId
from edge.schedule.paces import Paces, with_paces
from edge.schedule.registry import ClinicSource, Registry
from edge.schedule.weights_learnt import LearntWeights, with_learnt
from edge.store.events import SqlcipherEventStore
from shared.events.aggregates import in_order, payload_of
from shared.events.catalogue import estimates as said
from shared.events.catalogue import proposals, slots
from shared.events.catalogue import schedule as told
from shared.events.payload import Catalogue, PayloadModel
from shared.ids import IdSource

_KEPT_PLANNING: Final = 4
HISTORY_DAYS: Final = 365
"""How far back days count: a year has every season, and what is older tells of other staff and devices."""

_VERSION: Final = "SELECT coalesce(max(version), 0) FROM events WHERE aggregate = ?"
# A day's stream is `schedule:2026-12-01`; a semicolon is what follows a colon. Requests that were declined and slots
# that were lent leave a stream, too, with nothing in it to close.
_DAYS: Final = (
    "SELECT DISTINCT aggregate FROM events WHERE aggregate > 'schedule:' AND aggregate < 'schedule;' AND type = ?"
)
_PROPOSED: Final = "SELECT DISTINCT aggregate FROM events WHERE aggregate >= ? AND aggregate < 'schedule;' AND type = ?"


class EstimatesBook:
    """What the clinic has learnt from its days; safe to share by threads."""

    def __init__(self, store: SqlcipherEventStore, clinic: ClinicSource, ids: IdSource) -> None:
        """Make a book over a log; `clinic` says what is planned with before anything is learnt."""
        self._store = store
        self._clinic = clinic
        self._ids = ids
        self._catalogue = Catalogue((*said.PAYLOADS, *told.PAYLOADS, *proposals.PAYLOADS, *slots.OF_A_DAY))
        self._calibration = Calibration()
        self._planning: list[tuple[int, Registry, Registry]] = []
        self._lock = threading.RLock()

    @property
    def estimates(self) -> Estimates:
        """What new visits are planned with."""
        with self._lock:
            return self._known().estimates

    @property
    def weights(self) -> LearntWeights:
        """What the clinic has learnt of its weights."""
        with self._lock:
            return self._known().weights

    @property
    def paces(self) -> Paces:
        """What the clinic has learnt of its providers' paces: about staff, and for managers only."""
        with self._lock:
            return self._known().paces

    def planning(self, day: dt.date | None = None) -> Registry:
        """Return the clinic with the lengths, paces and weights that a day, by default today, is planned with."""
        with self._lock:
            known, registry = self._known(), self._clinic.current() if day is None else self._clinic.on(day)
            for version, made_of, planned in self._planning:
                if version == known.version and made_of is registry:
                    return planned
            planned = calibrated(with_paces(registry, known.paces), known.estimates)
            weights = with_learnt(planned.weights, known.weights)
            if weights != planned.weights:
                planned = planned.model_copy(update={"weights": weights})
            # One for each registry that some day to come is planned with; the oldest of the others go.
            self._planning = [*self._planning[1 - _KEPT_PLANNING :], (known.version, registry, planned)]
            return planned

    def expected(self, request: AppointmentRequest) -> AppointmentRequest:
        """Return a request with the chance that its client comes, where nothing else is known of the client."""
        return replace(request, show=self.show(request.service)) if request.show == UNKNOWN_SHOW else request

    def show(self, service: ServiceId) -> float:
        """Return the chance that a client of whom nothing is known comes to a service."""
        return show_of(self.estimates, service)

    def close_day(self, day: dt.date, today: dt.date, actor: str) -> said.DayClosed:
        """Record what a past day showed and return it; idempotent by the day.

        Raises:
            NotAllowed: the day is not over, or nothing was ever booked on it; nothing was recorded.
        """
        with self._lock:
            known = self._known()
            self._append(known.close_day(day, self._events_of(day), today), actor)
            return self._known().days[day]

    def not_closed(self, today: dt.date) -> list[dt.date]:
        """Return the past days with bookings that nobody has closed, oldest first."""
        with self._lock:
            closed, booked = self._known().days, told.AppointmentBooked.event_type
            days = (dt.date.fromisoformat(name.partition(":")[2]) for (name,) in self._store.rows(_DAYS, (booked,)))
            return sorted(day for day in days if day < today and day not in closed)

    def history(self, today: dt.date) -> History:
        """Return what the days of the past year showed, closed or not; nothing is recorded."""
        first = today - dt.timedelta(days=HISTORY_DAYS)
        with self._lock:
            days = [closed for day, closed in self._known().days.items() if day >= first]
            days.extend(close_day(day, self._events_of(day), today) for day in self.not_closed(today) if day >= first)
            return history_of(day.services for day in days)

    def decisions(self, today: dt.date) -> Decisions:
        """Return what people chose among proposals, of the past year's days and those to come."""
        first = f"schedule:{today - dt.timedelta(days=HISTORY_DAYS)}"
        days = self._store.rows(_PROPOSED, (first, proposals.ReplanProposed.event_type))
        return joined(decisions_of(self._said_in(name)) for (name,) in days)

    def calibrate(
        self, estimates: Estimates, actor: str, weights: LearntWeights | None = None, paces: Paces = ()
    ) -> bool:
        """Plan with these estimates, weights and paces from now on; tell whether they differ from those before."""
        with self._lock:
            decided = self._known().calibrate(estimates, self._ids.new(), weights, paces)
            self._append(decided, actor)
            return bool(decided)

    def undo(self, actor: str) -> None:
        """Take the latest estimates, weights and paces back.

        Raises:
            NotAllowed: there are none.
        """
        with self._lock:
            self._append(self._known().undo(), actor)

    def _known(self) -> Calibration:
        known = self._calibration
        # The stream grows by an event a day, and each booking asks: it is read only when there is more of it.
        if self._store.rows(_VERSION, (AGGREGATE,))[0][0] > known.version:
            for event in self._store.stream(AGGREGATE, known.version):
                known.apply(payload_of(event, self._catalogue))
        return known

    def _events_of(self, day: dt.date) -> list[PayloadModel]:
        return self._said_in(f"schedule:{day.isoformat()}")

    def _said_in(self, stream: str) -> list[PayloadModel]:
        return [payload_of(event, self._catalogue) for event in self._store.stream(stream)]

    def _append(self, payloads: Sequence[PayloadModel], actor: str) -> None:
        version = self._calibration.version
        if payloads:
            self._store.append(in_order(AGGREGATE, version, payloads, actor, PURPOSE))
