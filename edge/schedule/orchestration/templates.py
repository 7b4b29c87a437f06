"""What a visit of each kind asks for: from the clinic's file, or by the kind of treatment."""

from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Annotated, Final, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from shared.vocabulary import TreatmentCategory

_DAY: Final = 24 * 60
Key = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$")]
Offset = Annotated[int, Field(ge=-14 * _DAY, le=14 * _DAY)]


class Owner(StrEnum):
    """Who sees to a task."""

    CLIENT = "client"
    FRONT_DESK = "front_desk"
    PROVIDER = "provider"
    SYSTEM = "system"


class Anchor(StrEnum):
    """What a task's time is counted from."""

    START = "start"
    END = "end"


class Fact(StrEnum):
    """What the box knows by itself, and a task may wait for."""

    CONFIRMED = "confirmed"
    ARRIVED = "arrived"
    CONSENTED = "consented"
    PHOTOGRAPHED = "photographed"


class TaskTemplate(BaseModel):
    """One task of every visit of a service, written as `[[services.checklist]]`.

    Attributes:
        due: minutes after the anchor, before it where negative.
        takes: minutes that it needs; only for what holds the start.
        after: tasks that have to be done or skipped first.
        done_by: the fact that completes it.
        holds_start: the visit cannot begin without it.
        readies_room: it is the room that is made ready; open at the start, the room is proposed as out for a while.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: Key
    title: str = Field(min_length=1, max_length=60)
    owner: Owner
    due: Offset
    anchor: Anchor = Anchor.START
    takes: int = Field(default=0, ge=0, le=240)
    after: tuple[Key, ...] = Field(default=(), max_length=20)
    done_by: Fact | None = None
    holds_start: bool = False
    readies_room: bool = False

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        if self.holds_start and (self.anchor is not Anchor.START or self.due > 0):
            raise ValueError('what holds the start is due before it: `anchor = "start"`, and `due` at most 0')
        if self.takes and not self.holds_start:
            raise ValueError("`takes` is only for what holds the start: add `holds_start = true`, or leave it out")
        if self.readies_room and not self.holds_start:
            raise ValueError("`readies_room` holds the start, too: add `holds_start = true`")
        return self


def checked(checklist: Sequence[TaskTemplate]) -> Sequence[TaskTemplate]:
    """Return a checklist whose ids differ and whose order can be kept.

    Raises:
        ValueError: it is none; the sentence names the task and what to do.
    """
    names = [task.id for task in checklist]
    for task in checklist:
        if names.count(task.id) > 1:
            raise ValueError(f"checklist: the id {task.id!r} is used twice; give each task its own")
        for other in task.after:
            if other not in names:
                raise ValueError(f"checklist.{task.id}.after: there is no task {other!r}; add it or correct it")
    if stuck := _stuck(checklist):
        raise ValueError(f"checklist: {', '.join(stuck)} wait for each other; take one out of `after`")
    return checklist


def _stuck(checklist: Iterable[TaskTemplate]) -> list[str]:
    left = {task.id: set(task.after) for task in checklist}
    while ready := [name for name, after in left.items() if not after & left.keys()]:
        for name in ready:
            del left[name]
    return list(left)


_PREPARATION: Final = {
    TreatmentCategory.LASER: TaskTemplate(
        id="prep", title="Numbing cream applied", owner=Owner.PROVIDER, due=-30, takes=30, after=("forms",),
        holds_start=True,
    ),
    TreatmentCategory.MICRONEEDLING: TaskTemplate(
        id="prep", title="Numbing cream applied", owner=Owner.PROVIDER, due=-30, takes=30, after=("forms",),
        holds_start=True,
    ),
    TreatmentCategory.INJECTABLE: TaskTemplate(
        id="prep", title="Numbing cream applied", owner=Owner.PROVIDER, due=-20, takes=20, after=("forms",),
        holds_start=True,
    ),
    TreatmentCategory.PEEL: TaskTemplate(
        id="prep", title="Make-up taken off", owner=Owner.PROVIDER, due=-5, takes=5, holds_start=True
    ),
    TreatmentCategory.FACIAL: TaskTemplate(
        id="prep", title="Make-up taken off", owner=Owner.PROVIDER, due=-5, takes=5, holds_start=True
    ),
}  # fmt: skip
_COMMON: Final = (
    TaskTemplate(id="reminder", title="Reminder sent", owner=Owner.SYSTEM, due=-_DAY, done_by=Fact.CONFIRMED),
    TaskTemplate(
        id="forms", title="Forms and consent signed", owner=Owner.CLIENT, due=-35, done_by=Fact.CONSENTED
    ),
    TaskTemplate(id="payment", title="Payment ready", owner=Owner.FRONT_DESK, due=-10),
    TaskTemplate(id="room", title="Room ready", owner=Owner.PROVIDER, due=-5, holds_start=True, readies_room=True),
    TaskTemplate(id="arrival", title="Client is here", owner=Owner.CLIENT, due=0, done_by=Fact.ARRIVED),
    TaskTemplate(
        id="photographs", title="Photographs before treatment", owner=Owner.PROVIDER, due=0,
        after=("forms", "arrival"), done_by=Fact.PHOTOGRAPHED,
    ),
    TaskTemplate(id="follow-up", title="Follow-up arranged", owner=Owner.FRONT_DESK, due=15, anchor=Anchor.END),
)  # fmt: skip
_IN_THE_VISIT: Final = frozenset({"numbing", "cleansing", "preparation"})


def default_checklist(category: TreatmentCategory, stages: Iterable[str]) -> tuple[TaskTemplate, ...]:
    """Return what a visit asks for by its kind of treatment; what a stage sees to is left out."""
    prepared = _PREPARATION.get(category)
    if prepared is None or _IN_THE_VISIT & set(stages):
        return _COMMON
    return (*_COMMON, prepared)
