"""What keeps each provider, room and device from serving one visit at one time."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from edge.schedule.blockers import BEGUN, BUSY, DOWN, HARDNESS, RESTING, Blocker, Cause
from edge.schedule.demand import Need, cells
from edge.schedule.domain import DAY_MINUTES, Appointment, ResourceKind, Span, clock_text
from edge.schedule.entries import Lunch
from edge.schedule.held import HELD
from edge.schedule.ids import AppointmentId, ProviderId, RoomId, UnitId
from edge.schedule.insertion import Situation
from edge.schedule.occupation import bits_of, has_run, rested, uses_of


@dataclass(frozen=True, slots=True)
class Way:
    """One resource for one need, and all that keeps it from serving.

    `lunch` is none of the causes: whether there is time for it depends on the rest of the visit and on what goes.
    """

    name: str
    causes: tuple[Cause, ...]
    facts: frozenset[object]
    hardness: int
    lunch: Cause | None


Ways = tuple[Way, ...]


class Hindrances:
    """All that is in the way of a visit in `span`, resource by resource, when `others` stay where they are.

    `unfed` get no time for the lunch they are owed in any case, so this visit does not take it from them.
    """

    def __init__(
        self,
        asked: Situation,
        needs: Sequence[Need],
        span: Span,
        others: Mapping[AppointmentId, Appointment],
        unfed: frozenset[tuple[ProviderId, Span]],
    ) -> None:
        self._asked, self._registry, self._needs = asked, asked.registry, needs
        self._span, self._others, self._unfed = span, others, unfed
        self._day = span.start // DAY_MINUTES * DAY_MINUTES
        self._uses = uses_of(tuple(others.values()))

    def way(self, need: Need, name: str) -> Way:
        """Return what keeps one resource from serving one need."""
        causes = tuple(self._causes(need, name))
        begun = any(cause.visit and self._others[cause.visit].status.begun for cause in causes)
        hardness = max((HARDNESS.get(cause.kind, 0) for cause in causes), default=0)
        facts = frozenset(cause.fact for cause in causes)
        lunch = self._lunch(need.kind, name, self.parts(need), facts)
        return Way(name, causes, facts, BEGUN if begun else hardness, lunch)

    def _causes(self, need: Need, name: str) -> Iterator[Cause]:
        kind, mine = need.kind, self.parts(need)
        for cause, away in self._absences(kind, name):
            if any(part.overlaps(span) for part in mine for span in away):
                yield cause
        for visit, use in self._uses.get((kind, name), ()):
            met = [part for part in mine if rested(part, need.rest).overlaps(rested(use, need.rest))]
            if met:
                yield self._use_cause(need, name, met[0], visit, use)

    def _use_cause(self, need: Need, name: str, mine: Span, visit: Appointment, use: Span) -> Cause:
        service = self._registry.service(visit.service).name
        if visit in self._asked.facts.lent:
            return Cause(Blocker.HELD_ONLINE, need.kind, name, use, f"is {HELD} {span_text(use)}", visit.id)
        if (kept := self._asked.reserved.get(visit.id)) is not None:
            return Cause(Blocker.RESERVED, need.kind, name, use, f"{kept} {span_text(use)}", visit.id)
        if mine.overlaps(use):
            taken = "has" if need.kind is ResourceKind.PROVIDER else "is taken by"
            return Cause(BUSY[need.kind], need.kind, name, use, f"{taken} {service} {span_text(use)}", visit.id)
        cools = need.kind is ResourceKind.DEVICE and self._cools(name)
        before, after = ("cools down", "could not cool down") if cools else ("is cleaned", "could not be cleaned")
        text = f"{before} until {clock_text(use.end + need.rest)} after {service}"
        if mine.start < use.start:
            text = f"{after} before {service} at {clock_text(use.start)}"
        return Cause(RESTING[need.kind], need.kind, name, use, text, visit.id)

    def _absences(self, kind: ResourceKind, name: str) -> Iterator[tuple[Cause, tuple[Span, ...]]]:
        """Yield why somebody or something is not there, with the times."""
        person = kind is ResourceKind.PROVIDER
        if person:
            provider = self._registry.provider(ProviderId(name))
            shift = self._today(provider.shift.span)
            off = Span(self._day, shift.start), Span(shift.end, self._day + DAY_MINUTES)
            yield Cause(Blocker.SHIFT, kind, name, shift, f"works {span_text(shift)}"), off
            for pause in (self._today(pause.span) for pause in provider.breaks):
                yield Cause(Blocker.BREAK, kind, name, pause, f"has a break {span_text(pause)}"), (pause,)
        if self._is_away(kind, name):
            whole, text = self._today(Span(0, DAY_MINUTES)), "is away" if person else "is out of use"
            yield Cause(DOWN[kind], kind, name, whole, text), (whole,)
        for outage in self._asked.facts.outages:
            if (outage.kind, outage.resource) == (kind, name):
                text = f"is out{'' if person else ' of order'} {span_text(outage.span)}"
                yield Cause(DOWN[kind], kind, name, outage.span, text), (outage.span,)

    def _is_away(self, kind: ResourceKind, name: str) -> bool:
        match kind:
            case ResourceKind.PROVIDER:
                return self._registry.provider(ProviderId(name)).away
            case ResourceKind.ROOM:
                return self._registry.room(RoomId(name)).away
            case ResourceKind.DEVICE:
                return self._registry.device(UnitId(name)).away

    def meal(self, kind: ResourceKind, name: str) -> Lunch | None:
        """Return the lunch that this visit could take from somebody; one that is lost anyhow is not its matter."""
        lunch = self._registry.provider(ProviderId(name)).lunch if kind is ResourceKind.PROVIDER else None
        if lunch is None or not self._today(lunch.span).overlaps(self._span):
            return None
        return None if (name, self._today(lunch.span)) in self._unfed else lunch

    def _lunch(self, kind: ResourceKind, name: str, parts: Iterable[Span], gone: frozenset[object]) -> Cause | None:
        """Return the lunch for which these parts of the visit would leave no time, were some facts gone."""
        lunch = self.meal(kind, name)
        if lunch is None:
            return None
        window = self._today(lunch.span)
        away = bits_of(span for cause, off in self._absences(kind, name) if cause.fact not in gone for span in off)
        uses = (use for visit, use in self._uses.get((kind, name), ()) if visit.id not in gone)
        free = cells(window) & ~away & ~bits_of(parts) & ~bits_of(uses)
        if has_run(away & cells(window), lunch.minutes) or has_run(free, lunch.minutes):
            return None
        return Cause(Blocker.LUNCH, kind, name, window, f"needs {lunch.minutes} minutes for lunch {span_text(window)}")

    def with_lunches(self, chosen: Ways) -> Ways:
        """Return the ways with the lunches that would be lost among their causes."""
        full, gone = list(chosen), facts_of(chosen)
        people = [n for n, need in enumerate(self._needs) if need.kind is ResourceKind.PROVIDER]
        for name in dict.fromkeys(chosen[n].name for n in people):
            theirs = [n for n in people if chosen[n].name == name]
            parts = [part for n in theirs for part in self.parts(self._needs[n])]
            lost = self._lunch(ResourceKind.PROVIDER, name, parts, gone)
            if lost is not None:
                way = full[theirs[0]]
                hardness = max(way.hardness, HARDNESS[Blocker.LUNCH])
                facts = way.facts | {lost.fact}
                full[theirs[0]] = replace(way, causes=(*way.causes, lost), facts=facts, hardness=hardness)
        return tuple(full)

    def _cools(self, name: str) -> bool:
        unit = self._registry.device(UnitId(name))
        return unit.cooldown >= unit.cleaning

    def parts(self, need: Need) -> list[Span]:
        """Return when the visit needs it."""
        start = self._span.start
        return [Span(start + part.start, start + part.end) for part in need.segments]

    def _today(self, span: Span) -> Span:
        return Span(self._day + span.start, self._day + span.end)


def facts_of(ways: Iterable[Way]) -> frozenset[object]:
    """Return all that would have to change."""
    return frozenset(fact for way in ways for fact in way.facts)


def span_text(span: Span) -> str:
    """Return a span as a sentence tells it."""
    start, end = clock_text(span.start), clock_text(span.end)
    same_day = (span.end - 1) // DAY_MINUTES == span.start // DAY_MINUTES
    return f"{start}-{end[-5:]}" if same_day else f"{start}-{end}"
