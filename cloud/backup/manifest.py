"""What a backup holds, sealed with a key of the hub and written last: without it a folder is no backup.

A backup of before they were sealed has a readable manifest of version 1 instead, authenticated with the same key.
"""

import hashlib
import hmac
import json
from datetime import datetime
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from shared.crypto.aead import CannotOpen, derive_key, seal, unseal
from shared.crypto.keyfile import SealedKeyFolder
from shared.durable import write_durably
from shared.errors import Corrupt, Rejected

MANIFEST: Final = "manifest.sealed"
READABLE_MANIFEST: Final = "manifest.json"
_KEY: Final = "backup-manifest"
_CONTEXT: Final = b"hub-backup/manifest"

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class BackupDamaged(Corrupt):
    """A backup is not what its manifest says, or its manifest is not this hub's."""


class NoBackup(Rejected):
    """There is no complete backup in the folder."""


class SavedFile(BaseModel):
    """One file of a backup; `rows` of a table's copy, 0 for other files."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    size: int = Field(ge=0)
    sha256: Sha256
    rows: int = Field(default=0, ge=0)


class Manifest(BaseModel):
    """Everything a restore must know before it touches anything.

    `images` counts the images listed in `images.txt`, `images_absent` those the database names and the disk lacked.
    The files of version 1 are readable, those of version 2 sealed; sizes and hashes are of what lies on disk.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    version: Literal[1, 2] = 2
    made_at: datetime
    database: Literal["sqlite", "postgresql"]
    revision: str = Field(max_length=64)
    hub_epoch: str = Field(max_length=16)
    files: dict[str, SavedFile]
    images: int = Field(ge=0)
    images_absent: int = Field(ge=0)


def backup_key(keys: SealedKeyFolder) -> bytes:
    """Return the key of this hub's backups, made at its first use; an export of the keys of any time after holds it."""
    return keys.get_or_create(_KEY)


def files_key(key: bytes, version: int = 2) -> bytes | None:
    """Return the key that seals the files of a backup, or None when a manifest of this version has readable ones."""
    return derive_key(key, "hub-backup/files") if version > 1 else None


def write_manifest(folder: Path, manifest: Manifest, key: bytes) -> None:
    """Write a backup's manifest; from now on it is one."""
    write_durably(folder / MANIFEST, seal(_manifest_key(key), manifest.model_dump_json().encode(), _CONTEXT))


def read_manifest(folder: Path, key: bytes) -> Manifest:
    """Read a backup's manifest.

    Raises:
        NoBackup: there is none.
        BackupDamaged: it was altered, is another hub's, or of a newer version.
    """
    version, text = (2, _sealed(folder, key)) if (folder / MANIFEST).exists() else (1, _readable(folder, key))
    try:
        manifest = Manifest.model_validate_json(text)
    except ValidationError:
        raise BackupDamaged("manifest_unknown", "the backup was made by newer software; update this hub") from None
    if manifest.version != version:
        raise BackupDamaged("manifest_damaged", f"the manifest in {folder} is not its own; use another backup")
    return manifest


def _sealed(folder: Path, key: bytes) -> bytes:
    try:
        return unseal(_manifest_key(key), (folder / MANIFEST).read_bytes(), _CONTEXT)
    except CannotOpen:
        raise _not_ours() from None


def _readable(folder: Path, key: bytes) -> str:
    try:
        envelope = json.loads((folder / READABLE_MANIFEST).read_bytes())
        text, mac = str(envelope["manifest"]), str(envelope["mac"])
    except FileNotFoundError:
        raise NoBackup("no_backup", f"{folder} holds no complete backup; name another folder") from None
    except (ValueError, KeyError, TypeError):
        raise BackupDamaged(
            "manifest_damaged", f"{folder / READABLE_MANIFEST} is damaged; use another backup"
        ) from None
    if not hmac.compare_digest(mac, hmac.new(key, b"hub-backup/1\0" + text.encode(), hashlib.sha256).hexdigest()):
        raise _not_ours()
    return text


def saved(path: Path, rows: int = 0) -> SavedFile:
    """Return what the manifest says about a file."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return SavedFile(size=path.stat().st_size, sha256=digest, rows=rows)


def check_files(folder: Path, manifest: Manifest) -> None:
    """Compare every file of a backup with its manifest.

    Raises:
        BackupDamaged: one is missing or another one.
    """
    for name, expected in manifest.files.items():
        path = folder / name
        if not path.is_file() or saved(path, expected.rows) != expected:
            raise BackupDamaged("backup_damaged", f"{name} of the backup is missing or was changed; use another backup")


def latest_backup(folder: Path) -> Path:
    """Return the latest complete backup in a folder, or the folder itself when it is one.

    Raises:
        NoBackup: there is none.
    """
    if any((folder / name).is_file() for name in (MANIFEST, READABLE_MANIFEST)):
        return folder
    complete = sorted(path.parent for name in (MANIFEST, READABLE_MANIFEST) for path in folder.glob(f"backup-*/{name}"))
    if not complete:
        raise NoBackup("no_backup", f"{folder} holds no complete backup; name another folder")
    return complete[-1]


def _manifest_key(key: bytes) -> bytes:
    return derive_key(key, "hub-backup/manifest")


def _not_ours() -> BackupDamaged:
    return BackupDamaged(
        "manifest_not_ours", "the manifest was altered or made with other keys; restore this hub's keys first"
    )
