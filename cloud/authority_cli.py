"""`medspa hub certificates`, `broker-config`, `roll-authority`, `retire-authority`: the fleet's certificates."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from cloud.audit.commands import note_key_use
from cloud.config import HubSettings
from cloud.fleet.enrolment import Enrolment
from cloud.fleet.revocations import Revocations
from cloud.storage.database import Database
from cloud.wiring.broker import broker_files
from cloud.wiring.opening import open_authority, open_database, open_keys
from shared.clock import SystemClock
from shared.config import load_settings
from shared.crypto.pki import fingerprint
from shared.errors import Rejected
from shared.events.catalogue.audit import KeyUse
from shared.ids import TenantId

ConfigOption = Annotated[Path, typer.Option("--config", "-c", help="The hub's TOML file.")]


def certificates(config: ConfigOption) -> None:
    """List the roots and each box's certificate, with the days that are left."""
    settings = load_settings(config, HubSettings)
    database, enrolment = open_fleet(settings)
    clock = SystemClock()
    authority, now = open_authority(settings, clock), clock.wall()
    try:
        table = Table("tenant", "certificate", "serial", "root", "ends (UTC)", "days left", "state")
        for root in authority.roots:
            ends, known_by = root.not_valid_after_utc, fingerprint(root)[:8]
            table.add_row("", "root", "", known_by, f"{ends:%Y-%m-%d}", _days(ends, now), "trusted")
        for tenant in settings.tenants:
            for device, held in enrolment.certificates(TenantId(tenant.id)).items():
                state = "revoked" if held.revoked_at else "ended" if held.expires_at <= now else "good"
                ends, serial = held.expires_at, f"{held.serial:x}"[-8:]
                days = _days(ends, now)
                table.add_row(tenant.id, device, serial, held.root[:8], f"{ends:%Y-%m-%d}", days, state)
        Console().print(table)
    finally:
        database.close()


def broker_config(
    config: ConfigOption,
    folder: Annotated[Path, typer.Option("--folder", help="Where to write; `hub.broker.folder` names it, too.")],
    boxes_host: Annotated[str, typer.Option("--boxes-host", help="Address at which boxes connect.")] = "127.0.0.1",
) -> None:
    """Write the files of a Mosquitto that serves the fleet: configuration, rules, certificate, revoked boxes."""
    settings = load_settings(config, HubSettings)
    broker = settings.broker
    if broker.hub_port is None:
        raise Rejected("hub_port_missing", "set hub.broker.hub_port: the hub has a listener of its own")
    database, clock = open_database(settings), SystemClock()
    try:
        tenants = tuple(TenantId(tenant.id) for tenant in settings.tenants)
        revocations = Revocations(database, tenants, clock)
        revocations.refresh()
        files = broker_files(settings, folder, open_authority(settings, clock), revocations)
        path = files.write_all((boxes_host, broker.port), (broker.host, broker.hub_port))
        typer.echo(f"{path}: boxes on {boxes_host}:{broker.port}, the hub on {broker.host}:{broker.hub_port}")
    finally:
        database.close()


def roll_authority(config: ConfigOption) -> None:
    """Make a new root, vouched for by the present one; boxes move to it as they renew."""
    settings = load_settings(config, HubSettings)
    authority = open_authority(settings, SystemClock())
    note_key_use(settings, "authority", KeyUse.ROTATED, "authority_rollover")
    typer.echo(f"New root {authority.roll()}; the old one stays trusted until `medspa hub retire-authority`")


def retire_authority(
    config: ConfigOption,
    force: Annotated[bool, typer.Option("--force", help="Though boxes are left that must be enrolled anew.")] = False,
) -> None:
    """Trust the newest root only; refused while a box still has a certificate of an older one."""
    settings = load_settings(config, HubSettings)
    database, enrolment = open_fleet(settings)
    try:
        behind = enrolment.behind([TenantId(tenant.id) for tenant in settings.tenants])
        if behind and not force:
            names = ", ".join(sorted(behind))
            raise Rejected("boxes_behind", f"these boxes have not renewed since the new root was made: {names}")
        note_key_use(settings, "authority", KeyUse.RETIRED, "authority_rollover")
        open_authority(settings, SystemClock()).retire()
    finally:
        database.close()


def open_fleet(settings: HubSettings) -> tuple[Database, Enrolment]:
    """Return the database and who may change the fleet in it; the caller closes the database."""
    database, clock = open_database(settings), SystemClock()
    return database, Enrolment(database, open_keys(settings), open_authority(settings, clock), clock)


def _days(ends: datetime, now: datetime) -> str:
    return f"{(ends - now).total_seconds() / 86_400:.1f}"
