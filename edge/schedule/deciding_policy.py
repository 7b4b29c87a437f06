"""The clinic's policy for replans: how much harm may happen by itself, and how much the desk may let happen."""

from enum import StrEnum
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field


class Mode(StrEnum):
    """Who lets a replan happen."""

    EXECUTE = "execute"
    SUGGEST = "suggest"
    ESCALATE = "escalate"

    @property
    def caution(self) -> int:
        """How little happens by itself."""
        return _CAUTION[self]


_CAUTION: Final = {Mode.EXECUTE: 0, Mode.SUGGEST: 1, Mode.ESCALATE: 2}
Clients = Annotated[int, Field(ge=0, le=500)]
Points = Annotated[float, Field(ge=0, le=1_000_000)]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class KindLimits(_Table):
    """What differs for one kind of disruption; what is not written is as for all."""

    at_least: Mode = Field(default=Mode.EXECUTE, description="`suggest` or `escalate`: never more automatic than this.")
    execute_shifted: Clients | None = None
    suggest_notified: Clients | None = None
    suggest_points: Points | None = None


class Deciding(_Table):
    """The clinic's policy: how much harm may happen by itself, and how much the desk may let happen."""

    execute_shifted: Clients = Field(default=3, description="So many who were told no time yet may move by themselves.")
    suggest_notified: Clients = Field(default=4, description="So many who were told may be moved by the desk.")
    suggest_points: Points = Field(default=600.0, description="So many points more may be accepted by the desk.")
    keeps_minutes: int = Field(default=30, ge=5, le=240, description="How long a proposal can be accepted.")
    provider_out: KindLimits = KindLimits()
    room_down: KindLimits = KindLimits()
    device_down: KindLimits = KindLimits()
    late: KindLimits = KindLimits()
    overrun: KindLimits = KindLimits()
    cancelled: KindLimits = KindLimits()
    no_show: KindLimits = KindLimits()
    walk_in: KindLimits = KindLimits()
    urgent: KindLimits = KindLimits()
    add_on: KindLimits = KindLimits()
    move_wanted: KindLimits = KindLimits()
    clinic_changed: KindLimits = KindLimits()

    def limits(self, kind: str) -> KindLimits:
        """Return the limits of one kind of disruption with nothing left empty.

        Raises:
            KeyError: there is no such kind.
        """
        own = {name: getattr(self, name) for name in type(self).model_fields if name not in _COMMON}[kind]
        if not isinstance(own, KindLimits):
            raise KeyError(kind)
        return KindLimits(
            at_least=own.at_least,
            execute_shifted=self.execute_shifted if own.execute_shifted is None else own.execute_shifted,
            suggest_notified=self.suggest_notified if own.suggest_notified is None else own.suggest_notified,
            suggest_points=self.suggest_points if own.suggest_points is None else own.suggest_points,
        )


_COMMON: Final = frozenset({"execute_shifted", "suggest_notified", "suggest_points", "keeps_minutes"})
