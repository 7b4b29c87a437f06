"""The clinic's schedule book: each command reads a day, decides, and appends what it decided."""

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import replace

from edge.schedule.clearing import Confirmed, OnRecord, asking_cleared, nothing_confirmed, with_clearances
from edge.schedule.day_log import DayLog
from edge.schedule.deciding import Decision
from edge.schedule.deciding_policy import Mode
from edge.schedule.domain import Appointment, AppointmentRequest, Disruption, PastVisit, Plan, Status
from edge.schedule.errors import NotAllowed
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
from edge.schedule.replan_record import restored_places
from edge.schedule.replans import Replan
from edge.schedule.schedule import Schedule
from edge.schedule.visits_on_record import VisitsOnRecord
from edge.schedule.whynot import Possible, Refusal, why_not
from edge.store.events import SqlcipherEventStore
from edge.threads import NoThreadFree, Priority, ThreadBudget
from shared.clock import Clock
from shared.events.catalogue import schedule as said
from shared.events.catalogue.estimates import DayClosed
from shared.events.payload import PayloadModel
from shared.ids import ClientId, IdSource

REPLAN_SECONDS = 1.0


class ScheduleBook(DayLog):
    """The days on record and what people and programs do to them; safe to share by threads."""

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
        super().__init__(store, clock, timezone)
        self._threads = threads or ThreadBudget(SolverLimits().workers)
        self._clinic = clinic
        self.learnt = EstimatesBook(store, clinic, ids)
        self._visits = VisitsOnRecord(store)
        self._ids = ids
        self._held: Callable[[Schedule], Sequence[Appointment]] = _nothing
        self._confirmed: Confirmed = nothing_confirmed

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
            date = self.day_of(appointment)
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
        date = self.day_of(appointment)
        booked = as_booked(self.learnt.planning(date), self.day(date).plan)
        situation = survey(booked.registry, booked.plan, self.minute(date))
        return date, why_not(situation, booked.plan.appointments[appointment], start, provider)

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


def _nothing(day: Schedule) -> Sequence[Appointment]:
    """Return that no place is kept."""
    del day
    return ()
