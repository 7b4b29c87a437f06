"""A visit keeps the lengths it was booked with, whatever the clinic plans new ones with since.

One that has the length of whoever serves it takes as long as the next one does, if it goes to somebody else.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from edge.schedule.domain import GRID_MINUTES, Appointment, Plan
from edge.schedule.ids import ServiceId
from edge.schedule.pace import USUAL, OwnPace
from edge.schedule.registry import Provider, Registry
from edge.schedule.replans import Replan
from edge.schedule.services import Service


@dataclass(frozen=True, slots=True)
class AsBooked:
    """A plan whose every visit fits its service: one booked with other lengths has a service of its own.

    Attributes:
        registry: the clinic with those services besides.
        plan: the plan that uses them.
    """

    registry: Registry
    plan: Plan
    _services: Mapping[ServiceId, ServiceId]

    def replan(self, answer: Replan) -> Replan:
        """Return an answer to a question about `plan` in the words of the plan it was made of."""
        if not self._services:
            return answer
        return replace(
            answer,
            facts=self._said(answer.facts),
            plan=self._said(answer.plan),
            moves=tuple(replace(m, service=self._services.get(m.service, m.service)) for m in answer.moves),
            alternatives=tuple(replace(other, plan=self._said(other.plan)) for other in answer.alternatives),
        )

    def asked(self, plan: Plan) -> Plan:
        """Return another plan of the same visits in the words of a question about `plan`."""
        own = {visit.id: visit.service for visit in self.plan.appointments.values() if visit.service in self._services}
        visits = plan.appointments.values()
        return plan.with_appointments(*(replace(v, service=own[v.id]) for v in visits if v.id in own))

    def _said(self, plan: Plan) -> Plan:
        visits = plan.appointments.values()
        return plan.with_appointments(
            *(replace(v, service=self._services[v.service]) for v in visits if v.service in self._services)
        )


def as_booked(registry: Registry, plan: Plan) -> AsBooked:
    """Return the clinic and the plan with a service of its own for each length that is booked and no longer planned.

    What has begun takes as long as it takes, and what has lost its place is planned anew: both are left as they are,
    and so are visits whose stages are not those of their service.
    """
    services = {service.id: service for service in registry.services}
    own: dict[ServiceId, Service] = {}
    changed: list[Appointment] = []
    for visit in plan.placed:
        service = services.get(visit.service)
        if visit.status.begun or service is None:
            continue
        kept = _with_lengths(registry, service, visit)
        if kept is not None:
            own[kept.id] = kept
            changed.append(replace(visit, service=kept.id))
    if not own:
        return AsBooked(registry, plan, {})
    # In order, so that the same lengths make an equal registry, which is what is known of it elsewhere.
    services_ = (*registry.services, *(own[name] for name in sorted(own)))
    names = {name: ServiceId(name.partition("~")[0]) for name in own}
    update = {"services": services_, "providers": _unpaced(registry, sorted(own))}
    return AsBooked(registry.model_copy(update=update), plan.with_appointments(*changed), names)


def _unpaced(registry: Registry, services: Iterable[ServiceId]) -> tuple[Provider, ...]:
    """Return the providers, for whom services that keep their length take as long with one as with another."""
    if not registry.has_paces:
        return registry.providers
    kept = tuple(OwnPace.model_construct(service=service, percent=USUAL) for service in services)
    return tuple(one.model_copy(update={"paces": (*one.paces, *kept)}) for one in registry.providers)


def _with_lengths(registry: Registry, service: Service, visit: Appointment) -> Service | None:
    lengths = tuple(stage.end - stage.start for stage in visit.stages)
    alike = [stage.name for stage in service.stages] == [stage.name for stage in visit.stages]
    if not alike or lengths == registry.lengths(service, [stage.provider for stage in visit.stages]):
        return None
    if any(minutes <= 0 or minutes % GRID_MINUTES for minutes in lengths):
        return None
    stages = tuple(
        stage.model_copy(update={"minutes": minutes}) for stage, minutes in zip(service.stages, lengths, strict=True)
    )
    # No id in a clinic's file has a tilde.
    name = ServiceId(f"{service.id}~{'-'.join(map(str, lengths))}")
    return service.model_copy(update={"id": name, "stages": stages})
