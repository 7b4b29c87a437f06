"""A device's identity: an Ed25519 key that signs, an X25519 key that receives secrets.

`Pass` is the short-lived proof a device attaches to each call: who it is, for which method, signed.
"""

import base64
import binascii
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey

from shared.crypto.aead import CannotOpen, derive_key, seal, unseal
from shared.errors import Rejected

PASS_LIFE_SECONDS: Final = 300


class PassRefused(Rejected):
    """A call's proof of identity is missing, expired or not this device's."""


@dataclass(frozen=True, slots=True)
class PublicIdentity:
    """What others may know of a device: 32 raw bytes each."""

    signing: bytes
    receiving: bytes


class DeviceIdentity:
    """A device's private keys; its `secret_bytes` are kept sealed."""

    def __init__(self, signing: Ed25519PrivateKey, receiving: X25519PrivateKey) -> None:
        self._signing = signing
        self._receiving = receiving

    @classmethod
    def generate(cls) -> Self:
        """Make a new identity."""
        return cls(Ed25519PrivateKey.generate(), X25519PrivateKey.generate())

    @classmethod
    def from_secret_bytes(cls, secret: bytes) -> Self:
        """Read the 64 bytes that `secret_bytes` returned."""
        return cls(Ed25519PrivateKey.from_private_bytes(secret[:32]), X25519PrivateKey.from_private_bytes(secret[32:]))

    def secret_bytes(self) -> bytes:
        """Return both private keys as 64 bytes, to be sealed by the caller."""
        return self._signing.private_bytes_raw() + self._receiving.private_bytes_raw()

    @property
    def public(self) -> PublicIdentity:
        """The public halves."""
        return PublicIdentity(
            self._signing.public_key().public_bytes_raw(), self._receiving.public_key().public_bytes_raw()
        )

    def receive(self, delivery: bytes, context: bytes) -> bytes:
        """Open a secret delivered by `deliver`.

        Raises:
            CannotOpen: it was meant for another device or altered on the way.
        """
        try:
            shared_secret = self._receiving.exchange(X25519PublicKey.from_public_bytes(delivery[:32]))
        except ValueError:  # cut short, or a key that is the same for everybody
            raise CannotOpen("cannot_open", "the delivery is cut short or names no usable key") from None
        return unseal(derive_key(shared_secret, "delivery"), delivery[32:], context + delivery[:32])

    def issue_pass(self, device: str, method: str, now: datetime) -> str:
        """Return a signed proof that this device calls `method` now."""
        claims = json.dumps([device, method, int(now.timestamp())]).encode()
        return f"{_text(claims)}.{_text(self._signing.sign(claims))}"


def deliver(secret: bytes, receiving: bytes, context: bytes) -> bytes:
    """Seal a secret for one device (ephemeral X25519, HKDF, AES-256-GCM)."""
    ephemeral = X25519PrivateKey.generate()
    public = ephemeral.public_key().public_bytes_raw()
    shared_secret = ephemeral.exchange(X25519PublicKey.from_public_bytes(receiving))
    return public + seal(derive_key(shared_secret, "delivery"), secret, context + public)


def check_pass(text: str, method: str, now: datetime, signing_key_of: Callable[[str], bytes | None]) -> str:
    """Return the device that made a pass.

    Args:
        text: the pass as received.
        method: the call it must be for.
        now: the checker's time; a pass is good for five minutes either way.
        signing_key_of: returns a device's raw public key, or None for an unknown or revoked device.

    Raises:
        PassRefused: it is malformed, for another method, too old, or signed by somebody else.
    """
    try:
        encoded_claims, encoded_signature = text.split(".")
        claims, signature = _bytes(encoded_claims), _bytes(encoded_signature)
        device, claimed_method, issued = json.loads(claims)
        age = abs(now.timestamp() - int(issued))
    except (ValueError, TypeError, binascii.Error):
        raise PassRefused("bad_pass", "the call carries no readable pass") from None
    if claimed_method != method or age > PASS_LIFE_SECONDS:
        raise PassRefused("stale_pass", "the pass is for another call or too old; check the device's clock")
    key = signing_key_of(str(device))
    if key is None:
        raise PassRefused("unknown_device", "the device is not enrolled here or was revoked")
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, claims)
    except InvalidSignature:
        raise PassRefused("bad_signature", "the pass was not signed by the device it names") from None
    return str(device)


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode()


def _bytes(text: str) -> bytes:
    return base64.b64decode(text.encode(), altchars=b"-_", validate=True)
