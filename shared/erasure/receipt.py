"""The receipt of a deletion: what was destroyed, where and when, signed by the hub, checked by anybody.

The signature is over the canonical JSON of every field, so one changed character makes it invalid. It names the
client by the opaque id only.
"""

import base64
import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from shared.errors import Corrupt, Rejected
from shared.vocabulary import ErasureReason, LegalBasis

_DOMAIN: Final = b"medspasync/erasure-receipt/1\0"
_SHA256: Final = r"^[0-9a-f]{64}$"


class ReceiptInvalid(Corrupt):
    """The receipt was changed after it was signed, or another key signed it."""


class ReceiptUnreadable(Rejected):
    """The file is no receipt."""


class Destroyed(BaseModel):
    """One place where something was destroyed.

    Attributes:
        place: `box`, `hub` or `key_service`.
        what: `client_key`, `images` or `escrowed_key`.
        count: how many of them.
        detail: what shows it there, such as the generation of keys that no longer holds it.
        at: when.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    place: str = Field(max_length=32)
    what: str = Field(max_length=32)
    count: int = Field(ge=0)
    detail: str = Field(default="", max_length=200)
    at: AwareDatetime


class ErasureReceipt(BaseModel):
    """What the hub attests."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    version: int = Field(default=1, ge=1, le=1)
    tenant: str = Field(max_length=64)
    location: str = Field(max_length=64)
    client: str = Field(max_length=64)
    request: str = Field(max_length=64)
    reason: ErasureReason
    legal_basis: LegalBasis
    device: str = Field(max_length=64, description="Box whose log holds the tombstone.")
    tombstone_event: str = Field(max_length=64)
    tombstone_hash: str = Field(pattern=_SHA256, description="Hash of the tombstone in the box's chain.")
    images_sha256: str = Field(pattern=_SHA256, description="Hash over the names of all images destroyed.")
    destroyed: tuple[Destroyed, ...] = Field(max_length=16)
    issued_at: AwareDatetime

    def canonical(self) -> bytes:
        """Return the bytes that are signed."""
        fields = self.model_dump(mode="json")
        return json.dumps(fields, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


@dataclass(frozen=True, slots=True)
class SignedReceipt:
    """A receipt with its signature and the public key it was made with."""

    receipt: ErasureReceipt
    signature: bytes
    public_key: bytes

    @classmethod
    def sign(cls, receipt: ErasureReceipt, key: Ed25519PrivateKey) -> Self:
        """Return the receipt, signed."""
        return cls(receipt, key.sign(_DOMAIN + receipt.canonical()), key.public_key().public_bytes_raw())

    def to_text(self) -> str:
        """Return the file that is kept and handed out."""
        document = {
            "receipt": self.receipt.model_dump(mode="json"),
            "signature": base64.b64encode(self.signature).decode(),
            "public_key": base64.b64encode(self.public_key).decode(),
        }
        return json.dumps(document, sort_keys=True, indent=2) + "\n"

    @classmethod
    def from_text(cls, text: str | bytes) -> Self:
        """Read what `to_text` wrote; says nothing yet about the signature.

        Raises:
            ReceiptUnreadable: it is no receipt.
        """
        try:
            document = json.loads(text)
            return cls(
                ErasureReceipt.model_validate_json(json.dumps(document["receipt"])),
                base64.b64decode(document["signature"], validate=True),
                base64.b64decode(document["public_key"], validate=True),
            )
        except (ValueError, KeyError, TypeError, ValidationError):
            raise ReceiptUnreadable("receipt_unreadable", "this is no erasure receipt; export it again") from None

    def check(self, public_key: bytes | None = None) -> None:
        """Return when the receipt is as it was signed.

        Args:
            public_key: the hub's key as learnt elsewhere; without one, the receipt's own, whose fingerprint a
                person must compare.

        Raises:
            ReceiptInvalid: it was changed, or signed with another key.
        """
        if public_key is not None and public_key != self.public_key:
            raise ReceiptInvalid("receipt_of_another_key", "the receipt is not signed with this hub's key")
        try:
            key = Ed25519PublicKey.from_public_bytes(self.public_key)
            key.verify(self.signature, _DOMAIN + self.receipt.canonical())
        except (InvalidSignature, ValueError):
            raise ReceiptInvalid(
                "receipt_invalid", "the receipt was changed after it was signed; ask the hub for it again"
            ) from None

    @property
    def fingerprint(self) -> str:
        """What people compare: the start of the signing key's hash."""
        return key_fingerprint(self.public_key)


def key_fingerprint(public_key: bytes) -> str:
    """Return the fingerprint of a receipt key, as `medspa keys` shows it."""
    return hashlib.sha256(b"erasure-receipt-key/" + public_key).hexdigest()[:16]


def names_digest(names: Iterable[str]) -> str:
    """Return one hash over a set of image names, whatever their order."""
    return hashlib.sha256("\n".join(sorted(set(names))).encode()).hexdigest()
