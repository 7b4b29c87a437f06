"""How sealed fields leave a payload and come back.

The clear part of a payload stays readable JSON; its sealed fields travel together under the key `sealed`,
encrypted with the client's data key and bound to the event they belong to.
"""

import base64
import json
from typing import Any, Final

from shared.crypto.aead import seal, unseal
from shared.errors import Corrupt, Rejected
from shared.events.payload import PayloadModel

# Made once: `json.dumps` makes an encoder each time it is asked for sorted keys.
_SECRET: Final = json.JSONEncoder(sort_keys=True)


class DataKeyMissing(Rejected):
    """A payload has sealed fields but no client data key was given."""


def close_payload(payload: PayloadModel, event_id: str, data_key: bytes | None) -> dict[str, Any]:
    """Return the payload as it is written into an event.

    Raises:
        DataKeyMissing: it has sealed fields and `data_key` is None.
    """
    fields = payload.model_dump(mode="json")
    secret = {name: fields.pop(name) for name in payload.sealed_fields() if name in fields}
    if not secret:
        return fields
    if data_key is None:
        raise DataKeyMissing("data_key_missing", f"{payload.event_type} needs its client's data key")
    text = _SECRET.encode(secret).encode()
    fields["sealed"] = base64.b64encode(seal(data_key, text, _context(event_id))).decode()
    return fields


def open_payload(payload: dict[str, Any], event_id: str, data_key: bytes) -> dict[str, Any]:
    """Return the payload with its sealed fields in clear; one without any comes back as it is.

    Raises:
        CannotOpen: the key is another client's, or the sealed part was altered or moved to another event.
    """
    if "sealed" not in payload:
        return payload
    clear = {name: value for name, value in payload.items() if name != "sealed"}
    opened = json.loads(unseal(data_key, base64.b64decode(payload["sealed"]), _context(event_id)))
    if not isinstance(opened, dict) or opened.keys() & clear.keys():
        raise Corrupt("bad_sealed_part", f"event {event_id}: its sealed part repeats clear fields")
    return clear | opened


def _context(event_id: str) -> bytes:
    return b"event-payload/" + event_id.encode()
