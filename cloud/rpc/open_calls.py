"""The calls under way, by who makes them, so that a revoked device's end at once."""

import threading
from collections.abc import Callable
from typing import Any

import grpc

from cloud.rpc.callers import CallerRefused, proof_of

_KINDS = ("unary_unary", "unary_stream", "stream_unary", "stream_stream")


class OpenCalls(grpc.ServerInterceptor):  # type: ignore[type-arg]  # generic in its stubs only
    """Keeps every call's context for as long as it lasts."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._calls: dict[str, dict[Any, int]] = {}

    def intercept_service(self, continuation: Callable[[Any], Any], handler_call_details: Any) -> Any:
        """Wrap whatever serves a call."""
        handler = continuation(handler_call_details)
        if handler is None:
            return None
        kind = next(kind for kind in _KINDS if getattr(handler, kind) is not None)
        serve = getattr(handler, kind)

        def watched(request: Any, context: Any) -> Any:
            self._keep(context)
            return serve(request, context)

        make = getattr(grpc, f"{kind}_rpc_method_handler")
        return make(watched, handler.request_deserializer, handler.response_serializer)

    def end(self, name: str, refuses: Callable[[str, int], bool]) -> None:
        """Cancel a member's calls, those with a refused certificate only; the next is refused by whoever serves it.

        Args:
            name: the member.
            refuses: tells of its name and a certificate's serial whether that is out.
        """
        with self._lock:
            calls = list(self._calls.get(name, {}).items())
        for context, serial in calls:
            if refuses(name, serial):
                context.cancel()

    def _keep(self, context: Any) -> None:
        try:
            certificate, member = proof_of(context)
        except CallerRefused:
            return  # the service refuses it with the reason
        name = member.name
        with self._lock:
            self._calls.setdefault(name, {})[context] = certificate.serial_number
        if not context.add_callback(lambda: self._forget(name, context)):
            self._forget(name, context)

    def _forget(self, name: str, context: Any) -> None:
        with self._lock:
            calls = self._calls.get(name, {})
            calls.pop(context, None)
            if not calls:
                self._calls.pop(name, None)
