"""The base of a configuration's tables, apart from where configuration is read: parts need no reader to be set."""

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """Base of every table inside a side's configuration: unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)
