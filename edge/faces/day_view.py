"""One day as the pages show it: lanes, visits, replans with their reasons."""

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Final

from edge.api import schedule_schemas as shown
from edge.api.schedule_stages import Interval
from edge.faces.proposals import ProposalView, as_sentence
from edge.faces.slots import SlotView
from edge.faces.stages import first_provider, shown_stages
from edge.schedule import domain
from edge.schedule.book import ScheduleBook
from edge.schedule.coming_days import ROLLED
from edge.schedule.conflicts import conflicts
from edge.schedule.ids import AppointmentId
from edge.schedule.personal import uncleared_text
from edge.schedule.registry import Provider, Room, Unit
from edge.schedule.replan_record import ReplanRecord
from edge.schedule.schedule import Schedule
from edge.schedule.services import Service
from edge.schedule.violations import Rule
from shared.events.catalogue.schedule import AppointmentMoved, StagePart
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
_SHOWN_REPLANS: Final = 20


class DayView:
    """Turns a day of the record into what people read."""

    def __init__(
        self,
        book: ScheduleBook,
        slots: SlotView,
        proposals: ProposalView,
        at: Callable[[dt.date, int], dt.datetime],
        name: Callable[[ClientId], str],
    ) -> None:
        """Make a view; `at` gives a minute of a day as a time, `name` a client's name."""
        self._book, self._slots, self._proposals = book, slots, proposals
        self._at, self._name = at, name

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
            rooms=[self._thing(day, domain.ResourceKind.ROOM, item, plan) for item in registry.rooms],
            devices=[self._thing(day, domain.ResourceKind.DEVICE, item, plan) for item in registry.devices],
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
            proposals=self._proposals.open(day),
            services=[shown.ServiceChoice(id=one.id, name=one.name, minutes=one.minutes) for one in registry.services],
            asks_clearances=any(one.clearances for one in registry.services),
            lent=self._slots.lent(day),
        )

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
                if not provider.away
            ],
            absences=self._absences(day, domain.ResourceKind.PROVIDER, provider, plan),
        )

    def _thing(self, day: dt.date, kind: domain.ResourceKind, thing: Room | Unit, plan: domain.Plan) -> shown.Resource:
        absences = self._absences(day, kind, thing, plan)
        return shown.Resource(id=thing.id, name=thing.name, detail=thing.type, absences=absences)

    def _absences(
        self, day: dt.date, kind: domain.ResourceKind, entry: Provider | Room | Unit, plan: domain.Plan
    ) -> list[shown.Absence]:
        out = [item.span for item in plan.outages if (item.kind, item.resource) == (kind, entry.id)]
        if entry.away:
            out = [self._book.registry_on(day).hours.span]
        return [shown.Absence(starts_at=self._at(day, span.start), ends_at=self._at(day, span.end)) for span in out]

    def _conflicts(self, day: dt.date, plan: domain.Plan) -> dict[AppointmentId, str]:
        """Return why visits to come cannot stay; what is over is as it is."""
        if day < self._book.today():
            return {}
        reasons: dict[AppointmentId, list[str]] = {}
        for one in conflicts(self._book.registry_on(day), plan, self._book.minute(day)):
            if one.rule is Rule.CLEARED:  # told by itself, and a clearance is found again by no replan
                continue
            reasons.setdefault(one.visit, []).append(one.why)
        return {visit: as_sentence(", and ".join(dict.fromkeys(why))) for visit, why in reasons.items()}

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
                from_provider_id=first_provider(move.before),
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
            from_provider_id=first_provider(before),
            to_provider_id=first_provider(after),
            reason=reason,
        )


def shown_status(status: domain.Status) -> shown.AppointmentStatus:
    """Return a visit's status in the pages' words."""
    return _SHOWN[status]


def meant_status(status: shown.AppointmentStatus) -> domain.Status:
    """Return what a page means by a visit's status."""
    return _MEANT[status]


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
