"""What people decide about a made-up day: one proposal at a time, taken, left, worked out again or edited."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from edge.api import proposal_schemas as offered
from edge.api import schedule_schemas as sched
from edge.api.ports import Actor, Authorise
from shared.http.errors import Conflict, NotFound

NOBODY: Mapping[str, int] = {
    "lunches_missed": 0,
    "dropped": 0,
    "urgent_unplaced": 0,
    "moved": 0,
    "shifted": 0,
    "requests_unplaced": 0,
}


@dataclass(frozen=True)
class WorkedOut:
    """What a disruption would make of a made-up day."""

    made_at: datetime
    cause: str
    moved: list[sched.MovedAppointment]
    unplaced: list[sched.Unplaced]
    unchanged: int


def answer_of(replan: WorkedOut) -> offered.Answer:
    """Return a replan as the one answer of a proposal: a manager's where somebody has no place."""
    moved = [
        offered.Step(
            kind="moved",
            appointment_id=one.appointment_id,
            client_name=one.client_name,
            service=one.service,
            from_starts_at=one.from_starts_at,
            from_provider_id=one.from_provider_id,
            to_starts_at=one.to_starts_at,
            to_provider_id=one.to_provider_id,
            notify=True,
            reason=one.reason,
        )
        for one in replan.moved
    ]
    left = [
        offered.Step(
            kind="unplaced",
            appointment_id=one.appointment_id,
            client_name=one.client_name,
            service=one.service,
            notify=True,
            reason=one.reason,
        )
        for one in replan.unplaced
    ]
    mode = offered.DecisionMode.ESCALATE if left else offered.DecisionMode.SUGGEST
    return offered.Answer(
        title="As proposed",
        mode=mode,
        why=f"{len(left)} visits would have no place. A manager decides." if left else "1 client would be moved.",
        steps=[*moved, *left],
        before=offered.Counts.model_validate(NOBODY),
        after=offered.Counts.model_validate({**NOBODY, "moved": len(moved), "dropped": len(left)}),
        terms=[offered.Term(name="wait", before=0, after=60)],
        cost_before=0,
        cost_after=60,
        milliseconds=41,
    )


class FakeProposals:
    """The proposals of a made-up day; what holds it says what a disruption would do and does it."""

    def __init__(self) -> None:
        self.asked: dict[str, tuple[sched.DisruptionRequest, offered.Proposal]] = {}
        self.pins: list[offered.Pin] = []

    @property
    def open(self) -> list[offered.Proposal]:
        """Those that wait, latest first."""
        return [shown for _, shown in reversed(self.asked.values()) if shown.state is offered.ProposalState.OPEN]

    def propose(self, request: sched.DisruptionRequest, replan: WorkedOut, *, edited: bool = False) -> offered.Proposal:
        """Put a replan before people."""
        shown = offered.Proposal(
            id=f"proposal-{len(self.asked) + 1}",
            state=offered.ProposalState.OPEN,
            kind=request.disruption.kind,
            cause=replan.cause,
            made_at=replan.made_at,
            edited=edited,
            answers=[answer_of(replan)],
        )
        self.asked[shown.id] = request, shown
        return shown

    def take(self, proposal: str, choice: int, manager: Authorise) -> sched.DisruptionRequest:
        """Accept a proposal and return what it answered."""
        request, shown = self.waiting(proposal)
        if choice >= len(shown.answers):
            raise Conflict("no_such_choice", "This proposal has fewer answers.")
        if shown.answers[choice].mode is offered.DecisionMode.ESCALATE:
            manager()
        self.close(proposal, offered.ProposalState.ACCEPTED)
        return request

    def waiting(self, proposal: str) -> tuple[sched.DisruptionRequest, offered.Proposal]:
        """Return an open proposal with what it answers."""
        if proposal not in self.asked:
            raise NotFound("unknown_proposal", "There is no such proposal.")
        request, shown = self.asked[proposal]
        if shown.state is not offered.ProposalState.OPEN:
            raise Conflict("proposal_closed", "This proposal is closed already.")
        return request, shown

    def close(self, proposal: str, state: offered.ProposalState) -> None:
        """Say what became of a proposal."""
        request, shown = self.asked[proposal]
        self.asked[proposal] = request, shown.model_copy(update={"state": state})

    def why_not(self, starts_at: datetime, slot: datetime) -> offered.WhyNot:
        """Refuse any start but one, which is offered instead."""
        if starts_at == slot:
            return offered.WhyNot(possible=True, starts_at=starts_at, reasons=[], slots=[])
        return offered.WhyNot(
            possible=False,
            starts_at=starts_at,
            reasons=["No provider with the facial skill is free: Ana Ruiz has Microneedling."],
            slots=[offered.Slot(starts_at=slot, provider_id="ana", room_id="r1", sentence="At 14:00.", points=60)],
        )


class ProposingSchedule:
    """The part of a made-up schedule that is about proposals."""

    def __init__(self) -> None:
        self.proposals = FakeProposals()

    def work_out(self, request: sched.DisruptionRequest) -> WorkedOut:
        """Return what a disruption would do."""
        raise NotImplementedError

    def carry_out(self, proposal: str, request: sched.DisruptionRequest) -> sched.ScheduleDay:
        """Do it, as the change of a proposal's name."""
        raise NotImplementedError

    def shown(self) -> sched.ScheduleDay:
        """Return the day."""
        raise NotImplementedError

    def free_at(self) -> datetime:
        """Return the one start that is free."""
        raise NotImplementedError

    def propose(self, request: sched.DisruptionRequest, actor: Actor) -> offered.Proposal:
        return self.proposals.propose(request, self.work_out(request))

    def accept(self, proposal_id: str, choice: int, actor: Actor, manager: Authorise) -> sched.ScheduleDay:
        return self.carry_out(proposal_id, self.proposals.take(proposal_id, choice, manager))

    def reject(self, proposal_id: str, actor: Actor) -> sched.ScheduleDay:
        self.proposals.waiting(proposal_id)
        self.proposals.close(proposal_id, offered.ProposalState.REJECTED)
        return self.shown()

    def renew(self, proposal_id: str, actor: Actor) -> offered.Proposal:
        return self._again(proposal_id, edited=False)

    def edit(self, proposal_id: str, pin: offered.Pin, actor: Actor) -> offered.Proposal:
        self.proposals.pins.append(pin)
        return self._again(proposal_id, edited=True)

    def _again(self, proposal_id: str, *, edited: bool) -> offered.Proposal:
        request, _ = self.proposals.waiting(proposal_id)
        replan = self.work_out(request.model_copy(update={"revision": None}))
        self.proposals.close(proposal_id, offered.ProposalState.SUPERSEDED)
        return self.proposals.propose(request, replan, edited=edited)

    def why_not(self, appointment_id: str, starts_at: datetime, provider_id: str | None) -> offered.WhyNot:
        if appointment_id not in {one.id for one in self.shown().appointments}:
            raise NotFound("no_such_appointment", "This visit is not in the plan.")
        return self.proposals.why_not(starts_at, self.free_at())
