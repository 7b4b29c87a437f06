"""`medspa schedule roll`: one night's roll of the coming days, given as a JSON file."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from edge.schedule.document import DayDocument, RolledEntry, RolledVisit, parse_day
from edge.schedule.domain import clock_text
from edge.schedule.errors import InvalidClinic
from edge.schedule.horizon import LeftBecause, Roll, RolledMove, RollMemory
from edge.schedule.horizon import roll as roll_days
from edge.schedule.horizon_situation import Horizon
from edge.schedule.ids import AppointmentId
from edge.schedule.registry import Registry
from edge.schedule.weights import points
from shared.errors import Rejected

_LEFT = {
    LeftBecause.BUDGET: "more than may move in one night",
    LeftBecause.TOO_LITTLE: "earns less than a move is worth",
}


def roll(
    day: Annotated[Path, typer.Argument(help="The coming days (`medspa schedule schema day` describes them).")],
    budget: Annotated[int, typer.Option(min=0, max=200, help="Visits that may move in one night.")] = 5,
    threshold: Annotated[float, typer.Option(min=0, max=10_000, help="Points that each move must earn.")] = 10.0,
    again: Annotated[float, typer.Option(min=1, max=100, help="Times as much, if it moved lately.")] = 3.0,
    frozen: Annotated[float, typer.Option(min=0, max=168, help="Hours from now in which nobody moves.")] = 24.0,
    now: Annotated[str, typer.Option(help='When it is rolled, "21:00" or "2026-12-01T21:00".')] = "00:00",
    seconds: Annotated[float, typer.Option(min=0, max=600, help="How long to search.")] = 2.0,
    out: Annotated[Path | None, typer.Option(help="Where to write the days as they are then, as JSON.")] = None,
) -> None:
    """Improve the coming days at night, moving few visits and nobody who was told."""
    try:
        document = parse_day(_text(day), day.name)
        rolled = roll_days(
            document.clinic,
            document.plan(),
            document.asked(),
            _minute(document, now),
            Horizon(budget, threshold, again, frozen_minutes=round(frozen * 60), seconds=seconds),
            document.weights,
            _memory(document),
        )
    except Rejected as error:
        Console(stderr=True).print(f"[red]{error.code}[/red]: {error.sentence}", highlight=False)
        raise typer.Exit(2) from error
    _report(Console(), document.clinic, rolled)
    if out is not None:
        kept = document.with_plan(rolled.plan).model_copy(update={"rolled": _entry(rolled.memory)})
        out.write_text(kept.model_dump_json(indent=1) + "\n", encoding="utf-8")


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidClinic("unreadable", f"{path.name} cannot be read; check the path") from error


def _minute(document: DayDocument, now: str) -> int:
    try:
        return document.minute(now)
    except ValueError as error:
        raise InvalidClinic("invalid_time", '--now: write "21:00" or "2026-12-01T21:00"') from error


def _memory(document: DayDocument) -> RollMemory:
    if document.rolled is None:
        return RollMemory()
    return RollMemory({AppointmentId(one.visit): one.at for one in document.rolled.moved}, document.rolled.left)


def _entry(memory: RollMemory) -> RolledEntry:
    return RolledEntry(
        moved=tuple(RolledVisit(visit=name, at=at) for name, at in sorted(memory.moved.items())), left=memory.left
    )


def _report(console: Console, registry: Registry, rolled: Roll) -> None:
    if not rolled.news:
        console.print("Nothing has changed since the latest roll; nobody moves.")
    console.print(_moves(registry, (*rolled.moves, *rolled.placed)))
    calm = rolled.nervousness
    console.print(
        f"{calm.moved} of {calm.booked} visits move ({calm.share:.1%}), by {calm.minutes} minutes in all; "
        f"{len(rolled.placed)} who waited get a place, {len(rolled.waiting)} still wait."
    )
    for item in rolled.left:
        together = " with ".join(item.appointments)
        console.print(f"Left: {together}, {item.points:.1f} points: {_LEFT[item.because]}", highlight=False)
    console.print(_terms(rolled))


def _moves(registry: Registry, moves: tuple[RolledMove, ...]) -> Table:
    table = Table("visit", "service", "from", "to", "earns", "with", "why", box=None, pad_edge=False)
    for move in moves:
        table.add_row(
            move.appointment,
            registry.service(move.service).name,
            clock_text(move.before[0].start) if move.before else "-",
            clock_text(move.after[0].start),
            f"{move.earned:.1f}",
            ", ".join(move.together) or "-",
            move.why,
        )
    if not moves:
        table.add_row("nobody moves", *[""] * 6)
    return table


def _terms(rolled: Roll) -> Table:
    table = Table("objective", "before", "after", box=None, pad_edge=False)
    for level, name in (
        ("lunches missed", "lunches_missed"),
        ("waiting, booked", "dropped"),
        ("waiting, asking", "urgent_unplaced"),
    ):
        table.add_row(level, str(getattr(rolled.before, name)), str(getattr(rolled.after, name)))
    for name in dict.fromkeys((*rolled.before.terms, *rolled.after.terms)):
        values = (f"{points(side.terms.get(name, 0)):.1f}" for side in (rolled.before, rolled.after))
        table.add_row(f"{name.replace('_', ' ')} (points)", *values)
    table.add_row("all terms (points)", f"{points(rolled.before.cost):.1f}", f"{points(rolled.after.cost):.1f}")
    return table
