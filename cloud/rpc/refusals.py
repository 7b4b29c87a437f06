"""Turns our errors into gRPC's status codes, which tell a box whether to come again."""

from collections.abc import Mapping
from typing import Any, Final, NoReturn

import grpc

from cloud.rpc.callers import CallerRefused, DeviceRefused
from shared.errors import Corrupt, MedSpaError, Rejected, Retryable

_STATUSES: Final[Mapping[type[MedSpaError], grpc.StatusCode]] = {
    CallerRefused: grpc.StatusCode.UNAUTHENTICATED,
    DeviceRefused: grpc.StatusCode.PERMISSION_DENIED,
    Retryable: grpc.StatusCode.UNAVAILABLE,
    Corrupt: grpc.StatusCode.DATA_LOSS,
    Rejected: grpc.StatusCode.INVALID_ARGUMENT,
}


def status_of(error: MedSpaError | OSError, own: Mapping[type[MedSpaError], grpc.StatusCode] = {}) -> grpc.StatusCode:
    """Return the status of an error; `own` holds a service's more particular ones."""
    if isinstance(error, OSError):
        return grpc.StatusCode.RESOURCE_EXHAUSTED
    both = {**own, **_STATUSES}
    return next((status for kind, status in both.items() if isinstance(error, kind)), grpc.StatusCode.UNKNOWN)


def abort(
    context: Any, error: MedSpaError | OSError, own: Mapping[type[MedSpaError], grpc.StatusCode] = {}
) -> NoReturn:
    """End a call with the error's status and a sentence that says what to do."""
    sentence = error.sentence if isinstance(error, MedSpaError) else "the hub's disk refuses; try again later"
    context.abort(status_of(error, own), sentence)
    raise AssertionError("abort raises")  # the generated code has no types to say so
