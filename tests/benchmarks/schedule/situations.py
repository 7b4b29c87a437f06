"""From a frozen day and an event to the question that a planner has to answer."""

from edge.schedule.document import DayDocument
from edge.schedule.domain import Appointment, Urgent, WalkIn
from edge.schedule.errors import NotAllowed
from edge.schedule.event_document import AnyEvent, disruption_of
from edge.schedule.facts import begun_by, with_facts
from edge.schedule.ids import ReplanId
from edge.schedule.insertion import Situation, survey


def situation_of(document: DayDocument, event: AnyEvent) -> Situation | None:
    """Return what an event leaves to be solved; none when it cannot have happened."""
    disruption = disruption_of(document, event)
    plan = begun_by(document.plan(), disruption)
    try:
        facts = with_facts(document.clinic, plan, disruption, ReplanId("bench"))
    except NotAllowed:
        return None
    asks = (Appointment.of(disruption.request),) if isinstance(disruption, WalkIn | Urgent) else ()
    return survey(document.clinic, facts, disruption.at, asks, isinstance(disruption, Urgent))
