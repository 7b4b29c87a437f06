"""PINs as Argon2id hashes that are worth nothing without this box's key."""

import base64
import hashlib
import hmac

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from shared.crypto.aead import derive_key, seal, unseal


class StaffSecrets:
    """Hashes PINs and seals what is personal about staff, all under one key of the box."""

    def __init__(self, staff_key: bytes, memory_kib: int, passes: int) -> None:
        """Derive what is needed.

        Args:
            staff_key: 32 bytes of the box's keys.
            memory_kib: Argon2id's memory.
            passes: Argon2id's passes.
        """
        self._pepper = derive_key(staff_key, "staff/pin")
        self._sealing = derive_key(staff_key, "staff/sealing")
        self._hasher = PasswordHasher(time_cost=passes, memory_cost=memory_kib, parallelism=1)
        self._nobody = self._hasher.hash("nobody's")

    def hash_pin(self, staff: str, pin: str) -> str:
        """Return a PIN's hash, sealed; bound to the person and to this box."""
        return self.seal(f"pin/{staff}", self._hasher.hash(self._peppered(staff, pin)))

    def is_pin(self, staff: str, pin: str, sealed: str | None) -> bool:
        """Tell whether a PIN is the one hashed; takes as long when there is nobody to compare with."""
        stored = self._nobody if sealed is None else self.unseal(f"pin/{staff}", sealed)
        try:
            return self._hasher.verify(stored, self._peppered(staff, pin)) and sealed is not None
        except (VerificationError, InvalidHashError):
            return False

    def seal(self, context: str, text: str) -> str:
        """Return a text sealed for one place."""
        return base64.b64encode(seal(self._sealing, text.encode(), context.encode())).decode()

    def unseal(self, context: str, sealed: str) -> str:
        """Return a sealed text in clear.

        Raises:
            CannotOpen: another box sealed it, or for another place.
        """
        return unseal(self._sealing, base64.b64decode(sealed), context.encode()).decode()

    def _peppered(self, staff: str, pin: str) -> str:
        return hmac.new(self._pepper, f"{staff}/{pin}".encode(), hashlib.sha256).hexdigest()
