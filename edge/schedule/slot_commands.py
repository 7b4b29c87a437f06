"""`medspa edge slots`: look at what is lent to online booking, ask for it back, give up what is in doubt."""

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console

from edge.config import EdgeSettings
from edge.record import open_record
from edge.schedule.book import ScheduleBook
from edge.schedule.changing.book import RegistryBook, clinic_date
from edge.schedule.domain import clock_text
from edge.schedule.leases import BY_HAND
from edge.schedule.lending import LendingPolicy
from edge.schedule.slot_desk import SlotDesk
from edge.store.hub_life import HubLife
from shared.clock import SystemClock
from shared.config import load_settings
from shared.ids import Uuid7Source

ConfigOption = Annotated[Path, typer.Option("--config", "-c", help="The clinic's TOML file.")]
DayArgument = Annotated[dt.datetime, typer.Argument(formats=["%Y-%m-%d"], help="The day, as 2026-12-01.")]
LeaseArgument = Annotated[str, typer.Argument(help="Which slot, as `list` names it.")]
_ACTOR: Final = "operator"

app = typer.Typer(help="Slots lent to online booking. The box may be running.", no_args_is_help=True)


@app.command("list")
def list_slots(config: ConfigOption, day: DayArgument) -> None:
    """List what is lent of a day; `in doubt` may have been sold by a hub that has been restored since."""
    with _desk(config) as desk:
        for lent in desk.lent(day.date()):
            visit, lease = lent.lease.visit, lent.lease
            state = "in doubt" if lent.doubt is not None else "asked back" if lease.recalled else "lent"
            line = f"{lease.id}  {clock_text(visit.start)}-{clock_text(visit.end)}  {visit.service}  {state}"
            Console().print(line, highlight=False, soft_wrap=True)


@app.command()
def recall(config: ConfigOption, day: DayArgument, lease: LeaseArgument) -> None:
    """Ask the hub for a slot; the clinic has it when the hub has answered, unless it was sold."""
    with _desk(config) as desk:
        desk.recall(day.date(), lease, BY_HAND, _ACTOR)
    Console().print(f"{lease}  is asked back", highlight=False, soft_wrap=True)


@app.command()
def release(config: ConfigOption, day: DayArgument, lease: LeaseArgument) -> None:
    """Give up a slot in doubt, when it is known that nobody has bought it."""
    with _desk(config) as desk:
        desk.release(day.date(), lease, _ACTOR)
    Console().print(f"{lease}  can be used again", highlight=False, soft_wrap=True)


@contextmanager
def _desk(config: Path) -> Iterator[SlotDesk]:
    clock = SystemClock()
    ids, settings = Uuid7Source(clock), load_settings(config, EdgeSettings)
    record, clinic = open_record(settings.store, clock, ids), settings.clinic
    try:
        registry = RegistryBook(record.store, ids, clinic.registry, clinic_date(clock, clinic.timezone))
        book = ScheduleBook(record.store, registry, ids, clock, clinic.timezone)
        yield SlotDesk(book, LendingPolicy(per_service=0), HubLife(record.store).epoch, clock, ids)
    finally:
        record.store.close()
