"""What a service asks of a client's other visits, as a clinic's file says it.

Days are counted by the calendar, minutes from the end of one visit to the start of the other.
"""

from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from edge.schedule.ids import NAME_PATTERN, ServiceId
from shared.vocabulary import TreatmentCategory

_MOST_MINUTES = 7 * 24 * 60
_MOST_DAYS = 366


class OtherVisits(BaseModel):
    """Visits for one service, or for any service of a category."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    service: Annotated[ServiceId, Field(pattern=NAME_PATTERN)] | None = None
    category: TreatmentCategory | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.service is None) == (self.category is None):
            raise ValueError("name either a `service` or a `category`")
        return self

    @property
    def named(self) -> str:
        """The service or the category."""
        return self.service or f"{self.category}"

    def include(self, service: ServiceId, category: TreatmentCategory) -> bool:
        """Tell whether a visit for this service, of this category, is one of them."""
        # A visit that keeps other lengths than its service has now is of a service named with a tilde behind it.
        return service.partition("~")[0] == self.service or category is self.category


class VisitBefore(OtherVisits):
    """A visit that has to come before, for example `{service = "numbing", at_most_minutes = 60}`."""

    at_least_minutes: int = Field(default=0, ge=0, le=_MOST_MINUTES)
    at_most_minutes: int | None = Field(default=None, ge=0, le=_MOST_MINUTES)
    at_least_days: int = Field(default=0, ge=0, le=_MOST_DAYS)
    at_most_days: int | None = Field(default=None, ge=0, le=_MOST_DAYS)

    @model_validator(mode="after")
    def _not_empty(self) -> Self:
        if self.at_most_minutes is not None and self.at_most_minutes < self.at_least_minutes:
            raise ValueError("`at_most_minutes` must not be less than `at_least_minutes`")
        if self.at_most_days is not None and self.at_most_days < self.at_least_days:
            raise ValueError("`at_most_days` must not be less than `at_least_days`")
        return self


class DaysApart(OtherVisits):
    """Visits that, earlier or later, keep some days away, for example `{category = "peel", days = 7}`."""

    days: int = Field(ge=1, le=_MOST_DAYS)
