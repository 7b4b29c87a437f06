"""The box's gRPC connection to the hub: one channel, each call with a fresh proof of who calls."""

from collections import namedtuple
from collections.abc import Callable
from typing import Any, Final

import grpc

from shared.clock import Clock
from shared.crypto.identity import DeviceIdentity
from shared.ids import DeviceId
from shared.wire.limits import CALLER_PROOF, MAX_RPC_BYTES, PING_SECONDS

_OPTIONS: Final = (
    ("grpc.max_receive_message_length", MAX_RPC_BYTES),
    ("grpc.max_send_message_length", MAX_RPC_BYTES),
    ("grpc.keepalive_time_ms", PING_SECONDS * 1000),
    ("grpc.keepalive_timeout_ms", 5_000),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.max_reconnect_backoff_ms", 5_000),
    ("grpc.enable_http_proxy", 0),
)


class HubChannel:
    """Opens channels to the hub; every call on them carries this device's pass for that method."""

    def __init__(self, address: str, device: DeviceId, identity: DeviceIdentity, clock: Clock) -> None:
        """Keep what a connection needs.

        Args:
            address: host and port of the hub's gRPC server.
            device: who calls.
            identity: signs the passes.
            clock: dates the passes.
        """
        self._address = address
        self._device = device
        self._identity = identity
        self._clock = clock

    def open(self) -> grpc.Channel:
        """Return a channel; it connects at the first call and heals by itself. Close it, or use it with `with`."""
        channel = grpc.insecure_channel(self._address, options=_OPTIONS)
        return grpc.intercept_channel(channel, _Passes(self._pass))

    def _pass(self, method: str) -> tuple[str, str]:
        return (CALLER_PROOF, self._identity.issue_pass(self._device, method, self._clock.wall()))


class _Details(
    namedtuple("_Details", ("method", "timeout", "metadata", "credentials", "wait_for_ready", "compression")),
    grpc.ClientCallDetails,
):
    """A call's details with our metadata; gRPC offers no public class for it."""


class _Passes(
    grpc.UnaryUnaryClientInterceptor,  # type: ignore[type-arg]  # generic in its stubs only
    grpc.UnaryStreamClientInterceptor,  # type: ignore[type-arg]  # generic in its stubs only
    grpc.StreamUnaryClientInterceptor,  # type: ignore[type-arg]  # generic in its stubs only
    grpc.StreamStreamClientInterceptor,  # type: ignore[type-arg]  # generic in its stubs only
):
    """Adds a pass to every call, whatever its kind."""

    def __init__(self, issue: Callable[[str], tuple[str, str]]) -> None:
        self._issue = issue

    def intercept_unary_unary(self, continuation: Any, client_call_details: Any, request: Any) -> Any:
        """Send one, get one."""
        return continuation(self._with_pass(client_call_details), request)

    def intercept_unary_stream(self, continuation: Any, client_call_details: Any, request: Any) -> Any:
        """Send one, get many."""
        return continuation(self._with_pass(client_call_details), request)

    def intercept_stream_unary(self, continuation: Any, client_call_details: Any, request_iterator: Any) -> Any:
        """Send many, get one."""
        return continuation(self._with_pass(client_call_details), request_iterator)

    def intercept_stream_stream(self, continuation: Any, client_call_details: Any, request_iterator: Any) -> Any:
        """Send many, get many."""
        return continuation(self._with_pass(client_call_details), request_iterator)

    def _with_pass(self, details: Any) -> _Details:
        method = details.method.decode() if isinstance(details.method, bytes) else details.method
        metadata = (*(details.metadata or ()), self._issue(method))
        return _Details(
            details.method, details.timeout, metadata, details.credentials, details.wait_for_ready, details.compression
        )
