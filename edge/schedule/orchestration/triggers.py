"""What a day's open tasks ask to be reported: disruptions that somebody may confirm, never reported by themselves."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from edge.schedule.domain import (
    Appointment,
    Disruption,
    Late,
    NoShow,
    Overrun,
    Plan,
    RoomDown,
    Span,
    Status,
    clock_text,
    up_to_grid,
)
from edge.schedule.orchestration.tasks import Task, TaskState
from edge.schedule.orchestration.templates import Fact

LATE_MINUTES: Final = 10
"""So long after the start a client who is not here counts as late, and `MISSING_MINUTES` after it as missing."""
MISSING_MINUTES: Final = 30
ROOM_MINUTES: Final = 15
"""How long a room that is not ready is taken to need."""
OVERRUN_MINUTES: Final = 5


class ProposalKind(StrEnum):
    """What makes a proposal."""

    NOT_ARRIVED = "not_arrived"
    MISSING = "missing"
    NOT_PREPARED = "not_prepared"
    ROOM_NOT_READY = "room_not_ready"
    STILL_UNDER_WAY = "still_under_way"


@dataclass(frozen=True, slots=True)
class Proposal:
    """A disruption that seems to have happened; `why` names tasks and times, never the client."""

    kind: ProposalKind
    appointment: Appointment
    disruption: Disruption
    why: str


def triggers(plan: Plan, tasks: Sequence[Task], now: int) -> tuple[Proposal, ...]:
    """Return what should be reported at minute `now`, by the visits' starts; at most one delay for each visit."""
    found: list[Proposal] = []
    for visit in plan.placed:
        if visit.status is Status.IN_PROGRESS:
            found.extend(_under_way(visit, now))
        elif not visit.status.begun:
            mine = [task for task in tasks if task.appointment == visit.id]
            delay = [*_absent(visit, mine, now), *_unprepared(visit, mine, now)]
            found.extend(sorted(delay, key=lambda item: -_minutes(item))[:1])
    return tuple(found)


def _absent(visit: Appointment, mine: Iterable[Task], now: int) -> Iterator[Proposal]:
    behind = now - visit.start
    here = any(task.template.done_by is Fact.ARRIVED and task.state is TaskState.DONE for task in mine)
    if visit.status is Status.ARRIVED or here or behind < LATE_MINUTES:
        return
    why = f"Booked for {clock_text(visit.start)}, and {behind} minutes later nobody has marked the client as here."
    if behind >= MISSING_MINUTES:
        yield Proposal(ProposalKind.MISSING, visit, NoShow(now, visit.id), why)
    else:
        yield Proposal(ProposalKind.NOT_ARRIVED, visit, Late(now, visit.id, up_to_grid(behind + 1)), why)


def _unprepared(visit: Appointment, mine: Iterable[Task], now: int) -> Iterator[Proposal]:
    for task in mine:
        slips = now + task.template.takes - visit.start
        if (
            not task.template.holds_start
            or task.state.settled
            or now < max(task.due, visit.start - task.template.takes)
        ):
            continue
        title, start = task.template.title, clock_text(visit.start)
        if task.template.readies_room:
            until = up_to_grid(max(now, visit.start) + ROOM_MINUTES)
            why = f"{title!r} is open, and the visit was to begin at {start}."
            down = RoomDown(now, visit.stages[0].room, Span(now, until))
            yield Proposal(ProposalKind.ROOM_NOT_READY, visit, down, why)
        elif slips > 0:
            slips = up_to_grid(slips)
            why = f"{title!r} is open and takes {task.template.takes} minutes: the start at {start} slips by {slips}."
            yield Proposal(ProposalKind.NOT_PREPARED, visit, Late(now, visit.id, slips), why)


def _under_way(visit: Appointment, now: int) -> Iterator[Proposal]:
    over = now - visit.end
    if over >= OVERRUN_MINUTES:
        why = f"Planned until {clock_text(visit.end)}, and {over} minutes later still under way."
        yield Proposal(ProposalKind.STILL_UNDER_WAY, visit, Overrun(now, visit.id, up_to_grid(over + 1)), why)


def _minutes(proposal: Proposal) -> int:
    """Return how much a proposal delays its visit; one that is missing outweighs all."""
    match proposal.disruption:
        case NoShow():
            return 24 * 60
        case Late(minutes=minutes):
            return minutes
        case _:
            return 0
