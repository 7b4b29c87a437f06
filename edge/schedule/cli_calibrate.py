"""`medspa schedule calibrate`: learn from the clinic's own history what it plans with, show it, apply or undo it."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer
from rich.table import Table

from edge.schedule.calibration_words import changes
from edge.schedule.choices import Decisions, joined
from edge.schedule.cli_box import box_of
from edge.schedule.cli_files import plain, read_text, refusals
from edge.schedule.errors import NotAllowed
from edge.schedule.estimates import Estimates, History, ServiceHistory, estimate
from edge.schedule.history_document import HistoryDocument, parse_history
from edge.schedule.pace_words import pace_rows, pace_sentences, paces_back
from edge.schedule.paces import Paces, estimate_paces, with_paces
from edge.schedule.registry import Registry, demo_registry, load_registry
from edge.schedule.weights_learnt import Learnt, learn
from edge.schedule.weights_words import weight_rows, weight_sentences, weights_back

if TYPE_CHECKING:
    from edge.schedule.book import ScheduleBook

_ACTOR: Final = "operator"

ConfigOption = Annotated[Path | None, typer.Option("--config", "-c", help="The box's TOML file: use its own record.")]
HistoryOption = Annotated[
    Path | None, typer.Option(help="Past visits and decisions (`medspa schedule schema history`).")
]
ClinicOption = Annotated[Path | None, typer.Option(help="The clinic's file, where no box is named.")]
ApplyOption = Annotated[bool, typer.Option("--apply", help="Plan with it from now on.")]
UndoOption = Annotated[bool, typer.Option("--undo", help="Take the latest calibration back.")]


def calibrate(
    config: ConfigOption = None,
    history: HistoryOption = None,
    clinic: ClinicOption = None,
    apply: ApplyOption = False,
    undo: UndoOption = False,
) -> None:
    """Learn lengths, no-shows, weights and paces from what is past; nothing changes without `--apply`."""
    with refusals():
        _refuse_contradictions(config, history, clinic, apply=apply, undo=undo)
        if config is not None:
            _at_the_box(config, history, apply=apply, undo=undo)
        elif history is not None:
            registry = load_registry(clinic) if clinic is not None else demo_registry()
            document = _read(history)
            past = document.history(registry)
            paces = estimate_paces(registry, past)
            paced = with_paces(registry, paces)
            _show(registry, {}, estimate(paced, past))
            _show_paces(registry, paced, paces)
            decisions = document.decisions()
            _show_weights(learn(registry.weights, {}, decisions.choices), decisions)


def _refuse_contradictions(
    config: Path | None, history: Path | None, clinic: Path | None, *, apply: bool, undo: bool
) -> None:
    if config is None and (apply or undo):
        raise NotAllowed("no_box", "there is nothing to write to: name the box with --config")
    if config is None and history is None:
        raise NotAllowed("no_history", "name past visits or decisions: a box with --config, or a file with --history")
    if config is not None and clinic is not None:
        raise NotAllowed("two_clinics", "the box has its clinic's file: leave --clinic out")
    if undo and (apply or history is not None):
        raise NotAllowed("undo_alone", "--undo goes with --config alone")


def _at_the_box(config: Path, history: Path | None, *, apply: bool, undo: bool) -> None:
    with box_of(config) as box:
        book, console = box.book, plain()
        if undo:
            _take_back(book)
            return
        today = book.today()
        past, decisions = book.learnt.history(today), book.learnt.decisions(today)
        if history is not None:
            document = _read(history)
            past = _joined(past, document.history(book.registry))
            decisions = joined((decisions, document.decisions()))
        paces = estimate_paces(book.registry, past)
        paced = with_paces(book.registry, paces)
        found = estimate(paced, past)
        if not found and not decisions.choices:
            raise NotAllowed(
                "no_history", "no past day of this box has visits or decisions yet; name a file with --history"
            )
        learnt = learn(book.registry.weights, book.learnt.weights, decisions.choices)
        _show(book.registry, book.learnt.estimates, found)
        _show_paces(book.learnt.planning(), paced, paces)
        _show_weights(learnt, decisions)
        if not apply:
            console.print("Nothing is written; add --apply to plan with it.", highlight=False)
            return
        for day in book.learnt.not_closed(today):
            book.close_day(day, _ACTOR)
        changed = book.learnt.calibrate(found, _ACTOR, learnt.weights, paces)
        console.print("Applied; --undo takes it back." if changed else "Nothing has changed.", highlight=False)


def _take_back(book: "ScheduleBook") -> None:
    estimates, before = book.learnt.estimates, book.learnt.planning()
    book.learnt.undo(_ACTOR)
    after = book.learnt.planning()
    plain().print("Taken back; the clinic plans so:", highlight=False)
    _show(book.registry, estimates, book.learnt.estimates)
    for sentence in (*weights_back(before.weights, after.weights), *paces_back(before, after)):
        plain().print(sentence, highlight=False, soft_wrap=True)


def _read(path: Path) -> HistoryDocument:
    return parse_history(read_text(path), path.name)


def _joined(one: History, other: History) -> History:
    names = dict.fromkeys((*one, *other))
    return {name: one.get(name, ServiceHistory()) + other.get(name, ServiceHistory()) for name in names}


def _show(registry: Registry, old: Estimates, new: Estimates) -> None:
    console, found = plain(), changes(registry, old, new)
    if not found:
        return
    table = Table("service", "minutes", "no-show", "longer than booked", box=None, pad_edge=False)
    for change in found:
        table.add_row(change.name, change.minutes, change.no_show, change.overrun)
    console.print(table, highlight=False)
    for change in found:
        for sentence in change.sentences:
            console.print(sentence, highlight=False, soft_wrap=True)
    console.print("What is booked keeps its length.", highlight=False)


def _show_paces(before: Registry, after: Registry, paces: Paces) -> None:
    if not paces:
        return
    console = plain()
    table = Table("provider", "service", "pace", "by the visits", box=None, pad_edge=False)
    for row in pace_rows(before, after, paces):
        table.add_row(row.provider, row.service, row.pace, row.range)
    console.print(table, highlight=False)
    for sentence in pace_sentences(after, paces):
        console.print(sentence, highlight=False, soft_wrap=True)


def _show_weights(learnt: Learnt, decisions: Decisions) -> None:
    console = plain()
    if decisions.choices:
        table = Table("weight", "points for one", "by the decisions", box=None, pad_edge=False)
        for row in weight_rows(learnt):
            table.add_row(row.name, row.points, row.range)
        console.print(table, highlight=False)
    for sentence in weight_sentences(learnt, decisions):
        console.print(sentence, highlight=False, soft_wrap=True)
