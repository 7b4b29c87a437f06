"""Signing in at the box: PINs, lockout, sessions that lock when idle, break-glass. Needs no network."""

import hashlib
import secrets
import threading
from dataclasses import dataclass, replace

from edge.audit.trail import AuditTrail
from edge.staff.permissions import Action, rights
from edge.staff.pins import StaffSecrets
from edge.staff.register import CodeRefused, Person, StaffRegister
from edge.staff.rules import SignInRules, check_pin, pause_after, seconds_left
from shared.clock import Clock
from shared.events.catalogue.audit import GlassBroken, SignedIn, SignedOut, SignInFailed
from shared.http.errors import Forbidden, Refused, Unauthenticated
from shared.vocabulary import StaffRole

UNKNOWN = "unknown"
_AS_ANOTHER = "act_as_another"


@dataclass(frozen=True, slots=True)
class Session:
    """Somebody at work; times are monotonic seconds. `glass_until` is 0 while break-glass was not used."""

    person: Person
    begun: float
    used: float
    glass_until: float = 0.0


class SignIn:
    """Who is signed in at this box. A restart signs everybody out; wrong PINs stay counted."""

    def __init__(
        self, register: StaffRegister, crypto: StaffSecrets, trail: AuditTrail, clock: Clock, rules: SignInRules
    ) -> None:
        self._register = register
        self._crypto = crypto
        self._trail = trail
        self._clock = clock
        self._rules = rules
        self._sessions: dict[str, Session] = {}
        self._paused: dict[tuple[str, int], float] = {}
        self._lock = threading.RLock()

    def set_up(self, code: str, name: str, pin: str) -> tuple[str, Person]:
        """Let the holder of a set-up code choose name and PIN; return their session's token.

        Raises:
            Refused: the PIN is not good enough.
            Unauthenticated: the code is not valid, or too many were tried.
        """
        check_pin(pin, self._rules)
        with self._lock:
            self._check_pause(UNKNOWN)
            try:
                person = self._register.join(code, name, pin)
            except CodeRefused as error:
                self._failed(UNKNOWN)
                raise Unauthenticated(error.code, error.sentence) from None
            return self._open(person), person

    def start(self, staff: str, pin: str) -> tuple[str, Person]:
        """Sign somebody in; return their session's token.

        Raises:
            Unauthenticated: the PIN is wrong, or was so often that nobody may try now.
        """
        with self._lock:
            person = self._check(staff, pin)
            return self._open(person), person

    def unlock(self, token: str, pin: str) -> Person:
        """Let somebody go on whose session was locked.

        Raises:
            Unauthenticated: the session has ended, or the PIN is wrong.
        """
        with self._lock:
            session = self._session(token)
            person = self._check(session.person.id, pin)
            self._trail.note(SignedIn(role=person.role, unlocked=True), person.id, "sign_in")
            self._sessions[_key(token)] = replace(session, used=self._clock.monotonic())
            return person

    def end(self, token: str) -> None:
        """Sign somebody out; idempotent."""
        with self._lock:
            session = self._sessions.pop(_key(token), None)
        if session is not None:
            self._trail.note(SignedOut(), session.person.id, "sign_in")

    def person(self, token: str) -> Person:
        """Return who is signed in.

        Raises:
            Unauthenticated: nobody is, or the session is locked.
        """
        return self._usable(token).person

    def permit(self, token: str, action: Action, *, by_hand: bool) -> Person:
        """Return who is signed in if they may do this; a refusal is on record before it is told.

        Args:
            token: the session's.
            action: what is asked for.
            by_hand: whether a person asks, which keeps the session unlocked; a page that refreshes does not.

        Raises:
            Unauthenticated: nobody is signed in, or the session is locked.
            Forbidden: their role does not allow it.
        """
        with self._lock:
            session = self._usable(token)
            now = self._clock.monotonic()
            person = session.person
            if by_hand:
                self._sessions[_key(token)] = replace(session, used=now)
        if action not in rights(person.role, glass_broken=now < session.glass_until):
            self._trail.refused(person.id, person.role, action)
            raise Forbidden("not_permitted", "Your role does not allow this. Ask a manager.")
        return person

    def allowed(self, token: str) -> frozenset[Action]:
        """Return what whoever is signed in may do now.

        Raises:
            Unauthenticated: nobody is, or the session is locked.
        """
        session = self._usable(token)
        return rights(session.person.role, glass_broken=self._clock.monotonic() < session.glass_until)

    def acting(self, token: str, named: str | None) -> Person:
        """Return who is signed in, for what is done in somebody's name; another name is refused, on record.

        Raises:
            Unauthenticated: nobody is signed in, or the session is locked.
            Forbidden: `named` is somebody else.
        """
        person = self.person(token)
        if named not in (None, person.id):
            self._trail.refused(person.id, person.role, _AS_ANOTHER)
            raise Forbidden(
                "another_person",
                "You are signed in as somebody else than the person named. Let them sign in.",
            )
        return person

    def break_glass(self, token: str, reason: str) -> int:
        """Give somebody the rights to help a client for a limited time; return how many seconds.

        The reason is on record, sealed, before the rights hold.

        Raises:
            Unauthenticated: nobody is signed in, or the session is locked.
        """
        with self._lock:
            session = self._usable(token)
            person, seconds = session.person, self._rules.break_glass_seconds
            sealed = self._crypto.seal(f"break-glass/{person.id}", reason)
            self._trail.note(
                GlassBroken(role=person.role, seconds=seconds, reason_sealed=sealed), person.id, "break_glass"
            )
            now = self._clock.monotonic()
            self._sessions[_key(token)] = replace(session, used=now, glass_until=now + seconds)
            return seconds

    def change_pin(self, token: str, current: str, new: str) -> None:
        """Give somebody another PIN.

        Raises:
            Unauthenticated: nobody is signed in, or the present PIN is wrong.
            Refused: the new PIN is not good enough, or the same.
        """
        check_pin(new, self._rules)
        with self._lock:
            person = self._check(self._usable(token).person.id, current)
            if new == current:
                raise Refused("pin_same", "This is your present PIN. Choose another one.", "new")
            self._register.change_pin(person.id, new)

    def invite(self, token: str, role: StaffRole) -> str:
        """Return a one-time set-up code for somebody new."""
        return self._register.invite(role, self._rules.code_seconds, self.person(token).id)

    def deactivate(self, token: str, staff: str) -> None:
        """Let somebody sign in no more, and end what they have open."""
        with self._lock:
            self._register.deactivate(staff, self.person(token).id)
            self._sessions = {key: item for key, item in self._sessions.items() if item.person.id != staff}

    def people(self) -> list[Person]:
        """Return everybody who may sign in."""
        return self._register.people()

    def names(self) -> dict[str, str]:
        """Return the names of everybody who ever could, by id."""
        return self._register.names()

    def justification(self, actor: str) -> str:
        """Return by what right somebody acts now: break-glass, or their role."""
        now = self._clock.monotonic()
        with self._lock:
            mine = [item for item in self._sessions.values() if item.person.id == actor]
        if any(now < item.glass_until for item in mine):
            return "break_glass"
        return f"role_{mine[0].person.role}" if mine else "station"

    def _check(self, staff: str, pin: str) -> Person:
        person = self._register.find(staff)
        counted = staff if person is not None else UNKNOWN
        self._check_pause(counted)
        if not self._register.is_pin(staff, pin) or person is None:
            self._failed(counted)
            raise Unauthenticated("sign_in_failed", "The PIN is wrong. Try again.")
        return person

    def _open(self, person: Person) -> str:
        self._trail.note(SignedIn(role=person.role), person.id, "sign_in")
        token, now = secrets.token_urlsafe(32), self._clock.monotonic()
        self._sessions[_key(token)] = Session(person, now, now)
        return token

    def _failed(self, staff: str) -> None:
        """Count a wrong PIN, durable before the answer; the pause then runs by monotonic time."""
        failures = self._register.failures(staff)[0] + 1
        pause = pause_after(failures, self._rules)
        self._trail.note(SignInFailed(failures=failures, pause_seconds=pause), staff, "sign_in")
        self._paused = {key: end for key, end in self._paused.items() if key[0] != staff}
        self._paused[staff, failures] = self._clock.monotonic() + pause

    def _check_pause(self, staff: str) -> None:
        failures, failed_at = self._register.failures(staff)
        if failed_at is None:
            return
        now = self._clock.monotonic()
        key = (staff, failures)
        if key not in self._paused:  # counted before a restart
            pause = pause_after(failures, self._rules)
            self._paused[key] = now + seconds_left(failed_at, pause, self._clock.wall())
        left = self._paused[key] - now
        if left > 0:
            raise Unauthenticated("sign_in_paused", f"Too many wrong tries. Wait {int(left) + 1} seconds.")

    def _session(self, token: str) -> Session:
        session = self._sessions.get(_key(token))
        if session is None:
            raise Unauthenticated("not_signed_in", "Please sign in.")
        if self._clock.monotonic() - session.begun >= self._rules.session_seconds:
            del self._sessions[_key(token)]
            raise Unauthenticated("not_signed_in", "Your session has ended. Please sign in again.")
        return session

    def _usable(self, token: str) -> Session:
        with self._lock:
            session = self._session(token)
        if self._clock.monotonic() - session.used >= self._rules.idle_seconds:
            raise Unauthenticated("session_locked", "Enter your PIN to go on.")
        return session


def _key(token: str) -> str:
    """Sessions are kept by their token's hash, so that a copy of the memory signs nobody in."""
    return hashlib.sha256(token.encode()).hexdigest()
