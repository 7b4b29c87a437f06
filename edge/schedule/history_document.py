"""Past visits as JSON, from whatever the clinic used before; nothing in it says whose visit it was."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from edge.schedule.document import Entry, parsed
from edge.schedule.errors import InvalidClinic
from edge.schedule.estimates import History, ServiceHistory
from edge.schedule.ids import ServiceId
from edge.schedule.registry import Registry

Taken = Annotated[float, Field(gt=0, le=24 * 60)]


class PastVisit(Entry):
    """One past visit: its service, what it was booked for and what became of it."""

    service: ServiceId
    outcome: Literal["done", "no_show"] = "done"
    planned: Taken | None = Field(default=None, description="Minutes it was booked for; the clinic's now by default.")
    actual: Taken | None = Field(default=None, description="Minutes it took, where somebody measured them.")
    stages: dict[str, Taken] = Field(default_factory=dict, description="Minutes of single stages, by name.")

    @model_validator(mode="after")
    def _who_was_not_there_took_no_time(self) -> Self:
        if self.outcome == "no_show" and (self.actual is not None or self.stages):
            raise ValueError('a visit that is a "no_show" took no time: leave `actual` and `stages` out')
        return self


class HistoryDocument(Entry):
    """A clinic's past visits, in any order."""

    format: Literal[1] = 1
    visits: tuple[PastVisit, ...] = Field(min_length=1, max_length=200_000)

    def history(self, registry: Registry) -> History:
        """Return it by service.

        Raises:
            InvalidClinic: it names a service or a stage that the clinic does not have.
        """
        history: dict[ServiceId, ServiceHistory] = {}
        services = {service.id: service for service in registry.services}
        for number, visit in enumerate(self.visits):
            service = services.get(visit.service)
            where = f"visits.{number}"
            if service is None:
                raise InvalidClinic(
                    "unknown_service", f"{where}.service: the clinic has no service {visit.service!r}; correct the name"
                )
            unknown = set(visit.stages) - {stage.name for stage in service.stages}
            if unknown:
                raise InvalidClinic(
                    "unknown_stage", f"{where}.stages: {service.id!r} has no stage {min(unknown)!r}; correct the name"
                )
            seen = _seen(visit, visit.planned or float(service.minutes))
            history[service.id] = history.get(service.id, ServiceHistory()) + seen
        return history


def parse_history(text: str, source: str) -> HistoryDocument:
    """Return past visits from JSON text.

    Raises:
        InvalidClinic: it is no such history; the sentence names each field that is wrong and why.
    """
    return parsed(HistoryDocument, text, source)


def _seen(visit: PastVisit, planned: float) -> ServiceHistory:
    if visit.outcome == "no_show":
        return ServiceHistory(no_shows=1)
    lengths = ((planned, visit.actual),) if visit.actual is not None else ()
    overruns = sum(actual > booked for booked, actual in lengths)
    stages = {name: (minutes,) for name, minutes in visit.stages.items()}
    return ServiceHistory(lengths, stages, came=1, timed=len(lengths), overruns=overruns)
