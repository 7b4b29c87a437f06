"""Asks the hub for an image that made room on this box, for somebody who looks at it now."""

import hashlib
from collections.abc import Callable
from typing import Final

import grpc

from edge.sync.hub_channel import HubChannel
from shared.errors import Corrupt, Retryable
from shared.ids import BlobName
from shared.wire import medspa_pb2 as wire
from shared.wire import medspa_pb2_grpc as rpc

# Somebody waits in front of a page.
_DEADLINE_SECONDS: Final = 15.0


class HubSilent(Retryable):
    """The hub cannot be asked now."""


class HubImageDamaged(Corrupt):
    """What the hub sent is not the image of that name."""


class HubImageReader:
    """Reads images from the hub; safe to share by threads."""

    def __init__(self, channel: HubChannel, online: Callable[[], bool]) -> None:
        """Keep the connection, and what tells whether it is worth trying."""
        self._channel = channel
        self._online = online

    def image(self, name: BlobName, size: int) -> bytes | None:
        """Return an image as it was sealed, or None when the hub does not have it.

        Raises:
            HubSilent: the hub does not answer within the time somebody waits.
            HubImageDamaged: the hub sent something else.
        """
        if not self._online():
            raise HubSilent("hub_silent", "the hub cannot be reached now")
        data = bytearray()
        try:
            with self._channel.open() as channel:
                query = wire.BlobQuery(name=name, size=size)
                for chunk in rpc.BlobsStub(channel).Download(query, timeout=_DEADLINE_SECONDS):
                    data += chunk.data
                    if len(data) > size:
                        break
        except grpc.RpcError as error:
            if error.code() is grpc.StatusCode.NOT_FOUND:
                return None
            raise HubSilent("hub_silent", f"the hub does not give the image now ({error.code().name})") from error
        if hashlib.sha256(data).hexdigest() != name:
            raise HubImageDamaged("hub_image_damaged", "the hub sent another image than the one asked for")
        return bytes(data)
