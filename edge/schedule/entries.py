"""What the clinic's file is made of: times of day, lengths, names."""

from datetime import time
from typing import Annotated, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    WithJsonSchema,
    model_validator,
)

from edge.schedule.domain import GRID_MINUTES, Span
from edge.schedule.ids import NAME_PATTERN


def _minute(value: object) -> int:
    """Return minutes from local midnight of "HH:MM" (or of a TOML time), on the planning grid."""
    if value == "24:00":
        return 24 * 60
    if isinstance(value, str):
        try:
            value = time.fromisoformat(value)
        except ValueError as error:
            raise ValueError('write a time of day as "HH:MM", for example "09:30"') from error
    if isinstance(value, time):
        value = value.hour * 60 + value.minute
    if not isinstance(value, int) or isinstance(value, bool):
        raise ValueError('write a time of day as "HH:MM", for example "09:30"')  # noqa: TRY004 - pydantic reports it
    return value


def _written(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"


Minute = Annotated[
    int,
    BeforeValidator(_minute),
    Field(ge=0, le=24 * 60, multiple_of=GRID_MINUTES),
    PlainSerializer(_written, return_type=str, when_used="json"),
    WithJsonSchema(
        {
            "description": 'Time of day as "HH:MM", or minutes from midnight; on the grid of five minutes.',
            "anyOf": [
                {"type": "string", "pattern": "^([01][0-9]|2[0-3]):[0-5][05]$|^24:00$"},
                {"type": "integer", "minimum": 0, "maximum": 1440, "multipleOf": GRID_MINUTES},
            ],
        }
    ),
]
Minutes = Annotated[int, Field(ge=0, le=12 * 60, multiple_of=GRID_MINUTES)]
Key = Annotated[str, Field(pattern=NAME_PATTERN)]


class Entry(BaseModel):
    """A table of the clinic's file; an unknown key is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Hours(Entry):
    """A stretch of the day, written `{start = "09:00", end = "17:30"}`."""

    start: Minute
    end: Minute

    @model_validator(mode="after")
    def _forward(self) -> Self:
        if self.end <= self.start:
            raise ValueError("`end` must be later than `start`")
        return self

    @property
    def span(self) -> Span:
        """The same stretch as the domain knows it."""
        return Span(self.start, self.end)


class Lunch(Hours):
    """A meal of `minutes` somewhere between `start` and `end`; where exactly, the plan decides."""

    minutes: Minutes = Field(default=30, gt=0)

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.end - self.start < self.minutes:
            raise ValueError("`minutes` must fit between `start` and `end`")
        return self
