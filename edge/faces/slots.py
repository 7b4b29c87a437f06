"""Slots lent to online booking, as the board shows them."""

import datetime as dt
from collections.abc import Callable

from edge.api.slot_schemas import LentSlot, LentState
from edge.faces.stages import shown_stages
from edge.schedule.registry import Registry
from edge.schedule.slot_desk import LentSlot as Lent
from shared.slots import last_sale


def shown_slot(registry: Registry, lent: Lent, at: Callable[[int], dt.datetime]) -> LentSlot:
    """Return one slot; `at` gives a minute of its day as a time."""
    visit, lease = lent.lease.visit, lent.lease
    starts = at(visit.start)
    return LentSlot(
        id=lease.id,
        starts_at=starts,
        ends_at=at(visit.end),
        service=next((one.name for one in registry.services if one.id == visit.service), visit.service),
        stages=shown_stages(visit.stages, at),
        until=last_sale(starts, lease.until),
        state=_state(lent),
    )


def _state(lent: Lent) -> LentState:
    if lent.doubtful:
        return LentState.IN_DOUBT
    return LentState.ASKED_BACK if lent.lease.recalled else LentState.LENT
