"""The one gRPC server: every service on one port, with limits and a keep-alive that boxes agree with."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import grpc

from shared.errors import Retryable
from shared.wire.limits import MAX_RPC_BYTES, PING_SECONDS

_WORKERS: Final = 16
_STOP_SECONDS: Final = 5.0
_OPTIONS: Final = (
    ("grpc.max_receive_message_length", MAX_RPC_BYTES),
    ("grpc.max_send_message_length", MAX_RPC_BYTES),
    ("grpc.so_reuseport", 0),
    # A box pings as often as this; a server that knows of it does not take it for a flood (GOAWAY too_many_pings).
    ("grpc.http2.min_recv_ping_interval_without_data_ms", PING_SECONDS * 1000 // 2),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.keepalive_time_ms", PING_SECONDS * 1000),
    ("grpc.keepalive_timeout_ms", 5_000),
)

AddService = Callable[[Any], None]


class RpcServer:
    """The gRPC server."""

    def __init__(self, services: Sequence[AddService], host: str, port: int) -> None:
        """Make a server; nothing listens yet.

        Args:
            services: functions that add one service each.
            host: address to listen on.
            port: TCP port.
        """
        self._server = grpc.server(ThreadPoolExecutor(_WORKERS, thread_name_prefix="rpc"), options=_OPTIONS)
        for add in services:
            add(self._server)
        self._address = f"{host}:{port}"
        self._started = False

    def start(self) -> None:
        """Listen.

        Raises:
            Retryable: the port is taken.
        """
        try:
            bound = self._server.add_insecure_port(self._address)
        except RuntimeError:
            bound = 0
        if bound == 0:
            raise Retryable("port_taken", f"{self._address} cannot be listened on; is the port taken?")
        self._server.start()
        self._started = True

    def stop(self) -> None:
        """Finish what is under way, for a few seconds."""
        if self._started:
            self._server.stop(_STOP_SECONDS).wait()
