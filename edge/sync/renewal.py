"""Renews the box's certificate at two thirds of its life, and brings a box back whose certificate has ended."""

import contextlib
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

import structlog

from edge.hub_door import HubDoor
from edge.keys.certificate import BoxCertificate
from edge.store.events import SqlcipherEventStore
from shared.clock import Clock
from shared.crypto.identity import DeviceIdentity
from shared.errors import Rejected, Retryable
from shared.events.envelope import Event
from shared.events.hlc import Timestamp
from shared.ids import DeviceId
from shared.worker import Seconds, Worker

_LOOK_SECONDS: Final = Seconds(30.0)
_RETRY_SECONDS: Final = Seconds(60.0)
_RETRY_MAX_SECONDS: Final = Seconds(1800.0)
_REFUSED_SECONDS: Final = Seconds(3600.0)
_OFFLINE_SECONDS: Final = 300.0


def logged_time(store: SqlcipherEventStore) -> datetime:
    """Return the latest time in the box's log; the beginning of time for an empty one."""
    rows = store.rows("SELECT body FROM events ORDER BY position DESC LIMIT 1")
    milliseconds = Timestamp.parse(Event.from_body(rows[0][0]).fields.hlc).milliseconds if rows else 0
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


def renewed(
    certificate: BoxCertificate, door: HubDoor, device: tuple[DeviceId, DeviceIdentity], now: datetime
) -> BoxCertificate:
    """Renew a certificate that is due, as one from a safe may be, before a command uses it; return it.

    A hub that does not answer leaves it as it is: what it is needed for will say so.

    Raises:
        Rejected: the hub refuses, or the box was never given one.
    """
    if certificate.due(now):
        with contextlib.suppress(Retryable):
            certificate.replace(door.renew(certificate.present().trust, *device))
    return certificate


class CertificateRenewal:
    """Looks on a thread of its own; a renewal needs nothing but the hub's door and the device's own key.

    A certificate is renewed when it is due by the later of the clock and the last time in the log: a clock that
    stands in 1970 does not make it look young. A box that the hub has not answered for five minutes renews, too,
    at most once in half an hour: whatever is wrong with its certificate, by whatever clock, is then over.
    """

    def __init__(
        self,
        certificate: BoxCertificate,
        door: HubDoor,
        device: tuple[DeviceId, DeviceIdentity],
        clock: Clock,
        logged_time: Callable[[], datetime],
        online: Callable[[], bool],
    ) -> None:
        """Keep the collaborators.

        Args:
            certificate: what is renewed.
            door: the hub's address for it.
            device: who the box is, and the key that proves it.
            clock: tells the time.
            logged_time: returns the latest time in the box's log.
            online: tells whether the hub answers.
        """
        self._certificate = certificate
        self._door = door
        self._device, self._identity = device
        self._clock = clock
        self._logged_time = logged_time
        self._online = online
        self._retry = _RETRY_SECONDS
        self._seen_online = clock.monotonic()
        self._tried: float | None = None
        self._log = structlog.get_logger()
        self._worker = Worker("certificate-renewal", self.step, every=_RETRY_MAX_SECONDS, first=0.0)

    def start(self) -> None:
        """Look until `stop`."""
        self._worker.start()

    def stop(self) -> None:
        """Stop looking."""
        self._worker.stop()

    def step(self) -> Seconds:
        """Renew when it is time; return the seconds until the next look.

        Raises:
            OSError: the disk refuses; the old certificate stays. The hub is asked again in half an hour.
        """
        if not self._needed():
            return _LOOK_SECONDS
        self._tried = self._clock.monotonic()
        try:
            present = self._certificate.present()
            self._certificate.replace(self._door.renew(present.trust, self._device, self._identity))
        except Rejected as error:
            self._log.error("certificate_renewal_refused", code=error.code)
            return _REFUSED_SECONDS
        except Retryable:
            self._retry = Seconds(min(self._retry * 2, _RETRY_MAX_SECONDS))
            return self._retry
        self._retry = _RETRY_SECONDS
        self._log.info("certificate_renewed")
        # Due again at once: a clock is far ahead. The hub is not asked for one every few seconds.
        return _RETRY_MAX_SECONDS if self._needed() else _LOOK_SECONDS

    def _needed(self) -> bool:
        now = self._clock.monotonic()
        if self._online():
            self._seen_online = now
        if self._certificate.due(max(self._clock.wall(), self._logged_time())):
            return True
        rested = self._tried is None or now - self._tried >= _RETRY_MAX_SECONDS
        return rested and now - self._seen_online >= _OFFLINE_SECONDS
