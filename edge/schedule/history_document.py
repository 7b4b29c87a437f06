"""Past visits and decisions as JSON, from whatever the clinic used before; nothing in it says whose they were."""

from dataclasses import replace
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from edge.schedule.choices import Decisions, Option, chosen, joined
from edge.schedule.document import Entry, parsed
from edge.schedule.errors import InvalidClinic
from edge.schedule.estimates import History, OwnLength, ServiceHistory
from edge.schedule.ids import NAME_PATTERN, ProviderId, ServiceId
from edge.schedule.registry import Registry
from edge.schedule.services import Service
from edge.schedule.weights import LEARNT, UNIT

Count = Annotated[int, Field(ge=0, le=10_000)]
Amount = Annotated[float, Field(ge=0, le=1_000_000, allow_inf_nan=False)]
Taken = Annotated[float, Field(gt=0, le=24 * 60)]


class PastVisit(Entry):
    """One past visit: its service, what it was booked for and what became of it."""

    service: ServiceId
    outcome: Literal["done", "no_show"] = "done"
    planned: Taken | None = Field(default=None, description="Minutes it was booked for; the clinic's now by default.")
    actual: Taken | None = Field(default=None, description="Minutes it took, where somebody measured them.")
    stages: dict[str, Taken] = Field(default_factory=dict, description="Minutes of single stages, by name.")
    provider: ProviderId | None = Field(
        default=None, pattern=NAME_PATTERN, description="Who served it; leave it out where several did."
    )

    @model_validator(mode="after")
    def _who_was_not_there_took_no_time(self) -> Self:
        if self.outcome == "no_show" and (self.actual is not None or self.stages):
            raise ValueError('a visit that is a "no_show" took no time: leave `actual` and `stages` out')
        return self


class Units(Entry):
    """How much an answer has of each term, unweighed."""

    wait: Amount = Field(default=0.0, description="Minutes between wished and planned starts, of all clients.")
    preference: Amount = Field(default=0.0, description="Clients who miss the preferred provider.")
    revenue: Amount = Field(default=0.0, description="Units of money that are not earned.")
    device_change: Amount = Field(default=0.0, description="Visits that get another device.")
    idle: Amount = Field(default=0.0, description="Providers' free minutes between first and last visit.")
    brittle: Amount = Field(default=0.0, description="Devices used again without slack.")
    fairness: Amount = Field(default=0.0, description="Squares of each provider's work in five minutes, summed.")


class PastAnswer(Entry):
    """One way of going on that people could take: what it leaves undone, and how much it has of each term."""

    lunches_missed: Count = 0
    dropped: Count = 0
    urgent_unplaced: Count = 0
    moved: Count = 0
    shifted: Count = 0
    walk_ins_unplaced: Count = 0
    units: Units = Units()
    other: Amount = Field(default=0.0, description="Points of policies and add-ons.")

    def option(self, first: bool) -> Option:
        """Return it as an answer to choose; `first`: it was the first one shown."""
        level = (
            self.lunches_missed,
            self.dropped,
            self.urgent_unplaced,
            self.moved,
            self.shifted,
            self.walk_ins_unplaced,
        )
        units = tuple(float(getattr(self.units, name)) for name in (UNIT, *LEARNT))
        return Option(level, units, self.other, first)


class PastChoice(Entry):
    """Which of some answers was taken."""

    answers: tuple[PastAnswer, ...] = Field(min_length=2, max_length=10, description="In the order they were shown.")
    taken: int = Field(ge=0, le=9, description="Which one; 0 is the first.")

    @model_validator(mode="after")
    def _was_shown(self) -> Self:
        if self.taken >= len(self.answers):
            raise ValueError(f"`taken` is {self.taken}, the last answer is {len(self.answers) - 1}; count from 0")
        return self


class HistoryDocument(Entry):
    """A clinic's past visits and decisions, in any order."""

    format: Literal[1] = 1
    visits: tuple[PastVisit, ...] = Field(default=(), max_length=200_000)
    choices: tuple[PastChoice, ...] = Field(default=(), max_length=20_000)

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.visits and not self.choices:
            raise ValueError("there is nothing in it: give `visits`, `choices` or both")
        return self

    def decisions(self) -> Decisions:
        """Return what its choices tell about the weights."""
        return joined(
            chosen([answer.option(number == 0) for number, answer in enumerate(choice.answers)], choice.taken)
            for choice in self.choices
        )

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
            seen = _seen(visit, service)
            history[service.id] = history.get(service.id, ServiceHistory()) + seen
        return history


def parse_history(text: str, source: str) -> HistoryDocument:
    """Return past visits from JSON text.

    Raises:
        InvalidClinic: it is no such history; the sentence names each field that is wrong and why.
    """
    return parsed(HistoryDocument, text, source)


def _seen(visit: PastVisit, service: Service) -> ServiceHistory:
    planned = visit.planned or float(service.minutes)
    if visit.outcome == "no_show":
        return ServiceHistory(no_shows=1)
    lengths = ((planned, visit.actual),) if visit.actual is not None else ()
    overruns = sum(actual > booked for booked, actual in lengths)
    stages = {name: (minutes,) for name, minutes in visit.stages.items()}
    seen = ServiceHistory(lengths, stages, came=1, timed=len(lengths), overruns=overruns)
    # What runs by the clock takes as long with everybody; whoever served was there for the rest.
    attended = planned - sum(stage.minutes for stage in service.stages if stage.skill is None)
    if visit.provider is None or attended <= 0:
        return seen
    own = tuple(OwnLength(visit.provider, booked, attended, actual) for booked, actual in lengths)
    return replace(seen, lengths=(), own=own)
