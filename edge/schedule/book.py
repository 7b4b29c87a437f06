"""The clinic's days on record: folds them from the log, and appends what a command decides.

The box is the only writer. Each command reads the day, decides, and appends with the version it saw, so
two commands at once cannot both take the same place: the second is refused and its page reads again.
"""

import datetime as dt
import threading
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from zoneinfo import ZoneInfo

from edge.schedule.clearing import Confirmed, OnRecord, asking_cleared, nothing_confirmed, with_clearances
from edge.schedule.deciding import Decision
from edge.schedule.deciding_policy import Mode
from edge.schedule.domain import Appointment, AppointmentRequest, Disruption, PastVisit, Plan, Status
from edge.schedule.errors import NotAllowed, UnknownName
from edge.schedule.estimates_book import EstimatesBook
from edge.schedule.ids import AppointmentId, ProviderId, ReplanId, ServiceId
from edge.schedule.insertion import survey
from edge.schedule.lengths import as_booked
from edge.schedule.other_days import asking_with_history, too_near
from edge.schedule.pinning import Pin
from edge.schedule.proposal_commands import Authorise, accept, asked_again, propose, reject, stale_because
from edge.schedule.proposal_parts import disruption_of
from edge.schedule.proposals import ProposalRecord, State
from edge.schedule.proposing import decision_of
from edge.schedule.registry import ClinicSource, Registry
from edge.schedule.replan import SolverLimits, replan
from edge.schedule.replans import Replan
from edge.schedule.schedule import Schedule, restored_places
from edge.schedule.visits_on_record import VisitsOnRecord
from edge.schedule.whynot import Possible, Refusal, why_not
from edge.store.events import SqlcipherEventStore
from edge.threads import NoThreadFree, Priority, ThreadBudget
from shared.clock import Clock
from shared.events.catalogue import proposals as told
from shared.events.catalogue import schedule as said
from shared.events.catalogue import slots
from shared.events.catalogue.estimates import DayClosed
from shared.events.envelope import Event, EventDraft
from shared.events.payload import Catalogue, PayloadModel
from shared.ids import ClientId, IdSource

_KEPT_DAYS = 8
# A day's stream is `schedule:2026-12-01`; a semicolon is what follows a colon.
_DAYS_FROM = "SELECT DISTINCT aggregate FROM events WHERE aggregate >= ? AND aggregate < 'schedule;' ORDER BY aggregate"
REPLAN_SECONDS = 1.0


class ScheduleBook:
    """Every day of the clinic, opened as needed; safe to share by threads."""

    def __init__(
        self,
        store: SqlcipherEventStore,
        clinic: ClinicSource,
        ids: IdSource,
        clock: Clock,
        timezone: str,
        threads: ThreadBudget | None = None,
    ) -> None:
        """Make a book; `threads` is the budget shared with the analysis, or one of its own where none runs."""
        self._threads = threads or ThreadBudget(SolverLimits().workers)
        self._clinic = clinic
        self.learnt = EstimatesBook(store, clinic, ids)
        self.zone = ZoneInfo(timezone)
        self._store = store
        self._visits = VisitsOnRecord(store)
        self._ids = ids
        self._clock = clock
        self._catalogue = Catalogue((*said.PAYLOADS, *told.PAYLOADS, *slots.OF_A_DAY))
        self._days: dict[dt.date, Schedule] = {}
        self._lock = threading.RLock()
        self._held: Callable[[Schedule], Sequence[Appointment]] = _nothing
        self._confirmed: Confirmed = nothing_confirmed
        self._listeners: list[Callable[[dt.date], None]] = []

    @property
    def registry(self) -> Registry:
        """The clinic as it is now."""
        return self._clinic.current()

    def registry_on(self, date: dt.date) -> Registry:
        """Return the clinic that a day is planned with, or as it was when a day was over."""
        return self._clinic.on(date)

    def registries_ahead(self) -> Sequence[Registry]:
        """Return the clinic as it is now and as it will be from some day on, in order."""
        return self._clinic.ahead()

    def hold_by(self, held: Callable[[Schedule], Sequence[Appointment]]) -> None:
        """Ask `held` before somebody is booked which places of the day are kept for others; it must not append."""
        self._held = held

    def confirm_by(self, confirmed: Confirmed) -> None:
        """Ask `confirmed` before somebody is booked what a client is cleared for; without it nobody is for anything."""
        self._confirmed = confirmed

    def confirmed(self, client: ClientId, date: dt.date) -> frozenset[str]:
        """Return the clearances of a client that hold on a day."""
        return self._confirmed(client, date)

    def history(self, client: ClientId, service: ServiceId, date: dt.date) -> tuple[PastVisit, ...]:
        """Return what a client's visits on other days mean for a visit of a service on a day."""
        return self._visits.history(self.registry_on(date), client, service, date)

    @property
    def on_record(self) -> OnRecord:
        """What is on record of clients besides the day that is planned."""
        return OnRecord(self.confirmed, self.history)

    def with_record(self, request: AppointmentRequest, date: dt.date) -> AppointmentRequest:
        """Return a request with what its client is cleared for and has on other days, as far as its service asks."""
        cleared = with_clearances(self.registry_on(date), self._confirmed, request, date)
        return replace(cleared, history=self.history(request.client, request.service, date))

    def kept(self, day: Schedule) -> Sequence[Appointment]:
        """Return the visits that a place of the day is kept for although they are not booked."""
        return self._held(day)

    def on_change(self, listener: Callable[[dt.date], None]) -> None:
        """Call `listener` with the day after each command that changed it; it must be quick and must not append."""
        self._listeners.append(listener)

    def announce(self, date: dt.date) -> None:
        """Take in what was appended to a day, and call the listeners."""
        self.day(date)
        for listener in self._listeners:
            listener(date)

    def exclusively(self) -> AbstractContextManager[object]:
        """Keep other commands of this book away for the time of a `with` block; the same thread's may nest."""
        return self._lock

    def now(self) -> dt.datetime:
        """Return the time at the clinic."""
        return self._clock.wall().astimezone(self.zone)

    def today(self) -> dt.date:
        """Return the clinic's date."""
        return self.now().date()

    def minute(self, date: dt.date) -> int:
        """Return minutes after the clinic's midnight of a day: 0 for a day to come."""
        now = self.now()
        return now.hour * 60 + now.minute if now.date() == date else 0

    def day(self, date: dt.date) -> Schedule:
        """Return one day as the log tells it."""
        with self._lock:
            day = self._days.pop(date, None) or Schedule(date)
            self._days[date] = day  # whichever was used last is kept longest
            for event in self._store.stream(day.aggregate, day.version):
                day.apply(self._payload(event))
            while len(self._days) > _KEPT_DAYS:
                del self._days[next(iter(self._days))]
            return day

    def days_from(self, first: dt.date) -> list[dt.date]:
        """Return the days from one on that anything is on record of, in order."""
        rows = self._store.rows(_DAYS_FROM, (f"schedule:{first.isoformat()}",))
        return [dt.date.fromisoformat(name.partition(":")[2]) for (name,) in rows]

    def record(
        self, date: dt.date, decide: Callable[[Schedule], Sequence[PayloadModel]], actor: str, purpose: str
    ) -> list[PayloadModel]:
        """Append what is decided on a day as it stands, in one transaction, and return it.

        Raises:
            UnknownName, NotAllowed: as `decide`; nothing was recorded.
        """
        with self._lock:
            day = self.day(date)
            payloads = list(decide(day))
            self._append(day, payloads, actor, purpose)
        return payloads

    def answer(
        self, date: dt.date, decide: Callable[[Schedule], Sequence[PayloadModel]], actor: str, purpose: str
    ) -> list[EventDraft]:
        """Return what is decided on a day as it stands, for the caller to append: refused if the day has changed."""
        with self._lock:
            day = self.day(date)
            return in_order(day, decide(day), actor, purpose)

    def book_day(self, date: dt.date, requests: Sequence[AppointmentRequest], actor: str) -> int:
        """Book many requests in one transaction and return how many found a place."""
        with self._lock:
            day = self.day(date)
            asked = [self.with_record(self.learnt.expected(request), date) for request in requests]
            payloads = day.book_day(self.learnt.planning(date), asked, self._held(day))
            self._append(day, payloads, actor, "booking")
        return sum(isinstance(payload, said.AppointmentBooked) for payload in payloads)

    def change_status(self, appointment: AppointmentId, status: Status, actor: str) -> dt.date:
        """Record how far a visit of today or later has come, and return its day.

        Raises:
            UnknownName, NotAllowed: nothing was recorded.
        """
        with self._lock:
            date = self._date_of(appointment)
            day = self.day(date)
            self._append(day, day.change_status(appointment, status, self.minute(date)), actor, "care")
        return date

    def propose(self, date: dt.date, disruption: Disruption, actor: str) -> tuple[ReplanId, Decision]:
        """Replan a day: carried out where the clinic's policy allows it, recorded as a proposal otherwise.

        Raises:
            UnknownName, NotAllowed: nothing was recorded.
        """
        name = ReplanId(self._ids.new())
        with self._lock:
            disruption = self._with_record(date, disruption)
            answer = self._answer(date, disruption, name)
            decision, day = decision_of(self.registry_on(date), disruption, answer), self.day(date)
            if decision.mode is Mode.EXECUTE:
                payloads = day.report_disruption(self.learnt.planning(date), disruption, answer, name)
            else:
                payloads = propose(day, self.learnt.planning(date), disruption, answer, name)
            self._append(day, payloads, actor, "replan")
        return name, decision

    def accept(self, proposal: ReplanId, choice: int, actor: str, manager: Authorise) -> dt.date:
        """Carry out one answer of a proposal and return the day; idempotent by the proposal's id.

        Raises:
            UnknownName, NotAllowed: nothing was recorded; the day has changed, or the proposal is closed.
            Rejected: raised by `manager`, which is asked where the answer was left to one.
        """
        with self._lock:
            day, record = self._proposal(proposal)
            if record.state is State.OPEN and (why := self._asks_otherwise(day, record)):
                raise NotAllowed("proposal_stale", why)
            now, planning = self.minute(day.plan.date), self.learnt.planning(day.plan.date)
            self._append(day, accept(day, planning, record, choice, now, manager), actor, "replan")
        return day.plan.date

    def reject(self, proposal: ReplanId, actor: str) -> dt.date:
        """Take no answer of a proposal and return the day; idempotent by the proposal's id.

        Raises:
            UnknownName, NotAllowed: nothing was recorded.
        """
        with self._lock:
            day, record = self._proposal(proposal)
            self._append(day, reject(day, record), actor, "replan")
        return day.plan.date

    def renew(self, proposal: ReplanId, actor: str, pin: Pin | None = None) -> tuple[dt.date, ReplanId]:
        """Work a proposal out again on the day as it is now, with a person's choice for one visit, if any.

        Raises:
            UnknownName, NotAllowed: nothing was recorded; `PinRefused` holds what speaks against the choice.
        """
        name = ReplanId(self._ids.new())
        with self._lock:
            day, record = self._proposal(proposal)
            date = day.plan.date
            disruption, pins = asked_again(record, self.minute(date), pin)
            disruption = self._with_record(date, disruption)
            answer = self._answer(date, disruption, name, pins)
            payloads = propose(day, self.learnt.planning(date), disruption, answer, name, pins, record)
            self._append(day, payloads, actor, "replan")
        return date, name

    def out_of_date(self, date: dt.date, record: ProposalRecord) -> str | None:
        """Return why an open proposal cannot be accepted any more, or none while it can."""
        day = self.day(date)
        stale = stale_because(day, self.learnt.planning(date), record, self.minute(date))
        return stale or self._asks_otherwise(day, record)

    def why_not(
        self, appointment: AppointmentId, start: int, provider: ProviderId | None = None
    ) -> tuple[dt.date, Refusal | Possible]:
        """Return the day of a visit and whether it could start then with nobody moved; if not, why and when instead.

        Raises:
            UnknownName, NotAllowed: as `whynot.why_not`.
        """
        date = self._date_of(appointment)
        booked = as_booked(self.learnt.planning(date), self.day(date).plan)
        situation = survey(booked.registry, booked.plan, self.minute(date))
        return date, why_not(situation, booked.plan.appointments[appointment], start, provider)

    def day_of(self, appointment: AppointmentId) -> dt.date:
        """Return the day of a visit of today or later.

        Raises:
            UnknownName: there is no such visit.
        """
        return self._date_of(appointment)

    def day_of_proposal(self, proposal: ReplanId) -> dt.date:
        """Return the day that a proposal is about.

        Raises:
            UnknownName: there is no such proposal.
        """
        return self._proposal(proposal)[0].plan.date

    def new_visit_id(self) -> AppointmentId:
        """Return an id that no visit has."""
        return AppointmentId(self._ids.new())

    def undo(self, replan_id: ReplanId, actor: str) -> dt.date:
        """Take the latest replan of its day back and return the day.

        Raises:
            UnknownName, NotAllowed: nothing was recorded.
        """
        with self._lock:
            date = self._date_with(lambda day: any(item.reported.replan == replan_id for item in day.replans))
            day = self.day(date)
            payloads = day.undo_replan(self.learnt.planning(date), replan_id)
            self._refuse_too_near(day, payloads)
            self._append(day, payloads, actor, "replan")
        return date

    def close_day(self, date: dt.date, actor: str) -> DayClosed:
        """Record what a past day showed of its visits and return it; idempotent by the day.

        Raises:
            NotAllowed: the day is not over, or nothing was ever booked on it; nothing was recorded.
        """
        return self.learnt.close_day(date, self.today(), actor)

    def client_of(self, appointment: str) -> ClientId:
        """Return whose visit it is.

        Raises:
            UnknownName: no such visit today or later.
        """
        name = AppointmentId(appointment)
        return self.day(self._date_of(name)).plan.appointments[name].client

    def _proposal(self, proposal: ReplanId) -> tuple[Schedule, ProposalRecord]:
        date = self._date_with(lambda day: proposal in day.proposals.records)
        day = self.day(date)
        return day, day.proposals.find(proposal)

    def _answer(self, date: dt.date, disruption: Disruption, replan_id: ReplanId, pins: tuple[Pin, ...] = ()) -> Replan:
        with self._lock:
            day = self.day(date)
            held = self._held(day)
        registry, watch = self.learnt.planning(date), self._clock.monotonic
        return self._searched(
            lambda limits: day.preview(registry, disruption, replan_id, watch, limits, held, pins), alternatives=True
        )

    def solve(self, plan: Plan, disruption: Disruption, replan_id: ReplanId) -> Replan:
        """Return how some plan of a day would go on after a disruption, whatever the day is; changes nothing."""
        booked, watch = as_booked(self.learnt.planning(plan.date), plan), self._clock.monotonic
        return booked.replan(
            self._searched(lambda limits: replan(booked.registry, booked.plan, disruption, replan_id, watch, limits))
        )

    def _searched(self, answer: Callable[[SolverLimits], Replan], *, alternatives: bool = False) -> Replan:
        """Replan on the threads that are free; when photographs need all of them, the repair stands unsearched."""
        try:
            with self._threads.take(Priority.SOLVER, self._threads.total, REPLAN_SECONDS) as workers:
                return answer(SolverLimits(REPLAN_SECONDS, workers, alternatives=alternatives))
        except NoThreadFree:
            return answer(SolverLimits(seconds=0, alternatives=alternatives))

    def _append(self, day: Schedule, payloads: Sequence[PayloadModel], actor: str, purpose: str) -> None:
        """Append what was decided on `day`, which must not have been folded further since."""
        if not payloads:
            return
        self._store.append(in_order(day, payloads, actor, purpose))
        self.announce(day.plan.date)

    def _with_record(self, date: dt.date, disruption: Disruption) -> Disruption:
        plan, registry = self.day(date).plan, self.registry_on(date)
        return asking_with_history(self.history, plan, asking_cleared(registry, self._confirmed, plan, disruption))

    def _asks_otherwise(self, day: Schedule, record: ProposalRecord) -> str | None:
        """Return that whoever asks in a proposal has visits on other days that it was not worked out with, or none."""
        asked = disruption_of(record.proposed.disruption)
        if asking_with_history(self.history, day.plan, asked) == asked:
            return None
        return "the client's visits on other days have changed since this was proposed; work it out again, then decide"

    def _refuse_too_near(self, day: Schedule, payloads: Sequence[PayloadModel]) -> None:
        """Refuse to put somebody back where they have meanwhile been booked too near on another day."""
        for visit in restored_places(day.plan, payloads):
            there = replace(visit, history=self.history(visit.client, visit.service, day.plan.date))
            if why := too_near(self.registry_on(day.plan.date), there):
                raise NotAllowed("place_taken", f"{why}; move the visits by hand")

    def _payload(self, event: Event) -> PayloadModel:
        fields = event.fields
        return self._catalogue.model(fields.type, fields.schema_version).model_validate(fields.payload)

    def _date_of(self, appointment: AppointmentId) -> dt.date:
        return self._date_with(lambda day: appointment in day.plan.appointments)

    def _date_with(self, holds: Callable[[Schedule], bool]) -> dt.date:
        """Return the day, of today, tomorrow and those opened before, that fulfils a condition."""
        today = self.today()
        for date in sorted(
            {today, today + dt.timedelta(days=1), *self._days}, key=lambda date: abs((date - today).days)
        ):
            if holds(self.day(date)):
                return date
        raise UnknownName("not_on_the_schedule", "the schedule holds no such entry; reload the day")


def _nothing(day: Schedule) -> Sequence[Appointment]:
    """Return that no place is kept."""
    del day
    return ()


def in_order(day: Schedule, payloads: Sequence[PayloadModel], actor: str, purpose: str) -> list[EventDraft]:
    """Return drafts that are refused as a whole when the day is no longer the one that was decided on."""
    return [
        EventDraft(day.aggregate, payload, actor, purpose, expected_version=day.version + number)
        for number, payload in enumerate(payloads)
    ]
