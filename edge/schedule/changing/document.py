"""The registry as a document: the clinic's file in JSON, as events hold it and pages edit it."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from pydantic import JsonValue, ValidationError

from edge.schedule.errors import InvalidClinic
from edge.schedule.registry import ON_RECORD, Registry

Document = dict[str, JsonValue]
MOST_BYTES: Final = 100_000
"""Size of a document as compact JSON: with it, an event keeps below its largest size."""

SECTIONS: Final = ("providers", "rooms", "devices", "services")
_PLAIN: Final = {
    "string_too_short": "write something here",
    "string_pattern_mismatch": "use small letters, digits, hyphens and underscores, 40 at most",
    "too_short": "choose at least one",
    "multiple_of": "choose a multiple of five minutes",
    "missing": "this is missing",
    "extra_forbidden": "there is no such field",
}
_PATH: Final = re.compile(r"([a-z_]+(?:\.[a-z0-9_-]+)*): (.+)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a document, and where.

    Attributes:
        section: `providers`, `rooms`, `devices` or `services`; empty for what belongs to the whole clinic.
        entry: the id of the entry, where it has one that can be read.
        field: the field within it, with dots; empty for the entry itself.
        message: what is wrong and what to write instead.
    """

    section: str
    entry: str
    field: str
    message: str

    @property
    def sentence(self) -> str:
        """Where and what in one line."""
        where = ".".join(part for part in (self.section, self.entry, self.field) if part)
        return f"{where}: {self.message}" if where else self.message


class FaultyDocument(InvalidClinic):
    """A document describes no clinic; `faults` say where."""

    def __init__(self, faults: tuple[Fault, ...]) -> None:
        """Keep the faults; the sentence tells the first ones."""
        super().__init__("invalid_clinic", "; ".join(fault.sentence for fault in faults[:5]))
        self.faults = faults


def document_of(registry: Registry) -> Document:
    """Return a registry in the form of the file: what is left to its default is not in it."""
    document: Document = registry.model_dump(mode="json", exclude_unset=True, exclude_none=True)
    return document


def recorded(document: Mapping[str, Any]) -> Registry:
    """Return the registry that a document on record describes, with services that a new one may no longer have.

    Raises:
        FaultyDocument: it describes none.
    """
    try:
        return Registry.model_validate(document, context={ON_RECORD: True})
    except ValidationError as error:
        raise FaultyDocument(_faults(document, error)) from error


def registry_of(document: Mapping[str, Any]) -> Registry:
    """Return the registry that a document describes.

    Raises:
        FaultyDocument: it describes none, or is too large to be kept on record.
    """
    try:
        registry = Registry.model_validate(document)
    except ValidationError as error:
        raise FaultyDocument(_faults(document, error)) from error
    size = len(_compact(document_of(registry)))
    if size > MOST_BYTES:
        message = f"the registry has {size} bytes and may have {MOST_BYTES}; shorten checklists or remove services"
        raise FaultyDocument((Fault("", "", "", message),))
    return registry


def digest_of(registry: Registry) -> str:
    """Return a digest of what a registry says; comments and spacing of its file do not count."""
    return hashlib.sha256(_compact(document_of(registry))).hexdigest()


def _compact(document: Document) -> bytes:
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def _faults(document: Mapping[str, Any], error: ValidationError) -> tuple[Fault, ...]:
    found: list[Fault] = []
    for item in error.errors(include_url=False, include_input=False):
        message = _PLAIN.get(item["type"], item["msg"].removeprefix("Value error, "))
        parts = [str(part) for part in item["loc"]]
        if not parts and (told := _PATH.fullmatch(message)):
            # A rule of the whole clinic names its place in the sentence, with the entry's id.
            parts, message = told.group(1).split("."), told.group(2)
        elif len(parts) > 1 and parts[0] in SECTIONS:
            parts[1] = _name(document, parts[0], parts[1])
        if parts and parts[0] in SECTIONS:
            section, entry, *field = [*parts, ""] if len(parts) == 1 else parts
            found.append(Fault(section, entry, ".".join(field), message))
        else:
            found.append(Fault("", "", ".".join(parts), message))
    return tuple(found)


def _name(document: Mapping[str, Any], section: str, number: str) -> str:
    """Return the id of an entry given by its place, or its place where it has none."""
    entries = document.get(section)
    if isinstance(entries, list | tuple) and number.isdigit() and int(number) < len(entries):
        entry = entries[int(number)]
        if isinstance(entry, Mapping) and isinstance(entry.get("id"), str):
            return str(entry["id"])
    return number
