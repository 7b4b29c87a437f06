"""The words of `medspa edge` for backups."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from edge.audit.commands import OPERATOR, note_backup, trail_of_commands
from edge.backup.commands import (
    DEFAULT_KEEP,
    back_up,
    export_recovery,
    import_recovery,
    restore_from_hub,
    shown_progress,
)
from edge.backup.commands import restore as restore_box
from edge.backup.restore import RestoreReport
from edge.config import EdgeSettings
from shared.config import load_settings
from shared.events.catalogue.audit import KeyUse

ConfigOption = Annotated[Path, typer.Option("--config", "-c", help="The clinic's TOML file.")]


def backup(
    config: ConfigOption,
    to: Annotated[Path | None, typer.Option("--to", help="Folder of the backup, on a USB disk or anywhere.")] = None,
    to_hub: Annotated[bool, typer.Option("--to-hub", help="Back up to the hub, which cannot open it.")] = False,
    keep: Annotated[int, typer.Option(help="Versions to keep in a folder.", min=1, max=365)] = DEFAULT_KEEP,
    full: Annotated[bool, typer.Option("--full", help="Check all of it, not only what is new.")] = False,
) -> None:
    """Back the box up: what is new since the last time, sealed, read back and verified."""
    settings, console = load_settings(config, EdgeSettings), Console()
    if (to is None) != to_hub:
        raise typer.BadParameter("say either --to FOLDER or --to-hub")
    with trail_of_commands(settings) as (store, trail):
        note_backup(store, trail, OPERATOR)
    with shown_progress(console) as progress:
        report = back_up(settings, to, keep, full=full, progress=progress)
    manifest = report.manifest
    console.print(
        f"Version {manifest.number}: {manifest.events} events ({report.new_events} new),"
        f" {sum(item.count for item in manifest.images)} images ({report.new_images} new), verified",
        highlight=False,
        soft_wrap=True,
    )
    if report.damaged_images:
        console.print(
            f"{len(report.damaged_images)} images are damaged in the vault and were left out",
            style="red",
            soft_wrap=True,
        )
        raise typer.Exit(1)


def restore(
    config: ConfigOption,
    source: Annotated[Path, typer.Option("--from", help="Folder of the backup.", exists=True)],
    number: Annotated[int | None, typer.Option("--version", help="Version; the newest by default.", min=1)] = None,
    replace: Annotated[bool, typer.Option("--replace", help="Move a record that is there aside.")] = False,
    without_hub: Annotated[
        bool, typer.Option("--without-hub", help="Do not ask the hub; it will fence the box until it is readmitted.")
    ] = False,
    recovery_key: Annotated[
        Path | None, typer.Option(help="Recovery file, on a new box; asks for its passphrase.", exists=True)
    ] = None,
) -> None:
    """Restore the box from a verified backup in a folder and from what the hub holds of it; it must not be running."""
    settings, console = load_settings(config, EdgeSettings), Console()
    if recovery_key is not None:
        import_recovery(settings, recovery_key, typer.prompt("Passphrase", hide_input=True))
    with shown_progress(console) as progress:
        report = restore_box(settings, source, number, replace=replace, without_hub=without_hub, progress=progress)
    _show(console, report)
    _note_restore(settings, *([("box_keys", KeyUse.IMPORTED)] if recovery_key is not None else []))


def from_hub(
    config: ConfigOption,
    code_file: Annotated[
        Path | None, typer.Option(help="On a new machine: file with the code of `medspa hub replace`.", exists=True)
    ] = None,
    number: Annotated[int | None, typer.Option("--version", help="Version; the newest by default.", min=1)] = None,
    replace: Annotated[bool, typer.Option("--replace", help="Move a record that is there aside.")] = False,
) -> None:
    """Restore the box from its backup at the hub, keys from escrow included; the box must not be running."""
    settings, console = load_settings(config, EdgeSettings), Console()
    code = code_file.read_text().strip() if code_file is not None else None
    with shown_progress(console) as progress:
        report, keys = restore_from_hub(settings, number, code=code, replace=replace, progress=progress)
    _show(console, report)
    console.print(f"{keys} clients' keys came back from escrow", highlight=False, soft_wrap=True)
    _note_restore(settings, ("backup_keys", KeyUse.RECOVERED), ("client_keys", KeyUse.RECOVERED))


def _show(console: Console, report: RestoreReport) -> None:
    console.print(
        f"Restored version {report.manifest.number}: {report.manifest.events} events, {report.from_hub} more from the"
        f" hub, {report.salvaged} from the replaced record; {report.images} images put back,"
        f" {report.images_missing} missing; goes on in epoch {report.epoch}",
        highlight=False,
        soft_wrap=True,
    )
    if report.replaced is not None:
        console.print(f"The former record lies in {report.replaced}", highlight=False, soft_wrap=True)


def _note_restore(settings: EdgeSettings, *came: tuple[str, KeyUse]) -> None:
    """Put on record, in the restored log, with which keys it came back."""
    with trail_of_commands(settings) as (_, trail):
        for key, use in (*came, ("backup", KeyUse.RESTORED_WITH)):
            trail.key_used(key, use, OPERATOR, "restore")


def recovery_key(
    config: ConfigOption,
    to: Annotated[Path, typer.Option("--to", help="File to write; keep it in a safe.")],
) -> None:
    """Write the keys that a new box needs besides the backup to a file, sealed under a passphrase."""
    passphrase = typer.prompt("Passphrase", hide_input=True, confirmation_prompt=True)
    settings = load_settings(config, EdgeSettings)
    with trail_of_commands(settings) as (_, trail):
        trail.key_used("box_keys", KeyUse.EXPORTED, OPERATOR, "recovery_file")
    export_recovery(settings, to, passphrase)
    Console().print(f"{to} written: keep it and its passphrase, apart", highlight=False, soft_wrap=True)


def add_commands(app: typer.Typer) -> None:
    """Add the commands to `medspa edge`."""
    app.command("backup")(backup)
    app.command("restore")(restore)
    app.command("restore-from-hub")(from_hub)
    app.command("recovery-key")(recovery_key)
