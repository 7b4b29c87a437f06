"""What a box asks before it has a certificate, or after it has ended: roots, enrolment, renewal.

Served over TLS without asking for a certificate. The code or the device's own key says who asks.
"""

import base64
import threading
from collections import OrderedDict, deque
from typing import Annotated, Final

from fastapi import APIRouter, FastAPI, Request
from pydantic import BaseModel, ConfigDict, Field

from cloud.fleet.ca import HubAuthority
from cloud.fleet.enrolment import Certified, Enrolment, decode_key
from shared.clock import Clock
from shared.crypto.identity import PublicIdentity
from shared.errors import Rejected
from shared.http.errors import install_error_handlers
from shared.http.guard import GuardSettings, install_guard
from shared.ids import DeviceId

_WINDOW_SECONDS: Final = 60.0
_TRIES_A_WINDOW: Final = 10
_HOSTS_REMEMBERED: Final = 4096
_MAX_BODY_BYTES: Final = 32 * 1024


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
                raise TooManyTries("too_many_tries", "this was tried too often from here; wait a minute")
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
    request: Annotated[str, Field(max_length=8192, description="Signing request for a P-256 key, PEM.")]


class RenewRequest(BaseModel):
    """What a box sends to get its next certificate."""

    model_config = ConfigDict(extra="forbid")

    device: Annotated[str, Field(min_length=1, max_length=128)]
    request: Annotated[str, Field(max_length=8192, description="Signing request for a new P-256 key, PEM.")]
    signature: Annotated[str, Field(max_length=128, description="The device key's signature of both, base64.")]


class CertifiedAnswer(BaseModel):
    """A certificate with its chain, and the roots to trust, as PEM."""

    chain: str
    trust: str

    @classmethod
    def of(cls, certified: Certified) -> "CertifiedAnswer":
        """Return the answer's form."""
        return cls(chain=certified.chain.decode(), trust=certified.trust.decode())


class EnrolResponse(BaseModel):
    """What it is answered; `delivery` is its transport key, sealed for it alone; `replaces` asks for a restore."""

    tenant: str
    location: str
    device: str
    delivery: str
    hub_key_id: str
    certified: CertifiedAnswer
    replaces: bool


class Roots(BaseModel):
    """The hub's roots as PEM; a box keeps the one that its invitation names."""

    trust: str


def create_fleet_api(enrolment: Enrolment, authority: HubAuthority, clock: Clock) -> FastAPI:
    """Return the application."""
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    app.include_router(fleet_router(enrolment, authority, RateLimit(clock)))
    install_error_handlers(app, {TooManyTries: 429})
    # A box reaches its hub by any name or address; the certificate, not the host header, says where it is.
    install_guard(app, GuardSettings(hosts=("*",), max_body_bytes=_MAX_BODY_BYTES))
    return app


def fleet_router(enrolment: Enrolment, authority: HubAuthority, limit: RateLimit) -> APIRouter:
    """Return the routes."""
    router = APIRouter(prefix="/api", tags=["fleet"])

    @router.get("/roots")
    def roots() -> Roots:
        """Tell the roots; nobody has to believe it."""
        return Roots(trust=authority.trust.decode())

    @router.post("/enrol")
    def enrol(body: EnrolRequest, request: Request) -> EnrolResponse:
        """Enrol a box with a one-time code."""
        limit.take(request.client.host if request.client else "unknown")
        public = PublicIdentity(
            decode_key(body.signing_key, "signing_key"), decode_key(body.receiving_key, "receiving_key")
        )
        done = enrolment.enrol(body.code, body.label, public, body.request.encode())
        return EnrolResponse(
            tenant=done.tenant,
            location=done.location,
            device=done.device,
            delivery=base64.b64encode(done.delivery).decode(),
            hub_key_id=done.hub_key_id,
            certified=CertifiedAnswer.of(done.certified),
            replaces=done.replaces,
        )

    @router.post("/renew")
    def renew(body: RenewRequest, request: Request) -> CertifiedAnswer:
        """Give a box its next certificate."""
        limit.take(request.client.host if request.client else "unknown")
        try:
            signature = base64.b64decode(body.signature, validate=True)
        except ValueError:
            signature = b""
        return CertifiedAnswer.of(enrolment.renew(DeviceId(body.device), body.request.encode(), signature))

    return router
