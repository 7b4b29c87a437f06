"""Configuration from one TOML file, validated before anything starts; every error names file, line and fix.

A file holds one table a side, `[edge]` or `[hub]`. An environment variable `MEDSPA_EDGE__STORE__FOLDER`
overrides `edge.store.folder`; secrets are never configuration: they live in sealed key files.
"""

import difflib
import os
import re
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar, TypeVar, get_args

from pydantic import BaseModel, ValidationError
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
)

from shared.errors import Rejected

Settings = TypeVar("Settings", bound="SideSettings")


class SideSettings(BaseSettings):
    """Base of a side's whole configuration; `table` is its name in the file."""

    model_config = SettingsConfigDict(extra="forbid", frozen=True, env_nested_delimiter="__")

    table: ClassVar[str]

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Let the environment override the file, and read nothing else."""
        del env_settings, dotenv_settings, file_secret_settings
        environment = EnvSettingsSource(
            settings_cls, env_prefix=f"MEDSPA_{cls.table.upper()}__", env_nested_delimiter="__"
        )
        return environment, init_settings


class ConfigInvalid(Rejected):
    """A configuration file cannot be used; `problems` has one line each."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("config_invalid", "\n".join(problems))
        self.problems = tuple(problems)


def tables_of(path: Path) -> dict[str, Any]:
    """Return the parsed file.

    Raises:
        ConfigInvalid: it cannot be read or is not TOML.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigInvalid([f"{path}: cannot be read ({error.strerror}); check the path"]) from None
    except UnicodeDecodeError:
        raise ConfigInvalid([f"{path}: is not UTF-8 text; save it as UTF-8"]) from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigInvalid([f"{path}: {error}; mend the TOML there"]) from None


def load_settings(path: Path, model: type[Settings]) -> Settings:
    """Return a side's settings from its table in a file, relative paths taken from the file's folder.

    Raises:
        ConfigInvalid: the table is missing or anything in it is wrong; nothing was started.
    """
    tables = tables_of(path)
    if model.table not in tables:
        raise ConfigInvalid([f"{path}:1: has no table [{model.table}]; add it"])
    text = path.read_text(encoding="utf-8")
    if not isinstance(tables[model.table], dict):
        line = _line_of(text, [model.table])
        raise ConfigInvalid([f"{path}:{line}: {model.table} is a value; make it a table, [{model.table}]"])
    try:
        settings = model(**tables[model.table])
    except ValidationError as error:
        raise ConfigInvalid(list(_problems(path, text, model, error))) from None
    except SettingsError:
        prefix = _variable(model, [])
        raise ConfigInvalid(
            [f"environment {prefix}…: a table or list there must be JSON; change or unset it"]
        ) from None
    return _anchored(settings, path.resolve().parent)


Anchored = TypeVar("Anchored", bound=BaseModel)


def _anchored(section: Anchored, folder: Path) -> Anchored:
    """Return the same settings with every relative path taken from `folder`."""
    changes: dict[str, Any] = {}
    for name in type(section).model_fields:
        value = getattr(section, name)
        if isinstance(value, Path):
            changes[name] = folder / value
        elif isinstance(value, BaseModel):
            changes[name] = _anchored(value, folder)
    return section.model_copy(update=changes)


def _problems(path: Path, text: str, model: type[SideSettings], error: ValidationError) -> Iterator[str]:
    found = error.errors(include_url=False, include_input=False)
    for item in found:
        if any(len(other["loc"]) > len(item["loc"]) == _shared(other["loc"], item["loc"]) for other in found):
            continue  # says only that something inside is wrong, which is named itself
        keys = [str(key) for key in item["loc"]]
        line = _line_of(text, [model.table, *keys])
        dotted = ".".join([model.table, *keys])
        variable = _variable(model, keys)
        place = f"environment {variable}" if variable in map(str.upper, os.environ) else f"{path}:{line}"
        yield f"{place}: {dotted}: {item['msg']}; {_fix(model, keys, item['type'])}"


def _shared(one: Sequence[Any], other: Sequence[Any]) -> int:
    return next((number for number, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), len(other))


def _variable(model: type[SideSettings], keys: Sequence[str]) -> str:
    return "__".join([f"MEDSPA_{model.table}", *keys]).upper()


def _fix(model: type[BaseModel], keys: Sequence[str], kind: str) -> str:
    if kind == "extra_forbidden":
        known = _known_keys(model, keys[:-1])
        near = difflib.get_close_matches(keys[-1], known, n=1)
        return f"did you mean {near[0]!r}?" if near else f"remove it; known keys: {', '.join(sorted(known))}"
    if kind == "missing":
        return "add this key"
    return "change the value"


def _known_keys(model: type[BaseModel], keys: Sequence[str]) -> list[str]:
    current: Any = model
    for key in keys:
        if key.isdecimal():  # the number of an entry in a list of tables; the list's model is known already
            continue
        field = getattr(current, "model_fields", {}).get(key)
        kind = field.annotation if field is not None else None
        inside = (part for part in get_args(kind) if hasattr(part, "model_fields"))
        current = kind if hasattr(kind, "model_fields") else next(inside, None)
    return list(getattr(current, "model_fields", {}))


def _line_of(text: str, keys: Sequence[str]) -> int:
    """Find the line of the deepest key that stands in the text; TOML parsers keep no positions."""
    table: list[str] = []
    entries: dict[tuple[str, ...], int] = {}
    best, best_depth = 1, 0
    for number, line in enumerate(text.splitlines(), start=1):
        if heading := re.match(r"\s*(\[+)\s*([\w.\-\"]+)\s*\]+", line):
            table = _placed(heading.group(2), entries)
            if heading.group(1) == "[[":
                name = tuple(table)
                entries[name] = entries.get(name, -1) + 1
                table.append(str(entries[name]))
            here = table
        elif assignment := re.match(r"\s*([\w.\-\"]+)\s*=", line):
            here = [*table, *_parts(assignment.group(1))]
        else:
            continue
        depth = len(here)
        if depth > best_depth and list(keys[:depth]) == here:
            best, best_depth = number, depth
    return best


def _placed(heading: str, entries: dict[tuple[str, ...], int]) -> list[str]:
    """Return a heading's keys, each list of tables on the way followed by the number of its latest entry."""
    placed: list[str] = []
    parts = _parts(heading)
    for part in parts[:-1]:
        placed.append(part)
        if tuple(placed) in entries:
            placed.append(str(entries[tuple(placed)]))
    return [*placed, parts[-1]]


def _parts(dotted: str) -> list[str]:
    return [part.strip('"') for part in dotted.split(".")]
