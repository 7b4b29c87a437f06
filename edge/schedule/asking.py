"""Who asks for a place in a disruption: the walk-in, the urgent client, the client who wants something more."""

from dataclasses import dataclass

from edge.schedule.adjacency import ADD_ON_WAIT_MINUTES
from edge.schedule.demand import demands_of
from edge.schedule.domain import DAY_MINUTES, AddOn, AppointmentRequest, Disruption, Plan, Span, Urgent, WalkIn
from edge.schedule.facts import find
from edge.schedule.ids import AppointmentId
from edge.schedule.registry import Registry


@dataclass(frozen=True, slots=True)
class Asking:
    """A request, whether others may be moved for it, and the visit it is added to, if any."""

    request: AppointmentRequest
    urgent: bool
    anchor: AppointmentId | None = None


def asking_in(registry: Registry, plan: Plan, disruption: Disruption) -> Asking | None:
    """Return who asks for a place, or none where a disruption is no request.

    Raises:
        UnknownName: an add-on names a visit that the day, or a service that the clinic, does not have.
    """
    match disruption:
        case WalkIn(request=request):
            return Asking(request, urgent=False)
        case Urgent(request=request):
            return Asking(request, urgent=True)
        case AddOn(appointment=anchor, urgent=urgent):
            return Asking(_beside(registry, plan, disruption), urgent, anchor)
        case _:
            return None


def add_on_id(plan: Plan, anchor: AppointmentId) -> AppointmentId:
    """Return the id that the next add-on to a visit gets."""
    number = 1
    while (name := AppointmentId(f"{anchor[:70]}-add-{number}")) in plan.appointments:
        number += 1
    return name


def _beside(registry: Registry, plan: Plan, wanted: AddOn) -> AppointmentRequest:
    anchor, service = find(plan, wanted.appointment), registry.service(wanted.service)
    # Whoever is slowest may serve it, too.
    reach, midnight = (
        demands_of(registry)[service.id].longest + ADD_ON_WAIT_MINUTES,
        anchor.start // DAY_MINUTES * DAY_MINUTES,
    )
    window = Span(max(midnight, anchor.start - reach), min(midnight + DAY_MINUTES, anchor.end + reach))
    return AppointmentRequest(
        add_on_id(plan, anchor.id),
        anchor.client,
        wanted.service,
        window,
        anchor.preferred,
        anchor.show,
        anchor.tier,
        wish=anchor.end,
        cleared=wanted.cleared,
        history=wanted.history,
    )
