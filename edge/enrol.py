"""Makes the box a member of a tenant's fleet, with a one-time code; and remembers who it became."""

import base64
import json
from dataclasses import asdict
from http import HTTPStatus
from pathlib import Path
from typing import Final

import httpx
from pydantic import BaseModel, ConfigDict, ValidationError

from edge.keys.box import BoxKeys
from edge.store.events import BoxIdentity
from shared.durable import write_durably
from shared.errors import Corrupt, Rejected, Retryable
from shared.ids import DeviceId, LocationId, TenantId

IDENTITY_FILE: Final = "identity.json"
_TIMEOUT_SECONDS: Final = 20.0


class HubUnreachable(Retryable):
    """The hub did not answer."""


class _Answer(BaseModel):
    model_config = ConfigDict(extra="ignore")

    tenant: str
    location: str
    device: str
    delivery: str


def enrol(folder: Path, keys: BoxKeys, hub_url: str, code: str, label: str) -> BoxIdentity:
    """Enrol this box and keep what the hub answered. A box that is enrolled already stays what it is.

    Args:
        folder: where the identity is kept.
        keys: the box's keys; receives the transport key.
        hub_url: the hub's web address.
        code: the one-time code that the hub gave out.
        label: name of the box for people.

    Raises:
        HubUnreachable: no answer; try again, the code is still good.
        Rejected: the hub refused the code, its address is none, or its answer is not understood.
        CannotOpen: the hub answered with another box's key.
    """
    if (folder / IDENTITY_FILE).exists():
        return read_identity(folder)
    device_keys = keys.identity()
    public = device_keys.public
    body = {
        "code": code,
        "label": label,
        "signing_key": base64.b64encode(public.signing).decode(),
        "receiving_key": base64.b64encode(public.receiving).decode(),
    }
    try:
        response = httpx.post(f"{hub_url}/api/enrol", json=body, timeout=_TIMEOUT_SECONDS, trust_env=False)
    except httpx.InvalidURL:
        raise Rejected("hub_url_invalid", "edge.hub.url is no web address; mend it in the configuration") from None
    except httpx.HTTPError as error:
        raise HubUnreachable(
            "hub_unreachable", f"the hub does not answer ({type(error).__name__}); try again"
        ) from error
    _check_status(response.status_code)
    return _keep(folder, keys, response.content)


def _check_status(status: int) -> None:
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        raise HubUnreachable("hub_busy", "the hub asks to wait; try again in a minute, the code is still good")
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        raise HubUnreachable("hub_unreachable", f"the hub answered {status}; try again")
    if status in {HTTPStatus.FORBIDDEN, HTTPStatus.CONFLICT}:
        raise Rejected("enrolment_refused", f"the hub refused the code ({status}); ask for a new one")
    if status != HTTPStatus.OK:
        raise Rejected("enrolment_refused", f"the hub answered {status}; check edge.hub.url and the box's label")


def read_identity(folder: Path) -> BoxIdentity:
    """Return who this box is.

    Raises:
        Rejected: it is not enrolled.
        Corrupt: the file that says so is damaged.
    """
    try:
        data = json.loads((folder / IDENTITY_FILE).read_bytes())
        return BoxIdentity(TenantId(data["tenant"]), LocationId(data["location"]), DeviceId(data["device"]))
    except FileNotFoundError:
        raise Rejected(
            "not_enrolled", "this box is not enrolled; run `medspa edge enrol` with a code of the hub"
        ) from None
    except (ValueError, KeyError, TypeError):
        raise Corrupt("identity_damaged", f"{folder / IDENTITY_FILE} is damaged; restore it from the backup") from None


def _keep(folder: Path, keys: BoxKeys, content: bytes) -> BoxIdentity:
    try:
        answer = _Answer.model_validate_json(content)
        delivery = base64.b64decode(answer.delivery, validate=True)
    except (ValidationError, ValueError):
        raise Rejected(
            "enrolment_unreadable", "the hub's answer is not understood; update this box or the hub"
        ) from None
    context = f"enrol/{answer.tenant}/{answer.device}".encode()
    keys.keep_transport(keys.identity().receive(delivery, context))
    identity = BoxIdentity(TenantId(answer.tenant), LocationId(answer.location), DeviceId(answer.device))
    # The identity file comes last: it is what says that enrolment is complete.
    write_durably(folder / IDENTITY_FILE, json.dumps(asdict(identity)).encode())
    return identity
