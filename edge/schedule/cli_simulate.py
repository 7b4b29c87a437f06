"""`medspa schedule simulate`, `overbook` and `shadow`: what a day may become, could hold, and could have been."""

import time
import tomllib
from pathlib import Path
from typing import Annotated, TypeVar

import typer
from pydantic import BaseModel, ValidationError
from rich.table import Table

from edge.schedule.cli_files import plain, read_day, read_text, refusals, write_text
from edge.schedule.document import DayDocument
from edge.schedule.domain import clock_text
from edge.schedule.errors import InvalidClinic
from edge.schedule.faults import faults_text
from edge.schedule.overbooking import Overbooking, propose
from edge.schedule.overbooking_policy import Effect, OverbookingPolicy
from edge.schedule.replan import SolverLimits
from edge.schedule.shadow import Shadow
from edge.schedule.shadow import shadow as shadow_day
from edge.schedule.shadow_document import heading, human_day, outcome_text, parse_events, report, rows
from edge.schedule.shadow_picture import shadow_svg
from edge.schedule.simulator.behaviour import Behaviour, figures
from edge.schedule.simulator.outcome import Figure
from edge.schedule.simulator.run import MOST_DRAWS, simulate

DayArgument = Annotated[Path, typer.Argument(help="The day (`medspa schedule schema day` describes it).")]
DrawsOption = Annotated[int, typer.Option(min=1, max=MOST_DRAWS, help="How many possible days to draw.")]
SeedOption = Annotated[int, typer.Option(min=0, help="The same seed gives the same days.")]
BehaviourOption = Annotated[
    Path | None, typer.Option(help="TOML with the clinic's own figures; `simulate --assumptions` names them.")
]
_UNITS = {
    "wait": "wait of a client (min)",
    "overtime": "overtime (min)",
    "idle": "idle (min)",
    "turned_away": "came, not treated",
    "absent": "did not come",
    "served": "visits served",
    "revenue": "revenue",
}


def register(app: typer.Typer) -> None:
    """Add the commands to `medspa schedule`."""
    for command in (simulate_day, overbook, shadow):
        app.command(command.__name__.removesuffix("_day"))(command)


def simulate_day(
    day: DayArgument,
    draws: DrawsOption = 1000,
    seed: SeedOption = 1,
    behaviour: BehaviourOption = None,
    assumptions: Annotated[
        bool, typer.Option("--assumptions", help="Print the figures and their sources, too.")
    ] = False,
    out: Annotated[Path | None, typer.Option(help="Where to write the figures as JSON.")] = None,
) -> None:
    """Draw what may become of a planned day: waits, overtime, idle time, revenue."""
    with refusals():
        document, world = read_day(day), _behaviour(behaviour)
        outcome = simulate(document.clinic, document.plan(), world, seed, draws)
        results = outcome.figures()
        console = plain()
        if assumptions:
            for name, value, what in figures(world):
                console.print(f"{name} = {value:g}: {what}", highlight=False)
        table = Table(f"{len(outcome.visits)} visits, {draws} draws", "mean", "p50", "p90", box=None, pad_edge=False)
        for name, figure in results.items():
            table.add_row(_UNITS[name], f"{figure.mean:.1f}", f"{figure.p50:.1f}", f"{figure.p90:.1f}")
        console.print(table)
        if not any(service.price for service in document.clinic.services):
            console.print("The clinic's services have no prices, so no revenue is counted.")
        if out is not None:
            _write(out, _Figures(draws=draws, seed=seed, figures={n: _part(f) for n, f in results.items()}))


def overbook(
    day: DayArgument,
    policy: Annotated[Path | None, typer.Option(help="TOML with the clinic's ceilings.")] = None,
    wait: Annotated[float | None, typer.Option(min=0, help="Most minutes a client may wait on average.")] = None,
    overtime: Annotated[float | None, typer.Option(min=0, help="Most minutes of overtime expected.")] = None,
    now: Annotated[str, typer.Option(help="The time it is.")] = "00:00",
    seed: SeedOption = 1,
    behaviour: BehaviourOption = None,
    out: Annotated[Path | None, typer.Option(help="Where to write the proposals as JSON.")] = None,
) -> None:
    """Propose whom of the waiting requests to book on top of likely no-shows, within the clinic's ceilings.

    Asking for proposals switches double booking on for this answer; nothing is booked.
    """
    with refusals():
        document, world = read_day(day), _behaviour(behaviour)
        given = {"wait_minutes": wait, "overtime_minutes": overtime}
        limits = _toml(policy) | {name: value for name, value in given.items() if value is not None} | {"enabled": True}
        allowed = _valid(OverbookingPolicy, limits, "ceilings" if policy is None else policy.name)
        minute = document.moment_given(now)
        answer = propose(document.clinic, document.plan(), document.asked(), allowed, world, seed, minute)
        console = plain()
        if answer.proposals:
            console.print(_proposals(answer))
        for refusal in answer.refusals:
            console.print(f"Not {refusal.request}: {refusal.sentence}", highlight=False)
        console.print(_effect_text(answer.before, answer.after), highlight=False)
        console.print(f"No further: {answer.stopped}", highlight=False)
        if out is not None:
            _write(out, _overbooked(document, allowed, answer))


def shadow(
    day: DayArgument,
    events: Annotated[Path, typer.Argument(help="What happened (`medspa schedule schema events` describes it).")],
    morning: Annotated[Path | None, typer.Option(help="The day as it stood when it began, in the same form.")] = None,
    seconds: Annotated[float, typer.Option(min=0, max=600, help="How long to search at each step.")] = 0.5,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Searches at once.")] = 2,
    out: Annotated[Path | None, typer.Option(help="Where to write the comparison as JSON.")] = None,
    svg: Annotated[Path | None, typer.Option(help="Where to write a picture of both days.")] = None,
) -> None:
    """Say what the product would have done on a day that people ran, side by side."""
    with refusals():
        document = read_day(day)
        happened = parse_events(read_text(events), events.name)
        human = human_day(document, happened, None if morning is None else read_day(morning))
        answer = shadow_day(human, time.monotonic, SolverLimits(seconds, workers))
        _say(answer, morning_known=morning is not None)
        if out is not None:
            _write(out, report(document, human, answer))
        if svg is not None:
            write_text(svg, shadow_svg(human, answer))


def _say(answer: Shadow, *, morning_known: bool) -> None:
    console = plain()
    table = Table("", "people", "product", box=None, pad_edge=False)
    for row in rows(answer.comparison.theirs, answer.comparison.ours):
        table.add_row(*row)
    console.print(table)
    compared = answer.comparison
    console.print(
        f"People decided otherwise in {len(compared.overrides)} of {len(compared.decisions)} cases "
        f"({compared.override_frequency:.0%})."
    )
    if not morning_known:
        console.print("Whom people moved is not known without `--morning`; every visit counts as a decision.")
    for step in answer.steps:
        console.print(f"{heading(step)}: {outcome_text(step)}", highlight=False)


class _Part(BaseModel):
    mean: float
    p50: float
    p90: float


class _Figures(BaseModel):
    draws: int
    seed: int
    figures: dict[str, _Part]


class _Proposed(BaseModel):
    request: str
    over: str
    start: str
    served: float
    revenue: float
    wait_before: _Part
    wait_after: _Part
    overtime_before: _Part
    overtime_after: _Part


class _Overbooked(BaseModel):
    policy: OverbookingPolicy
    proposals: tuple[_Proposed, ...]
    refused: dict[str, str]
    stopped: str


def _part(figure: Figure) -> _Part:
    return _Part(mean=round(figure.mean, 2), p50=round(figure.p50, 2), p90=round(figure.p90, 2))


def _proposals(answer: Overbooking) -> Table:
    columns = ("request", "on top of", "who comes", "from", "more served", "wait", "overtime")
    table = Table(*columns, box=None, pad_edge=False)
    for item in answer.proposals:
        table.add_row(
            item.request,
            item.over,
            f"{item.show:.0%}",
            clock_text(item.stages[0].start),
            f"{item.served:+.2f}",
            f"{item.before.wait.mean:.1f} to {item.after.wait.mean:.1f}",
            f"{item.before.overtime.mean:.0f} to {item.after.overtime.mean:.0f}",
        )
    return table


def _overbooked(document: DayDocument, policy: OverbookingPolicy, answer: Overbooking) -> _Overbooked:
    proposals = tuple(
        _Proposed(
            request=item.request,
            over=item.over,
            start=document.moment(item.stages[0].start),
            served=item.served,
            revenue=item.revenue,
            wait_before=_part(item.before.wait),
            wait_after=_part(item.after.wait),
            overtime_before=_part(item.before.overtime),
            overtime_after=_part(item.after.overtime),
        )
        for item in answer.proposals
    )
    refused = {str(item.request): item.sentence for item in answer.refusals}
    return _Overbooked(policy=policy, proposals=proposals, refused=refused, stopped=answer.stopped)


def _effect_text(before: Effect, after: Effect) -> str:
    return (
        f"Expected that day: {before.served.mean:.1f} to {after.served.mean:.1f} served, "
        f"wait {before.wait.mean:.1f} to {after.wait.mean:.1f} min, "
        f"overtime {before.overtime.mean:.0f} to {after.overtime.mean:.0f} min, "
        f"untreated {before.turned_away.mean:.1f} to {after.turned_away.mean:.1f}, "
        f"revenue {before.revenue.mean:,.0f} to {after.revenue.mean:,.0f}."
    )


def _behaviour(path: Path | None) -> Behaviour:
    return Behaviour() if path is None else _valid(Behaviour, _toml(path), path.name)


def _toml(path: Path | None) -> dict[str, object]:
    if path is None:
        return {}
    try:
        return dict(tomllib.loads(read_text(path)))
    except tomllib.TOMLDecodeError as error:
        raise InvalidClinic("not_toml", f"{path.name} is not valid TOML: {error}") from error


_Model = TypeVar("_Model", bound=BaseModel)


def _valid(model: type[_Model], values: dict[str, object], source: str) -> _Model:
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise InvalidClinic("invalid_figures", f"{source}: {faults_text(error)}") from error


def _write(path: Path, model: BaseModel) -> None:
    write_text(path, model.model_dump_json(indent=1))
