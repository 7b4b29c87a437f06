"""What a day that is over showed: how long its visits took, who did not come, what took longer than booked."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from edge.schedule.domain import Status
from edge.schedule.errors import NotAllowed
from shared.events.catalogue import schedule as said
from shared.events.catalogue.estimates import DayClosed, ServiceDay, VisitLength
from shared.events.payload import PayloadModel


@dataclass(slots=True)
class _Visit:
    service: str
    stages: tuple[said.StagePart, ...] = ()
    begun: int | None = None
    ended: int | None = None
    came: bool = False
    missed: bool = False
    extended: bool = False

    @property
    def planned(self) -> int:
        """Minutes that it was booked for; 0 where it had no place."""
        return self.stages[-1].end - self.stages[0].start if self.stages else 0

    @property
    def served(self) -> tuple[str, int] | None:
        """Who served it and for how many minutes they were booked; None where that was not one person."""
        people = {stage.provider for stage in self.stages if stage.provider is not None}
        minutes = sum(stage.end - stage.start for stage in self.stages if stage.provider is not None)
        return (people.pop(), minutes) if len(people) == 1 else None

    @property
    def actual(self) -> int | None:
        """Minutes from begin to end; None where they were not both recorded on the day itself, in order."""
        if not self.begun or not self.ended or self.ended <= self.begun:
            return None
        return self.ended - self.begun

    @property
    def longer(self) -> bool | None:
        """Whether it took longer than booked, or None where that is not known."""
        if self.actual is not None and self.planned:
            return self.actual > self.planned
        return True if self.extended else None


def close_day(day: dt.date, payloads: Iterable[PayloadModel], today: dt.date) -> DayClosed:
    """Return what the events of a day, in order, show by service.

    A visit lasts from `in_progress` to `done`; what was recorded on another day (minute 0) tells no length. Booked is
    the length that it had when it began, before anybody reported an overrun.

    Raises:
        NotAllowed: the day is not over, or nothing was ever booked on it.
    """
    if day >= today:
        raise NotAllowed("day_not_over", f"{day} is not over; close it from the next day on")
    visits: dict[str, _Visit] = {}
    booked = False
    for payload in payloads:
        booked |= isinstance(payload, said.AppointmentBooked)
        _take(visits, payload)
    if not booked:
        raise NotAllowed("nothing_booked", f"nothing was ever booked on {day}; there is nothing to close")
    names = sorted({visit.service for visit in visits.values()})
    return DayClosed(
        day=day, services=tuple(_counted(n, [v for v in visits.values() if v.service == n]) for n in names)
    )


def _take(visits: dict[str, _Visit], payload: PayloadModel) -> None:
    match payload:
        case said.AppointmentBooked(visit=part):
            visits[part.appointment] = _visit(part, _Visit(part.service))
        case said.AppointmentMoved(appointment=name, after=stages) if name in visits:
            visits[name].stages = stages
        case said.AppointmentExtended(appointment=name) if name in visits:
            visits[name].extended = True
        case said.AppointmentStatusChanged(appointment=name, after=status, at=at) if name in visits:
            _come_further(visits[name], Status(status), at)
        case said.ReplanUndone(restored=restored, removed=removed):
            for name in removed:
                visits.pop(name, None)
            for part in restored:
                visits[part.appointment] = _visit(part, visits.get(part.appointment, _Visit(part.service)))
        case _:
            pass


def _visit(part: said.VisitPart, seen: _Visit) -> _Visit:
    """Return a visit that stands as an event says; its minutes so far remain known."""
    status = Status(part.status)
    stages = part.stages or seen.stages
    begun, ended = seen.begun, seen.ended
    return _Visit(part.service, stages, begun, ended, status.begun, status is Status.NO_SHOW, extended=False)


def _come_further(visit: _Visit, status: Status, at: int) -> None:
    visit.missed = status is Status.NO_SHOW
    if status is Status.IN_PROGRESS:
        visit.came, visit.begun = True, at
    elif status is Status.DONE:
        visit.came, visit.ended = True, at


def _counted(service: str, visits: list[_Visit]) -> ServiceDay:
    known = [visit.longer for visit in visits if visit.came and visit.longer is not None]
    lengths = [_length(visit, visit.actual) for visit in visits if visit.planned and visit.actual is not None]
    return ServiceDay(
        service=service,
        came=sum(visit.came for visit in visits),
        no_shows=sum(visit.missed for visit in visits),
        timed=len(known),
        overruns=sum(known),
        # In order of length: nothing of the day's course is left in it.
        lengths=tuple(sorted(lengths, key=lambda one: (one.planned, one.actual, one.provider or ""))),
    )


def _length(visit: _Visit, actual: int) -> VisitLength:
    who, attended = visit.served or (None, None)
    return VisitLength(planned=visit.planned, actual=actual, provider=who, attended=attended)
