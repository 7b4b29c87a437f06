"""`medspa schedule roll`: one night's roll of the coming days, given as a JSON file or on a box's own record."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.table import Table

from edge.schedule.cli_box import box_of
from edge.schedule.cli_files import day_in, minute_in, refusals_told
from edge.schedule.document import DayDocument, RolledEntry, RolledVisit
from edge.schedule.domain import clock_text
from edge.schedule.errors import NotAllowed
from edge.schedule.horizon import LeftBecause, Roll, RolledMove, RollMemory
from edge.schedule.horizon import roll as roll_days
from edge.schedule.horizon_situation import Horizon
from edge.schedule.ids import AppointmentId
from edge.schedule.registry import Registry
from edge.schedule.weights import points

_ACTOR: Final = "operator"
_LEFT = {
    LeftBecause.BUDGET: "more than may move in one night",
    LeftBecause.TOO_LITTLE: "earns less than a move is worth",
}

DayArgument = Annotated[
    Path | None, typer.Argument(help="The coming days (`medspa schedule schema day` describes them).")
]
ConfigOption = Annotated[Path | None, typer.Option("--config", "-c", help="The box's TOML file: roll its own days.")]
DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Show what would move on the box, and write nothing.")]
UndoOption = Annotated[bool, typer.Option("--undo", help="Put everybody back whom the box's latest roll has moved.")]
NowOption = Annotated[str | None, typer.Option(help='When it is rolled, "21:00" or "2026-12-01T21:00"; 00:00.')]
OutOption = Annotated[Path | None, typer.Option(help="Where to write the days as they are then, as JSON.")]
BudgetOption = Annotated[int | None, typer.Option(min=0, max=200, help="Visits that may move in one night; 5.")]
ThresholdOption = Annotated[float | None, typer.Option(min=0, max=10_000, help="Points that each move must earn; 10.")]
AgainOption = Annotated[float | None, typer.Option(min=1, max=100, help="Times as much, if it moved lately; 3.")]
FrozenOption = Annotated[float | None, typer.Option(min=0, max=168, help="Hours from now in which nobody moves; 24.")]
SecondsOption = Annotated[float | None, typer.Option(min=0, max=600, help="How long to search; 2.")]


@refusals_told()
def roll(  # noqa: PLR0913, PLR0917 - each is an option of the command
    day: DayArgument = None,
    config: ConfigOption = None,
    dry_run: DryRunOption = False,
    undo: UndoOption = False,
    budget: BudgetOption = None,
    threshold: ThresholdOption = None,
    again: AgainOption = None,
    frozen: FrozenOption = None,
    seconds: SecondsOption = None,
    now: NowOption = None,
    out: OutOption = None,
) -> None:
    """Improve the coming days at night, moving few visits and nobody who was told.

    The limits are those of the box's configuration, where a box is named.
    """
    minutes = None if frozen is None else round(frozen * 60)
    given = {"budget": budget, "threshold": threshold, "again": again, "frozen_minutes": minutes, "seconds": seconds}
    limits = {name: value for name, value in given.items() if value is not None}
    if day is not None and config is None:
        _refuse(dry_run or undo, "no_box", "--dry-run and --undo are about a box: name it with --config")
        _in_a_file(day, now or "00:00", limits, out)
    elif config is not None and day is None:
        _refuse(now is not None or out is not None, "no_file", "--now and --out go with a file of days")
        _refuse(undo and (dry_run or bool(limits)), "undo_alone", "--undo goes with --config alone")
        _at_the_box(config, limits, dry_run=dry_run, undo=undo)
    else:
        _refuse(True, "name_days", "name a file of days, or a box with --config, and not both")


def _refuse(wrong: bool, code: str, sentence: str) -> None:
    if wrong:
        raise NotAllowed(code, sentence)


def _in_a_file(day: Path, now: str, limits: Mapping[str, float], out: Path | None) -> None:
    document = day_in(day)
    rolled = roll_days(
        document.clinic,
        document.plan(),
        document.asked(),
        minute_in(document, now),
        _within(Horizon(), limits),
        document.weights,
        _memory(document),
    )
    _report(Console(), document.clinic, rolled)
    if out is not None:
        kept = document.with_plan(rolled.plan).model_copy(update={"rolled": _entry(rolled.memory)})
        out.write_text(kept.model_dump_json(indent=1) + "\n", encoding="utf-8")


def _at_the_box(config: Path, limits: Mapping[str, float], *, dry_run: bool, undo: bool) -> None:
    console = Console()
    with box_of(config) as box:
        if undo:
            back = ", ".join(map(str, box.nights.undo(_ACTOR)))
            console.print(f"Taken back: everybody is where they were on {back}.", highlight=False)
            return
        night = box.nights.look(_within(box.nights.horizon, limits))
        days, rolled = night.days, night.rolled
        console.print(f"Day 1 is {days.booked.plan.date}.", highlight=False)
        for date in days.left_out:
            console.print(f"{date} is left out: as it stands it breaks a rule; replan it first.", highlight=False)
        _report(console, days.booked.registry, rolled)
        if dry_run:
            console.print("Nothing is written; without --dry-run it is.")
        elif rolled.news:
            box.nights.record(night)
            console.print("Written; --undo takes it back." if rolled.moves or rolled.placed else "Written.")


def _within(horizon: Horizon, limits: Mapping[str, float]) -> Horizon:
    return replace(horizon, **limits)  # type: ignore[arg-type]


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
