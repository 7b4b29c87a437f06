"""The path of images without sockets: the box's stub calls the hub's own service, and the network may interfere."""

import random
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import grpc

from shared.wire import medspa_pb2 as wire
from tests.faults.sim.box import SimBox
from tests.faults.sim.fuses import Crash
from tests.faults.sim.hub import SimHub
from tests.faults.sim.network import Network, Weather

Answer = TypeVar("Answer", wire.BlobState, wire.BlobStates)


class CallFailed(grpc.RpcError):  # type: ignore[misc]  # gRPC publishes no types
    """What a box sees of a call that failed."""

    def __init__(self, code: grpc.StatusCode) -> None:
        super().__init__(str(code))
        self._code = code

    def code(self) -> grpc.StatusCode:
        """Return the status."""
        return self._code


class _Aborted(Exception):
    def __init__(self, code: grpc.StatusCode) -> None:
        super().__init__(str(code))
        self.code = code


class _Context:
    """What the hub's service sees of a call; the connection has proven the certificate."""

    def __init__(self, certificate: bytes) -> None:
        self._certificate = certificate

    def auth_context(self) -> dict[str, list[bytes]]:
        return {"ssl_tls_version": [b"TLSv1.3"], "x509_pem_cert": [self._certificate]}

    def abort(self, code: grpc.StatusCode, _sentence: str) -> None:
        raise _Aborted(code)


class BlobsInProcess:
    """The stub of one box."""

    def __init__(
        self,
        box: SimBox,
        hub: SimHub,
        network: Network,
        chance: random.Random,
        leaving: Callable[[SimBox, str], None],
    ) -> None:
        """Keep both ends.

        Args:
            box: who calls.
            hub: who answers.
            network: says what may go wrong on the way.
            chance: decides what does.
            leaving: is told of every chunk just before it leaves the box.
        """
        self._box, self._hub, self._network, self._chance, self._leaving = box, hub, network, chance, leaving

    def WhereMany(self, queries: wire.BlobQueries, timeout: float) -> wire.BlobStates:  # noqa: N802 - by the protocol
        """Ask how much of each image is there."""
        return self._call(lambda context: self._hub.blobs.WhereMany(queries, context))

    def Drop(self, queries: wire.BlobQueries, timeout: float) -> wire.BlobStates:  # noqa: N802 - by the protocol
        """Have what has come of each image thrown away."""
        return self._call(lambda context: self._hub.blobs.Drop(queries, context))

    def Upload(self, chunks: Iterator[wire.BlobChunk], timeout: float) -> wire.BlobState:  # noqa: N802
        """Send an image."""
        return self._call(lambda context: self._hub.blobs.Upload(self._sent(chunks), context))

    def _call(self, answer: Callable[[Any], Answer]) -> Answer:
        weather = self._weather()
        if not self._hub.running or not self._box.transport.connected or self._lost(weather):
            raise CallFailed(grpc.StatusCode.UNAVAILABLE)
        context = _Context(self._box.certificate)
        try:
            state = answer(context)
        except _Aborted as refused:
            raise CallFailed(refused.code) from None
        except Crash as crash:
            if crash.machine != "hub":
                raise
            self._hub.die()
            raise CallFailed(grpc.StatusCode.UNAVAILABLE) from None
        if self._lost(weather):
            raise CallFailed(grpc.StatusCode.DEADLINE_EXCEEDED)
        return state

    def _sent(self, chunks: Iterator[wire.BlobChunk]) -> Iterator[wire.BlobChunk]:
        for chunk in chunks:
            if self._lost(self._weather()):
                raise CallFailed(grpc.StatusCode.UNAVAILABLE)
            self._leaving(self._box, chunk.name)
            yield chunk

    def _weather(self) -> Weather:
        return self._network.up_weather.get(self._box.identity.device, Weather())

    def _lost(self, weather: Weather) -> bool:
        lost = weather.cut or self._chance.random() < weather.drop
        self._network.injected["image calls cut"] += lost
        return lost
