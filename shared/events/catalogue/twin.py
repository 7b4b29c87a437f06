"""Payloads of the device twin: what the hub wants a box to be set to, and what the box made of it."""

from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import Field

from shared.events.payload import PayloadModel

Value = Annotated[str, Field(max_length=200)] | bool | int | float
SettingName = Annotated[str, Field(pattern=r"^[a-z][a-z_]*(\.[a-z][a-z_]*)*$", max_length=64)]


class TwinState(StrEnum):
    """What became of a wanted configuration."""

    APPLIED = "applied"
    UNCHANGED = "unchanged"
    REFUSED = "refused"
    ROLLED_BACK = "rolled_back"


class ConfigurationDesired(PayloadModel):
    """Down from the hub: the whole of what is to differ from the box's own file; nothing else is changed."""

    event_type: ClassVar[str] = "twin.desired"

    device: str = Field(max_length=64, description="The box it is meant for.")
    version: int = Field(ge=1, description="Grows with each change; the highest holds.")
    values: dict[SettingName, Value] = Field(max_length=64, description="Settings by dotted name.")
    deadline_seconds: int = Field(ge=10, le=3600, description="Time to report healthy, else it is taken back.")


class ConfigurationReported(PayloadModel):
    """What the box made of a wanted configuration."""

    event_type: ClassVar[str] = "twin.reported"

    version: int = Field(ge=1)
    state: TwinState
    reason: str = Field(default="", max_length=500)
    digest: str = Field(pattern=r"^[0-9a-f]{64}$", description="SHA-256 of the configuration in effect.")


PAYLOADS: tuple[type[PayloadModel], ...] = (ConfigurationDesired, ConfigurationReported)
