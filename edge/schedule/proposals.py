"""Proposals of a day as events told them: which wait for a decision, and the replan that each answer is."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from edge.schedule.domain import Plan
from edge.schedule.errors import BrokenFold, NotAllowed, UnknownName
from edge.schedule.facts import with_facts
from edge.schedule.ids import AppointmentId, ReplanId, ServiceId
from edge.schedule.payloads import appointment_of, objective_of, stages_of
from edge.schedule.proposal_parts import disruption_of
from edge.schedule.registry import Registry
from edge.schedule.replans import ForcedBy, Move, Reason, Replan, SolverStatus, Unplaced
from shared.events.catalogue import proposals as told
from shared.events.payload import PayloadModel

AnyProposalEvent = (
    told.ReplanProposed | told.ProposalAccepted | told.ProposalRejected | told.ProposalSuperseded | told.ProposalExpired
)


class State(StrEnum):
    """What became of a proposal."""

    OPEN = "open"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    SUPERSEDED = "superseded"
    EXPIRED = "expired"


@dataclass(slots=True)
class ProposalRecord:
    """A proposal of a day and what became of it."""

    proposed: told.ReplanProposed
    state: State = State.OPEN

    @property
    def id(self) -> ReplanId:
        """Its id, and that of the replan that it becomes."""
        return ReplanId(self.proposed.proposal)

    def answer(self, choice: int) -> told.AnswerPart:
        """Return one of its answers; 0 is the one proposed.

        Raises:
            NotAllowed: it has no such answer.
        """
        if not 0 <= choice < len(self.proposed.answers):
            raise NotAllowed("no_such_choice", f"this proposal has {len(self.proposed.answers)} answers; choose one")
        return self.proposed.answers[choice]

    def replan(self, registry: Registry, plan: Plan, choice: int) -> Replan:
        """Return one of the answers as a replan of the plan it was made for."""
        part = self.answer(choice)
        facts = with_facts(registry, plan, disruption_of(self.proposed.disruption), self.id)
        return Replan(
            facts=facts,
            plan=facts.with_appointments(*(appointment_of(visit) for visit in part.visits)),
            moves=tuple(_move(move) for move in part.moves),
            unplaced=tuple(_unplaced(item) for item in part.unplaced),
            declined=tuple(_unplaced(item) for item in part.declined),
            before=objective_of(part.objective_before),
            after=objective_of(part.objective_after),
            status=SolverStatus(part.solver_status),
            milliseconds=part.milliseconds,
        )


_CLOSED_BY: Final[Mapping[type[PayloadModel], State]] = MappingProxyType(
    {
        told.ProposalAccepted: State.ACCEPTED,
        told.ProposalRejected: State.REJECTED,
        told.ProposalSuperseded: State.SUPERSEDED,
        told.ProposalExpired: State.EXPIRED,
    }
)


@dataclass(slots=True)
class Proposals:
    """All proposals of one day, oldest first."""

    records: dict[str, ProposalRecord] = field(default_factory=dict)

    def apply(self, event: AnyProposalEvent) -> None:
        """Take one event into account.

        Raises:
            BrokenFold: it decides a proposal that was never made.
        """
        if isinstance(event, told.ReplanProposed):
            self.records[event.proposal] = ProposalRecord(event)
            return
        record = self.records.get(event.proposal)
        if record is None:
            raise BrokenFold("unknown_proposal", "an event decides a proposal that was never made; repair the log")
        record.state = _CLOSED_BY[type(event)]

    def find(self, proposal: str) -> ProposalRecord:
        """Return a proposal.

        Raises:
            UnknownName: the day has no such proposal.
        """
        if proposal not in self.records:
            raise UnknownName("unknown_proposal", "this day has no such proposal; reload it")
        return self.records[proposal]

    @property
    def open(self) -> list[ProposalRecord]:
        """Those that nobody has decided yet, oldest first."""
        return [record for record in self.records.values() if record.state is State.OPEN]


def _move(part: told.MovePart) -> Move:
    reason = Reason(ForcedBy(part.forced_by), part.constraint, part.reason)
    service = ServiceId(part.service)
    return Move(AppointmentId(part.appointment), service, stages_of(part.before), stages_of(part.after), reason)


def _unplaced(part: told.UnplacedPart) -> Unplaced:
    return Unplaced(AppointmentId(part.appointment), part.reason)
