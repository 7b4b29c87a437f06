"""A disruption of a day and what became of it, and how the latest of them is taken back."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from edge.schedule.checker import Rule, check
from edge.schedule.conditions import missing
from edge.schedule.domain import Appointment, Plan
from edge.schedule.errors import NotAllowed
from edge.schedule.ids import ReplanId
from edge.schedule.lengths import as_booked
from edge.schedule.payloads import appointment_of, visit_part
from edge.schedule.registry import Registry
from shared.events.catalogue import schedule as said
from shared.events.payload import PayloadModel


@dataclass(slots=True)
class ReplanRecord:
    """A disruption of this day and what became of it, as events told it."""

    reported: said.DisruptionReported
    before: Plan
    after: Plan | None = None
    applied: said.ReplanApplied | None = None
    moves: list[said.AppointmentMoved] = field(default_factory=list)
    undone: bool = False


def undo(
    registry: Registry, plan: Plan, records: Sequence[ReplanRecord], replan_id: ReplanId
) -> said.ReplanUndone | None:
    """Return the event that takes the latest replan and its disruption back, or none where it was taken back before.

    Args:
        registry: the clinic.
        plan: the day as it stands.
        records: what upset the day, oldest first.
        replan_id: which of them is to be taken back.

    Raises:
        NotAllowed: it is not the latest, or what it touched has changed since or is needed otherwise.
    """
    standing = [record for record in records if record.after is not None]
    done = next((r for r in standing if r.reported.replan == replan_id), None)
    if done is None:
        raise NotAllowed("unknown_replan", "this day has no such replan; reload it")
    if done.undone:
        return None
    if done.after is None or done is not [r for r in standing if not r.undone][-1]:
        raise NotAllowed("not_latest", "only the latest replan can be undone; undo the later ones first")
    before, after = done.before.appointments, done.after.appointments
    touched = [key for key, new in after.items() if before.get(key) != new]
    if any(_differs(plan, after[key]) for key in touched):
        raise NotAllowed("changed_since", "visits it moved have changed since; move them by hand")
    undone = said.ReplanUndone(
        day=plan.date,
        replan=replan_id,
        restored=tuple(visit_part(_put_back(registry, plan, before[key])) for key in touched if key in before),
        removed=tuple(key for key in touched if key not in before),
    )
    restored, present = as_booked(registry, taken_back(plan, undone)), as_booked(registry, plan)
    # What stands in conflict with a changed registry, or uncleared, moved or not, speaks against no undo.
    broken = set(check(restored.registry, restored.plan)) - set(check(present.registry, present.plan))
    if any(one.rule is not Rule.CLEARED for one in broken):
        raise NotAllowed("place_taken", "a former place is taken, or not allowed any more; move the visits by hand")
    return undone


def taken_back(plan: Plan, undone: said.ReplanUndone) -> Plan:
    """Return a day without a replan and its disruption, as the event of its undoing says."""
    kept = {key: a for key, a in plan.appointments.items() if key not in undone.removed}
    outages = tuple(outage for outage in plan.outages if outage.replan != undone.replan)
    restored = (appointment_of(part) for part in undone.restored)
    return replace(plan, appointments=kept, outages=outages).with_appointments(*restored)


def restored_places(plan: Plan, payloads: Iterable[PayloadModel]) -> list[Appointment]:
    """Return the visits that taking a replan back puts where they have no place now."""
    undone = (payload for payload in payloads if isinstance(payload, said.ReplanUndone))
    back = (appointment_of(part) for payload in undone for part in payload.restored)
    here = {visit.id for visit in plan.placed}
    return [visit for visit in back if visit.placed and visit.status.active and visit.id not in here]


def _differs(plan: Plan, former: Appointment) -> bool:
    """Tell whether a visit is no longer what it was; what is confirmed of its client may have changed."""
    now = plan.appointments.get(former.id)
    return now is None or now != replace(former, cleared=now.cleared)


def _put_back(registry: Registry, plan: Plan, former: Appointment) -> Appointment:
    """Return a visit as it was, cleared as it is now: without that it gets no place that it does not have."""
    now = plan.appointments[former.id]
    visit = replace(former, cleared=now.cleared)
    stands = now.placed and now.status.active
    return visit if stands or not missing(registry.service(visit.service), visit) else replace(visit, stages=())
