"""What differs between two policies for replans, in the words of the page: kind by kind, each limit old → new."""

from collections.abc import Iterator
from typing import Final

from edge.schedule.deciding_policy import Deciding, KindLimits, Mode

KINDS: Final = {
    "provider_out": "a provider is out",
    "room_down": "a room is out",
    "device_down": "a device is out",
    "late": "a client is late",
    "overrun": "a visit takes longer",
    "cancelled": "a visit is cancelled",
    "no_show": "a client does not come",
    "walk_in": "somebody walks in",
    "urgent": "somebody asks urgently",
    "add_on": "a client wants a service more",
    "move_wanted": "a client wants another time",
    "clinic_changed": "the clinic has changed",
}
"""Each kind of disruption that a policy may treat by itself, as what follows "When"."""
MODES: Final = {
    Mode.EXECUTE: "happens by itself",
    Mode.SUGGEST: "is suggested",
    Mode.ESCALATE: "a manager decides",
}
LIMITS: Final = {
    "execute_shifted": "clients not told yet who may move by themselves",
    "suggest_notified": "told clients whom the desk may move",
    "suggest_points": "points more that the desk may accept",
    "keeps_minutes": "minutes for which a proposal can be accepted",
}
_AS_FOR_ALL: Final = "as for all"


def deciding_differences(old: Deciding, new: Deciding) -> Iterator[str]:
    """Yield one sentence for what holds for all, and one for each kind that is treated otherwise than before."""
    if said := list(_limits(old, new)):
        yield f"Who lets a replan happen: {'; '.join(said)}."
    for kind, words in KINDS.items():
        before, after = getattr(old, kind), getattr(new, kind)
        said = list(_limits(before, after))
        if before.at_least is not after.at_least:
            said.insert(0, f"{MODES[before.at_least]} → {MODES[after.at_least]}")
        if said:
            yield f"When {words}: {'; '.join(said)}."


def _limits(old: Deciding | KindLimits, new: Deciding | KindLimits) -> Iterator[str]:
    for name, words in LIMITS.items():
        before, after = getattr(old, name, None), getattr(new, name, None)
        if before != after:
            yield f"{words} {_number(before)} → {_number(after)}"


def _number(value: float | None) -> str:
    return _AS_FOR_ALL if value is None else f"{value:g}"
