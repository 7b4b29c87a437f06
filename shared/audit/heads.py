"""What a log's keeper signs: how large its tree is, and where a restored one goes on.

A `TreeHead` commits to every event applied so far. A `Resumption` says that the hub was restored from a backup:
its tree goes on, under a new epoch, from an earlier size. Both are signed by the hub's log key.
"""

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import Any, Final, Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from shared.audit.merkle import HASH_BYTES
from shared.errors import Rejected

_HEAD_DOMAIN: Final = b"medspasync/tree-head/1\0"
_RESUMPTION_DOMAIN: Final = b"medspasync/tree-resumption/1\0"


class SignatureRefused(Rejected):
    """A head or resumption is not signed by the key it names, or is malformed."""


class Signer(Protocol):
    """A private key that signs; Ed25519 keys of `cryptography` are ones."""

    def sign(self, data: bytes) -> bytes:
        """Return the signature of some bytes."""
        ...


@dataclass(frozen=True, slots=True)
class TreeHead:
    """A tree's state at one moment; `root` is hex, `at` milliseconds since 1970 by the hub's clock."""

    tenant: str
    epoch: str
    size: int
    root: str
    at: int

    def to_sign(self) -> bytes:
        """Return the bytes a signature is made over."""
        return _HEAD_DOMAIN + _canonical(self)


@dataclass(frozen=True, slots=True)
class Resumption:
    """Where a restored tree goes on: `epoch` continues `before` behind the first `size` leaves with that `root`."""

    tenant: str
    epoch: str
    before: str
    size: int
    root: str
    at: int

    def to_sign(self) -> bytes:
        """Return the bytes a signature is made over."""
        return _RESUMPTION_DOMAIN + _canonical(self)


@dataclass(frozen=True, slots=True)
class Signed:
    """A statement with its signature; `key` is the signer's raw public key."""

    statement: TreeHead | Resumption
    key: bytes
    signature: bytes

    @property
    def key_id(self) -> str:
        """The fingerprint people compare."""
        return key_id(self.key)

    def check(self, tenant: str) -> None:
        """Check the signature and that the statement is about this tenant.

        Raises:
            SignatureRefused: it is not so.
        """
        statement = self.statement
        if statement.tenant != tenant:
            raise SignatureRefused("wrong_tenant", "the statement is about another tenant's tree")
        if statement.size < 0 or len(statement.root) != 2 * HASH_BYTES:
            raise SignatureRefused("malformed_head", "the statement names no tree")
        try:
            Ed25519PublicKey.from_public_bytes(self.key).verify(self.signature, statement.to_sign())
        except (InvalidSignature, ValueError):
            raise SignatureRefused("bad_signature", "the statement is not signed by the key it names") from None


def sign(statement: TreeHead | Resumption, signer: Signer, public: bytes) -> Signed:
    """Sign a statement; `public` is the signer's raw public key."""
    return Signed(statement, public, signer.sign(statement.to_sign()))


def key_id(public: bytes) -> str:
    """Return a log key's fingerprint."""
    return hashlib.sha256(b"medspasync/log-key/" + public).hexdigest()[:16]


def _canonical(statement: Any) -> bytes:
    return json.dumps(asdict(statement), sort_keys=True, separators=(",", ":")).encode()
