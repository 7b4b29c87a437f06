"""What an event may say: typed payloads, each with a name and a schema version.

A field annotated with `Sealed` leaves the payload before the event is written and comes back only to
somebody who holds the client's data key, so that destroying the key makes it unreadable everywhere.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, ClassVar

from pydantic import BaseModel, ConfigDict, ValidationError

from shared.errors import Rejected


@dataclass(frozen=True, slots=True)
class Sealed:
    """Marks a payload field that is encrypted under its client's data key."""


SealedText = Annotated[str, Sealed()]


class PayloadModel(BaseModel):
    """Base of every payload; subclasses name their `event_type` and raise `schema_version` on change."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    event_type: ClassVar[str]
    schema_version: ClassVar[int] = 1

    @classmethod
    def sealed_fields(cls) -> frozenset[str]:
        """Return the names of the fields that never appear in clear in an event."""
        return _sealed_fields(cls)


@cache
def _sealed_fields(model: type[PayloadModel]) -> frozenset[str]:
    return frozenset(
        name for name, field in model.model_fields.items() if any(isinstance(mark, Sealed) for mark in field.metadata)
    )


class UnknownSchema(Rejected):
    """No payload is registered under this type and version."""


class InvalidPayload(Rejected):
    """The payload does not fit its registered schema."""


class Catalogue:
    """The payloads a program understands, by type and version.

    Raises:
        ValueError: two payloads claim the same type and version.
    """

    def __init__(self, models: Iterable[type[PayloadModel]]) -> None:
        self._models: dict[tuple[str, int], type[PayloadModel]] = {}
        for model in models:
            key = (model.event_type, model.schema_version)
            if key in self._models:
                raise ValueError(f"{key} is registered twice")
            self._models[key] = model

    def __iter__(self) -> Any:
        """Iterate over the registered payload models."""
        return iter(self._models.values())

    def model(self, event_type: str, schema_version: int) -> type[PayloadModel]:
        """Return the payload model registered under a type and version.

        Raises:
            UnknownSchema: none is.
        """
        try:
            return self._models[event_type, schema_version]
        except KeyError:
            raise UnknownSchema(
                "unknown_schema",
                f"event type {event_type!r} version {schema_version} is not known to this software; update it",
            ) from None

    def check(self, event_type: str, schema_version: int, payload: dict[str, Any]) -> None:
        """Check the clear part of a payload against its schema; sealed fields may be absent.

        Raises:
            UnknownSchema: no such payload is registered.
            InvalidPayload: a field is missing, unknown or of the wrong kind. The message names fields only.
        """
        model = self.model(event_type, schema_version)
        clear = {name: value for name, value in payload.items() if name != "sealed"}
        leaked = model.sealed_fields() & clear.keys()
        if leaked:
            raise InvalidPayload("sealed_field_in_clear", f"{event_type}: {sorted(leaked)} must be sealed")
        try:
            model.model_validate(clear)
        except ValidationError as error:
            wrong = sorted(
                ".".join(map(str, item["loc"])) + f" ({item['type']})"
                for item in error.errors(include_url=False, include_input=False)
                if not (item["type"] == "missing" and str(item["loc"][0]) in model.sealed_fields())
            )
            if wrong:
                raise InvalidPayload("invalid_payload", f"{event_type}: {', '.join(wrong)}") from None
