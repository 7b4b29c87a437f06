"""`POST /api/enrol`: the one address a box speaks to before it has a key."""

import base64
import threading
from collections import OrderedDict, deque
from typing import Annotated, Final

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field

from cloud.fleet.enrolment import Enrolment, decode_key
from shared.clock import Clock
from shared.crypto.identity import PublicIdentity
from shared.errors import Rejected

_WINDOW_SECONDS: Final = 60.0
_TRIES_A_WINDOW: Final = 10
_HOSTS_REMEMBERED: Final = 4096


class TooManyTries(Rejected):
    """Somebody tries codes faster than people do."""


class RateLimit:
    """Bounds how often one address may try within a minute; forgets the addresses seen longest ago."""

    def __init__(self, clock: Clock, tries: int = _TRIES_A_WINDOW) -> None:
        self._clock = clock
        self._tries = tries
        self._seen: OrderedDict[str, deque[float]] = OrderedDict()
        self._lock = threading.Lock()

    def take(self, host: str) -> None:
        """Count one try.

        Raises:
            TooManyTries: the address must wait a minute.
        """
        now = self._clock.monotonic()
        with self._lock:
            times = self._seen.setdefault(host, deque())
            self._seen.move_to_end(host)
            while times and now - times[0] >= _WINDOW_SECONDS:
                times.popleft()
            if len(times) >= self._tries:
                raise TooManyTries("too_many_tries", "too many codes were tried from here; wait a minute")
            times.append(now)
            if len(self._seen) > _HOSTS_REMEMBERED:
                self._seen.popitem(last=False)


class EnrolRequest(BaseModel):
    """What a box sends."""

    model_config = ConfigDict(extra="forbid")

    code: Annotated[str, Field(min_length=3, max_length=200)]
    label: Annotated[str, Field(min_length=1, max_length=120)]
    signing_key: Annotated[str, Field(max_length=64, description="Ed25519 public key, base64.")]
    receiving_key: Annotated[str, Field(max_length=64, description="X25519 public key, base64.")]


class EnrolResponse(BaseModel):
    """What it is answered; `delivery` is its transport key, sealed for it alone."""

    tenant: str
    location: str
    device: str
    delivery: str
    hub_key_id: str


def enrolment_router(enrolment: Enrolment, limit: RateLimit) -> APIRouter:
    """Return the route."""
    router = APIRouter(prefix="/api", tags=["enrolment"])

    @router.post("/enrol")
    def enrol(body: EnrolRequest, request: Request) -> EnrolResponse:
        """Enrol a box with a one-time code."""
        limit.take(request.client.host if request.client else "unknown")
        public = PublicIdentity(
            decode_key(body.signing_key, "signing_key"), decode_key(body.receiving_key, "receiving_key")
        )
        done = enrolment.enrol(body.code, body.label, public)
        return EnrolResponse(
            tenant=done.tenant,
            location=done.location,
            device=done.device,
            delivery=base64.b64encode(done.delivery).decode(),
            hub_key_id=done.hub_key_id,
        )

    return router
