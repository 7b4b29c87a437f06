"""Puts sign-in and the audit trail together for a running box."""

from typing import Final

from edge.audit.trail import AuditTrail
from edge.config import SignInSettings
from edge.keys.box import BoxKeys
from edge.record import Record
from edge.staff.pins import StaffSecrets
from edge.staff.register import StaffRegister
from edge.staff.rules import SignInRules
from edge.staff.sign_in import SignIn
from shared.clock import Clock
from shared.ids import IdSource

_KEY_NAME: Final = "staff"


def staff_key(keys: BoxKeys) -> bytes:
    """Return the key that what is personal about staff is sealed under, made at its first use."""
    return keys.sealed.get_or_create(_KEY_NAME)


def open_sign_in(settings: SignInSettings, record: Record, ids: IdSource, clock: Clock) -> tuple[SignIn, AuditTrail]:
    """Return sign-in and the audit trail, each of which needs the other."""
    crypto = StaffSecrets(staff_key(record.keys), settings.argon2_memory_kib, settings.argon2_passes)
    register = StaffRegister(record.store, record.keys, crypto, ids, clock)

    def justify(actor: str) -> str:
        return sign_in.justification(actor)

    trail = AuditTrail(record.store, clock, justify)
    sign_in = SignIn(register, crypto, trail, clock, rules_of(settings))
    return sign_in, trail


def rules_of(settings: SignInSettings) -> SignInRules:
    """Return the configured rules."""
    names = SignInRules.__dataclass_fields__
    return SignInRules(**{name: getattr(settings, name) for name in names})
