"""`medspa edge keys` and `medspa edge rekey`: change the box's keys by hand."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from edge.audit.commands import OPERATOR, trail_of_commands
from edge.config import EdgeSettings
from edge.keys.clients import ClientKeystore
from edge.keys.opening import open_keys
from edge.keys.rekey import Rekey
from edge.keys.rotation import KeyRotation
from edge.record import RECORD_FILE
from shared.clock import SystemClock
from shared.config import load_settings
from shared.events.catalogue.audit import KeyUse

ConfigOption = Annotated[Path, typer.Option("--config", "-c", help="The clinic's TOML file.")]

app = typer.Typer(help="The keys that wrap all others.", no_args_is_help=True)


@app.callback()
def about() -> None:
    """The keys that wrap all others."""


@app.command()
def rotate(config: ConfigOption) -> None:
    """Change the wrapping keys now, whether the box runs or not; a running box does so every 90 days."""
    whole, clock = load_settings(config, EdgeSettings), SystemClock()
    settings = whole.store
    with trail_of_commands(whole) as (_, trail):
        trail.key_used("wrapping", KeyUse.ROTATED, OPERATOR, "key_rotation")
    keys = open_keys(settings)
    clients = ClientKeystore(settings.keys_folder / "clients", keys.sealed, clock)
    for key, generation in KeyRotation(keys, clients, clock).rotate().items():
        Console().print(f"{key}: generation {generation}", highlight=False)


def rekey(config: ConfigOption) -> None:
    """Write the record anew under a new key, after the old one may have become known; stop the box first."""
    whole = load_settings(config, EdgeSettings)
    settings = whole.store
    with trail_of_commands(whole) as (_, trail):
        trail.key_used("record", KeyUse.REPLACED, OPERATOR, "key_may_be_known")
    Rekey(settings.folder / RECORD_FILE, open_keys(settings)).run()
    Console().print("The record has a new key, and so has the root; the old ones are destroyed", highlight=False)
