"""Seals a message for a broker and opens what came from one."""

from collections.abc import Sequence

from google.protobuf.message import DecodeError

from shared.crypto.aead import CannotOpen, seal, unseal
from shared.errors import Rejected
from shared.ids import DeviceId, TenantId
from shared.wire import medspa_pb2 as wire

VERSION = 1
MAX_SEALED_BYTES = 1024 * 1024


class MalformedMessage(Rejected):
    """The bytes are no message of this protocol, or name another sender than their topic."""


def seal_message(message: wire.Message, tenant: TenantId, device: DeviceId, channel: str, key: bytes) -> bytes:
    """Return the bytes to publish.

    Args:
        message: what to say.
        tenant: whose device it is.
        device: the box at the edge end of the link, whichever side speaks.
        channel: `up` from box to hub, `down` from hub to box.
        key: the device's transport key.
    """
    sealed = seal(key, message.SerializeToString(), _context(tenant, device, channel))
    return wire.SealedMessage(version=VERSION, tenant=tenant, device=device, sealed=sealed).SerializeToString()


def open_message(data: bytes, tenant: TenantId, device: DeviceId, channel: str, key: bytes) -> wire.Message:
    """Open bytes received on the topic of `tenant` and `device`.

    Raises:
        MalformedMessage: not a sealed message, too large, or for another tenant or device.
        CannotOpen: sealed with another key, for the other direction, or altered.
    """
    if len(data) > MAX_SEALED_BYTES:
        raise MalformedMessage("message_too_large", f"a message may have {MAX_SEALED_BYTES} bytes at most")
    outer = wire.SealedMessage()
    message = wire.Message()
    try:
        outer.ParseFromString(data)
    except DecodeError:
        raise MalformedMessage("malformed_message", "the bytes are not a sealed message") from None
    if (outer.version, outer.tenant, outer.device) != (VERSION, tenant, device):
        raise MalformedMessage("wrong_sender", "the message names another tenant, device or version than its topic")
    try:
        message.ParseFromString(unseal(key, outer.sealed, _context(tenant, device, channel)))
    except DecodeError:
        raise MalformedMessage("malformed_message", "the opened bytes are not a message") from None
    return message


def open_with(
    data: bytes, tenant: TenantId, device: DeviceId, channel: str, keys: Sequence[bytes]
) -> tuple[wire.Message, bytes]:
    """Open bytes with whichever of a device's keys opens them, and return that key, too; raises as `open_message`."""
    for key in keys[:-1]:
        try:
            return open_message(data, tenant, device, channel, key), key
        except CannotOpen:
            continue
    return open_message(data, tenant, device, channel, keys[-1]), keys[-1]


def _context(tenant: TenantId, device: DeviceId, channel: str) -> bytes:
    return f"message/{tenant}/{device}/{channel}".encode()
