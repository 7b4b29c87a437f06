"""The capture station."""

from dataclasses import dataclass
from typing import Protocol

from edge.api.kiosk_schemas import KioskClientMessage, KioskServerMessage, PreviewHeader
from edge.api.ports.people import Actor


@dataclass(frozen=True, slots=True)
class PreviewFrame:
    """One JPEG of the camera's preview and what is drawn over it."""

    header: PreviewHeader
    jpeg: bytes


class KioskSession(Protocol):
    """One connected kiosk page. All methods run on the event loop and must not block it."""

    async def handle(self, message: KioskClientMessage, actor: Actor) -> None:
        """Act on a message; `Ack` never arrives here, the surface paces the frames itself.

        Raises:
            MedSpaError: told to the page as a `problem`; the connection stays.
        """
        ...

    async def next_message(self) -> KioskServerMessage:
        """Wait for the next message to the page. The first is the present state; none is dropped."""
        ...

    async def next_frame(self) -> PreviewFrame:
        """Wait for a frame newer than the one returned last; older unfetched frames are forgotten."""
        ...

    async def close(self) -> None:
        """The page has gone. The visit stays as it is until the page is back or the visit expires."""
        ...


class KioskPort(Protocol):
    """The capture station."""

    async def connect(self) -> KioskSession:
        """Open the station to one page; a page that connects later takes over from an earlier one."""
        ...
