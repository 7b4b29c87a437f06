"""`medspa schedule`: plan and replan a clinic day that is a JSON file, on any machine, with no box and no hub."""

import json
import time
from pathlib import Path
from typing import Annotated, Final

import typer
from pydantic import BaseModel
from rich.table import Table

from edge.schedule.cli_calibrate import calibrate
from edge.schedule.cli_files import plain, read_day, read_text, refusals, write_text
from edge.schedule.cli_roll import roll
from edge.schedule.cli_simulate import register
from edge.schedule.document import DayDocument
from edge.schedule.domain import Appointment, AppointmentRequest, Disruption, Plan, clock_text
from edge.schedule.errors import UnknownName
from edge.schedule.event_document import EventDocument, disruption_of, parse_event
from edge.schedule.facts import begun_by
from edge.schedule.gantt import gantt_svg
from edge.schedule.history_document import HistoryDocument
from edge.schedule.ids import AppointmentId, ProviderId, ReplanId
from edge.schedule.insertion import survey
from edge.schedule.objective import objective
from edge.schedule.payloads import cause_text
from edge.schedule.planning import asked, plan_requests, whole_day_search
from edge.schedule.proposing import decision_of
from edge.schedule.registry import Registry
from edge.schedule.replan import SolverLimits
from edge.schedule.replan import replan as replan_day
from edge.schedule.replans import Objective, Replan, SolverStatus
from edge.schedule.shadow_document import EventsDocument
from edge.schedule.weights import points
from edge.schedule.whynot import Possible, why_not

app = typer.Typer(help="Plan and replan a clinic day given as JSON.", no_args_is_help=True)
register(app)
app.command()(roll)
app.command()(calibrate)

DayArgument = Annotated[Path, typer.Argument(help="The day (`medspa schedule schema day` describes it).")]
SecondsOption = Annotated[float, typer.Option(min=0, max=600, help="How long to search; 0 takes the first answer.")]
WorkersOption = Annotated[int, typer.Option(min=1, max=64, help="Searches at once.")]
OutOption = Annotated[Path | None, typer.Option(help="Where to write the day as it is then, as JSON.")]
SvgOption = Annotated[Path | None, typer.Option(help="Where to write a picture of it.")]


@app.command()
def plan(
    day: DayArgument,
    seconds: SecondsOption = 1.0,
    workers: WorkersOption = 2,
    out: OutOption = None,
    svg: SvgOption = None,
) -> None:
    """Find a place for everybody who asks for one; who is booked stays."""
    with refusals():
        document = read_day(day)
        situation = asked(document.clinic, document.plan(), document.asked())
        begin = time.monotonic()
        planned = plan_requests(situation, whole_day_search(seconds, workers), document.weights)
        spent = (time.monotonic() - begin) * 1000
        console = plain()
        console.print(_visits(document.clinic, planned))
        left = [request.id for request in situation.requests if request.id not in planned.appointments]
        console.print(f"{len(planned.placed)} visits have a place, {len(left)} requests have none. {spent:.0f} ms.")
        if waiting := [*(visit.id for visit in planned.unplaced), *left]:
            console.print(f"Without a place: {', '.join(waiting)}")
        console.print(_terms({"cost": objective(situation, planned, document.weights)}))
        _write(document, planned, out, svg)


@app.command()
def replan(
    day: DayArgument,
    event: Annotated[Path, typer.Argument(help="What happened (`medspa schedule schema event` describes it).")],
    seconds: SecondsOption = 0.5,
    workers: WorkersOption = 2,
    out: OutOption = None,
    svg: SvgOption = None,
) -> None:
    """Say what moves after something happened, for whom, why, and what it costs."""
    with refusals():
        document = read_day(day)
        disruption = disruption_of(document, parse_event(read_text(event), event.name).event)
        before = begun_by(document.plan(), disruption)
        answer = replan_day(
            document.clinic,
            before,
            disruption,
            ReplanId("replan"),
            time.monotonic,
            SolverLimits(seconds, workers, alternatives=True),
            document.weights,
        )
        _report(document.clinic, disruption, answer)
        _write(document, answer.plan, out, svg, before, disruption.at)


def _report(registry: Registry, disruption: Disruption, answer: Replan) -> None:
    console = plain()
    console.print(cause_text(registry, answer.facts, disruption), style="bold")
    console.print(_moves(registry, answer))
    for new in answer.plan.placed:
        if new.id not in answer.facts.appointments:
            people = ", ".join(registry.provider(name).name for name in new.providers)
            console.print(f"New: {new.id}, {clock_text(new.start)}-{clock_text(new.end)[-5:]} {people}")
    decision = decision_of(registry, disruption, answer)
    console.print(f"{decision.mode.value.capitalize()}: {decision.why}")
    for item in (*answer.unplaced, *answer.declined):
        console.print(f"Without a place: {item.appointment}. {item.sentence}")
    console.print(_terms({"nothing done": answer.before, "replanned": answer.after}))
    for number, other in enumerate(answer.alternatives, 1):
        console.print(
            f"Alternative {number}: {other.title}. {other.moved} moved, {other.notified} of them notified before, "
            f"{other.worth.dropped} without a place, {points(other.worth.cost):.0f} points "
            f"({points(other.worth.cost - answer.after.cost):+.0f})."
        )
    console.print(f"{answer.milliseconds:.0f} ms, {answer.status.value.replace('_', ' ')}. {_proven(answer)}".rstrip())


@app.command("why-not")
def why_not_then(
    day: DayArgument,
    visit: Annotated[str, typer.Argument(help="Id of a booked visit or of a request.")],
    start: Annotated[str, typer.Argument(help='The wished start, such as "15:00".')],
    now: Annotated[str, typer.Option(help="The time it is.")] = "00:00",
    provider: Annotated[str | None, typer.Option(help="With whom.")] = None,
) -> None:
    """Say why a visit cannot start at a time with nobody moved, and when it could instead."""
    with refusals():
        document = read_day(day)
        wanted = _visit_of(document, visit)
        situation = survey(document.clinic, document.plan(), document.moment_given(now))
        who = ProviderId(provider) if provider is not None else None
        answer = why_not(situation, wanted, document.moment_given(start), who, weights=document.weights)
    console = plain()
    if isinstance(answer, Possible):
        console.print(f"{start} is possible; nobody has to move.")
        return
    for obstacle in answer.obstacles:
        console.print(obstacle.sentence)
    for number, other in enumerate(answer.alternatives, 1):
        console.print(f"Alternative {number}: {other.sentence}")


def _visit_of(document: DayDocument, name: str) -> Appointment | AppointmentRequest:
    booked = document.plan().appointments.get(AppointmentId(name))
    if booked is not None:
        return booked
    for request in document.asked():
        if request.id == name:
            return request
    raise UnknownName("unknown_visit", f"the day has neither a visit nor a request {name!r}")


@app.command()
def show(day: DayArgument, svg: SvgOption = None) -> None:
    """Show the visits of a day; with `--svg` as a picture."""
    with refusals():
        document = read_day(day)
        planned = document.plan()
        plain().print(_visits(document.clinic, planned))
        _write(document, planned, None, svg)


SCHEMAS: Final[dict[str, type[BaseModel]]] = {
    "day": DayDocument,
    "event": EventDocument,
    "events": EventsDocument,
    "history": HistoryDocument,
}
"""Every form that a command reads, by name; `schemas` holds what `schema_text` says of each."""


@app.command()
def schema(what: Annotated[str, typer.Argument(help="`day`, `event`, `events` or `history`.")]) -> None:
    """Print the JSON Schema of a day, of an event, of a day's events or of past visits and decisions."""
    if what not in SCHEMAS:
        raise typer.BadParameter(f"write one of {', '.join(SCHEMAS)}")
    print(schema_text(SCHEMAS[what]), end="")  # noqa: T201 - this output is the command's answer


def schema_text(model: type[BaseModel]) -> str:
    """Return a model's JSON Schema as it is kept in `schemas`."""
    return json.dumps(model.model_json_schema(), indent=2, sort_keys=True) + "\n"


def _visits(registry: Registry, planned: Plan) -> Table:
    table = Table("time", "visit", "service", "provider", "room", "device", box=None, pad_edge=False)
    for visit in planned.placed:
        table.add_row(
            f"{clock_text(visit.start)}-{clock_text(visit.end)[-5:]}",
            visit.id,
            registry.service(visit.service).name,
            ", ".join(registry.provider(name).name for name in visit.providers),
            ", ".join(dict.fromkeys(registry.room(stage.room).name for stage in visit.stages)),
            ", ".join(dict.fromkeys(registry.device(s.device).name for s in visit.stages if s.device)),
        )
    return table


def _proven(answer: Replan) -> str:
    if answer.status is SolverStatus.OPTIMAL:
        return "It is proven that no plan is better."
    if not answer.proven_first_level:
        return ""
    first = "It is proven that no plan drops or moves fewer"
    return f"{first}." if answer.cost_bound is None else f"{first} at less than {points(answer.cost_bound):.1f} points."


def _moves(registry: Registry, answer: Replan) -> Table:
    table = Table("visit", "service", "from", "to", "tell", "why", box=None, pad_edge=False)
    for move in answer.moves:
        table.add_row(
            move.appointment,
            registry.service(move.service).name,
            clock_text(move.before[0].start) if move.before else "-",
            clock_text(move.after[0].start),
            "yes" if move.notify else "no",
            move.reason.sentence,
        )
    if not answer.moves:
        table.add_row("nobody moves", "", "", "", "", "")
    return table


def _terms(columns: dict[str, Objective]) -> Table:
    table = Table("objective", *columns, box=None, pad_edge=False)
    for level in ("lunches_missed", "dropped", "urgent_unplaced", "moved", "shifted", "walk_ins_unplaced"):
        table.add_row(level.replace("_", " "), *(str(getattr(column, level)) for column in columns.values()))
    names = dict.fromkeys(name for column in columns.values() for name in column.terms)
    for name in names:
        values = (f"{points(column.terms.get(name, 0)):.1f}" for column in columns.values())
        table.add_row(f"{name.replace('_', ' ')} (points)", *values)
    table.add_row("all terms (points)", *(f"{points(column.cost):.1f}" for column in columns.values()))
    return table


def _write(
    document: DayDocument,
    planned: Plan,
    out: Path | None,
    svg: Path | None,
    before: Plan | None = None,
    now: int | None = None,
) -> None:
    if out is not None:
        write_text(out, document.with_plan(planned).model_dump_json(indent=1))
    if svg is not None:
        write_text(svg, gantt_svg(document.clinic, planned, before, now))
