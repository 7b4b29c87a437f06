"""Prints an application's OpenAPI document, from which the pages' typed client is generated."""

import json
from collections.abc import Sequence
from typing import Any

from fastapi import FastAPI
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

_REF = "#/components/schemas/{model}"


def add_models(app: FastAPI, models: Sequence[type[BaseModel]]) -> None:
    """Put `models` into the document of `app` although no route names them (WebSocket messages)."""
    generate = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            document = generate()
            _, extra = models_json_schema([(model, "serialization") for model in models], ref_template=_REF)
            document["components"]["schemas"] |= extra["$defs"]
            app.openapi_schema = document
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]  # the documented way to extend the document


def document_text(app: FastAPI) -> str:
    """Return the document as text that changes only when the interface does."""
    return json.dumps(app.openapi(), indent=2, sort_keys=True, ensure_ascii=False) + "\n"
