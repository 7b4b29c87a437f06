"""The kiosk's WebSocket: paces preview frames by acknowledgement, passes messages both ways.

Three tasks share a connection. One reads; one writes messages in order; one writes frames, each only
after the page has acknowledged the one before. The first to end, ends all.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable

import anyio
from fastapi import APIRouter, WebSocket, WebSocketDisconnect
from pydantic import TypeAdapter, ValidationError

from edge.api.kiosk_schemas import Ack, KioskClientMessage, KioskProblem, KioskServerMessage
from edge.api.ports import Actor, EdgePorts, KioskSession, PreviewFrame
from edge.staff.permissions import Action
from shared.errors import MedSpaError

_MESSAGES: TypeAdapter[KioskClientMessage] = TypeAdapter(KioskClientMessage)
_MAX_MESSAGE_CHARACTERS = 1_000_000
_ACK_TIMEOUT_SECONDS = 10.0
_HEADER_LENGTH_BYTES = 4


def encode_frame(frame: PreviewFrame) -> bytes:
    """Return the binary message: big-endian header length, JSON header, JPEG."""
    header = frame.header.model_dump_json().encode()
    return len(header).to_bytes(_HEADER_LENGTH_BYTES, "big") + header + frame.jpeg


def decode_frame_header(message: bytes) -> tuple[dict[str, object], bytes]:
    """Return header and JPEG of a binary message; the inverse of `encode_frame` for tests and tools."""
    size = int.from_bytes(message[:_HEADER_LENGTH_BYTES], "big")
    end = _HEADER_LENGTH_BYTES + size
    return json.loads(message[_HEADER_LENGTH_BYTES:end]), message[end:]


class _Connection:
    """One page's connection to the station."""

    def __init__(self, socket: WebSocket, session: KioskSession, actor: Actor) -> None:
        self._socket = socket
        self._session = session
        self._actor = actor
        self._awaiting: int | None = None
        self._acknowledged = asyncio.Event()

    async def serve(self) -> None:
        """Run until the page goes or stops acknowledging."""
        async with anyio.create_task_group() as group:
            for work in (self._read, self._write_messages, self._write_frames):
                group.start_soon(self._end_all_with, work, group.cancel_scope)

    @staticmethod
    async def _end_all_with(work: Callable[[], Awaitable[None]], scope: anyio.CancelScope) -> None:
        try:
            await work()
        except WebSocketDisconnect:
            pass  # the page has gone, which is how a connection usually ends
        finally:
            scope.cancel()

    async def _read(self) -> None:
        while True:
            text = await self._socket.receive_text()
            message = self._parse(text)
            if message is None:
                await self._tell(KioskProblem(code="invalid_message", sentence="Please reload this page."))
            elif isinstance(message, Ack):
                if message.seq == self._awaiting:
                    self._acknowledged.set()
            else:
                await self._handle(message)

    @staticmethod
    def _parse(text: str) -> KioskClientMessage | None:
        if len(text) > _MAX_MESSAGE_CHARACTERS:
            return None
        try:
            return _MESSAGES.validate_json(text)
        except ValidationError:
            return None

    async def _handle(self, message: KioskClientMessage) -> None:
        try:
            await self._session.handle(message, self._actor)
        except MedSpaError as error:
            await self._tell(KioskProblem(code=error.code, sentence=error.sentence))

    async def _tell(self, message: KioskServerMessage) -> None:
        await self._socket.send_text(message.model_dump_json())

    async def _write_messages(self) -> None:
        while True:
            await self._tell(await self._session.next_message())

    async def _write_frames(self) -> None:
        while True:
            frame = await self._session.next_frame()
            self._acknowledged.clear()
            self._awaiting = frame.header.seq
            await self._socket.send_bytes(encode_frame(frame))
            with anyio.move_on_after(_ACK_TIMEOUT_SECONDS) as waiting:
                await self._acknowledged.wait()
            if waiting.cancelled_caught:
                await self._socket.close(code=4408, reason="no acknowledgement")
                return


def kiosk_router(ports: EdgePorts) -> APIRouter:
    """Return the WebSocket route `/api/kiosk`."""
    router = APIRouter()

    @router.websocket("/api/kiosk")
    async def kiosk(socket: WebSocket) -> None:
        try:
            # A page that stays open stays permitted: clients use it, and nobody touches the tablet meanwhile.
            ports.actors.permit(socket.headers, Action.USE_KIOSK, by_hand=True)
            actor = ports.actors.actor(socket.headers)
        except MedSpaError:
            await socket.close(code=4401, reason="sign in")
            return
        await socket.accept()
        session = await ports.kiosk.connect()
        try:
            await _Connection(socket, session, actor).serve()
        finally:
            await session.close()

    kiosk.__dict__["action"] = Action.USE_KIOSK  # a WebSocket answers a refusal itself, so it states it here
    return router
