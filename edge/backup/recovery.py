"""The recovery file: the keys that a new box needs besides the backup, sealed under a passphrase by scrypt.

It holds the backup key and what proves to the hub which box this is, and no client's key. It belongs in a safe: with
it and its passphrase anybody can be the box, until the hub revokes it.
"""

import base64
import json
import secrets
from typing import Final

from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from shared.crypto.aead import KEY_BYTES, CannotOpen, seal, unseal
from shared.errors import Rejected

LEAST_CHARACTERS: Final = 12
_MAGIC: Final = b"MEDSPA-RECOVERY-1\n"
_SALT_BYTES: Final = 16
# 128 MB and about half a second: what an attacker with the file pays for each guess.
_COST, _BLOCK, _PARALLEL = 2**17, 8, 1
_CONTEXT: Final = b"recovery/1"


def seal_recovery(keys: dict[str, bytes], device: str, passphrase: str) -> bytes:
    """Return the bytes of a recovery file.

    Raises:
        Rejected: the passphrase is too short.
    """
    if len(passphrase) < LEAST_CHARACTERS:
        raise Rejected("passphrase_short", f"the passphrase needs at least {LEAST_CHARACTERS} characters")
    salt = secrets.token_bytes(_SALT_BYTES)
    content = {"device": device, "keys": {name: base64.b64encode(key).decode() for name, key in keys.items()}}
    return _MAGIC + salt + seal(_derive(passphrase, salt), json.dumps(content).encode(), _CONTEXT)


def open_recovery(data: bytes, passphrase: str) -> dict[str, bytes]:
    """Return the keys of a recovery file.

    Raises:
        Rejected: it is no recovery file.
        CannotOpen: another passphrase, or it is damaged.
    """
    if not data.startswith(_MAGIC):
        raise Rejected("no_recovery_file", "this is no recovery file; `medspa edge recovery-key` makes one")
    salt, sealed = data[len(_MAGIC) :][:_SALT_BYTES], data[len(_MAGIC) + _SALT_BYTES :]
    try:
        content = json.loads(unseal(_derive(passphrase, salt), sealed, _CONTEXT))
    except CannotOpen:
        raise CannotOpen("recovery_not_opened", "the passphrase is another one, or the file is damaged") from None
    return {name: base64.b64decode(key) for name, key in content["keys"].items()}


def _derive(passphrase: str, salt: bytes) -> bytes:
    return Scrypt(salt=salt, length=KEY_BYTES, n=_COST, r=_BLOCK, p=_PARALLEL).derive(passphrase.encode())
