"""Asks the hub's door, over TLS 1.3: which roots it has, to enrol this box, to renew its certificate."""

import base64
import ssl
from http import HTTPStatus
from typing import Any, Final

import httpx
from cryptography import x509
from pydantic import BaseModel, ConfigDict, ValidationError

from shared.crypto.identity import DeviceIdentity
from shared.crypto.pki import FINGERPRINT_CHARACTERS, certificate_pem, fingerprint, key_pem, make_request, new_key
from shared.crypto.tls import Credentials, stranger_context, trusting_context
from shared.errors import Rejected, Retryable
from shared.ids import DeviceId

_TIMEOUT_SECONDS: Final = 20.0


class HubUnreachable(Retryable):
    """The hub did not answer."""


class HubUnknown(Rejected):
    """Whoever answers at the hub's address is not the hub that was meant."""


class Certified(BaseModel):
    """A certificate's chain and the roots to trust, as PEM."""

    model_config = ConfigDict(extra="ignore")

    chain: str
    trust: str

    def with_key(self, key: bytes) -> Credentials:
        """Return the credentials these make together with their key.

        Raises:
            Rejected: they are no certificates.
        """
        try:
            x509.load_pem_x509_certificates(self.chain.encode())
            x509.load_pem_x509_certificates(self.trust.encode())
        except ValueError:
            raise _unreadable() from None
        return Credentials(key, self.chain.encode(), self.trust.encode())


class _Roots(BaseModel):
    model_config = ConfigDict(extra="ignore")

    trust: str


class HubDoor:
    """The hub's web address for boxes."""

    def __init__(self, url: str) -> None:
        self._url = url

    def root(self, known_by: str) -> bytes:
        """Return the hub's root that an invitation names.

        The hub is not known yet, so anybody may have answered; the fingerprint tells.

        Raises:
            HubUnreachable: no answer.
            HubUnknown: whoever answers has no such root.
        """
        content = self._ask("GET", "/api/roots", stranger_context(), None)
        try:
            roots = x509.load_pem_x509_certificates(_Roots.model_validate_json(content).trust.encode())
        except (ValidationError, ValueError):
            raise _unreadable() from None
        wanted = [root for root in roots if len(known_by) == FINGERPRINT_CHARACTERS and _known(root, known_by)]
        if not wanted:
            raise HubUnknown("hub_unknown", "this is not the hub that made the code; check the code and edge.hub.url")
        return certificate_pem(*wanted)

    def enrol(self, trust: bytes, body: dict[str, str]) -> bytes:
        """Send an enrolment to the hub that `trust` proves, and return its answer.

        Raises:
            HubUnreachable: no answer, or it asks to wait.
            Rejected: it refuses.
        """
        return self._ask("POST", "/api/enrol", trusting_context(trust), body)

    def renew(self, trust: bytes, device: DeviceId, identity: DeviceIdentity) -> Credentials:
        """Return new credentials for a device, with a new key.

        Raises:
            HubUnreachable: no answer, or it asks to wait.
            Rejected: it refuses: the device was revoked, or is not enrolled there.
        """
        key = new_key()
        request = make_request(key)
        signature = base64.b64encode(identity.sign_renewal(device, request)).decode()
        body = {"device": str(device), "request": request.decode(), "signature": signature}
        content = self._ask("POST", "/api/renew", trusting_context(trust), body)
        try:
            return Certified.model_validate_json(content).with_key(key_pem(key))
        except ValidationError:
            raise _unreadable() from None

    def _ask(self, method: str, path: str, context: ssl.SSLContext, body: Any) -> bytes:
        try:
            with httpx.Client(verify=context, timeout=_TIMEOUT_SECONDS, trust_env=False) as client:
                response = client.request(method, f"{self._url}{path}", json=body)
        except (httpx.InvalidURL, httpx.UnsupportedProtocol):
            raise Rejected("hub_url_invalid", "edge.hub.url is no web address; mend it in the configuration") from None
        except httpx.HTTPError as error:
            raise HubUnreachable(
                "hub_unreachable", f"the hub does not answer ({type(error).__name__}); try again"
            ) from error
        _check_status(response.status_code)
        return response.content


def _known(root: x509.Certificate, known_by: str) -> bool:
    return fingerprint(root)[:FINGERPRINT_CHARACTERS] == known_by


def _check_status(status: int) -> None:
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        raise HubUnreachable("hub_busy", "the hub asks to wait; try again in a minute, the code is still good")
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        raise HubUnreachable("hub_unreachable", f"the hub answered {status}; try again")
    if status in {HTTPStatus.FORBIDDEN, HTTPStatus.CONFLICT}:
        raise Rejected("hub_refused", f"the hub refused ({status}); ask for a new code and enrol this box")
    if status != HTTPStatus.OK:
        raise Rejected("hub_refused", f"the hub answered {status}; check edge.hub.url and the box's label")


def _unreadable() -> Rejected:
    return Rejected("hub_unreadable", "the hub's answer is not understood; update this box or the hub")
