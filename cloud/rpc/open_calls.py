"""The calls under way, by who makes them, so that a revoked device's end at once."""

import threading
from collections.abc import Callable
from typing import Any

import grpc

from cloud.rpc.callers import CallerRefused, peer_of

_KINDS = ("unary_unary", "unary_stream", "stream_unary", "stream_stream")


class OpenCalls(grpc.ServerInterceptor):  # type: ignore[type-arg]  # generic in its stubs only
    """Keeps every call's context for as long as it lasts."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._calls: dict[str, set[Any]] = {}

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

    def end(self, name: str) -> None:
        """Cancel a member's calls; the next one is refused by whoever serves it."""
        with self._lock:
            contexts = list(self._calls.get(name, ()))
        for context in contexts:
            context.cancel()

    def _keep(self, context: Any) -> None:
        try:
            name = peer_of(context).name
        except CallerRefused:
            return  # the service refuses it with the reason
        with self._lock:
            self._calls.setdefault(name, set()).add(context)
        if not context.add_callback(lambda: self._forget(name, context)):
            self._forget(name, context)

    def _forget(self, name: str, context: Any) -> None:
        with self._lock:
            calls = self._calls.get(name, set())
            calls.discard(context)
            if not calls:
                self._calls.pop(name, None)
