"""The command `medspa`: a thin dispatcher that finds each side's commands by entry points."""

import sys
from importlib.metadata import entry_points
from pathlib import Path
from typing import Annotated, cast

import typer
from rich.console import Console

from shared.audit.gossip import SeenHeads, compare
from shared.clock import SystemClock
from shared.config import SideSettings, load_settings, tables_of
from shared.erasure.receipt import ReceiptInvalid, SignedReceipt
from shared.errors import MedSpaError, Rejected
from shared.side import Side

ConfigOption = Annotated[Path, typer.Option("--config", "-c", help="The clinic's or the hub's TOML file.")]


def build_app(only: str | None = None) -> typer.Typer:
    """Assemble `medspa` from what is installed; of the sides' commands just `only`, when it is one of them.

    One side's command then starts without loading the other side's libraries.
    """
    app = typer.Typer(
        name="medspa",
        help="MedSpaSync: the clinic's edge box and the hub of a chain.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    entries = sorted(entry_points(group="medspa.commands"), key=lambda item: item.name)
    for entry in [item for item in entries if item.name == only] or entries:
        loaded = entry.load()
        if isinstance(loaded, typer.Typer):
            app.add_typer(loaded, name=entry.name)
        else:
            app.command(entry.name)(loaded)
    app.command("verify")(verify)
    app.command("rebuild")(rebuild)
    app.command("keys")(keys)
    app.command("verify-receipt")(verify_receipt)
    app.command("compare-heads")(compare_heads)
    config = typer.Typer(help="Check a configuration file before anything starts.", no_args_is_help=True)
    config.command("check")(check_config)
    config.command("show")(show_config)
    app.add_typer(config, name="config")
    return app


def verify(config: ConfigOption) -> None:
    """Walk every log and name the first event that was changed, swapped, removed or cut off."""
    damaged = False
    for side, settings in _sides(config):
        for log in side.verify(settings):
            damage = log.report.damage
            damaged = damaged or damage is not None
            verdict = "intact" if damage is None else f"DAMAGED: {damage.sentence}"
            digest = f", digest {log.digest[:16]}" if log.digest else ""
            line = f"{log.name}: {log.report.length} events, {verdict}{digest}"
            Console().print(line, highlight=False, soft_wrap=True)
    if damaged:
        raise typer.Exit(1)


def rebuild(config: ConfigOption) -> None:
    """Drop every projection and build it again from the log; say whether the rows are the same."""
    differs = False
    for side, settings in _sides(config):
        for item in side.rebuild(settings):
            same = item.digest_before == item.digest_after
            differs = differs or not same
            verdict = "same rows" if same else "ROWS DIFFERED and now follow the log"
            Console().print(f"{item.name}: {item.rows} rows, {verdict}", highlight=False, soft_wrap=True)
    if differs:
        raise typer.Exit(1)


def keys(config: ConfigOption) -> None:
    """List the keys held: fingerprint, generation, age, purpose, where the root lives; never a key itself."""
    now = SystemClock().wall()
    for side, settings in _sides(config):
        for key in side.keys(settings):
            age = f"{max(0, (now - key.made_at).days)} days" if key.made_at is not None else "age unknown"
            place = f", {key.place}" if key.place else ""
            line = f"{key.name}  {key.fingerprint or '-'}  generation {key.generation}, {age}  {key.purpose}{place}"
            Console().print(line, highlight=False, soft_wrap=True)


def verify_receipt(
    receipt: Annotated[Path, typer.Argument(help="The receipt's file, from the portal or the box.", exists=True)],
    key: Annotated[
        str, typer.Option("--key", help="Fingerprint of the hub's receipt key, as `medspa keys` shows it.")
    ] = "",
) -> None:
    """Check a receipt of a deletion without any network: that it is as the hub signed it, and what it says."""
    signed = SignedReceipt.from_text(receipt.read_bytes())
    signed.check()
    if key and key != signed.fingerprint:
        raise ReceiptInvalid(
            "receipt_of_another_key", f"the receipt is signed with key {signed.fingerprint}, not {key}"
        )
    told, console = signed.receipt, Console()
    console.print(f"Genuine: client {told.client} of {told.tenant}/{told.location} was deleted", highlight=False)
    for item in told.destroyed:
        detail = f" ({item.detail})" if item.detail else ""
        line = f"  {item.at:%Y-%m-%d %H:%M:%S} UTC  {item.place}: {item.count} {item.what}{detail}"
        console.print(line, highlight=False, soft_wrap=True)
    console.print(f"  tombstone: event {told.tombstone_event} of {told.device}", highlight=False, soft_wrap=True)
    compared = "as given" if key else "compare it with what `medspa keys` of the hub shows"
    console.print(f"  signed with key {signed.fingerprint}, {compared}", highlight=False, soft_wrap=True)


def compare_heads(
    files: Annotated[list[Path], typer.Argument(help="Two or more boxes' *.heads.json.", exists=True)],
) -> None:
    """Compare, without any network, what the hub has shown several boxes; exit code 1 when it showed two histories."""
    if len(files) < 2:
        raise Rejected("nothing_to_compare", "name the files of two boxes at least")
    told, console = compare([SeenHeads.from_text(file.read_bytes()) for file in files]), Console()
    for sentence in told.contradictions:
        console.print(f"CONTRADICTION: {sentence}", highlight=False, soft_wrap=True)
    console.print(f"{told.compared} heads of equal size compared", highlight=False)
    if told.contradictions:
        raise typer.Exit(1)
    if not told.compared:
        console.print("Nothing is proved either way: let a box read the files from its edge.hub_log.heads_folder")


def check_config(config: Annotated[Path, typer.Argument(help="The TOML file to check.")]) -> None:
    """Check a configuration file; name file, line and fix of everything that is wrong."""
    tables = sorted(table for table, _ in ((side.settings.table, s) for side, s in _sides(config)))
    Console().print(f"{config}: good ({', '.join(tables)})", highlight=False, soft_wrap=True)


def show_config(config: Annotated[Path, typer.Argument(help="The TOML file to show.")]) -> None:
    """Print the effective configuration, defaults and environment included, as JSON."""
    for _, settings in _sides(config):
        Console().print_json(settings.model_dump_json())


def _sides(path: Path) -> list[tuple[Side, SideSettings]]:
    installed = {entry.name: entry for entry in entry_points(group="medspa.sides")}
    tables = tables_of(path)
    unknown = sorted(set(tables) - set(installed))
    if unknown or not tables:
        found = ", ".join(f"[{name}]" for name in unknown) or "nothing"
        known = ", ".join(f"[{name}]" for name in sorted(installed))
        raise Rejected("config_invalid", f"{path}:1: holds {found}; a configuration file has {known}")
    sides = [cast("Side", installed[name].load()) for name in sorted(tables)]
    return [(side, load_settings(path, side.settings)) for side in sides]


def main() -> None:
    """Run `medspa`; an expected error is one clear line and exit code 2, never a traceback."""
    try:
        build_app(*sys.argv[1:2])()
    except MedSpaError as error:
        Console(stderr=True).print(error.sentence, style="red", highlight=False, soft_wrap=True, markup=False)
        sys.exit(2)
