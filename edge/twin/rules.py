"""What the hub may set from afar, and what a wanted configuration means. No I/O."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any, Final

from pydantic import ValidationError

from edge.config import EdgeSettings
from shared.errors import Rejected
from shared.events.catalogue.twin import Value

# Folders, ports and keys of the box are its own: whoever holds the hub must not be able to move a record.
CHANGEABLE: Final = frozenset(
    {
        "log_level",
        "clinic.name",
        "store.reserve_bytes",
        "hub.mqtt_host",
        "hub.mqtt_port",
        "hub.rpc_host",
        "hub.rpc_port",
        "hub.keepalive_seconds",
        "hub.reconnect_max_seconds",
        "analysis.budget_threads",
    }
)


class ConfigurationRefused(Rejected):
    """A wanted configuration cannot be taken over; nothing of it is."""


def overlaid(own: EdgeSettings, values: Mapping[str, Value]) -> EdgeSettings:
    """Return the box's own settings with the wanted ones over them: all of them, or none.

    Raises:
        ConfigurationRefused: a name may not be set from afar, or a value does not fit.
    """
    forbidden = sorted(set(values) - CHANGEABLE)
    if forbidden:
        raise ConfigurationRefused("not_changeable", f"the hub may not set {', '.join(forbidden)}")
    below: dict[str, dict[str, Value]] = {}
    for name, value in values.items():
        section, _, field = name.rpartition(".")
        below.setdefault(section, {})[field] = value
    changes: dict[str, Any] = {}
    try:
        for section, fields in below.items():
            changes |= _checked(own, section, fields)
    except ValidationError as error:
        wrong = ", ".join(".".join(map(str, item["loc"])) for item in error.errors(include_url=False))
        raise ConfigurationRefused("value_refused", f"a value does not fit: {wrong}") from None
    return own.model_copy(update=changes)


def digest(settings: EdgeSettings) -> str:
    """Return a hash of every setting that can be changed from afar: equal means nothing would be different."""
    shown = {name: _value_at(settings, name.split(".")) for name in sorted(CHANGEABLE)}
    return hashlib.sha256(json.dumps(shown, sort_keys=True).encode()).hexdigest()


def _checked(own: EdgeSettings, section: str, fields: Mapping[str, Value]) -> dict[str, Any]:
    """Return what to change in the settings, each value checked as if it stood in the box's file."""
    if section:
        former = getattr(own, section)
        return {section: type(former).model_validate({**dict(former), **fields})}
    checked = EdgeSettings.model_validate(fields)
    return {name: getattr(checked, name) for name in fields}


def _value_at(section: Any, path: list[str]) -> Any:
    for name in path:
        section = getattr(section, name)
    return section
