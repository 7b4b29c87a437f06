"""The hub's keys in one file, sealed under a passphrase: kept apart from the backups they authenticate."""

import hashlib
import json
import secrets
from pathlib import Path, PurePosixPath
from typing import Final

from shared.crypto.aead import CannotOpen, seal, unseal
from shared.crypto.keyfile import SealedKeyFolder
from shared.durable import write_durably
from shared.errors import Rejected

_MAGIC: Final = b"MSKEYS1\0"
_SALT_BYTES: Final = 16
_CONTEXT: Final = b"hub-keys/1"
MIN_PASSPHRASE: Final = 12
# scrypt with 128 MiB: a guess takes a third of a second.
_N, _R, _P, _MEMORY = 2**17, 8, 1, 192 * 1024 * 1024


class KeysDiffer(Rejected):
    """This hub has another key under a name of the export."""


def export_keys(folder: Path, path: Path, passphrase: str) -> int:
    """Write every key of the hub to one file and return how many there are.

    Args:
        folder: the hub's key folder; folders of keys below it, such as the authority's, go too.
        path: the file to write.
        passphrase: seals it.

    Raises:
        Rejected: the passphrase is too short.
        OSError: the file cannot be written.
    """
    if len(passphrase) < MIN_PASSPHRASE:
        raise Rejected("passphrase_short", f"the passphrase needs {MIN_PASSPHRASE} characters or more")
    found: dict[str, str] = {}
    for root in sorted([folder / "root.key", *folder.glob("*/root.key")]):
        keys, place = SealedKeyFolder(root.parent), root.parent.relative_to(folder)
        found |= {(place / name).as_posix(): (keys.get(name) or b"").hex() for name in keys.names()}
    salt = secrets.token_bytes(_SALT_BYTES)
    sealed = seal(_stretched(passphrase, salt), json.dumps(found).encode(), _CONTEXT)
    write_durably(path, _MAGIC + salt + sealed)
    return len(found)


def import_keys(folder: Path, path: Path, passphrase: str) -> int:
    """Put the keys of an export where they are missing and return how many were.

    Raises:
        CannotOpen: the passphrase is another one or the file was altered.
        KeysDiffer: this hub has another key of the same name; nothing was changed.
    """
    data = path.read_bytes()
    if not data.startswith(_MAGIC):
        raise CannotOpen("cannot_open", "the file is no export of a hub's keys")
    salt, sealed = data[len(_MAGIC) :][:_SALT_BYTES], data[len(_MAGIC) + _SALT_BYTES :]
    found: dict[str, str] = json.loads(unseal(_stretched(passphrase, salt), sealed, _CONTEXT))
    folders = {place: SealedKeyFolder(folder / place) for place in {PurePosixPath(name).parent for name in found}}
    held = {name: folders[PurePosixPath(name).parent].get(PurePosixPath(name).name) for name in found}
    if any(held[name] not in {None, bytes.fromhex(secret)} for name, secret in found.items()):
        raise KeysDiffer("keys_differ", "this hub has other keys of the same names; give it an empty keys_folder")
    missing = [name for name in found if held[name] is None]
    for name in missing:
        place = PurePosixPath(name)
        folders[place.parent].put(place.name, bytes.fromhex(found[name]))
    return len(missing)


def _stretched(passphrase: str, salt: bytes) -> bytes:
    return hashlib.scrypt(passphrase.encode(), salt=salt, n=_N, r=_R, p=_P, maxmem=_MEMORY, dklen=32)
