"""The box's gRPC connection to the hub: one channel, TLS 1.3, proven by the box's present certificate."""

import threading
from collections.abc import Callable
from typing import Any, Final

import grpc

from shared.crypto.pki import HUB_HOST
from shared.crypto.tls import Credentials
from shared.wire.limits import MAX_RPC_BYTES, PING_SECONDS

_OPTIONS: Final = (
    ("grpc.max_receive_message_length", MAX_RPC_BYTES),
    ("grpc.max_send_message_length", MAX_RPC_BYTES),
    ("grpc.keepalive_time_ms", PING_SECONDS * 1000),
    ("grpc.keepalive_timeout_ms", 5_000),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.max_reconnect_backoff_ms", 5_000),
    ("grpc.enable_http_proxy", 0),
    # The hub's certificate names the hub, whatever address it is reached at.
    ("grpc.ssl_target_name_override", HUB_HOST),
)


class HubChannel:
    """Opens channels to the hub."""

    def __init__(self, address: str, credentials: Callable[[], Credentials]) -> None:
        """Keep what a connection needs.

        Args:
            address: host and port of the hub's gRPC server.
            credentials: returns the box's present certificate; the same object for as long as it stays.
        """
        self._address = address
        self._credentials = credentials

    def open(self) -> grpc.Channel:
        """Return a channel; it connects at the first call and heals by itself. Close it, or use it with `with`."""
        return _Renewing(self._address, self._credentials)


class _Renewing(grpc.Channel):
    """A channel that connects anew when the certificate was renewed; calls under way are cut and come again."""

    def __init__(self, address: str, credentials: Callable[[], Credentials]) -> None:
        self._address = address
        self._credentials = credentials
        self._lock = threading.Lock()
        self._used: Credentials | None = None
        self._channel: grpc.Channel | None = None

    def present(self) -> grpc.Channel:
        """Return the connection made with the present certificate."""
        with self._lock:
            now = self._credentials()
            if self._channel is None or now is not self._used:
                if self._channel is not None:
                    self._channel.close()
                self._used = now
                tls = grpc.ssl_channel_credentials(now.trust, now.key, now.chain)
                self._channel = grpc.secure_channel(self._address, tls, options=_OPTIONS)
            return self._channel

    def unary_unary(self, *arguments: Any, **options: Any) -> Any:
        """Return what makes calls that send one and get one."""
        return _Calls(self, "unary_unary", arguments, options)

    def unary_stream(self, *arguments: Any, **options: Any) -> Any:
        """Return what makes calls that send one and get many."""
        return _Calls(self, "unary_stream", arguments, options)

    def stream_unary(self, *arguments: Any, **options: Any) -> Any:
        """Return what makes calls that send many and get one."""
        return _Calls(self, "stream_unary", arguments, options)

    def stream_stream(self, *arguments: Any, **options: Any) -> Any:
        """Return what makes calls that send many and get many."""
        return _Calls(self, "stream_stream", arguments, options)

    def subscribe(self, callback: Any, try_to_connect: bool = False) -> None:
        """Follow the present connection's state."""
        self.present().subscribe(callback, try_to_connect)

    def unsubscribe(self, callback: Any) -> None:
        """Follow it no more."""
        self.present().unsubscribe(callback)

    def close(self) -> None:
        """Close the connection."""
        with self._lock:
            if self._channel is not None:
                self._channel.close()
            self._channel = None

    def __enter__(self) -> "_Renewing":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class _Calls:
    """Makes one method's calls on the connection of the moment."""

    def __init__(self, channel: _Renewing, kind: str, arguments: tuple[Any, ...], options: dict[str, Any]) -> None:
        self._channel, self._kind = channel, kind
        self._arguments, self._options = arguments, options

    def __call__(self, *request: Any, **call: Any) -> Any:
        return self._bound()(*request, **call)

    def __getattr__(self, name: str) -> Any:
        """Return `future` and `with_call` of the connection of the moment."""
        return getattr(self._bound(), name)

    def _bound(self) -> Any:
        return getattr(self._channel.present(), self._kind)(*self._arguments, **self._options)
