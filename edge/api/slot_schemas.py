"""Slots lent to online booking at the HTTP border."""

from enum import StrEnum

from pydantic import AwareDatetime, Field

from edge.api.schedule_stages import Interval, Stage
from edge.api.schemas import Identifier


class LentState(StrEnum):
    """Who may do what with a slot that is held for online booking."""

    LENT = "lent"
    ASKED_BACK = "asked_back"
    IN_DOUBT = "in_doubt"


class LentSlot(Interval):
    """A place that is held for online booking until the hub has sold it or gives it back.

    One in doubt was lent to a hub that has been restored since, and may have been sold by it.
    """

    id: Identifier
    service: str
    stages: list[Stage]
    until: AwareDatetime = Field(description="The hub sells it before this moment, unless the box lends it longer.")
    state: LentState
