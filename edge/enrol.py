"""Makes the box a member of a tenant's fleet, with a one-time code; and remembers who it became."""

import base64
import json
from dataclasses import asdict
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict, ValidationError

from edge.hub_door import Certified, HubDoor
from edge.keys.box import BoxKeys
from edge.keys.certificate import BoxCertificate
from edge.store.events import BoxIdentity
from shared.crypto.pki import key_pem, make_request, new_key
from shared.durable import write_durably
from shared.errors import Corrupt, Rejected
from shared.ids import DeviceId, LocationId, TenantId

IDENTITY_FILE: Final = "identity.json"


class _Answer(BaseModel):
    model_config = ConfigDict(extra="ignore")

    tenant: str
    location: str
    device: str
    delivery: str
    certified: Certified
    replaces: bool = False


def enrol(folder: Path, keys: BoxKeys, hub_url: str, code: str, label: str) -> BoxIdentity:
    """Enrol this box and keep what the hub answered. A box that is enrolled already stays what it is.

    The code says by which root the hub is known; nothing is sent to anybody else. An enrolled box without a
    certificate learns from the code whom to ask for one, and uses nothing else of it.

    Args:
        folder: where the identity is kept.
        keys: the box's keys; receives the transport key and the certificate.
        hub_url: the hub's address for boxes.
        code: the one-time code that the hub gave out.
        label: name of the box for people.

    Raises:
        HubUnreachable: no answer; try again, the code is still good.
        HubUnknown: somebody else answers at the hub's address.
        Rejected: the hub refused the code, its address is none, or its answer is not understood.
        CannotOpen: the hub answered with another box's key.
    """
    door, certificate = HubDoor(hub_url), BoxCertificate(keys.sealed)
    known_by = code.rpartition(".")[2]
    if (folder / IDENTITY_FILE).exists():
        identity = read_identity(folder)
        if not certificate.held:
            certificate.replace(door.renew(door.root(known_by), identity.device, keys.identity()))
        return identity
    trust, key = door.root(known_by), new_key()
    public = keys.identity().public
    body = {
        "code": code,
        "label": label,
        "signing_key": base64.b64encode(public.signing).decode(),
        "receiving_key": base64.b64encode(public.receiving).decode(),
        "request": make_request(key).decode(),
    }
    return _keep(folder, keys, door.enrol(trust, body), key_pem(key))


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


def _keep(folder: Path, keys: BoxKeys, content: bytes, key: bytes) -> BoxIdentity:
    try:
        answer = _Answer.model_validate_json(content)
        delivery = base64.b64decode(answer.delivery, validate=True)
    except (ValidationError, ValueError):
        raise Rejected(
            "enrolment_unreadable", "the hub's answer is not understood; update this box or the hub"
        ) from None
    context = f"enrol/{answer.tenant}/{answer.device}".encode()
    credentials = answer.certified.with_key(key)
    keys.keep_transport(keys.identity().receive(delivery, context))
    BoxCertificate(keys.sealed).replace(credentials)
    if answer.replaces:
        # There was a box of this name: it must not begin an empty record, and so says that its own is missing.
        keys.mark_record_begun()
    identity = BoxIdentity(TenantId(answer.tenant), LocationId(answer.location), DeviceId(answer.device))
    # The identity file comes last: it is what says that enrolment is complete.
    write_durably(folder / IDENTITY_FILE, json.dumps(asdict(identity)).encode())
    return identity
