"""The signature of a released bundle: an Ed25519 key that no hub needs, and what exactly it signs."""

from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from shared.errors import Corrupt


class ReleaseForged(Corrupt):
    """A bundle is not signed by a key that this box trusts, or is another one than was signed."""


@dataclass(frozen=True, slots=True)
class Release:
    """One archive under one name and version."""

    name: str
    version: str
    size: int
    sha256: str

    def signed_bytes(self) -> bytes:
        """Return what the signature covers."""
        return f"medspasync/release/1\n{self.name}\n{self.version}\n{self.size}\n{self.sha256}\n".encode()


def sign_release(release: Release, key: Ed25519PrivateKey) -> bytes:
    """Return the signature of a release."""
    return key.sign(release.signed_bytes())


def key_id(public: Ed25519PublicKey) -> str:
    """Return the name of a public key: its 32 bytes in hex."""
    return public.public_bytes_raw().hex()


def check_release(release: Release, signature: bytes, signer: str, trusted: frozenset[str]) -> None:
    """Check a release's signature.

    Args:
        release: what is offered.
        signature: its signature.
        signer: the key id it claims.
        trusted: key ids that may sign.

    Raises:
        ReleaseForged: the key is not trusted or did not sign this.
    """
    if signer not in trusted:
        raise ReleaseForged("release_signer_unknown", "the bundle is signed with a key that this box does not trust")
    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(signer)).verify(signature, release.signed_bytes())
    except (InvalidSignature, ValueError):
        raise ReleaseForged("release_forged", "the bundle's signature does not fit it; fetch it anew") from None
