"""The coming days as one plan, as the roll wants them, and what each of them is told of its moves."""

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from edge.schedule.checker import check
from edge.schedule.domain import DAY_MINUTES, Appointment, PastVisit, Plan, Span, Stages
from edge.schedule.errors import UnknownName
from edge.schedule.horizon import Roll, RolledMove
from edge.schedule.ids import ReplanId
from edge.schedule.lengths import AsBooked, as_booked
from edge.schedule.payloads import objective_part
from edge.schedule.registry import Registry
from edge.schedule.replans import ForcedBy, Move, Reason, SolverStatus
from edge.schedule.telling import moved_event
from shared.events.catalogue import schedule as said
from shared.events.payload import PayloadModel

ROLLED: Final = "rolled"
"""The kind of report under which a day's stream holds what a night has moved."""


@dataclass(frozen=True, slots=True)
class ComingDay:
    """A day as it was read.

    Attributes:
        version: of its stream.
        kept: the visits that a place is kept for although they are not booked.
    """

    plan: Plan
    version: int
    kept: tuple[Appointment, ...] = ()


@dataclass(frozen=True, slots=True)
class ComingDays:
    """The days that can be rolled, as one plan.

    Attributes:
        days: all that were read, one after the other.
        booked: those of them that can be rolled, with the clinic that they are carried out by.
        left_out: dates of those that cannot: somebody has to replan them first.
    """

    days: tuple[ComingDay, ...]
    booked: AsBooked
    left_out: tuple[dt.date, ...]

    def day_of(self, move: RolledMove) -> dt.date:
        """Return the day of a move; a visit's window keeps it there."""
        return self.booked.plan.date + dt.timedelta(days=move.after[0].start // DAY_MINUTES)

    def told(self, rolled: Roll, date: dt.date) -> tuple[Move, ...]:
        """Return what a roll moves on one of the days, in that day's minutes, with the reasons by term."""
        number = (date - self.booked.plan.date).days
        mine = [move for move in (*rolled.moves, *rolled.placed) if self.day_of(move) == date]
        visits = self.days[number].plan.appointments
        return tuple(
            Move(
                move.appointment,
                visits[move.appointment].service,
                _later(move.before, -number),
                _later(move.after, -number),
                Reason(ForcedBy.ROLLED, f"roll:{date}", _sentence(move)),
            )
            for move in mine
        )


def coming_days(registry: Registry, days: Sequence[ComingDay]) -> ComingDays:
    """Return days that follow each other, one at least, as one plan; what is booked keeps its lengths.

    A day that breaks a rule, alone or together with those before it, is left out: its visits are not in the plan, and
    nobody is moved there.
    """
    whole, left_out = Plan(days[0].plan.date, days=len(days)), []
    for number, day in enumerate(days):
        more = _joined(whole, _on_day(day, number))
        if _can_be_carried_out(registry, more):
            whole = more
        else:
            left_out.append(day.plan.date)
    return ComingDays(tuple(days), as_booked(registry, _without_doubles(registry, whole)), tuple(left_out))


def tell_roll(
    day: dt.date, replan: ReplanId, moves: Sequence[Move], rolled: Roll, milliseconds: float
) -> list[PayloadModel]:
    """Return the payloads that carry out a night's moves of one day.

    The objective in them is that of all the days that were rolled together.
    """
    return [
        said.DisruptionReported(day=day, replan=replan, kind=ROLLED, at=0),
        *(moved_event(day, replan, move) for move in moves),
        said.ReplanApplied(
            day=day,
            replan=replan,
            cause="Night's roll of the coming days",
            moved=len(moves),
            notified=sum(move.notify for move in moves),
            unplaced=0,
            objective_before=objective_part(rolled.before),
            objective_after=objective_part(rolled.after),
            solver_status=SolverStatus.IMPROVED.value,
            milliseconds=round(milliseconds, 1),
        ),
    ]


def _sentence(move: RolledMove) -> str:
    """Return why a visit moves, by terms; what a first level asks for is worth any points."""
    worth = f", worth {move.earned:.0f} points" if move.before and move.earned > 0 else ""
    return f"Night's roll{worth}: {move.why}."


def _can_be_carried_out(registry: Registry, plan: Plan) -> bool:
    known = {service.id for service in registry.services}
    booked = as_booked(registry, plan)
    try:
        return all(visit.service in known for visit in plan.active) and not check(booked.registry, booked.plan)
    except UnknownName:  # the clinic's file has lost a provider, a room or a device since
        return False


def _joined(one: Plan, other: Plan) -> Plan:
    appointments = {**one.appointments, **other.appointments}
    return replace(
        one, appointments=appointments, outages=(*one.outages, *other.outages), lent=(*one.lent, *other.lent)
    )


def _on_day(day: ComingDay, number: int) -> Plan:
    """Return a day in the minutes of a plan that begins `number` days before it.

    What a place is kept for holds it as what is lent does: it is not on the day, and nothing moves it.
    """
    plan, by = day.plan, number * DAY_MINUTES
    return replace(
        plan,
        appointments={visit.id: visit for visit in _visits_later(plan.appointments.values(), number)},
        outages=tuple(replace(outage, span=_span_later(outage.span, by)) for outage in plan.outages),
        lent=tuple(_visits_later((*plan.lent, *day.kept), number)),
    )


def _visits_later(visits: Iterable[Appointment], number: int) -> Iterator[Appointment]:
    by = number * DAY_MINUTES
    for visit in visits:
        yield replace(
            visit,
            window=_span_later(visit.window, by),
            stages=_later(visit.stages, number),
            wish=None if visit.wish is None else visit.wish + by,
            # Counted from the plan's first day, as all else is.
            history=tuple(PastVisit(past.service, past.days_ago - number) for past in visit.history),
        )


def _without_doubles(registry: Registry, plan: Plan) -> Plan:
    """Return the plan with no visit's history holding what the plan holds itself.

    A visit that has to come before stays: its own day, which knows no more of it, goes on relying on it.
    """
    here = {(visit.client, visit.service, -(visit.start // DAY_MINUTES)) for visit in plan.placed}
    known = {service.id: service for service in registry.services}

    def doubled(visit: Appointment, past: PastVisit) -> bool:
        earlier = known.get(past.service)
        relied = earlier and any(rule.include(earlier.id, earlier.category) for rule in known[visit.service].after)
        return (visit.client, past.service, past.days_ago) in here and not relied

    return plan.with_appointments(
        *(
            replace(visit, history=tuple(past for past in visit.history if not doubled(visit, past)))
            for visit in plan.active
            if visit.history
        )
    )


def _later(stages: Stages, number: int) -> Stages:
    by = number * DAY_MINUTES
    return tuple(replace(stage, start=stage.start + by, end=stage.end + by) for stage in stages)


def _span_later(span: Span, by: int) -> Span:
    return Span(span.start + by, span.end + by)
