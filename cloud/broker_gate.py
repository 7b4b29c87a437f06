"""The embedded broker's gate: who connects, by certificate, before the broker hears a word.

The broker would end another session of the same client id before it asks who is there, and would publish a last
will on any topic. So the first packet is read here and compared with the certificate, then handed on unchanged.
"""

import asyncio
from dataclasses import dataclass
from typing import Final

from amqtt.adapters import BufferReader, ReaderAdapter, StreamReaderAdapter
from amqtt.errors import AMQTTError, MQTTError, NoDataError
from amqtt.mqtt.connect import ConnectPacket
from cryptography import x509

from shared.crypto.pki import CertificateRefused, Member, is_hub, read_member
from shared.errors import Rejected
from shared.wire.topics import PRESENCE, topic

HUB: Final = "hub"
_MAX_CONNECT_BYTES: Final = 64 * 1024
_SPOKEN: Final = 4  # MQTT 3.1.1; the broker itself refuses the others, before it looks at anything else


class Refused(Rejected):
    """Whoever connects may not, or not like this."""


@dataclass(frozen=True, slots=True)
class Guest:
    """Who is at the other end: a member, or the hub itself."""

    member: Member | None
    serial: int

    @property
    def name(self) -> str:
        """The name connections are known by; also the start of the client id."""
        return HUB if self.member is None else self.member.name


def guest_of(certificate: bytes | None) -> Guest:
    """Return whom a verified certificate (DER) names.

    Raises:
        Refused: nobody of ours.
    """
    if certificate is None:
        raise Refused("no_certificate", "a client shows a certificate")
    parsed = x509.load_der_x509_certificate(certificate)
    try:
        return Guest(None if is_hub(parsed) else read_member(parsed), parsed.serial_number)
    except CertificateRefused:
        raise Refused("no_member", "the certificate names no member") from None


async def read_connect(reader: asyncio.StreamReader) -> bytes:
    """Return the first packet's bytes.

    Raises:
        Refused: it is not a CONNECT of a reasonable size.
        asyncio.IncompleteReadError, OSError: the connection ended.
    """
    head = await reader.readexactly(1)
    length, shift = 0, 0
    while True:
        (byte,) = await reader.readexactly(1)
        head += bytes((byte,))
        length |= (byte & 0x7F) << shift
        shift += 7
        if not byte & 0x80:
            break
        if shift > 21:
            raise Refused("bad_connect", "the first packet has no length")
    if head[0] >> 4 != 1 or length > _MAX_CONNECT_BYTES:
        raise Refused("bad_connect", "the first packet is a CONNECT")
    return head + await reader.readexactly(length)


async def check_connect(packet: bytes, guest: Guest) -> None:
    """Hold the client id and the last will to the certificate.

    Raises:
        Refused: they are somebody else's, or the packet cannot be read.
    """
    try:
        connect = await ConnectPacket.from_stream(BufferReader(packet))
        if connect.proto_level != _SPOKEN:
            return
        client, will = connect.client_id, connect.will_topic
    except (AMQTTError, MQTTError, NoDataError, ValueError, IndexError):
        raise Refused("bad_connect", "the first packet cannot be read") from None
    if guest.member is None:
        return
    if client != guest.name:
        raise Refused("wrong_client_id", "a member's client id is its certificate's name")
    if will not in (None, topic(guest.member.tenant, guest.member.device, PRESENCE)):
        raise Refused("wrong_will", "a member's last will goes to its own presence topic")


class Replayed(ReaderAdapter):  # type: ignore[misc]  # amqtt publishes no types
    """Reads the first packet once more, then what comes after it."""

    def __init__(self, packet: bytes, reader: asyncio.StreamReader) -> None:
        self._packet = packet
        self._rest = StreamReaderAdapter(reader)

    async def read(self, n: int = -1) -> bytes:
        """Return `n` bytes."""
        if not self._packet:
            return bytes(await self._rest.read(n))
        part, self._packet = self._packet[:n], self._packet[n:]
        return part

    def feed_eof(self) -> None:
        """End the stream."""
        self._packet = b""
        self._rest.feed_eof()
