"""One error body for every refusal, and the errors an application raises to get it.

MedSpaError
├── Rejected 422
│   ├── Unauthenticated  401
│   ├── Forbidden        403
│   ├── NotFound         404
│   ├── Conflict         409
│   └── Refused          422, may name a field
├── Retryable 503
└── Corrupt 500
"""

from collections.abc import Mapping
from typing import cast

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict
from starlette.exceptions import HTTPException
from starlette.types import ExceptionHandler

from shared.errors import Corrupt, MedSpaError, Rejected, Retryable


class ErrorBody(BaseModel):
    """What every refusal looks like on the wire."""

    model_config = ConfigDict(extra="forbid")

    code: str
    sentence: str
    field: str | None = None


class Unauthenticated(Rejected):
    """Nobody is signed in."""


class Forbidden(Rejected):
    """Somebody is signed in who may not do this."""


class NotFound(Rejected):
    """What was asked for is not here."""


class Conflict(Rejected):
    """The state has moved on; read again and decide again."""


class Refused(Rejected):
    """Understood and never acceptable as it is; `field` names the entry to correct."""

    def __init__(self, code: str, sentence: str, field: str | None = None) -> None:
        """Keep the parts of the error body; none may hold a name or another personal detail."""
        super().__init__(code, sentence)
        self.field = field


_STATUSES: Mapping[type[MedSpaError], int] = {
    Unauthenticated: 401,
    Forbidden: 403,
    NotFound: 404,
    Conflict: 409,
    Rejected: 422,
    Retryable: 503,
    Corrupt: 500,
    MedSpaError: 500,
}
_PLAIN: Mapping[int, tuple[str, str]] = {
    404: ("not_found", "There is nothing at this address."),
    405: ("method_not_allowed", "This address does not take that kind of request."),
    413: ("too_large", "That is more data than is accepted at once. Please choose a smaller file."),
}

ERROR_RESPONSES: dict[int | str, dict[str, object]] = {"default": {"model": ErrorBody}}
"""For `responses=` of a router, so that the generated client knows the error body."""


def _answer(status: int, code: str, sentence: str, field: str | None = None) -> JSONResponse:
    body = ErrorBody(code=code, sentence=sentence, field=field)
    return JSONResponse(body.model_dump(exclude_none=True), status_code=status)


def _invalid(_request: Request, error: RequestValidationError) -> JSONResponse:
    """Name the field and the rule. The value sent is never repeated: it may be personal."""
    first = error.errors()[0]
    field = ".".join(str(part) for part in first["loc"][1:]) or None
    return _answer(422, "invalid", f"Please correct this entry: {first['msg']}.", field)


def _plain(_request: Request, error: HTTPException) -> JSONResponse:
    code, sentence = _PLAIN.get(error.status_code, ("refused", "The request could not be carried out."))
    return _answer(error.status_code, code, sentence)


def status_of(error: MedSpaError, statuses: Mapping[type[MedSpaError], int]) -> int:
    """Return the HTTP status of the nearest class of `error` that has one."""
    return next(statuses[kind] for kind in type(error).__mro__ if kind in statuses)


def install_error_handlers(app: FastAPI, statuses: Mapping[type[MedSpaError], int] | None = None) -> None:
    """Give `app` the one error body for the product's errors and for malformed requests.

    Args:
        app: the application to change.
        statuses: HTTP status for error classes of the caller's own, beside the families above.
    """
    known = {**_STATUSES, **(statuses or {})}

    def ours(_request: Request, error: MedSpaError) -> JSONResponse:
        field = error.field if isinstance(error, Refused) else None
        return _answer(status_of(error, known), error.code, error.sentence, field)

    app.add_exception_handler(MedSpaError, cast("ExceptionHandler", ours))
    app.add_exception_handler(RequestValidationError, cast("ExceptionHandler", _invalid))
    app.add_exception_handler(HTTPException, cast("ExceptionHandler", _plain))
