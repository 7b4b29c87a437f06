"""How the hub's log key is changed: the old key signs the new one, and a box follows from the key it holds on to."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from shared.audit.heads import Signer

_DOMAIN: Final = b"medspasync/log-key-change/1\0"


@dataclass(frozen=True, slots=True)
class KeyChange:
    """From `before` on `after` signs (raw public keys); signed by `before`, `at` milliseconds by the hub's clock."""

    before: bytes
    after: bytes
    at: int
    signature: bytes = b""

    def to_sign(self) -> bytes:
        """Return the bytes the signature is made over."""
        return b"|".join((_DOMAIN, self.before.hex().encode(), self.after.hex().encode(), str(self.at).encode()))

    @property
    def good(self) -> bool:
        """Whether the key before signed it."""
        try:
            Ed25519PublicKey.from_public_bytes(self.before).verify(self.signature, self.to_sign())
        except (InvalidSignature, ValueError):
            return False
        return True


def change_key(before: bytes, after: bytes, at: int, signer: Signer) -> KeyChange:
    """Sign a change with the key before it."""
    return KeyChange(before, after, at, signer.sign(KeyChange(before, after, at).to_sign()))


def keys_between(known: bytes, shown: bytes, changes: Sequence[KeyChange]) -> list[bytes]:
    """Return the keys from the one known to the one shown, each signed by the one before; none when nothing leads."""
    line = list(_backwards(shown, changes))
    return line[line.index(known) :: -1] if known in line else []


def keys_until(key: bytes, changes: Sequence[KeyChange]) -> frozenset[bytes]:
    """Return a key with all that led to it."""
    return frozenset(_backwards(key, changes))


def _backwards(key: bytes, changes: Sequence[KeyChange]) -> Iterable[bytes]:
    """Go from a key to the ones before it, newest first; a change that is not signed leads nowhere."""
    by_after = {change.after: change for change in changes}
    passed: set[bytes] = set()
    while key not in passed:
        passed.add(key)
        yield key
        change = by_after.get(key)
        if change is None or not change.good:
            return
        key = change.before
