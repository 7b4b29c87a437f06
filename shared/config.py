"""Configuration from one TOML file, validated before anything starts; every error names file, line and fix.

A file holds one table a side, `[edge]` or `[hub]`. An environment variable `MEDSPA_EDGE__STORE__FOLDER`
overrides `edge.store.folder`; secrets are never configuration: they live in sealed key files.
"""

import difflib
import re
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from shared.errors import Rejected

Settings = TypeVar("Settings", bound="SideSettings")


class Section(BaseModel):
    """Base of every table inside a side's configuration: unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


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
    try:
        settings = model(**tables[model.table])
    except ValidationError as error:
        text = path.read_text(encoding="utf-8")
        raise ConfigInvalid(list(_problems(path, text, model, error))) from None
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
    for item in error.errors(include_url=False, include_input=False):
        keys = [str(key) for key in item["loc"]]
        line = _line_of(text, [model.table, *keys])
        dotted = ".".join([model.table, *keys])
        yield f"{path}:{line}: {dotted}: {item['msg']}; {_fix(model, keys, item['type'])}"


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
        field = getattr(current, "model_fields", {}).get(key)
        current = field.annotation if field is not None else None
    return list(getattr(current, "model_fields", {}))


def _line_of(text: str, keys: Sequence[str]) -> int:
    """Find the line of the deepest key that stands in the text; TOML parsers keep no positions."""
    table: list[str] = []
    best, best_depth = 1, 0
    for number, line in enumerate(text.splitlines(), start=1):
        heading = re.match(r"\s*\[+\s*([\w.\-\"]+)\s*\]+", line)
        if heading:
            table = [part.strip('"') for part in heading.group(1).split(".")]
            here = table
        else:
            assignment = re.match(r"\s*([\w\-\"]+)\s*=", line)
            if not assignment:
                continue
            here = [*table, assignment.group(1).strip('"')]
        depth = len(here)
        if depth > best_depth and list(keys[:depth]) == here:
            best, best_depth = number, depth
    return best
