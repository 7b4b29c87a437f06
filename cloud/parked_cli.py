"""`medspa hub parked`: look at events set aside, and decide about them."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.table import Table

from cloud.config import HubSettings
from cloud.ingest.parking import Outcome, ParkedDesk
from cloud.storage.times import from_milliseconds
from cloud.wiring.opening import open_database
from shared.clock import SystemClock
from shared.config import load_settings
from shared.events.catalogue import complete_catalogue
from shared.ids import EventId, TenantId

ConfigOption = Annotated[Path, typer.Option("--config", "-c", help="The hub's TOML file.")]
TenantOption = Annotated[str, typer.Option("--tenant", help="Id of the tenant.")]
EventArgument = Annotated[str, typer.Argument(help="Id of the event.")]
_ACTOR: Final = "operator"

app = typer.Typer(help="Events that could not be applied and wait for a person.", no_args_is_help=True)


@app.command("list")
def list_parked(config: ConfigOption, tenant: TenantOption) -> None:
    """List the events set aside, without those that wait behind them."""
    table = Table("event", "device", "no.", "type", "since (UTC)", "reason")
    with _desk(config) as desk:
        for place in desk.list(TenantId(tenant)):
            since = f"{from_milliseconds(place.parked_at):%Y-%m-%d %H:%M:%S}"
            table.add_row(place.event, place.device, str(place.seq), place.type, since, place.reason)
    Console(soft_wrap=True).print(table)


@app.command()
def replay(
    config: ConfigOption, tenant: TenantOption, event: Annotated[str, typer.Argument(help="Its id, or `all`.")]
) -> None:
    """Try an event and those behind it again, after an update or a repair."""
    with _desk(config) as desk:
        wanted = [place.event for place in desk.list(TenantId(tenant))] if event == "all" else [EventId(event)]
        for one in wanted:
            _say(one, desk.replay(TenantId(tenant), one, _ACTOR))


@app.command()
def skip(
    config: ConfigOption,
    tenant: TenantOption,
    event: EventArgument,
    reason: Annotated[str, typer.Option("--reason", help="Why, for those who look later.")],
) -> None:
    """Do without an event's effect, for good, and apply those behind it."""
    with _desk(config) as desk:
        _say(EventId(event), desk.skip(TenantId(tenant), EventId(event), _ACTOR, reason))


def _say(event: EventId, outcome: Outcome) -> None:
    Console().print(f"{event}: {outcome.applied} applied, {outcome.set_aside} still set aside", highlight=False)


@contextmanager
def _desk(config: Path) -> Iterator[ParkedDesk]:
    database = open_database(load_settings(config, HubSettings))
    try:
        yield ParkedDesk(database, complete_catalogue(), SystemClock())
    finally:
        database.close()
