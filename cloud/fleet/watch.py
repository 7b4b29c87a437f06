"""Keeps the doors current: revoked members out, the hub's certificate fresh, the broker's files up to date."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from cloud.fleet.ca import HubAuthority
from cloud.fleet.enrolment import Enrolment
from cloud.fleet.revocations import Revocations
from cloud.metrics import HubMetrics
from shared.clock import Clock
from shared.crypto.tls import Credentials
from shared.ids import TenantId
from shared.worker import Worker

_DAY: Final = timedelta(days=1)


def _nothing(*_: object) -> None:
    """Stand where a door has nothing to do."""


@dataclass(frozen=True, slots=True)
class Door:
    """Something members connect to.

    Attributes:
        renew: shows the hub's present certificate from now on, trusts its present roots, and refreshes.
        refresh: takes over what is revoked now.
        disconnect: closes a member's connections and calls.
    """

    renew: Callable[[], None] = _nothing
    refresh: Callable[[], None] = _nothing
    disconnect: Callable[[str], None] = _nothing


class FleetWatch:
    """Looks every few seconds, on a thread of its own; a revoked member is out at the next look."""

    def __init__(
        self,
        authority: HubAuthority,
        enrolment: Enrolment,
        revocations: Revocations,
        metrics: HubMetrics,
        clock: Clock,
        every_seconds: float,
    ) -> None:
        """Keep the collaborators; `every_seconds` bounds how long a revoked member stays connected."""
        self._authority = authority
        self._enrolment = enrolment
        self._revocations = revocations
        self._metrics = metrics
        self._clock = clock
        self._doors: Sequence[Door] = ()
        self._tenants: Sequence[TenantId] = ()
        self._again = False
        self._just_revoked: frozenset[str] = frozenset()
        self._shown: Credentials | None = None
        self._refreshed: datetime | None = None
        self._worker = Worker("fleet-watch", self.look, every=every_seconds)

    def start(self, doors: Sequence[Door], tenants: Sequence[TenantId]) -> None:
        """Bring the doors up to date, then watch."""
        self._doors, self._tenants = doors, tenants
        self.look()
        self._worker.start()

    def stop(self) -> None:
        """Stop watching."""
        self._worker.stop()

    def look(self) -> None:
        """Do what is due now. Idempotent."""
        fresh, shown = self._revocations.refresh(), self._authority.hub()
        now = self._clock.wall()
        changed = shown is not self._shown
        # Daily at least, since lists of revoked certificates end after a week.
        stale = self._refreshed is None or now - self._refreshed >= _DAY
        if changed:
            for door in self._doors:
                door.renew()
        elif fresh or stale or self._again:
            for door in self._doors:
                door.refresh()
        # And once more at the next look: a broker that is reading its files misses that they changed again.
        self._again, self._shown = changed or bool(fresh), shown
        self._refreshed = now if changed or stale else self._refreshed
        # Twice: one that came back before a broker had read the new list is out at the second look.
        for member in sorted(fresh | self._just_revoked):
            for door in self._doors:
                door.disconnect(member)
        self._just_revoked = fresh
        self._count(now)

    def _count(self, now: datetime) -> None:
        kinds = {"hub": [self._authority.hub().certificate.not_valid_after_utc]}
        kinds["root"] = [root.not_valid_after_utc for root in self._authority.roots]
        kinds["device"] = [
            record.expires_at
            for tenant in self._tenants
            for record in self._enrolment.certificates(tenant).values()
            if record.revoked_at is None
        ]
        for kind, ends in kinds.items():
            if ends:
                self._metrics.certificate_days.labels(kind).set((min(ends) - now) / _DAY)
