"""A device's identity: an Ed25519 key that signs, an X25519 key that receives secrets.

It outlives every certificate: with it a box asks for the next one, whatever became of the last.
"""

from dataclasses import dataclass
from typing import Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey

from shared.crypto.aead import CannotOpen, derive_key, seal, unseal


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

    def sign_renewal(self, device: str, request: bytes) -> bytes:
        """Return the proof that this device asks for a certificate for that signing request.

        It holds no time: a box whose clock is wrong must get through, and asking twice does no harm.
        """
        return self._signing.sign(_renewal(device, request))


def deliver(secret: bytes, receiving: bytes, context: bytes) -> bytes:
    """Seal a secret for one device (ephemeral X25519, HKDF, AES-256-GCM)."""
    ephemeral = X25519PrivateKey.generate()
    public = ephemeral.public_key().public_bytes_raw()
    shared_secret = ephemeral.exchange(X25519PublicKey.from_public_bytes(receiving))
    return public + seal(derive_key(shared_secret, "delivery"), secret, context + public)


def renewal_is_signed(signing: bytes, device: str, request: bytes, signature: bytes) -> bool:
    """Tell whether a device's own key has signed this request for a certificate."""
    try:
        Ed25519PublicKey.from_public_bytes(signing).verify(signature, _renewal(device, request))
    except (InvalidSignature, ValueError):
        return False
    return True


def _renewal(device: str, request: bytes) -> bytes:
    return b"medspasync/renewal/1\0" + device.encode() + b"\0" + request
