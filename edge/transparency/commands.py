"""`medspa edge hub-log`: what people decide about the hub's log."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from edge.config import EdgeSettings
from edge.record import open_record
from shared.clock import SystemClock
from shared.config import load_settings
from shared.errors import Rejected
from shared.events.catalogue.log import LogKeyTrusted
from shared.events.envelope import EventDraft
from shared.ids import Uuid7Source

ConfigOption = Annotated[Path, typer.Option("--config", "-c", help="The clinic's TOML file.")]

app = typer.Typer(help="The hub's log, as this box holds it to its word.", no_args_is_help=True)


@app.command("trust-key")
def trust_key(
    config: ConfigOption,
    fingerprint: Annotated[str, typer.Argument(help="Of the hub's log key, as `medspa keys` shows it at the hub.")],
    why: Annotated[str, typer.Option("--why", help="For those who look later.")],
) -> None:
    """Hold on to another log key though the one known did not sign it; the history must go on all the same."""
    if len(fingerprint) != 16 or set(fingerprint) - set("0123456789abcdef"):
        raise Rejected("bad_fingerprint", "a fingerprint has 16 digits from 0 to f; read it again at the hub")
    clock = SystemClock()
    record = open_record(load_settings(config, EdgeSettings).store, clock, Uuid7Source(clock))
    try:
        draft = EventDraft("hub-log/watch", LogKeyTrusted(key_id=fingerprint, why=why), "operator", "transparency")
        record.store.append([draft])
    finally:
        record.store.close()
    Console().print(f"Log key {fingerprint} is trusted from the next check on", highlight=False)
