"""Which settings differ from those that ran before, told by keyed digests: never what they are. Pure."""

import hashlib
import hmac
import json
from collections.abc import Iterator, Mapping, Set
from typing import Any, Final

from pydantic import SecretStr

from shared.events.catalogue.audit import ConfigurationChanged

_DIGEST_DIGITS: Final = 16


def digests_of(settings: Mapping[str, Any], key: bytes) -> dict[str, str]:
    """Return a digest of each setting by its name.

    Args:
        settings: the effective configuration, nested; sets count whatever their order.
        key: digests the values, so that nobody finds a short one by trying.
    """
    return {name: _digest(key, name, value) for name, value in _flat(settings, "")}


def change_between(known: Mapping[str, str], digests: Mapping[str, str]) -> ConfigurationChanged | None:
    """Return what to put on record about digests that differ from those known, or None when none does."""
    changed = tuple(sorted(name for name in digests.keys() | known.keys() if digests.get(name) != known.get(name)))
    if not changed:
        return None
    before = _whole(known) if known else ""
    return ConfigurationChanged(before=before, after=_whole(digests), settings=changed, digests=dict(digests))


def _whole(digests: Mapping[str, str]) -> str:
    """Return one digest of all settings."""
    return hashlib.sha256(json.dumps(dict(digests), sort_keys=True).encode()).hexdigest()


def _flat(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping) and value:
        for name, part in value.items():
            yield from _flat(part, f"{path}.{name}" if path else str(name))
    else:
        yield path, value


def _digest(key: bytes, name: str, value: Any) -> str:
    text = json.dumps([name, value], sort_keys=True, default=_plain).encode()
    return hmac.new(key, text, hashlib.sha256).hexdigest()[:_DIGEST_DIGITS]


def _plain(value: Any) -> Any:
    """Return a value as JSON has it; a set has no order of its own, so it gets one, and a secret counts, too."""
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    return sorted(value) if isinstance(value, Set) else str(value)
