"""`medspa edge images`: look at images that could not be sent, and let them go again."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console

from edge.config import EdgeSettings
from edge.record import open_record
from edge.store.events import SqlcipherEventStore
from edge.sync.aside import images_set_aside, retry_images
from shared.clock import SystemClock
from shared.config import load_settings
from shared.ids import Uuid7Source

ConfigOption = Annotated[Path, typer.Option("--config", "-c", help="The clinic's TOML file.")]
_ACTOR: Final = "operator"

app = typer.Typer(help="Images that could not be sent to the hub and wait for a person.", no_args_is_help=True)


@app.command("list")
def list_images(config: ConfigOption) -> None:
    """List them by name, each with the reason."""
    with _store(config) as store:
        for name, reason in images_set_aside(store).items():
            Console().print(f"{name}  {reason}", highlight=False, soft_wrap=True)


@app.command()
def retry(config: ConfigOption) -> None:
    """Send every one of them again, after the cause was mended; the box may be running."""
    with _store(config) as store:
        for name in retry_images(store, _ACTOR):
            Console().print(f"{name}  is sent again", highlight=False, soft_wrap=True)


@contextmanager
def _store(config: Path) -> Iterator[SqlcipherEventStore]:
    clock = SystemClock()
    record = open_record(load_settings(config, EdgeSettings).store, clock, Uuid7Source(clock))
    try:
        yield record.store
    finally:
        record.store.close()
