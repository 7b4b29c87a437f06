"""What a client books: services as rows of stages."""

from itertools import groupby
from typing import Any, Self

from pydantic import (
    Field,
    SerializerFunctionWrapHandler,
    ValidationInfo,
    field_validator,
    model_serializer,
    model_validator,
)

from edge.schedule.dependencies import DaysApart, VisitBefore
from edge.schedule.domain import GRID_MINUTES
from edge.schedule.durations import PLANNING_QUANTILE, Duration
from edge.schedule.entries import Entry, Key, Minutes
from edge.schedule.ids import NAME_PATTERN, ServiceId
from edge.schedule.orchestration.templates import TaskTemplate, checked
from shared.vocabulary import TreatmentCategory

_MOST_STAGES = 8


def _say_no_default(schema: dict[str, Any]) -> None:
    del schema["default"]


class Stage(Entry):
    """A part of a service; stages follow each other without a gap.

    A stage either names the `skill` of the provider who is present, or says `provider_may_leave = true`. The provider
    also needs its `licence`, where it names one. It takes `minutes`, or, as quantiles, a `duration`.
    """

    name: str = Field(min_length=1, max_length=40)
    duration: Duration | None = Field(default=None, description="How long it takes, instead of `minutes`.")
    minutes: Minutes = Field(
        default=0, gt=0, validate_default=True, description="Planned length.", json_schema_extra=_say_no_default
    )
    skill: Key | None = None
    licence: Key | None = None
    room: Key
    device: Key | None = None
    provider_may_leave: bool = False

    @field_validator("minutes", mode="before")
    @classmethod
    def _one_form(cls, minutes: object, given: ValidationInfo) -> object:
        if "duration" not in given.data:
            return GRID_MINUTES  # that it is wrong has been said
        duration: Duration | None = given.data["duration"]
        if duration is None and minutes == 0:
            raise ValueError("write how long it takes: `minutes = 30`, or `duration = { p50 = 25, p80 = 35 }`")
        if duration is not None and minutes != 0:
            raise ValueError("write `minutes` or `duration`, and not both")
        return minutes if duration is None else duration.distribution.planned(PLANNING_QUANTILE)

    @model_serializer(mode="wrap")
    def _as_it_was_given(self, written: SerializerFunctionWrapHandler) -> dict[str, Any]:
        fields: dict[str, Any] = written(self)
        return {name: value for name, value in fields.items() if name != ("minutes" if self.duration else "duration")}

    def planned_for(self, share: float) -> Self:
        """Return the stage as long as a share of its visits need; one without quantiles stays as it is."""
        if self.duration is None:
            return self
        return self.model_copy(update={"minutes": self.duration.distribution.planned(share)})

    @model_validator(mode="after")
    def _somebody_or_nobody(self) -> Self:
        if (self.skill is None) != self.provider_may_leave:
            raise ValueError("name a `skill`, or say `provider_may_leave = true`, and not both")
        if self.licence is not None and self.skill is None:
            raise ValueError("a `licence` is the provider's: name the `skill`, too")
        return self


class Service(Entry):
    """What a client books."""

    id: ServiceId = Field(pattern=NAME_PATTERN)
    name: str = Field(min_length=1, max_length=60)
    category: TreatmentCategory
    stages: tuple[Stage, ...] = Field(min_length=1, max_length=_MOST_STAGES)
    share: int = Field(default=1, ge=0, le=100, description="How often it is booked, against the others.")
    price: float = Field(default=0, ge=0, le=1_000_000, description="What a visit brings, in the clinic's currency.")
    clearances: tuple[Key, ...] = Field(
        default=(), max_length=12, description="What a licensed professional has to confirm before anybody gets it."
    )
    after: tuple[VisitBefore, ...] = Field(
        default=(), max_length=8, description="Which visits of the client have to come before; each of these."
    )
    apart: tuple[DaysApart, ...] = Field(
        default=(), max_length=8, description="Which visits of the client have to be some days away."
    )
    checklist: tuple[TaskTemplate, ...] = Field(
        default=(), max_length=20, description="What has to be done around a visit; by its category where left out."
    )

    @model_validator(mode="after")
    def _checklist_can_be_kept(self) -> Self:
        checked(self.checklist)
        return self

    @property
    def minutes(self) -> int:
        """Length of the whole visit in minutes."""
        return sum(stage.minutes for stage in self.stages)

    @property
    def needs(self) -> int:
        """People, rooms and devices that it takes: one person for each skill; stages that are alike keep the others."""
        rooms = [room for room, _ in groupby(stage.room for stage in self.stages)]
        devices = [device for device, _ in groupby(stage.device for stage in self.stages) if device is not None]
        return len({stage.skill for stage in self.stages} - {None}) + len(rooms) + len(devices)

    def planned_for(self, share: float) -> Self:
        """Return the service with each stage as long as a share of its visits need."""
        return self.model_copy(update={"stages": tuple(stage.planned_for(share) for stage in self.stages)})

    def licences(self, skill: str) -> frozenset[str]:
        """Return the licences of whoever brings a skill to this service: one person brings it to all its stages."""
        return frozenset(stage.licence for stage in self.stages if stage.skill == skill and stage.licence is not None)
