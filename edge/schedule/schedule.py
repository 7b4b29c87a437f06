"""The aggregate of one clinic day: commands in, event payloads out; events in, the plan as it stands.

A command changes nothing by itself: append its payloads to the log, then `apply` each of them. Folding a
day's payloads in order gives the same plan on any machine.
"""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import replace

from edge.schedule.booking import next_slots, plan_day
from edge.schedule.domain import Appointment, AppointmentRequest, Disruption, Plan, Span, Status, WalkIn
from edge.schedule.errors import BrokenFold, NotAllowed
from edge.schedule.facts import find, with_facts, with_status
from edge.schedule.held import recalls
from edge.schedule.ids import AppointmentId, ReplanId
from edge.schedule.leases import Leases
from edge.schedule.lengths import as_booked
from edge.schedule.payloads import appointment_of, outage_of, stages_of, visit_part
from edge.schedule.pinning import Pin
from edge.schedule.proposals import AnyProposalEvent, Proposals
from edge.schedule.registry import Registry
from edge.schedule.replan import SolverLimits, Stopwatch, replan
from edge.schedule.replan_record import ReplanRecord, taken_back, undo
from edge.schedule.replans import Replan
from edge.schedule.telling import declined, status_changed, tell_replan
from shared.events.catalogue import proposals, slots
from shared.events.catalogue import schedule as said
from shared.events.payload import PayloadModel


class Schedule:
    """One clinic day.

    Attributes:
        plan: the day as it stands.
        replans: what upset the day, oldest first.
        leases: which places are lent to the hub, and what became of those that were.
        version: how many payloads have been applied.
        proposals: what waits, or waited, for a decision.
        changed: the version that the last change of the day itself gave it; proposals alone change nothing.
    """

    def __init__(self, date: dt.date) -> None:
        self.plan = Plan(date)
        self.replans: list[ReplanRecord] = []
        self.leases = Leases()
        self.version = 0
        self.proposals = Proposals()
        self.changed = 0

    @classmethod
    def fold(cls, date: dt.date, payloads: Iterable[PayloadModel]) -> "Schedule":
        """Return the day that its payloads, in order, add up to."""
        schedule = cls(date)
        for payload in payloads:
            schedule.apply(payload)
        return schedule

    @property
    def aggregate(self) -> str:
        """Name of the event stream of this day."""
        return f"schedule:{self.plan.date.isoformat()}"

    def book_day(
        self, registry: Registry, requests: Sequence[AppointmentRequest], held: Sequence[Appointment] = ()
    ) -> list[PayloadModel]:
        """Plan many requests at once; each is booked, or declined when the day has no place for it.

        Nobody gets a place that is `held` for somebody else.
        """
        day = plan_day(registry, requests, self.plan.date, self.plan.with_appointments(*held))
        result: list[PayloadModel] = []
        for request in requests:
            planned = day.appointments[request.id]
            result.append(
                said.AppointmentBooked(day=self.plan.date, visit=visit_part(planned))
                if planned.placed
                else declined(registry, self.plan, request, now=0)
            )
        return result

    def decide_request(
        self, registry: Registry, request: AppointmentRequest, now: int, held: Sequence[Appointment] = ()
    ) -> list[PayloadModel]:
        """Answer an online request at minute `now`: booked in its best free slot, or declined with others.

        Idempotent by the request's id: one that is booked already gives no event. What is `held` for others is taken.
        """
        if request.id in self.plan.appointments:
            return []
        taken = self.plan.with_appointments(*held)
        offers = next_slots(registry, taken, request, now, count=1)
        if not offers:
            return [declined(registry, taken, request, now)]
        booked = Appointment.of(request, offers[0].stages)
        return [said.AppointmentBooked(day=self.plan.date, visit=visit_part(booked))]

    def change_status(self, appointment: AppointmentId, status: Status, at: int) -> list[PayloadModel]:
        """Record how far a visit has come; a repeated status gives no event.

        Raises:
            UnknownName: no such appointment.
            NotAllowed: the status cannot follow the present one.
        """
        old = find(self.plan, appointment)
        if old.status is status:
            return []
        with_status(old, status)
        if status is Status.CANCELLED:
            return [said.AppointmentCancelled(day=self.plan.date, appointment=appointment, at=at)]
        return [status_changed(self.plan, old, status, at)]

    def preview(
        self,
        registry: Registry,
        disruption: Disruption,
        replan_id: ReplanId,
        stopwatch: Stopwatch,
        limits: SolverLimits | None = None,
        held: Sequence[Appointment] = (),
        pins: tuple[Pin, ...] = (),
    ) -> Replan:
        """Return what a disruption would do, changing nothing; raises as `replan.replan`.

        A walk-in gets no place that is `held` for somebody else. Whoever is booked, or urgent, comes before those.
        """
        taken = self.plan.with_appointments(*held) if isinstance(disruption, WalkIn) else self.plan
        booked = as_booked(registry, taken)
        found = replan(booked.registry, booked.plan, disruption, replan_id, stopwatch, limits, pins=pins)
        answer = booked.replan(found)
        if taken is self.plan:
            return answer
        return replace(answer, facts=_released(answer.facts, held), plan=_released(answer.plan, held))

    def report_disruption(
        self, registry: Registry, disruption: Disruption, answer: Replan, replan_id: ReplanId
    ) -> list[PayloadModel]:
        """Return the payloads that carry out a previewed replan: the report, each change, the summary.

        Raises:
            NotAllowed: the day has changed since the preview, or the id was used before.
        """
        if any(record.reported.replan == replan_id for record in self.replans):
            raise NotAllowed("replan_known", "this replan was recorded already; reload the day")
        if with_facts(registry, self.plan, disruption, replan_id) != answer.facts:
            raise NotAllowed("day_changed", "the day has changed since the preview; report it again")
        return [
            *self.others_expire(),
            *tell_replan(registry, self.plan, disruption, answer, replan_id),
            *recalls(registry, self.plan.date, self.leases, disruption, answer),
        ]

    def others_expire(self, but: ReplanId | None = None) -> list[PayloadModel]:
        """Return the payloads that close every other open proposal: a replan leaves none of them true."""
        return [
            proposals.ProposalExpired(day=self.plan.date, proposal=record.id)
            for record in self.proposals.open
            if record.id != but
        ]

    def undo_replan(self, registry: Registry, replan_id: ReplanId) -> list[PayloadModel]:
        """Take the latest replan and its disruption back; idempotent by `replan_id`.

        Raises:
            NotAllowed: it is not the latest, or what it touched has changed since or is needed otherwise.
        """
        undone = undo(registry, self.plan, self.replans, replan_id)
        return [] if undone is None else [undone]

    def apply(self, payload: PayloadModel) -> None:
        """Take one event of this day into account; payloads of other capabilities are refused.

        Raises:
            BrokenFold: the event does not fit the events before it.
        """
        if isinstance(payload, AnyProposalEvent):
            self.proposals.apply(payload)
            self.version += 1
        elif isinstance(payload, slots.OF_A_DAY):
            self._apply_lease(payload)
        else:
            self._apply_change(payload)

    def _apply_lease(self, payload: PayloadModel) -> None:
        self.leases = self.leases.with_event(payload)
        self.version += 1
        if self.leases.lent != self.plan.lent:
            self.plan = replace(self.plan, lent=self.leases.lent)
            self.changed = self.version

    def _apply_change(self, payload: PayloadModel) -> None:
        match payload:
            case said.AppointmentBooked(visit=visit):
                self.plan = self.plan.with_appointments(appointment_of(visit))
            case said.AppointmentMoved(after=parts) | said.AppointmentExtended(stages=parts):
                self._change(payload.appointment, stages=stages_of(parts))
                if isinstance(payload, said.AppointmentMoved):
                    self._record(payload.replan).moves.append(payload)
            case said.AppointmentDisplaced():
                self._change(payload.appointment, stages=())
            case said.AppointmentCancelled():
                self._change(payload.appointment, status=Status.CANCELLED)
            case said.AppointmentStatusChanged(after=status):
                self._change(payload.appointment, status=Status(status))
            case said.AppointmentClearancesChanged(cleared=names):
                self._change(payload.appointment, cleared=frozenset(names))
            case said.DisruptionReported() | said.ReplanApplied() | said.ReplanUndone():
                self._apply_replan(payload)
            case said.RequestDeclined():
                pass
            case _:
                raise BrokenFold("foreign_event", f"{payload.event_type} does not belong to a schedule")
        self.version += 1
        self.changed = self.version

    def _apply_replan(self, event: said.DisruptionReported | said.ReplanApplied | said.ReplanUndone) -> None:
        match event:
            case said.DisruptionReported():
                self._reported(event)
            case said.ReplanApplied():
                record = self._record(event.replan)
                record.after, record.applied = self.plan, event
            case said.ReplanUndone():
                self._record(event.replan).undone = True
                self.plan = taken_back(self.plan, event)

    def _reported(self, event: said.DisruptionReported) -> None:
        self.replans.append(ReplanRecord(event, before=self.plan))
        outage = outage_of(event)
        if outage is not None:
            self.plan = replace(self.plan, outages=(*self.plan.outages, outage))
        if event.kind == "late" and event.appointment and event.start is not None and event.end is not None:
            self._change(event.appointment, window=Span(event.start, event.end))

    def _change(self, name: str, **changed: object) -> None:
        old = self.plan.appointments.get(AppointmentId(name))
        if old is None:
            raise BrokenFold("unknown_appointment", "an event changes a visit that was never booked; repair the log")
        self.plan = self.plan.with_appointments(replace(old, **changed))  # type: ignore[arg-type]

    def _record(self, name: str) -> ReplanRecord:
        for record in self.replans:
            if record.reported.replan == name:
                return record
        raise BrokenFold("unknown_replan", "an event belongs to a disruption never reported; repair the log")


def _released(plan: Plan, held: Sequence[Appointment]) -> Plan:
    names = {visit.id for visit in held}
    return replace(plan, appointments={key: a for key, a in plan.appointments.items() if key not in names})
