"""The hub's log key in generations: each signs the next, so that boxes follow without anybody's visit."""

import json
from threading import Lock
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from shared.audit.heads import Resumption, Signed, TreeHead, key_id, sign
from shared.audit.keychain import KeyChange, change_key
from shared.crypto.keyfile import SealedKeyFolder
from shared.errors import Corrupt
from shared.side import KeyReport

_KEY: Final = "log-key"
_CHAIN: Final = "log-key-chain"


class LogKey:
    """The hub's log key (Ed25519), sealed in the key folder; safe to share by threads.

    The chain of changes says which generation signs, so storing it is the one step that counts: cut before it, the
    old key signs on and the new one is used at the next rotation; cut after it, the next opening destroys the old.
    Another process's rotation is noticed at the next signature.
    """

    def __init__(self, folder: SealedKeyFolder) -> None:
        """Open the key, made at its first use, and end a rotation that was cut.

        Raises:
            Corrupt: the chain names a key that is gone.
        """
        self._folder = folder
        self._lock = Lock()
        self._stamp: tuple[int, int] | None = None
        self._changes: tuple[KeyChange, ...] = ()
        if folder.stamp(_CHAIN) is None:
            folder.get_or_create(_KEY)
        self._private = self._read()
        self._sweep()

    @property
    def public(self) -> bytes:
        """The public half that boxes hold on to."""
        return self._current()[0].public_key().public_bytes_raw()

    @property
    def id(self) -> str:
        """The fingerprint that people compare."""
        return key_id(self.public)

    @property
    def changes(self) -> tuple[KeyChange, ...]:
        """Every change of the key so far, oldest first."""
        return self._current()[1]

    def sign(self, statement: TreeHead | Resumption) -> Signed:
        """Sign a statement."""
        private, _ = self._current()
        return sign(statement, private, private.public_key().public_bytes_raw())

    def rotate(self, now: int) -> KeyChange:
        """Let a new key sign from now on, signed by the old one, which is destroyed; `now` in milliseconds."""
        private, changes = self._current()
        new = Ed25519PrivateKey.from_private_bytes(self._folder.get_or_create(_name(len(changes) + 2)))
        before, after = (key.public_key().public_bytes_raw() for key in (private, new))
        change = change_key(before, after, now, private)
        self._folder.put(_CHAIN, _to_bytes((*changes, change)))
        self._sweep()
        return change

    def report(self) -> KeyReport:
        """Describe the key for people."""
        generation = len(self.changes) + 1
        made_at = self._folder.made_at(_name(generation))
        return KeyReport("hub/log", "signs heads of the hub's log", self.id, generation=generation, made_at=made_at)

    def _current(self) -> tuple[Ed25519PrivateKey, tuple[KeyChange, ...]]:
        with self._lock:
            if self._folder.stamp(_CHAIN) != self._stamp:
                self._private = self._read()
            return self._private, self._changes

    def _read(self) -> Ed25519PrivateKey:
        while True:
            stamp = self._folder.stamp(_CHAIN)
            data = self._folder.get(_CHAIN)
            changes = _from_bytes(data) if data is not None else ()
            secret = self._folder.get(_name(len(changes) + 1))
            if secret is not None:
                self._stamp, self._changes = stamp, changes
                return Ed25519PrivateKey.from_private_bytes(secret)
            if self._folder.stamp(_CHAIN) == stamp:
                raise Corrupt("log_key_missing", "the hub's log key is gone; put the key folder's copy back")

    def _sweep(self) -> None:
        """Destroy every key that no longer signs."""
        held = set(self._folder.names())
        for generation in range(1, len(self.changes) + 1):
            if _name(generation) in held:
                self._folder.destroy(_name(generation))


def _name(generation: int) -> str:
    return _KEY if generation == 1 else f"{_KEY}.{generation}"


def _to_bytes(changes: tuple[KeyChange, ...]) -> bytes:
    rows = [[item.before.hex(), item.after.hex(), item.at, item.signature.hex()] for item in changes]
    return json.dumps(rows).encode()


def _from_bytes(data: bytes) -> tuple[KeyChange, ...]:
    rows: list[list[Any]] = json.loads(data)
    return tuple(
        KeyChange(bytes.fromhex(before), bytes.fromhex(after), int(at), bytes.fromhex(signature))
        for before, after, at, signature in rows
    )
