"""`medspa schedule calibrate`: fit the clinic's estimates to its own history, show what changes, and apply or undo."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer
from rich.console import Console
from rich.table import Table

from edge.schedule.calibration_words import changes
from edge.schedule.errors import InvalidClinic, NotAllowed
from edge.schedule.estimates import Estimates, History, ServiceHistory, estimate
from edge.schedule.history_document import parse_history
from edge.schedule.registry import Registry, demo_registry, load_registry
from shared.errors import Rejected

if TYPE_CHECKING:
    from edge.schedule.book import ScheduleBook

_ACTOR: Final = "operator"

ConfigOption = Annotated[Path | None, typer.Option("--config", "-c", help="The box's TOML file: use its own record.")]
HistoryOption = Annotated[Path | None, typer.Option(help="Past visits (`medspa schedule schema history`).")]
ClinicOption = Annotated[Path | None, typer.Option(help="The clinic's file, where no box is named.")]
ApplyOption = Annotated[bool, typer.Option("--apply", help="Plan new visits with it from now on.")]
UndoOption = Annotated[bool, typer.Option("--undo", help="Take the latest calibration back.")]


def calibrate(
    config: ConfigOption = None,
    history: HistoryOption = None,
    clinic: ClinicOption = None,
    apply: ApplyOption = False,
    undo: UndoOption = False,
) -> None:
    """Fit lengths, no-shows and overruns to past visits and say what would change; nothing does without `--apply`."""
    try:
        _refuse_contradictions(config, history, clinic, apply=apply, undo=undo)
        if config is not None:
            _at_the_box(config, history, apply=apply, undo=undo)
        elif history is not None:
            registry = load_registry(clinic) if clinic is not None else demo_registry()
            _show(registry, {}, estimate(registry, _read(history, registry)))
    except Rejected as error:
        Console(stderr=True).print(f"[red]{error.code}[/red]: {error.sentence}", highlight=False, soft_wrap=True)
        raise typer.Exit(2) from error


def _refuse_contradictions(
    config: Path | None, history: Path | None, clinic: Path | None, *, apply: bool, undo: bool
) -> None:
    if config is None and (apply or undo):
        raise NotAllowed("no_box", "there is nothing to write to: name the box with --config")
    if config is None and history is None:
        raise NotAllowed("no_history", "name past visits: a box with --config, or a file with --history")
    if config is not None and clinic is not None:
        raise NotAllowed("two_clinics", "the box has its clinic's file: leave --clinic out")
    if undo and (apply or history is not None):
        raise NotAllowed("undo_alone", "--undo goes with --config alone")


def _at_the_box(config: Path, history: Path | None, *, apply: bool, undo: bool) -> None:
    with _box(config) as book:
        standing, console = book.learnt.estimates, Console()
        if undo:
            book.learnt.undo(_ACTOR)
            console.print("Taken back; new visits are planned so:", highlight=False)
            _show(book.registry, standing, book.learnt.estimates)
            return
        today = book.today()
        past = book.learnt.history(today)
        if history is not None:
            past = _joined(past, _read(history, book.registry))
        found = estimate(book.registry, past)
        if not found:
            raise NotAllowed("no_history", "no past day of this box has visits yet; name a file with --history")
        _show(book.registry, standing, found)
        if not apply:
            console.print("Nothing is written; add --apply to plan new visits with it.", highlight=False)
            return
        for day in book.learnt.not_closed(today):
            book.close_day(day, _ACTOR)
        changed = book.learnt.calibrate(found, _ACTOR)
        console.print("Applied; --undo takes it back." if changed else "Nothing has changed.", highlight=False)


@contextmanager
def _box(config: Path) -> Iterator["ScheduleBook"]:
    """Open the box's schedule, whether the box runs or not."""
    from edge.config import EdgeSettings  # noqa: PLC0415 - a history in a file needs no box
    from edge.record import open_record  # noqa: PLC0415
    from edge.schedule.book import ScheduleBook  # noqa: PLC0415
    from edge.schedule.changing.book import RegistryBook  # noqa: PLC0415
    from shared.clock import SystemClock  # noqa: PLC0415
    from shared.config import load_settings  # noqa: PLC0415
    from shared.ids import Uuid7Source  # noqa: PLC0415

    settings, clock = load_settings(config, EdgeSettings), SystemClock()
    ids = Uuid7Source(clock)
    record = open_record(settings.store, clock, ids)
    try:
        clinic = RegistryBook(record.store, ids, settings.clinic.registry)
        yield ScheduleBook(record.store, clinic, ids, clock, settings.clinic.timezone)
    finally:
        record.store.close()


def _read(path: Path, registry: Registry) -> History:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidClinic("unreadable", f"{path.name} cannot be read; check the path") from error
    return parse_history(text, path.name).history(registry)


def _joined(one: History, other: History) -> History:
    names = dict.fromkeys((*one, *other))
    return {name: one.get(name, ServiceHistory()) + other.get(name, ServiceHistory()) for name in names}


def _show(registry: Registry, old: Estimates, new: Estimates) -> None:
    console, found = Console(), changes(registry, old, new)
    table = Table("service", "minutes", "no-show", "longer than booked", box=None, pad_edge=False)
    for change in found:
        table.add_row(change.name, change.minutes, change.no_show, change.overrun)
    console.print(table, highlight=False)
    for change in found:
        for sentence in change.sentences:
            console.print(sentence, highlight=False, soft_wrap=True)
    console.print(
        "What is booked keeps its length. The weights stay as they are: what a clinic accepts or takes back does not"
        " say what it would have paid for another answer.",
        highlight=False,
        soft_wrap=True,
    )
