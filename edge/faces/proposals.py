"""Proposals, and why a time is not possible, as the pages show them."""

import datetime as dt
from collections.abc import Callable, Iterator, Mapping

from edge.api import proposal_schemas as offered
from edge.faces.stages import first_provider, shown_stages
from edge.schedule.book import ScheduleBook
from edge.schedule.domain import Appointment, Stages
from edge.schedule.ids import AppointmentId, ReplanId
from edge.schedule.payloads import appointment_of, stages_of
from edge.schedule.proposals import ProposalRecord
from edge.schedule.replans import noticed
from edge.schedule.whynot import Possible, Refusal
from shared.events.catalogue import proposals as told
from shared.events.catalogue.schedule import ObjectivePart, VisitPart
from shared.ids import ClientId


class ProposalView:
    """Turns what events say of proposals into what people read."""

    def __init__(
        self, book: ScheduleBook, at: Callable[[dt.date, int], dt.datetime], name: Callable[[ClientId], str]
    ) -> None:
        """Make a view; `at` gives a minute of a day as a time, `name` a client's name."""
        self._book, self._at, self._name = book, at, name

    def open(self, day: dt.date) -> list[offered.Proposal]:
        """Return what waits for a decision, latest first."""
        return [self._shown(day, record) for record in reversed(self._book.day(day).proposals.open)]

    def proposal(self, day: dt.date, name: ReplanId) -> offered.Proposal:
        """Return one proposal."""
        return self._shown(day, self._book.day(day).proposals.find(name))

    def executed(self, day: dt.date, name: ReplanId) -> offered.Proposal:
        """Return a replan that was carried out at once."""
        record = next(one for one in self._book.day(day).replans if one.reported.replan == name)
        return offered.Proposal(
            id=name,
            state=offered.ProposalState.EXECUTED,
            kind=record.reported.kind,
            cause=record.applied.cause if record.applied else "",
            made_at=self._at(day, record.reported.at),
            answers=[],
        )

    def why_not(self, day: dt.date, answer: Refusal | Possible, starts_at: dt.datetime) -> offered.WhyNot:
        """Return the answer to a wished start."""
        if isinstance(answer, Possible):
            return offered.WhyNot(possible=True, starts_at=starts_at, reasons=[], slots=[])
        return offered.WhyNot(
            possible=False,
            starts_at=starts_at,
            reasons=[obstacle.sentence for obstacle in answer.obstacles],
            slots=[
                offered.Slot(
                    starts_at=self._at(day, slot.start),
                    provider_id=first_provider(slot.stages),
                    room_id=slot.stages[0].room,
                    sentence=slot.sentence,
                    points=round(sum(slot.terms.values()), 1),
                )
                for slot in answer.alternatives
            ],
        )

    def _shown(self, day: dt.date, record: ProposalRecord) -> offered.Proposal:
        proposed, stale = record.proposed, self._book.out_of_date(day, record)
        return offered.Proposal(
            id=record.id,
            state=offered.ProposalState(record.state.value),
            kind=proposed.disruption.kind,
            cause=proposed.cause,
            made_at=self._at(day, proposed.disruption.at),
            edited=bool(proposed.pins),
            stale=None if stale is None else as_sentence(stale),
            answers=[self._answer(day, proposed.disruption, part) for part in proposed.answers],
        )

    def _answer(self, day: dt.date, disruption: told.DisruptionPart, part: told.AnswerPart) -> offered.Answer:
        before, after = part.objective_before, part.objective_after
        return offered.Answer(
            title=part.title,
            mode=offered.DecisionMode(part.mode),
            why=part.why,
            steps=list(self._steps(day, disruption, part)),
            before=_counts(before),
            after=_counts(after),
            terms=[
                offered.Term(name=name, before=before.terms.get(name, 0), after=after.terms.get(name, 0))
                for name in dict.fromkeys((*before.terms, *after.terms))
            ],
            cost_before=round(sum(before.terms.values()), 2),
            cost_after=round(sum(after.terms.values()), 2),
            milliseconds=round(part.milliseconds),
        )

    def _steps(self, day: dt.date, disruption: told.DisruptionPart, part: told.AnswerPart) -> Iterator[offered.Step]:
        known = self._book.day(day).plan.appointments
        visits = {visit.appointment: appointment_of(visit) for visit in part.visits}
        moved = {move.appointment for move in part.moves}
        for move in part.moves:
            before, after = stages_of(move.before), stages_of(move.after)
            notify = not before or noticed(before) != noticed(after)
            visit = visits[move.appointment]
            yield self._step(day, "moved", visit, before, move.reason, notify=notify)
        for name, visit in visits.items():
            if name not in moved and name not in known and visit.placed:
                yield self._step(day, "new", visit, (), _beside(disruption), notify=True)
        for item in part.unplaced:
            visit = visits.get(item.appointment) or known[AppointmentId(item.appointment)]
            was = known[visit.id].stages if visit.id in known else ()
            yield self._step(day, "unplaced", visit, was, item.reason, notify=True)
        for item in part.declined:
            yield self._step(day, "declined", self._asked(day, disruption, item), (), item.reason, notify=True)

    def _step(
        self, day: dt.date, kind: str, visit: Appointment, before: Stages, reason: str, *, notify: bool
    ) -> offered.Step:
        after = visit.stages
        fields: Mapping[str, object] = {
            "kind": kind,
            "appointment_id": visit.id,
            "client_name": self._name(visit.client),
            "service": self._book.registry_on(day).service(visit.service).name,
            "from_starts_at": self._at(day, before[0].start) if before else None,
            "from_provider_id": first_provider(before),
            "from_room_id": before[0].room if before else None,
            "to_starts_at": self._at(day, after[0].start) if after else None,
            "to_provider_id": first_provider(after),
            "to_room_id": after[0].room if after else None,
            "notify": notify,
            "reason": reason,
            "stages": shown_stages(after, lambda minute: self._at(day, minute)),
        }
        return offered.Step.model_validate(fields)

    def _asked(self, day: dt.date, disruption: told.DisruptionPart, item: told.UnplacedPart) -> Appointment:
        """Return a request that gets no place, as the visit it would have been."""
        if disruption.request is not None:
            return appointment_of(disruption.request)
        anchor = self._book.day(day).plan.appointments[AppointmentId(disruption.appointment or "")]
        wanted = VisitPart(
            appointment=item.appointment,
            client_id=anchor.client,
            service=disruption.service or anchor.service,
            window_start=anchor.window.start,
            window_end=anchor.window.end,
            preferred_provider=None,
            status="booked",
            stages=(),
        )
        return appointment_of(wanted)


def _counts(part: ObjectivePart) -> offered.Counts:
    return offered.Counts(
        lunches_missed=part.lunches_missed,
        dropped=part.dropped,
        urgent_unplaced=part.urgent_unplaced,
        moved=part.moved,
        shifted=part.shifted,
        requests_unplaced=part.walk_ins_unplaced,
    )


def _beside(disruption: told.DisruptionPart) -> str:
    return "A place beside the visit it is added to." if disruption.kind == "add_on" else "A place is free."


def as_sentence(text: str) -> str:
    """Return a clause as a sentence."""
    return f"{text[0].upper()}{text[1:]}."
