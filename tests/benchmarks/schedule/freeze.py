"""Makes the frozen instances: a published day of each size with its events. Run once; the result is committed.

python -m tests.benchmarks.schedule.freeze [--seconds 20]
"""

import argparse
import random
from dataclasses import replace
from pathlib import Path
from typing import Final

from edge.schedule.document import DayDocument, RequestEntry, Window
from edge.schedule.domain import Plan, Status
from edge.schedule.engine.search import SearchPlan
from edge.schedule.event_document import AnyEvent, EventDocument
from edge.schedule.planning import asked, plan_requests
from tests.benchmarks.schedule.clinics import DATE, SIZES, Size, clinic, requests
from tests.benchmarks.schedule.events import draw_events

FROZEN: Final = Path(__file__).parent / "frozen"
EVENTS: Final = 60
_SEED: Final = 2026


def load(name: str) -> tuple[DayDocument, list[AnyEvent]]:
    """Return a frozen day and its events."""
    day = DayDocument.model_validate_json((FROZEN / f"{name}.json").read_text(encoding="utf-8"))
    lines = (FROZEN / f"{name}-events.jsonl").read_text(encoding="utf-8").splitlines()
    return day, [EventDocument.model_validate_json(line).event for line in lines]


def wishes(size: Size) -> DayDocument:
    """Return a day on which everybody still asks."""
    registry = clinic(size)
    blank = DayDocument(clinic=registry, date=DATE, days=size.days)
    entries = tuple(
        RequestEntry(
            id=asks.id,
            client=asks.client,
            service=asks.service,
            window=Window(start=blank.moment(asks.window.start), end=blank.moment(asks.window.end)),
            preferred=asks.preferred,
            show=asks.show,
            wish=blank.moment(asks.wish) if asks.wish is not None else None,
        )
        for asks in requests(size, registry, _SEED)
    )
    return DayDocument(clinic=registry, date=DATE, days=size.days, requests=entries)


def published(size: Size, seconds: float) -> DayDocument:
    """Return the day as it was published: four fifths are booked, and seven of ten of them are notified."""
    document = wishes(size)
    booked = document.asked()[: round(0.8 * size.requests)]
    situation = asked(document.clinic, Plan(DATE, days=size.days), booked)
    plan = plan_requests(situation, SearchPlan(seconds, searches=2), document.weights)
    chance = random.Random(_SEED)
    visits = [
        replace(visit, status=Status.CONFIRMED if chance.random() < 0.7 else Status.BOOKED)
        for visit in plan.appointments.values()
    ]
    return document.with_plan(plan.with_appointments(*visits))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--sizes", nargs="*", default=list(SIZES))
    arguments = parser.parse_args()
    FROZEN.mkdir(exist_ok=True)
    for name in arguments.sizes:
        day = published(SIZES[name], arguments.seconds)
        (FROZEN / f"{name}.json").write_text(day.model_dump_json(indent=1) + "\n", encoding="utf-8")
        events = draw_events(day, EVENTS, _SEED)
        lines = [EventDocument(event=event).model_dump_json() for event in events]
        (FROZEN / f"{name}-events.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
        print(name, len(day.appointments), "booked", len(day.requests), "waiting", len(events), "events")


if __name__ == "__main__":
    main()
