"""The one gRPC server: every service on one port, for members of the fleet only, with limits boxes agree with."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import grpc

from cloud.rpc.open_calls import OpenCalls
from shared.crypto.tls import Credentials
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
    # Certificates are looked at when a connection is made; none stays longer than a revocation may take.
    ("grpc.max_connection_age_ms", 240_000),
    ("grpc.max_connection_age_grace_ms", 60_000),
)

AddService = Callable[[Any], None]


class RpcServer:
    """The gRPC server."""

    def __init__(
        self, services: Sequence[AddService], host: str, port: int, credentials: Callable[[], Credentials]
    ) -> None:
        """Make a server; nothing listens yet.

        Args:
            services: functions that add one service each.
            host: address to listen on.
            port: TCP port.
            credentials: returns the hub's present certificate; asked at each new connection.
        """
        self._calls = OpenCalls()
        workers = ThreadPoolExecutor(_WORKERS, thread_name_prefix="rpc")
        self._server = grpc.server(workers, interceptors=[self._calls], options=_OPTIONS)
        for add in services:
            add(self._server)
        self._address = f"{host}:{port}"
        self._credentials = credentials
        self._started = False

    def start(self) -> None:
        """Listen.

        Raises:
            Retryable: the port is taken.
        """
        try:
            bound = self._server.add_secure_port(self._address, self._tls())
        except RuntimeError:
            bound = 0
        if bound == 0:
            raise Retryable("port_taken", f"{self._address} cannot be listened on; is the port taken?")
        self._server.start()
        self._started = True

    def end_calls(self, member: str, refuses: Callable[[str, int], bool]) -> None:
        """End what a member has under way with a certificate that is refused, told by its name and serial."""
        self._calls.end(member, refuses)

    def _tls(self) -> grpc.ServerCredentials:
        def fetch() -> grpc.ServerCertificateConfiguration:
            now = self._credentials()
            return grpc.ssl_server_certificate_configuration([(now.key, now.chain)], root_certificates=now.trust)

        return grpc.dynamic_ssl_server_credentials(fetch(), fetch, require_client_authentication=True)

    def stop(self) -> None:
        """Finish what is under way, for a few seconds."""
        if self._started:
            self._server.stop(_STOP_SECONDS).wait()
