"""Asks the hub for what a restored record lacks: this box's own events, and images."""

import hashlib
from collections.abc import Iterator
from typing import Any, Final, NoReturn, Protocol

import grpc

from edge.backup.errors import HistoryRefused, HistoryUnavailable
from edge.sync.hub_channel import HubChannel
from shared.events.envelope import Event, MalformedEvent
from shared.ids import BlobName
from shared.sync.position import Position
from shared.wire import history_pb2 as wire
from shared.wire import history_pb2_grpc as rpc
from shared.wire import medspa_pb2 as blobs
from shared.wire import medspa_pb2_grpc as blobs_rpc

_DEADLINE_SECONDS: Final = 120.0
_TRIES: Final = 5
_REFUSALS: Final = {
    grpc.StatusCode.PERMISSION_DENIED: "the hub has fenced this box: let a person look at it (`medspa hub readmit`)",
    grpc.StatusCode.UNAUTHENTICATED: "the hub does not know this box or has revoked it; check its keys and its clock",
    grpc.StatusCode.FAILED_PRECONDITION: (
        "the hub's copy of the log does not go on from the backup's end: restore with --without-hub and readmit the box"
    ),
}


class History(Protocol):
    """Where the rest of a box's log may be had."""

    def events(self, end: Position) -> Iterator[list[Event]]:
        """Yield the box's own events behind `end`, in order, in runs.

        Raises:
            HistoryUnavailable: nothing or no more can be had now.
            HistoryRefused: a person has to look first.
        """
        ...

    def image(self, name: BlobName, size: int) -> bytes | None:
        """Return an image as it was uploaded, checked against its name, or None when it is not there.

        Raises:
            HistoryUnavailable: it cannot be had now.
        """
        ...


class HubHistory:
    """The hub as the place where the rest is; a call that breaks off is resumed where it was."""

    def __init__(self, channel: HubChannel) -> None:
        self._channel = channel

    def events(self, end: Position) -> Iterator[list[Event]]:
        """Yield the box's own events behind `end`, in order, in runs."""
        tries = 0
        with self._channel.open() as channel:
            stub = rpc.HistoryStub(channel)
            while True:
                query = wire.HistoryQuery(epoch=end.epoch, after_seq=end.seq, hash=end.hash)
                try:
                    for batch in stub.Events(query, timeout=_DEADLINE_SECONDS, wait_for_ready=False):
                        events = _read(batch)
                        yield events
                        fields = events[-1].fields
                        end, tries = Position(fields.epoch, fields.seq, events[-1].hash), 0
                except grpc.RpcError as error:
                    tries += 1
                    if tries >= _TRIES or error.code() in _REFUSALS:
                        _give_up(error)
                else:
                    return

    def image(self, name: BlobName, size: int) -> bytes | None:
        """Return an image as it was uploaded, checked against its name, or None when it is not there."""
        data = bytearray()
        for left in reversed(range(_TRIES)):
            try:
                with self._channel.open() as channel:
                    query = blobs.BlobQuery(name=name, size=size, offset=len(data))
                    for chunk in blobs_rpc.BlobsStub(channel).Download(query, timeout=_DEADLINE_SECONDS):
                        data += chunk.data
            except grpc.RpcError as error:
                if error.code() is grpc.StatusCode.NOT_FOUND:
                    return None
                if not left or error.code() in _REFUSALS:
                    _give_up(error)
                continue
            if hashlib.sha256(data).hexdigest() == name:
                return bytes(data)
            data.clear()
        return None


def _read(batch: wire.HistoryBatch) -> list[Event]:
    try:
        return [Event.from_body(body) for body in batch.bodies]
    except MalformedEvent:
        raise HistoryRefused("history_malformed", "the hub sent what is no event; run medspa verify there") from None


def _give_up(error: Any) -> NoReturn:
    code = error.code()
    if code in _REFUSALS:
        raise HistoryRefused("history_refused", _REFUSALS[code]) from error
    raise HistoryUnavailable("hub_unreachable", f"the hub does not answer ({code.name}); try again") from error
