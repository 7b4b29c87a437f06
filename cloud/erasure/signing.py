"""The key that signs receipts of deletions: one for the hub, sealed with its other keys."""

from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from shared.crypto.keyfile import SealedKeyFolder
from shared.erasure.receipt import ErasureReceipt, SignedReceipt, key_fingerprint
from shared.side import KeyReport

_NAME: Final = "erasure-receipts"


class ReceiptSigner:
    """Signs receipts; the key is made at its first use."""

    def __init__(self, folder: SealedKeyFolder) -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(folder.get_or_create(_NAME))

    def sign(self, receipt: ErasureReceipt) -> SignedReceipt:
        """Return a receipt, signed."""
        return SignedReceipt.sign(receipt, self._key)

    @property
    def public_key(self) -> bytes:
        """The key by which anybody checks them."""
        return self._key.public_key().public_bytes_raw()

    def report(self) -> KeyReport:
        """Name the key by its fingerprint, which people compare with that of a receipt."""
        return KeyReport("hub/erasure-receipts", "signs receipts of deletions", key_fingerprint(self.public_key))
