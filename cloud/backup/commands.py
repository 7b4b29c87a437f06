"""The commands `medspa hub backup` and `medspa hub restore`."""

from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console

from cloud.audit.commands import note_backup, note_key_use
from cloud.backup.backup import HubFiles, back_up
from cloud.backup.key_export import export_keys, import_keys
from cloud.backup.restore import Restore
from cloud.config import HubSettings
from cloud.side import verify_logs
from shared.clock import SystemClock
from shared.config import load_settings
from shared.crypto.keyfile import SealedKeyFolder
from shared.events.catalogue.audit import KeyUse

ConfigOption = Annotated[Path, typer.Option("--config", "-c", help="The hub's TOML file.")]
PassphraseOption = Annotated[
    Path | None, typer.Option("--passphrase-file", help="File with the passphrase; asked for by default.", exists=True)
]
_KEYS_HELP: Final = "sealed under a passphrase; keep it apart from the backups"


def files_of(settings: HubSettings) -> HubFiles:
    """Return where a hub keeps what is backed up."""
    return HubFiles(
        settings.effective_database_url,
        settings.effective_owner_url,
        settings.blobs_folder,
        SealedKeyFolder(settings.effective_keys_folder),
    )


def backup(
    config: ConfigOption,
    goal: Annotated[Path, typer.Option("--to", help="Folder of the backups.")],
    keys_to: Annotated[Path | None, typer.Option("--keys-to", help=f"Also write the keys, {_KEYS_HELP}.")] = None,
    passphrase_file: PassphraseOption = None,
) -> None:
    """Back up the hub while it runs: database, images not yet in the folder, and nothing secret."""
    settings = load_settings(config, HubSettings)
    note_backup(settings)
    if keys_to is not None:
        note_key_use(settings, "hub_keys", KeyUse.EXPORTED, "backup")
    report = back_up(files_of(settings), goal, SystemClock())
    console = Console()
    console.print(
        f"Backup {report.folder} in {report.seconds:.1f} s: {report.images} images, {report.images_copied} new"
    )
    if report.images_absent:
        console.print(f"{report.images_absent} images are named and not on disk; after a restore the boxes send them")
    if keys_to is not None:
        count = export_keys(settings.effective_keys_folder, keys_to, _passphrase(passphrase_file, confirm=True))
        console.print(f"{count} keys in {keys_to}")


def restore(
    config: ConfigOption,
    source: Annotated[Path, typer.Option("--from", help="A backup, or the folder of the backups.", exists=True)],
    replace: Annotated[bool, typer.Option("--replace", help="Move a database that is there aside.")] = False,
    keys_from: Annotated[Path | None, typer.Option("--keys-from", help="Put the keys back first.", exists=True)] = None,
    passphrase_file: PassphraseOption = None,
) -> None:
    """Restore the hub from its latest backup that verifies; the boxes then send what came after it."""
    settings = load_settings(config, HubSettings)
    settings.data_folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    console = Console()
    if keys_from is not None:
        passphrase = _passphrase(passphrase_file, confirm=False)
        console.print(f"{import_keys(settings.effective_keys_folder, keys_from, passphrase)} keys put back")
    report = Restore(files_of(settings), settings.data_folder, SystemClock(), verify_logs).run(source, replace=replace)
    console.print(f"Restored {report.backup} of {report.made_at:%Y-%m-%d %H:%M:%S} UTC in {report.seconds:.1f} s")
    console.print(f"{report.images} images are here; the boxes will be asked for {report.images_absent}")
    if keys_from is not None:
        note_key_use(settings, "hub_keys", KeyUse.IMPORTED, "restore")
    note_key_use(settings, "hub_backup", KeyUse.RESTORED_WITH, "restore")
    if report.aside is not None:
        console.print(f"The database of before is kept: {report.aside}")
    console.print("Start the hub; then revoke anew whom you have revoked since the backup.")


def _passphrase(file: Path | None, *, confirm: bool) -> str:
    if file is not None:
        return file.read_text(encoding="utf-8").strip()
    return str(typer.prompt("Passphrase", hide_input=True, confirmation_prompt=confirm))
