"""`medspa edge staff`: who may sign in at this box."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from edge.config import EdgeSettings
from edge.keys.opening import open_keys
from edge.staff.register import offer_from_command
from shared.clock import SystemClock
from shared.config import load_settings
from shared.vocabulary import StaffRole

app = typer.Typer(help="Who may sign in at this box.", no_args_is_help=True)


@app.callback()
def staff() -> None:
    """Who may sign in at this box."""


@app.command("add")
def add(
    config: Annotated[Path, typer.Option("--config", "-c", help="The clinic's TOML file.")],
    role: Annotated[StaffRole, typer.Option(help="What the new person works as.")] = StaffRole.MANAGER,
) -> None:
    """Print a one-time code with which somebody sets up their sign-in at the box, running or not."""
    settings = load_settings(config, EdgeSettings)
    life_seconds = settings.sign_in.code_seconds
    code = offer_from_command(open_keys(settings.store), role, life_seconds, SystemClock().wall())
    Console().print(
        f"Set-up code for one {role.value}: {code} (good for {life_seconds // 60} minutes)", highlight=False
    )
