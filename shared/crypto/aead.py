"""AES-256-GCM: *sealed* anywhere in this product means exactly this, with a fresh random nonce but in `seal_alike`.

Layout: one version byte, 12 bytes of nonce, ciphertext with its 16-byte tag. With random nonces a key may
seal 2^32 messages (NIST SP 800-38D §8.3); a client's or a device's key stays far below.
"""

import hmac
import secrets
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from shared.errors import Corrupt

KEY_BYTES: Final = 32
_VERSION: Final = b"\x01"
_NONCE_BYTES: Final = 12
OVERHEAD_BYTES: Final = 1 + _NONCE_BYTES + 16


class CannotOpen(Corrupt):
    """Wrong key, wrong context or altered bytes; which of them is not knowable."""


def new_key() -> bytes:
    """Return 32 random bytes."""
    return secrets.token_bytes(KEY_BYTES)


def seal(key: bytes, plaintext: bytes, context: bytes) -> bytes:
    """Encrypt and authenticate `plaintext`, bound to `context`, which is not stored.

    Args:
        key: 32 bytes.
        plaintext: any length below 2 GiB.
        context: what the sealed bytes belong to; must be given again to open them.
    """
    return _seal(key, secrets.token_bytes(_NONCE_BYTES), plaintext, context)


def seal_alike(key: bytes, plaintext: bytes, context: bytes) -> bytes:
    """Seal so that the same plaintext gives the same bytes: what was sent half can be sealed again and gone on with.

    The nonce is a keyed hash of all that is sealed, so no two different plaintexts share one. Whoever sees two sealed
    parts learns whether they are the same, and nothing else.
    """
    message = len(context).to_bytes(4) + context + plaintext
    nonce = hmac.digest(derive_key(key, "nonce"), message, "sha256")[:_NONCE_BYTES]
    return _seal(key, nonce, plaintext, context)


def unseal(key: bytes, sealed: bytes, context: bytes) -> bytes:
    """Open what `seal` made.

    Raises:
        CannotOpen: the key or context is another one, or the bytes were altered or cut.
    """
    if len(sealed) < OVERHEAD_BYTES or sealed[:1] != _VERSION:
        raise CannotOpen("cannot_open", "the sealed data is cut short or of an unknown version")
    nonce, ciphertext = sealed[1 : 1 + _NONCE_BYTES], sealed[1 + _NONCE_BYTES :]
    try:
        return AESGCM(key).decrypt(nonce, ciphertext, _VERSION + context)
    except InvalidTag:
        raise CannotOpen("cannot_open", "the key is not the one this was sealed with, or it was altered") from None


def _seal(key: bytes, nonce: bytes, plaintext: bytes, context: bytes) -> bytes:
    return _VERSION + nonce + AESGCM(key).encrypt(nonce, plaintext, _VERSION + context)


def derive_key(secret: bytes, purpose: str) -> bytes:
    """Derive an independent 32-byte key for one purpose (HKDF-SHA-256, RFC 5869)."""
    return HKDF(hashes.SHA256(), KEY_BYTES, salt=None, info=b"medspasync/" + purpose.encode()).derive(secret)
