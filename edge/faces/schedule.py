"""The clinic's day, for the pages: lanes, visits, replans with their reasons, with names opened by the box."""

import datetime as dt
from collections.abc import Mapping
from typing import Final

from edge.api import proposal_schemas as offered
from edge.api import schedule_schemas as shown
from edge.api.ports import Actor, Authorise
from edge.api.schedule_stages import Interval
from edge.api.slot_schemas import LentSlots, SlotDoubt
from edge.clients.register import ClientErased, ClientRegister, ClientUnknown
from edge.faces.proposals import ProposalView
from edge.faces.slots import MEANT, SlotView
from edge.faces.stages import shown_stages
from edge.faces.wishes import WALK_IN_PREFIX, disruption_of, minute_of
from edge.schedule import domain
from edge.schedule.book import ScheduleBook
from edge.schedule.coming_days import ROLLED
from edge.schedule.conflicts import conflicts
from edge.schedule.deciding_policy import Mode
from edge.schedule.ids import AppointmentId, ProviderId, ReplanId, RoomId
from edge.schedule.leases import BY_HAND
from edge.schedule.personal import uncleared_text
from edge.schedule.pinning import Pin
from edge.schedule.registry import Provider, Room, Unit
from edge.schedule.schedule import ReplanRecord, Schedule
from edge.schedule.services import Service
from edge.schedule.slot_desk import SlotDesk
from edge.schedule.violations import Rule
from shared.events.catalogue.schedule import AppointmentMoved, StagePart
from shared.http.errors import Conflict
from shared.ids import ClientId

_SHOWN: Final[Mapping[domain.Status, shown.AppointmentStatus]] = {
    domain.Status.BOOKED: shown.AppointmentStatus.TENTATIVE,
    domain.Status.CONFIRMED: shown.AppointmentStatus.CONFIRMED,
    domain.Status.ARRIVED: shown.AppointmentStatus.ARRIVED,
    domain.Status.IN_PROGRESS: shown.AppointmentStatus.IN_PROGRESS,
    domain.Status.DONE: shown.AppointmentStatus.COMPLETED,
    domain.Status.CANCELLED: shown.AppointmentStatus.CANCELLED,
    domain.Status.NO_SHOW: shown.AppointmentStatus.NO_SHOW,
}
_MEANT: Final = {there: here for here, there in _SHOWN.items()}
_ONLINE_GUEST: Final = "Online booking"
_WALK_IN: Final = "Walk-in"
_ERASED_CLIENT: Final = "Erased client"
_SHOWN_REPLANS: Final = 20


class ScheduleDesk:
    """The day as the tablet shows and changes it."""

    def __init__(self, book: ScheduleBook, register: ClientRegister, slots: SlotDesk, lent: SlotView) -> None:
        self._book = book
        self._register = register
        self._slots = slots
        self._lent = lent
        self._view = ProposalView(book, self._at, self._name)

    def today(self) -> dt.date:
        """Return the clinic's date."""
        return self._book.today()

    def day(self, day: dt.date) -> shown.ScheduleDay:
        """Return one day."""
        schedule, registry = self._book.day(day), self._book.registry_on(day)
        plan = schedule.plan
        moves, against = _latest_moves(schedule), self._conflicts(day, plan)
        return shown.ScheduleDay(
            day=day,
            timezone=str(self._book.zone),
            now=self._book.now(),
            revision=schedule.version,
            opens_at=self._at(day, registry.hours.start),
            closes_at=self._at(day, registry.hours.end),
            providers=[self._provider(day, item, plan) for item in registry.providers],
            rooms=[self._thing(day, item, plan) for item in registry.rooms],
            devices=[self._thing(day, item, plan) for item in registry.devices],
            appointments=[
                self._appointment(day, item, moves.get(item.id), against.get(item.id))
                for item in plan.appointments.values()
                if item.placed
            ],
            unplaced=[self._unplaced(day, item, _waits_because(schedule, item.id)) for item in plan.unplaced],
            replans=[
                self._recorded(day, schedule, record)
                for record in reversed(schedule.replans)
                if record.applied is not None
            ][:_SHOWN_REPLANS],
            proposals=self._view.open(day),
            services=[shown.ServiceChoice(id=one.id, name=one.name, minutes=one.minutes) for one in registry.services],
            asks_clearances=any(one.clearances for one in registry.services),
            lent=self._lent.lent(day),
        )

    def set_status(self, appointment_id: str, status: shown.AppointmentStatus, actor: Actor) -> shown.ScheduleDay:
        """Record how far a visit has come."""
        return self.day(self._book.change_status(AppointmentId(appointment_id), _MEANT[status], actor.id))

    def slots(self) -> LentSlots:
        """Return what is lent from today on, and what was given up of it."""
        return self._lent.ahead()

    def recall(self, day: dt.date, slot_id: str, actor: Actor) -> shown.ScheduleDay:
        """Ask the hub for a slot that is lent to online booking."""
        self._slots.recall(day, slot_id, BY_HAND, actor.id)
        return self.day(day)

    def release(self, day: dt.date, slot_id: str, doubt: SlotDoubt, actor: Actor) -> shown.ScheduleDay:
        """Give up a slot in doubt."""
        self._slots.release(day, slot_id, actor.id, MEANT[doubt])
        return self.day(day)

    def hold_again(self, day: dt.date, slot_id: str, actor: Actor) -> shown.ScheduleDay:
        """Take back that a slot was given up."""
        self._slots.hold_again(day, slot_id, actor.id)
        return self.day(day)

    def undo(self, replan_id: str, actor: Actor) -> shown.ScheduleDay:
        """Take the latest replan back."""
        return self.day(self._book.undo(ReplanId(replan_id), actor.id))

    def propose(self, request: shown.DisruptionRequest, actor: Actor) -> offered.Proposal:
        """Replan the day: carried out where the clinic's policy allows it, a proposal otherwise."""
        self._check_revision(request)
        name, decision = self._book.propose(request.day, disruption_of(self._book, request), actor.id)
        if decision.mode is Mode.EXECUTE:
            return self._view.executed(request.day, name)
        return self._view.proposal(request.day, name)

    def accept(self, proposal_id: str, choice: int, actor: Actor, manager: Authorise) -> shown.ScheduleDay:
        """Carry out one answer of a proposal."""
        return self.day(self._book.accept(ReplanId(proposal_id), choice, actor.id, manager))

    def reject(self, proposal_id: str, actor: Actor) -> shown.ScheduleDay:
        """Take none of a proposal's answers."""
        return self.day(self._book.reject(ReplanId(proposal_id), actor.id))

    def renew(self, proposal_id: str, actor: Actor) -> offered.Proposal:
        """Work a proposal out again on the day as it is now."""
        return self._view.proposal(*self._book.renew(ReplanId(proposal_id), actor.id))

    def edit(self, proposal_id: str, pin: offered.Pin, actor: Actor) -> offered.Proposal:
        """Plan a proposal again around one visit."""
        day = self._book.day_of_proposal(ReplanId(proposal_id))
        wanted = Pin(
            AppointmentId(pin.appointment_id),
            None if pin.starts_at is None else minute_of(self._book, day, pin.starts_at),
            None if pin.provider_id is None else ProviderId(pin.provider_id),
            None if pin.room_id is None else RoomId(pin.room_id),
        )
        return self._view.proposal(*self._book.renew(ReplanId(proposal_id), actor.id, wanted))

    def why_not(self, appointment_id: str, starts_at: dt.datetime, provider_id: str | None) -> offered.WhyNot:
        """Return whether a visit could start then with nobody moved; if not, why and when instead."""
        visit = AppointmentId(appointment_id)
        start = minute_of(self._book, self._book.day_of(visit), starts_at)
        who = None if provider_id is None else ProviderId(provider_id)
        return self._view.why_not(*self._book.why_not(visit, start, who), starts_at)

    def _check_revision(self, request: shown.DisruptionRequest) -> None:
        if request.revision is not None and request.revision != self._book.day(request.day).version:
            raise Conflict("day_changed", "The day has changed since you opened it. Look again, then decide.")

    def _at(self, day: dt.date, minute: int) -> dt.datetime:
        midnight = dt.datetime.combine(day, dt.time(), self._book.zone)
        return (midnight + dt.timedelta(minutes=minute)).astimezone(dt.UTC)

    def _provider(self, day: dt.date, provider: Provider, plan: domain.Plan) -> shown.Resource:
        edges = [provider.shift.start]
        for pause in sorted(provider.breaks, key=lambda item: item.start):
            edges += [pause.start, pause.end]
        edges.append(provider.shift.end)
        return shown.Resource(
            id=provider.id,
            name=provider.name,
            detail=", ".join(sorted(provider.skills)),
            working=[
                Interval(starts_at=self._at(day, start), ends_at=self._at(day, end))
                for start, end in zip(edges[::2], edges[1::2], strict=True)
            ],
            absences=self._absences(day, provider.id, plan),
        )

    def _thing(self, day: dt.date, thing: Room | Unit, plan: domain.Plan) -> shown.Resource:
        absences = self._absences(day, thing.id, plan)
        return shown.Resource(id=thing.id, name=thing.name, detail=thing.type, absences=absences)

    def _absences(self, day: dt.date, resource: str, plan: domain.Plan) -> list[shown.Absence]:
        return [
            shown.Absence(starts_at=self._at(day, item.span.start), ends_at=self._at(day, item.span.end))
            for item in plan.outages
            if item.resource == resource
        ]

    def _conflicts(self, day: dt.date, plan: domain.Plan) -> dict[AppointmentId, str]:
        """Return why visits to come cannot stay; what is over is as it is."""
        if day < self._book.today():
            return {}
        reasons: dict[AppointmentId, list[str]] = {}
        for one in conflicts(self._book.registry, plan, self._book.minute(day)):
            if one.rule is Rule.CLEARED:  # told by itself, and a clearance is found again by no replan
                continue
            reasons.setdefault(one.visit, []).append(one.why)
        return {visit: _as_sentence(", and ".join(dict.fromkeys(why))) for visit, why in reasons.items()}

    def _service(self, day: dt.date, visit: domain.Appointment) -> Service:
        return self._book.registry_on(day).service(visit.service)

    def _appointment(
        self, day: dt.date, visit: domain.Appointment, move: AppointmentMoved | None, conflict: str | None
    ) -> shown.Appointment:
        before = move.before[0] if move is not None and move.before else None
        return shown.Appointment(
            id=visit.id,
            starts_at=self._at(day, visit.start),
            ends_at=self._at(day, visit.end),
            client_id=visit.client,
            client_name=self._name(visit.client),
            service=self._service(day, visit).name,
            provider_id=visit.providers[0] if visit.providers else visit.stages[0].room,
            status=_SHOWN[visit.status],
            notified=visit.status is not domain.Status.BOOKED,
            stages=shown_stages(visit.stages, lambda minute: self._at(day, minute)),
            move=shown.Move(
                replan_id=move.replan,
                from_starts_at=self._at(day, before.start),
                from_provider_id=_first_provider(move.before),
                reason=move.reason,
            )
            if move is not None and before is not None
            else None,
            uncleared=None if visit.status.begun else uncleared_text(self._book.registry_on(day), visit),
            conflict=conflict,
        )

    def _unplaced(self, day: dt.date, visit: domain.Appointment, reason: str) -> shown.Unplaced:
        service = self._service(day, visit)
        uncleared = uncleared_text(self._book.registry_on(day), visit)
        return shown.Unplaced(
            appointment_id=visit.id,
            client_name=self._name(visit.client),
            service=service.name,
            minutes=service.minutes,
            wanted_at=self._at(day, visit.window.start),
            reason=uncleared or reason,
            uncleared=uncleared is not None,
        )

    def _recorded(self, day: dt.date, schedule: Schedule, record: ReplanRecord) -> shown.Replan:
        applied = record.applied
        if applied is None:
            raise AssertionError("only applied replans are shown")
        standing = [item for item in schedule.replans if item.applied is not None and not item.undone]
        moved = [
            self._moved(day, visit, move.before, move.reason)
            for move in record.moves
            if move.before
            and (visit := (record.after or schedule.plan).appointments.get(AppointmentId(move.appointment)))
        ]
        return shown.Replan(
            id=applied.replan,
            made_at=self._at(day, record.reported.at),
            cause=applied.cause,
            moved=moved,
            unplaced=applied.unplaced,
            unchanged=max(0, len(schedule.plan.placed) - applied.moved),
            milliseconds=round(applied.milliseconds),
            undoable=bool(standing) and standing[-1] is record,
            undone=record.undone,
        )

    def _moved(
        self, day: dt.date, visit: domain.Appointment, before: tuple[StagePart, ...], reason: str
    ) -> shown.MovedAppointment:
        after = visit.stages or before
        return shown.MovedAppointment(
            appointment_id=visit.id,
            client_name=self._name(visit.client),
            service=self._service(day, visit).name,
            from_starts_at=self._at(day, before[0].start),
            to_starts_at=self._at(day, after[0].start),
            from_provider_id=_first_provider(before),
            to_provider_id=_first_provider(after),
            reason=reason,
        )

    def _name(self, client: ClientId) -> str:
        return client_name(self._register, client)


def shown_status(status: domain.Status) -> shown.AppointmentStatus:
    """Return a visit's status in the pages' words."""
    return _SHOWN[status]


def client_name(register: ClientRegister, client: ClientId) -> str:
    """Return what the pages call a client."""
    try:
        return register.get(client).details.name
    except ClientErased:
        return _ERASED_CLIENT
    except ClientUnknown:
        return _WALK_IN if client.startswith(WALK_IN_PREFIX) else _ONLINE_GUEST


def _as_sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}."


def _latest_moves(schedule: Schedule) -> dict[str, AppointmentMoved]:
    return {move.appointment: move for record in schedule.replans if not record.undone for move in record.moves}


def _waits_because(schedule: Schedule, visit: str) -> str:
    for closed in schedule.leases.closed.values():
        if closed.appointment == visit:
            return f"Sold online: {closed.reason}"
    causes = [
        record.applied.cause
        for record in schedule.replans
        if record.applied and not record.undone and record.reported.kind != ROLLED
    ]
    return f"{causes[-1]}: no other place is free today" if causes else "No place is free today"


def _first_provider(stages: tuple[StagePart, ...] | domain.Stages) -> str | None:
    return next((str(stage.provider) for stage in stages if stage.provider is not None), None)
