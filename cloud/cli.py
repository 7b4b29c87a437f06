"""`medspa hub`: run a hub and look after its fleet."""

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from cloud import authority_cli
from cloud.audit.trail import HubTrail
from cloud.authority_cli import open_fleet
from cloud.backup import commands as backup_commands
from cloud.config import HubSettings
from cloud.fleet.exchange import KeyExchange
from cloud.fleet.twin import TwinDesk
from cloud.ingest.down_writer import DownWriter
from cloud.main import run as run_hub
from cloud.main import run_worker
from cloud.parked_cli import app as parked_app
from cloud.releases import commands as release_commands
from cloud.storage.database import Database
from cloud.storage.times import from_milliseconds, to_milliseconds
from cloud.transparency.log_key import LogKey
from cloud.wiring.opening import configured_tenants, open_database, open_keys
from shared.clock import SystemClock
from shared.config import load_settings
from shared.crypto.keyfile import SealedKeyFolder
from shared.errors import Rejected
from shared.events.catalogue.audit import KeyUse
from shared.events.catalogue.twin import Value
from shared.ids import DeviceId, LocationId, TenantId, Uuid7Source

ConfigOption = Annotated[Path, typer.Option("--config", "-c", help="The hub's TOML file.")]
TenantOption = Annotated[str, typer.Option("--tenant", help="Id of the tenant.")]

app = typer.Typer(help="The hub of a chain of clinics.", no_args_is_help=True)
app.add_typer(parked_app, name="parked")
app.command("certificates")(authority_cli.certificates)
app.command("broker-config")(authority_cli.broker_config)
app.command("roll-authority")(authority_cli.roll_authority)
app.command("retire-authority")(authority_cli.retire_authority)
app.command()(backup_commands.backup)
app.command()(backup_commands.restore)
app.command()(release_commands.release)


@app.command()
def run(config: ConfigOption) -> None:
    """Run the hub until Ctrl-C or SIGTERM."""
    run_hub(load_settings(config, HubSettings))


@app.command("ingest-worker")
def ingest_worker(
    config: ConfigOption,
    metrics_port: Annotated[
        int | None,
        typer.Option("--metrics-port", min=1, max=65_535, help="TCP port for /metrics; as configured by default."),
    ] = None,
) -> None:
    """Take messages beside a running hub, on the same external broker and PostgreSQL, until Ctrl-C or SIGTERM."""
    run_worker(load_settings(config, HubSettings), metrics_port)


@app.command()
def invite(
    config: ConfigOption,
    tenant: TenantOption,
    location: Annotated[str, typer.Option("--location", help="Id of the clinic the box is for.")],
    life_seconds: Annotated[int, typer.Option("--life-seconds", help="How long the code is good.")] = 3600,
) -> None:
    """Print a one-time code with which a box enrols."""
    database, enrolment = open_fleet(load_settings(config, HubSettings))
    try:
        typer.echo(enrolment.invite(TenantId(tenant), LocationId(location), life_seconds))
    finally:
        database.close()


@app.command()
def replace(
    config: ConfigOption,
    tenant: TenantOption,
    device: Annotated[str, typer.Argument(help="Id of the device whose place a new machine takes.")],
    life_seconds: Annotated[int, typer.Option("--life-seconds", help="How long the code is good.")] = 3600,
) -> None:
    """Print a one-time code with which a new machine becomes a lost box; once used, the old machine is out for good."""
    database, enrolment = open_fleet(load_settings(config, HubSettings))
    try:
        typer.echo(enrolment.invite_replacement(TenantId(tenant), DeviceId(device), life_seconds))
    finally:
        database.close()


@app.command()
def devices(config: ConfigOption, tenant: TenantOption) -> None:
    """List a tenant's boxes."""
    database, enrolment = open_fleet(load_settings(config, HubSettings))
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
    database, enrolment = open_fleet(load_settings(config, HubSettings))
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
    database, enrolment = open_fleet(load_settings(config, HubSettings))
    try:
        enrolment.readmit(TenantId(tenant), DeviceId(device))
    finally:
        database.close()


@app.command()
def configure(
    config: ConfigOption,
    tenant: TenantOption,
    device: Annotated[str, typer.Argument(help="Id of the device.")],
    values: Annotated[
        list[str] | None, typer.Argument(help="NAME=VALUE …; none takes every earlier wish back.")
    ] = None,
    deadline_seconds: Annotated[int, typer.Option(help="Time to report healthy, else it is taken back.")] = 300,
) -> None:
    """Want a box to be set otherwise than its own file says; it tries, reports, and goes back when it does harm."""
    database, desk = _twins(config)
    try:
        wanted = dict(_setting(text) for text in values or [])
        version = desk.want(TenantId(tenant), DeviceId(device), wanted, deadline_seconds)
        typer.echo(f"Version {version} is on its way; see `medspa hub twins`.")
    finally:
        database.close()


@app.command()
def twins(config: ConfigOption, tenant: TenantOption) -> None:
    """List what each box is wanted to be set to, and what it made of it."""
    database, desk = _twins(config)
    try:
        table = Table("device", "wanted", "settings", "reported", "state", "reason")
        for twin in desk.all(TenantId(tenant)):
            settings = ", ".join(f"{name}={value}" for name, value in twin.wanted.items())
            row = (twin.device, str(twin.wanted_version), settings, str(twin.reported_version), twin.state, twin.reason)
            table.add_row(*row)
        Console().print(table)
    finally:
        database.close()


@app.command("rotate-keys")
def rotate_keys(config: ConfigOption, tenant: TenantOption) -> None:
    """Give every box of a tenant a new transport key; the old one ends when all have it, or at the next call."""
    settings, clock = load_settings(config, HubSettings), SystemClock()
    database, keys = open_database(settings), open_keys(settings)
    try:
        trail = HubTrail(database, clock, Uuid7Source(clock))
        trail.command_used_key(TenantId(tenant), "transport", KeyUse.ROTATED, "key_rotation")
        writer = DownWriter(clock, Uuid7Source(clock))
        waiting = KeyExchange(database, keys, writer, clock).rotate(TenantId(tenant))
        generation = keys.generations.standing(TenantId(tenant)).newest
        waited_for = ", ".join(waiting) or "nobody"
        typer.echo(f"transport key: generation {generation}; waiting for {waited_for}")
    finally:
        database.close()


@app.command("rotate-log-key")
def rotate_log_key(config: ConfigOption) -> None:
    """Let a new key sign the hub's log, signed by the old one, which is destroyed; boxes follow by themselves."""
    settings = load_settings(config, HubSettings)
    key, clock = LogKey(SealedKeyFolder(settings.effective_keys_folder)), SystemClock()
    before, database = key.id, open_database(settings)
    try:
        trail = HubTrail(database, clock, Uuid7Source(clock))
        for tenant in configured_tenants(settings):
            trail.command_used_key(tenant, "hub_log", KeyUse.ROTATED, "key_rotation")
    finally:
        database.close()
    key.rotate(to_milliseconds(clock.wall()))
    typer.echo(f"log key: {before} signed its successor {key.id}; keep a new copy of the key folder")


def _setting(text: str) -> tuple[str, Value]:
    name, equals, value = text.partition("=")
    if not equals:
        raise Rejected("bad_setting", f"{text}: write a setting as NAME=VALUE, e.g. hub.keepalive_seconds=20")
    try:
        parsed = json.loads(value)
    except ValueError:
        parsed = value
    return name, parsed if isinstance(parsed, str | int | float | bool) else value


def _twins(config: Path) -> tuple[Database, TwinDesk]:
    database, clock = open_database(load_settings(config, HubSettings)), SystemClock()
    return database, TwinDesk(database, clock, Uuid7Source(clock))
