"""The clinic's staff as recorded in the log."""

import hashlib
import json
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from edge.keys.box import BoxKeys
from edge.staff.pins import StaffSecrets
from edge.store.events import SqlcipherEventStore
from shared.clock import Clock
from shared.errors import Rejected
from shared.events.catalogue.staff import PinChanged, StaffDeactivated, StaffInvited, StaffJoined
from shared.events.envelope import EventDraft
from shared.http.errors import Conflict, NotFound
from shared.ids import IdSource
from shared.vocabulary import Sensitivity, StaffRole

_SET_UP: Final = "staff-set-up"
_CODE_BYTES: Final = 8


class CodeRefused(Rejected):
    """The set-up code is unknown, used or too old."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who works here; `name` was opened in memory and is never logged."""

    id: str
    name: str
    role: StaffRole
    active: bool


class StaffRegister:
    """Staff and set-up codes; safe to share by threads."""

    def __init__(
        self, store: SqlcipherEventStore, keys: BoxKeys, crypto: StaffSecrets, ids: IdSource, clock: Clock
    ) -> None:
        self._store = store
        self._keys = keys
        self._crypto = crypto
        self._ids = ids
        self._clock = clock

    def people(self) -> list[Person]:
        """Return everybody who may sign in, in the order they joined."""
        rows = self._store.rows("SELECT staff, name, role, active FROM staff WHERE active = 1 ORDER BY rowid")
        return [self._person(*row) for row in rows]

    def names(self) -> dict[str, str]:
        """Return the names of everybody who works or has worked here, by id."""
        rows = self._store.rows("SELECT staff, name, role, active FROM staff ORDER BY rowid")
        return {person.id: person.name for person in (self._person(*row) for row in rows)}

    def find(self, staff: str) -> Person | None:
        """Return somebody who may sign in, or None."""
        rows = self._store.rows("SELECT staff, name, role, active FROM staff WHERE staff = ? AND active = 1", (staff,))
        return self._person(*rows[0]) if rows else None

    def is_pin(self, staff: str, pin: str) -> bool:
        """Tell whether this is an active person's PIN; takes as long for somebody who is not known."""
        rows = self._store.rows("SELECT pin FROM staff WHERE staff = ? AND active = 1", (staff,))
        return self._crypto.is_pin(staff, pin, str(rows[0][0]) if rows else None)

    def failures(self, staff: str) -> tuple[int, datetime | None]:
        """Return how often in a row a PIN was wrong, and when last; it survives a restart."""
        rows = self._store.rows("SELECT failures, failed_at FROM sign_in_failures WHERE staff = ?", (staff,))
        return (int(rows[0][0]), datetime.fromisoformat(rows[0][1])) if rows else (0, None)

    def invite(self, role: StaffRole, life_seconds: int, actor: str) -> str:
        """Return a new one-time set-up code; only its hash is kept."""
        code, expires_at = new_code(), self._clock.wall() + timedelta(seconds=life_seconds)
        payload = StaffInvited(code_hash=code_hash(code), role=role, expires_at=expires_at)
        self._append(payload, actor)
        return code

    def role_of_code(self, code: str) -> StaffRole:
        """Return what a set-up code makes somebody.

        Raises:
            CodeRefused: it is unknown, used or too old.
        """
        digest = code_hash(code)
        used = self._store.rows("SELECT 1 FROM staff WHERE code_hash = ?", (digest,))
        rows = self._store.rows("SELECT role, expires_at FROM staff_codes WHERE code_hash = ?", (digest,))
        role, expires_at = rows[0] if rows else self._from_command(digest)
        if used or not role or datetime.fromisoformat(expires_at) < self._clock.wall():
            raise CodeRefused("code_refused", "This code is not valid, was used or is too old. Ask for a new one.")
        return StaffRole(role)

    def join(self, code: str, name: str, pin: str) -> Person:
        """Add the person who holds a set-up code.

        Raises:
            CodeRefused: it is unknown, used or too old.
        """
        role, staff = self.role_of_code(code), self._ids.new()
        payload = StaffJoined(
            staff=staff,
            role=role,
            name_sealed=self._crypto.seal(f"name/{staff}", name),
            pin_sealed=self._crypto.hash_pin(staff, pin),
            code_hash=code_hash(code),
        )
        self._append(payload, staff)
        return Person(staff, name, role, active=True)

    def change_pin(self, staff: str, pin: str) -> None:
        """Give somebody another PIN."""
        self._append(PinChanged(staff=staff, pin_sealed=self._crypto.hash_pin(staff, pin)), staff)

    def deactivate(self, staff: str, actor: str) -> None:
        """Let somebody sign in no more.

        Raises:
            NotFound: nobody active has this id.
            Conflict: it is the last manager, without whom nobody could be let in again.
        """
        person = self.find(staff)
        if person is None:
            raise NotFound("staff_unknown", "nobody with this id works here")
        managers = [item.id for item in self.people() if item.role is StaffRole.MANAGER]
        if managers == [staff]:
            raise Conflict("last_manager", "this is the last manager; set up another one first")
        self._append(StaffDeactivated(staff=staff), actor)

    def _append(self, payload: StaffInvited | StaffJoined | PinChanged | StaffDeactivated, actor: str) -> None:
        about = payload.code_hash[:16] if isinstance(payload, StaffInvited) else payload.staff
        self._store.append([EventDraft(f"staff/{about}", payload, actor, "staff", Sensitivity.PERSONAL)])

    def _person(self, staff: str, name: str, role: str, active: int) -> Person:
        return Person(staff, self._crypto.unseal(f"name/{staff}", name), StaffRole(role), bool(active))

    def _from_command(self, digest: str) -> tuple[str, str]:
        """Return role and end of a code that the command line gave out; it knows the key folder, not the log."""
        sealed = self._keys.sealed.get(_SET_UP)
        offered = json.loads(sealed) if sealed is not None else {}
        if not secrets.compare_digest(str(offered.get("code_hash", "")), digest):
            return "", ""
        return str(offered["role"]), str(offered["expires_at"])


def offer_from_command(keys: BoxKeys, role: StaffRole, life_seconds: int, now: datetime) -> str:
    """Return a set-up code that a box takes which runs on these keys; it replaces the one offered before."""
    code = new_code()
    offer = {
        "code_hash": code_hash(code),
        "role": role,
        "expires_at": (now + timedelta(seconds=life_seconds)).isoformat(),
    }
    keys.sealed.put(_SET_UP, json.dumps(offer).encode())
    return code


def new_code() -> str:
    """Return a code that nobody guesses, to be read aloud."""
    text = secrets.token_hex(_CODE_BYTES)
    return "-".join(text[at : at + 4] for at in range(0, len(text), 4))


def code_hash(code: str) -> str:
    """Return the hash a code is kept by; case and dashes do not count."""
    plain = "".join(character for character in code.lower() if character.isalnum())
    return hashlib.sha256(b"medspasync/staff-code/" + plain.encode()).hexdigest()
