"""Shadow mode as JSON and as text: the events of a day going in, both versions of it coming out."""

from typing import Annotated, Final, Literal

from pydantic import Field

from edge.schedule.document import AppointmentEntry, DayDocument, Entry, Name, parsed
from edge.schedule.domain import clock_text
from edge.schedule.errors import InvalidClinic
from edge.schedule.event_document import (
    AnyEvent,
    DeviceDownEvent,
    ProviderOutEvent,
    RoomDownEvent,
    UrgentEvent,
    WalkInEvent,
    disruption_of,
)
from edge.schedule.moments import Moment
from edge.schedule.shadow import HumanDay, Shadow, Step
from edge.schedule.shadow_measures import Measures

MOST_EVENTS: Final = 500
Event = Annotated[AnyEvent, Field(description="As in an event of its own; `at` is when it was reported.")]


class EventsDocument(Entry):
    """All that happened on a day, in any order."""

    format: Literal[1] = 1
    events: tuple[Event, ...] = Field(max_length=MOST_EVENTS)


class MeasuresPart(Entry):
    """One version of a day; minutes, shares and counts as in `shadow_measures.Measures`."""

    served: int
    fill_rate: float
    idle_minutes: int
    overtime_minutes: int
    spill_over: int
    lunches_missed: int
    revenue: float
    moved: int | None
    notified: int | None


class ReasonPart(Entry):
    """A visit and what was decided about it."""

    appointment: Name
    reason: str


class StepPart(Entry):
    """One event and the product's answer; `refused` where it could not happen in the product's day."""

    at: Moment
    reported: Moment
    cause: str
    moved: tuple[ReasonPart, ...]
    unplaced: tuple[ReasonPart, ...]
    filled: tuple[Name, ...]
    milliseconds: float
    refused: str | None


class ShadowDocument(Entry):
    """What the product would have done, beside what people did."""

    format: Literal[1] = 1
    date: str
    people: MeasuresPart
    product: MeasuresPart
    morning_known: bool
    decisions: int
    overrides: tuple[Name, ...]
    override_frequency: float = Field(ge=0, le=1)
    steps: tuple[StepPart, ...]
    product_day: tuple[AppointmentEntry, ...]


def parse_events(text: str, source: str) -> EventsDocument:
    """Return the events of a day from JSON text.

    Raises:
        InvalidClinic: it is no such document; the sentence names each field that is wrong and why.
    """
    return parsed(EventsDocument, text, source)


def human_day(day: DayDocument, events: EventsDocument, morning: DayDocument | None = None) -> HumanDay:
    """Return a day as people ran it.

    Raises:
        InvalidClinic: the morning is of another clinic or date, or an event names a visit that the day does not have,
            or a visit was given up and no event says when.
        UnknownName: an event names somebody or something that the clinic does not have.
    """
    if morning is not None and (morning.clinic, morning.date, morning.days) != (day.clinic, day.date, day.days):
        raise InvalidClinic("other_day", "the morning is of another clinic or date; give that of the same day")
    known = {entry.id for entry in (*day.appointments, *day.requests)}
    known |= {entry.id for entry in (*morning.appointments, *morning.requests)} if morning is not None else set()
    known |= {event.request.id for event in events.events if event.kind in ("walk_in", "urgent")}
    for event in events.events:
        name = getattr(event, "appointment", None)
        if name is not None and name not in known:
            raise InvalidClinic("unknown_visit", f"an event at {event.at} names the visit {name!r}; the day has none")
        _refuse_impossible(day, event)
    _refuse_untold(day, events, morning)
    ordered = sorted((disruption_of(day, event) for event in events.events), key=lambda event: event.at)
    return HumanDay(
        registry=day.clinic,
        plan=day.plan(),
        waiting=tuple(day.asked()),
        events=tuple(ordered),
        morning=None if morning is None else morning.plan(),
        weights=day.weights,
    )


def _refuse_untold(day: DayDocument, events: EventsDocument, morning: DayDocument | None) -> None:
    """Refuse a visit that was given up on the day at a time that nobody told: the product must not know it early."""
    told = {event.appointment for event in events.events if event.kind in ("cancelled", "no_show")}
    before = {entry.id for entry in morning.appointments if not entry.status.active} if morning is not None else set()
    for entry in day.appointments:
        if not entry.status.active and entry.id not in told | before:
            raise InvalidClinic(
                "untold_absence",
                f"the visit {entry.id!r} is {entry.status}, but no event says since when; add the event, or leave the "
                "visit out if it was given up before the day",
            )


def _refuse_impossible(day: DayDocument, event: AnyEvent) -> None:
    clinic = day.clinic
    match event:
        case ProviderOutEvent():
            clinic.provider(event.provider)
        case RoomDownEvent():
            clinic.room(event.room)
        case DeviceDownEvent():
            clinic.device(event.device)
        case WalkInEvent() | UrgentEvent():
            clinic.service(event.request.service)
        case _:
            return
    span = event.request.window if isinstance(event, WalkInEvent | UrgentEvent) else event
    if day.minute(span.end) <= day.minute(span.start):
        raise InvalidClinic("empty_span", f"the {event.kind} at {event.at} ends before it starts; correct its times")


def report(day: DayDocument, human: HumanDay, answer: Shadow) -> ShadowDocument:
    """Return both versions of the day as a document; it names no client but by id."""
    compared = answer.comparison
    return ShadowDocument(
        date=day.date.isoformat(),
        people=_measures(compared.theirs),
        product=_measures(compared.ours),
        morning_known=human.morning is not None,
        decisions=len(compared.decisions),
        overrides=compared.overrides,
        override_frequency=round(compared.override_frequency, 4),
        steps=tuple(_step(day, step) for step in answer.steps),
        product_day=day.with_plan(answer.ours).appointments,
    )


def rows(people: Measures, product: Measures) -> list[tuple[str, str, str]]:
    """Return the lines of the comparison: what, people's, the product's."""
    return [
        ("visits served", str(people.served), str(product.served)),
        ("fill rate", f"{people.fill_rate:.1%}", f"{product.fill_rate:.1%}"),
        ("idle minutes", str(people.idle_minutes), str(product.idle_minutes)),
        ("overtime minutes", str(people.overtime_minutes), str(product.overtime_minutes)),
        ("without a place", str(people.spill_over), str(product.spill_over)),
        ("lunches missed", str(people.lunches_missed), str(product.lunches_missed)),
        ("revenue", f"{people.revenue:,.0f}", f"{product.revenue:,.0f}"),
        ("clients moved", _or_unknown(people.moved), _or_unknown(product.moved)),
        ("clients notified", _or_unknown(people.notified), _or_unknown(product.notified)),
    ]


def outcome_text(step: Step) -> str:
    """Return what the product did about an event, in a few words."""
    if step.refused is not None:
        return f"Could not happen here: {step.refused}"
    parts = [f"{len(step.moved)} moved"] if step.moved else ["nobody moved"]
    parts += [f"{len(step.unplaced)} without a place"] if step.unplaced else []
    parts += [f"{len(step.filled)} from the waiting list"] if step.filled else []
    return f"{', '.join(parts)}, {step.milliseconds:.0f} ms"


def _or_unknown(count: int | None) -> str:
    return "not known" if count is None else str(count)


def _measures(measures: Measures) -> MeasuresPart:
    return MeasuresPart(
        served=measures.served,
        fill_rate=round(measures.fill_rate, 4),
        idle_minutes=measures.idle_minutes,
        overtime_minutes=measures.overtime_minutes,
        spill_over=measures.spill_over,
        lunches_missed=measures.lunches_missed,
        revenue=measures.revenue,
        moved=measures.moved,
        notified=measures.notified,
    )


def _step(day: DayDocument, step: Step) -> StepPart:
    return StepPart(
        at=day.moment(step.at),
        reported=day.moment(step.reported),
        cause=step.cause,
        moved=tuple(ReasonPart(appointment=name, reason=reason) for name, reason in step.moved),
        unplaced=tuple(ReasonPart(appointment=name, reason=reason) for name, reason in step.unplaced),
        filled=step.filled,
        milliseconds=round(step.milliseconds, 1),
        refused=step.refused,
    )


def heading(step: Step) -> str:
    """Return an event with its time."""
    return f"{clock_text(step.at)} {step.cause}"
