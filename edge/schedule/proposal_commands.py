"""What people do with proposals: put one before them, take an answer, take none. Commands in, event payloads out."""

from collections.abc import Callable
from dataclasses import replace

from edge.schedule.checker import check_replan
from edge.schedule.deciding_policy import Mode
from edge.schedule.domain import Disruption
from edge.schedule.errors import NotAllowed
from edge.schedule.held import recalls
from edge.schedule.ids import ReplanId
from edge.schedule.lengths import as_booked
from edge.schedule.pinning import Pin
from edge.schedule.proposal_parts import disruption_of, pin_of
from edge.schedule.proposals import ProposalRecord, State
from edge.schedule.proposing import proposed
from edge.schedule.registry import Registry
from edge.schedule.replans import Replan
from edge.schedule.schedule import Schedule
from edge.schedule.telling import tell_replan
from shared.events.catalogue import proposals as told
from shared.events.payload import PayloadModel

Authorise = Callable[[], None]
"""Raises where whoever asks may not decide what was left to a manager."""


def propose(
    day: Schedule,
    registry: Registry,
    disruption: Disruption,
    answer: Replan,
    proposal: ReplanId,
    pins: tuple[Pin, ...] = (),
    instead_of: ProposalRecord | None = None,
) -> list[PayloadModel]:
    """Return the payloads that put a replan of the day before people; `instead_of` is closed by it."""
    replaces = None if instead_of is None else instead_of.id
    plan, base = day.plan, day.changed
    event = proposed(registry, plan, disruption, answer, proposal, base, pins, replaces)
    if instead_of is None or instead_of.state is not State.OPEN:
        return [event]
    return [event, told.ProposalSuperseded(day=day.plan.date, proposal=instead_of.id, by=proposal)]


def asked_again(record: ProposalRecord, at: int, pin: Pin | None = None) -> tuple[Disruption, tuple[Pin, ...]]:
    """Return what a proposal answered, as of minute `at`, and what people chose in it, with one more choice.

    Raises:
        NotAllowed: it was accepted, rejected or replaced.
    """
    if record.state not in (State.OPEN, State.EXPIRED):
        raise NotAllowed("proposal_closed", f"this proposal is {record.state} already; report what happened again")
    pins = tuple(map(pin_of, record.proposed.pins))
    if pin is not None:
        pins = (*(other for other in pins if other.appointment != pin.appointment), pin)
    return replace(disruption_of(record.proposed.disruption), at=at), pins


def stale_because(day: Schedule, registry: Registry, record: ProposalRecord, now: int, choice: int = 0) -> str | None:
    """Return why an answer cannot be taken any more and what to do, or none while it can.

    Args:
        day: as it is now.
        registry: the clinic, with how long a proposal keeps.
        record: an open proposal of the day.
        now: the minute it is.
        choice: which of its answers.
    """
    if day.changed != record.proposed.base:
        return "the day has changed since this was proposed; work it out again, then decide"
    if now - record.proposed.disruption.at > registry.deciding.keeps_minutes:
        keeps = registry.deciding.keeps_minutes
        return f"this was proposed more than {keeps} minutes ago; work it out again, then decide"
    answer, booked = record.replan(registry, day.plan, choice), as_booked(registry, day.plan)
    if check_replan(booked.registry, booked.asked(answer.facts), booked.asked(answer.plan), now):
        return "it is too late for a move in this proposal, or the clinic has changed; work it out again, then decide"
    return None


def accept(
    day: Schedule, registry: Registry, record: ProposalRecord, choice: int, now: int, manager: Authorise
) -> list[PayloadModel]:
    """Return the payloads that take one answer: all of it, or an error and nothing; accepting twice gives none.

    Raises:
        NotAllowed: it is closed, out of date, or has no such answer.
        Forbidden: raised by `manager` where the answer was left to one.
    """
    if record.state is State.ACCEPTED:
        return []
    if record.state is not State.OPEN:
        raise NotAllowed("proposal_closed", f"this proposal is {record.state} already; report what happened again")
    part = record.answer(choice)
    why = stale_because(day, registry, record, now, choice)
    if why is not None:
        raise NotAllowed("proposal_stale", why)
    if Mode(part.mode) is Mode.ESCALATE:
        manager()
    disruption = disruption_of(record.proposed.disruption)
    answer = record.replan(registry, day.plan, choice)
    return [
        told.ProposalAccepted(day=day.plan.date, proposal=record.id, choice=choice),
        *day.others_expire(record.id),
        *tell_replan(registry, day.plan, disruption, answer, record.id),
        *recalls(registry, day.plan.date, day.leases, disruption, answer),
    ]


def reject(day: Schedule, record: ProposalRecord) -> list[PayloadModel]:
    """Return the payload that takes none of the answers; rejecting twice gives none.

    Raises:
        NotAllowed: it was accepted or replaced.
    """
    if record.state is State.REJECTED:
        return []
    if record.state not in (State.OPEN, State.EXPIRED):
        raise NotAllowed("proposal_closed", f"this proposal is {record.state} already; reload the day")
    return [told.ProposalRejected(day=day.plan.date, proposal=record.id)]
