"""A root in a PKCS#11 token (HSM, smart card, SoftHSM): AES-256-GCM inside it, with a key that cannot be read out."""

import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from shared.crypto.aead import CannotOpen
from shared.crypto.root import RootUnavailable, generation_gone
from shared.errors import Rejected

if TYPE_CHECKING:
    from pkcs11 import SecretKey, Session

_NONCE_BYTES: Final = 12
_KEY_BITS: Final = 256


class Pkcs11KeyStore:
    """A root whose generations are keys of a token, labelled `<label>.<generation>`."""

    def __init__(self, module: Path, token: str, pin_file: Path, label: str = "medspa-root") -> None:
        """Load the token's library.

        Args:
            module: the PKCS#11 library that came with the token.
            token: the token's label.
            pin_file: file that holds the user's PIN and that only its owner may read.
            label: what the keys' labels begin with.

        Raises:
            Rejected: the package `python-pkcs11` is not installed.
            RootUnavailable: the library cannot be loaded.
        """
        try:
            import pkcs11  # noqa: PLC0415 - an extra, needed by those who chose a token only
        except ImportError:
            raise Rejected("pkcs11_missing", "install the extra: pip install 'medspasync[pkcs11]'") from None
        self._pkcs11 = pkcs11
        self._token = token
        self._pin_file = pin_file
        self._label = label
        self._lock = threading.Lock()
        try:
            self._library = pkcs11.lib(str(module))
        except (pkcs11.PKCS11Error, RuntimeError) as error:
            raise RootUnavailable("root_unavailable", f"{module} cannot be loaded ({type(error).__name__})") from error

    @property
    def place(self) -> str:
        """Where the root lives, for people."""
        return f"PKCS#11 token {self._token}"

    def generations(self) -> list[int]:
        """Return the generations there are, oldest first.

        Raises:
            RootUnavailable: the token does not answer or refuses the PIN.
        """
        with self._session() as session:
            wanted = {self._pkcs11.Attribute.CLASS: self._pkcs11.ObjectClass.SECRET_KEY}
            labels = [str(found.label) for found in session.get_objects(wanted)]  # type: ignore[attr-defined]
        numbers = [label.removeprefix(f"{self._label}.") for label in labels if label.startswith(f"{self._label}.")]
        return sorted(int(number) for number in numbers if number.isdecimal())

    def create(self, generation: int) -> None:
        """Make a key in the token that can neither be read out nor wrapped."""
        attribute = self._pkcs11.Attribute
        guarded = {attribute.SENSITIVE: True, attribute.EXTRACTABLE: False, attribute.MODIFIABLE: False}
        with self._session() as session:
            session.generate_key(
                self._pkcs11.KeyType.AES,
                _KEY_BITS,
                label=f"{self._label}.{generation}",
                store=True,
                capabilities=self._pkcs11.MechanismFlag.ENCRYPT | self._pkcs11.MechanismFlag.DECRYPT,
                template=guarded,
            )

    def destroy(self, generation: int) -> None:
        """Destroy a key of the token; nothing happens when there is none."""
        with self._session() as session:
            for key in self._keys(session, generation):
                key.destroy()

    def seal(self, generation: int, secret: bytes, context: bytes) -> bytes:
        """Encrypt and authenticate a secret inside the token.

        Raises:
            CannotOpen: there is no such generation.
            RootUnavailable: the token does not answer or refuses the PIN.
        """
        nonce = secrets.token_bytes(_NONCE_BYTES)
        with self._session() as session:
            return nonce + bytes(self._key(session, generation).encrypt(secret, **self._gcm(nonce, context)))

    def unseal(self, generation: int, sealed: bytes, context: bytes) -> bytes:
        """Open what `seal` made.

        Raises:
            CannotOpen: another generation, root or context, or the bytes were altered.
            RootUnavailable: the token does not answer or refuses the PIN.
        """
        nonce, ciphertext = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
        with self._session() as session:
            key = self._key(session, generation)
            try:
                return bytes(key.decrypt(ciphertext, **self._gcm(nonce, context)))
            except self._pkcs11.PKCS11Error:
                raise CannotOpen("cannot_open", "the token does not open this: another key, or altered") from None

    def _gcm(self, nonce: bytes, context: bytes) -> dict[str, Any]:
        params = self._pkcs11.GCMParams(nonce, context)
        return {"mechanism": self._pkcs11.Mechanism.AES_GCM, "mechanism_param": params}

    def _key(self, session: "Session", generation: int) -> Any:
        found = self._keys(session, generation)
        if not found:
            raise generation_gone(generation)
        return found[0]

    def _keys(self, session: "Session", generation: int) -> "list[SecretKey]":
        attribute = self._pkcs11.Attribute
        wanted = {attribute.CLASS: self._pkcs11.ObjectClass.SECRET_KEY, attribute.LABEL: f"{self._label}.{generation}"}
        return list(session.get_objects(wanted))  # type: ignore[arg-type]

    @contextmanager
    def _session(self) -> Iterator["Session"]:
        """Open a session of one call: a token that was pulled and put back works again by itself."""
        errors = self._pkcs11
        with self._lock:
            try:
                with self._login() as session:
                    yield session
            except errors.PinIncorrect:
                raise RootUnavailable("root_pin_wrong", f"the token refuses the PIN in {self._pin_file}") from None
            except errors.PKCS11Error as error:
                raise RootUnavailable(
                    "root_unavailable", f"the token {self._token} does not answer ({type(error).__name__}); check it"
                ) from error

    def _login(self) -> "Session":
        token = self._library.get_token(token_label=self._token)
        try:
            return token.open(rw=True, user_pin=self._pin())
        except self._pkcs11.UserAlreadyLoggedIn:  # by another session of this process
            return token.open(rw=True)

    def _pin(self) -> str:
        try:
            mode = self._pin_file.stat().st_mode
            pin = self._pin_file.read_text(encoding="utf-8").strip()
        except OSError:
            raise RootUnavailable("root_pin_missing", f"{self._pin_file} with the token's PIN cannot be read") from None
        if mode & 0o077:
            raise RootUnavailable("root_pin_unsafe", f"{self._pin_file} must be readable by its owner only")
        return pin
