"""One error body for every refusal, and the errors an application raises to get it.

PortError
├── Unauthenticated  401
├── Forbidden        403
├── NotFound         404
├── Conflict         409
├── TooLarge         413
├── Refused          422
└── Unavailable      503
"""

from collections.abc import Callable, Mapping
from typing import ClassVar, cast

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict
from starlette.exceptions import HTTPException
from starlette.types import ExceptionHandler


class ErrorBody(BaseModel):
    """What every refusal looks like on the wire."""

    model_config = ConfigDict(extra="forbid")

    code: str
    sentence: str
    field: str | None = None


class PortError(Exception):
    """An expected refusal: `code` for programs, `sentence` for the person at the screen."""

    status: ClassVar[int] = 422

    def __init__(self, code: str, sentence: str, field: str | None = None) -> None:
        """Keep the three parts of the error body; none may hold a name or another personal detail."""
        super().__init__(code)
        self.code = code
        self.sentence = sentence
        self.field = field


class Unauthenticated(PortError):
    """Nobody is signed in."""

    status = 401


class Forbidden(PortError):
    """Somebody is signed in who may not do this."""

    status = 403


class NotFound(PortError):
    """What was asked for is not here."""

    status = 404


class Conflict(PortError):
    """The state has moved on; read again and decide again."""

    status = 409


class TooLarge(PortError):
    """More bytes than the limit."""

    status = 413


class Refused(PortError):
    """Understood and never acceptable as it is."""

    status = 422


class Unavailable(PortError):
    """Not possible now; trying later may help."""

    status = 503


ErrorTranslation = Callable[[Exception], PortError]
"""Turns an application's own error into what the page is told."""

_PLAIN: Mapping[int, tuple[str, str]] = {
    404: ("not_found", "There is nothing at this address."),
    405: ("method_not_allowed", "This address does not take that kind of request."),
}


def _answer(status: int, code: str, sentence: str, field: str | None = None) -> JSONResponse:
    body = ErrorBody(code=code, sentence=sentence, field=field)
    return JSONResponse(body.model_dump(exclude_none=True), status_code=status)


def _port_error(_request: Request, error: PortError) -> JSONResponse:
    return _answer(error.status, error.code, error.sentence, error.field)


def _invalid(_request: Request, error: RequestValidationError) -> JSONResponse:
    """Name the field and the rule. The value sent is never repeated: it may be personal."""
    first = error.errors()[0]
    field = ".".join(str(part) for part in first["loc"][1:]) or None
    return _answer(422, "invalid", f"Please correct this entry: {first['msg']}.", field)


def _plain(_request: Request, error: HTTPException) -> JSONResponse:
    code, sentence = _PLAIN.get(error.status_code, ("refused", "The request could not be carried out."))
    return _answer(error.status_code, code, sentence)


def install_error_handlers(
    app: FastAPI, translations: Mapping[type[Exception], ErrorTranslation] | None = None
) -> None:
    """Give `app` the one error body, for port errors, bad requests and the application's own errors.

    Args:
        app: the application to change.
        translations: for each error class of the application, how to tell it to a page.
    """
    app.add_exception_handler(PortError, cast("ExceptionHandler", _port_error))
    app.add_exception_handler(RequestValidationError, cast("ExceptionHandler", _invalid))
    app.add_exception_handler(HTTPException, cast("ExceptionHandler", _plain))
    for error_type, translate in (translations or {}).items():

        def handler(
            request: Request, error: Exception, translate: ErrorTranslation = translate
        ) -> JSONResponse:
            return _port_error(request, translate(error))

        app.add_exception_handler(error_type, handler)
