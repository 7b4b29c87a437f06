"""`medspa hub`: run a hub and look after its fleet."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from cloud.config import HubSettings
from cloud.fleet.enrolment import Enrolment
from cloud.main import open_database, open_keys
from cloud.main import run as run_hub
from cloud.parked_cli import app as parked_app
from cloud.storage.database import Database
from cloud.storage.times import from_milliseconds
from shared.clock import SystemClock
from shared.config import load_settings
from shared.ids import DeviceId, LocationId, TenantId

ConfigOption = Annotated[Path, typer.Option("--config", "-c", help="The hub's TOML file.")]
TenantOption = Annotated[str, typer.Option("--tenant", help="Id of the tenant.")]

app = typer.Typer(help="The hub of a chain of clinics.", no_args_is_help=True)
app.add_typer(parked_app, name="parked")


@app.command()
def run(config: ConfigOption) -> None:
    """Run the hub until Ctrl-C or SIGTERM."""
    run_hub(load_settings(config, HubSettings))


@app.command()
def invite(
    config: ConfigOption,
    tenant: TenantOption,
    location: Annotated[str, typer.Option("--location", help="Id of the clinic the box is for.")],
    life_seconds: Annotated[int, typer.Option("--life-seconds", help="How long the code is good.")] = 3600,
) -> None:
    """Print a one-time code with which a box enrols."""
    database, enrolment = _fleet(config)
    try:
        typer.echo(enrolment.invite(TenantId(tenant), LocationId(location), life_seconds))
    finally:
        database.close()


@app.command()
def devices(config: ConfigOption, tenant: TenantOption) -> None:
    """List a tenant's boxes."""
    database, enrolment = _fleet(config)
    try:
        table = Table("device", "location", "label", "state", "last contact (UTC)", "reason")
        for record in enrolment.devices(TenantId(tenant)):
            contact = record.last_contact_at
            shown = "never" if contact is None else f"{from_milliseconds(contact):%Y-%m-%d %H:%M:%S}"
            table.add_row(record.id, record.location, record.label, record.state, shown, record.reason)
        Console().print(table)
    finally:
        database.close()


@app.command()
def revoke(
    config: ConfigOption,
    tenant: TenantOption,
    device: Annotated[str, typer.Argument(help="Id of the device.")],
    reason: Annotated[str, typer.Option("--reason", help="Why, for those who look later.")] = "",
) -> None:
    """Refuse a box from now on, for good."""
    database, enrolment = _fleet(config)
    try:
        enrolment.revoke(TenantId(tenant), DeviceId(device), reason)
    finally:
        database.close()


@app.command()
def readmit(
    config: ConfigOption,
    tenant: TenantOption,
    device: Annotated[str, typer.Argument(help="Id of the device.")],
) -> None:
    """Let a fenced box speak again, and continue from a restored copy once; look at the box first."""
    database, enrolment = _fleet(config)
    try:
        enrolment.readmit(TenantId(tenant), DeviceId(device))
    finally:
        database.close()


def _fleet(config: Path) -> tuple[Database, Enrolment]:
    settings = load_settings(config, HubSettings)
    database = open_database(settings)
    return database, Enrolment(database, open_keys(settings), SystemClock())
