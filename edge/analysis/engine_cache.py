"""Compiled engines on disk, each under the key of everything it depends on.

An engine is only ever opened by whoever would have compiled the very same one: same model, runtime, provider,
precision, options and hardware. One that is damaged or under a name that is not its own is thrown away and made
again. Losing the whole folder loses nothing but time.
"""

import contextlib
import hashlib
import os
import secrets
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

ENGINE_FILE: Final = "engine.onnx"
LABEL_FILE: Final = "engine.json"
DEFAULT_MAX_BYTES: Final = 1 << 30
_UNFINISHED: Final = ".building-"


@dataclass(frozen=True, slots=True)
class EngineKey:
    """Everything an engine depends on.

    Attributes:
        model_sha256: SHA-256 of the graph it was compiled from.
        runtime: name and version of the runtime.
        provider: execution provider.
        precision: what it computes in.
        options: the provider's options, as `name=value` lines.
        device: name of the hardware.
    """

    model_sha256: str
    runtime: str
    provider: str
    precision: str
    options: str
    device: str

    @property
    def digest(self) -> str:
        """The key as a folder's name."""
        text = "\0".join(f"{name}={value}" for name, value in sorted(asdict(self).items()))
        return hashlib.sha256(text.encode()).hexdigest()


class _Label(BaseModel):
    """What lies beside an engine: whose it is, and the hash of its bytes."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    key: dict[str, str]
    sha256: str = Field(pattern="^[0-9a-f]{64}$")


class EngineCache:
    """Engines below one folder, never more bytes than allowed; safe to share by threads and processes.

    Every step leaves whole engines or none: one is made in a folder of its own and renamed into place.
    """

    def __init__(self, folder: Path, max_bytes: int = DEFAULT_MAX_BYTES) -> None:
        """Use a folder, which need not exist yet."""
        self._folder = folder
        self._max_bytes = max_bytes

    def find(self, key: EngineKey) -> bytes | None:
        """Return the engine of a key, or None; what is damaged, foreign or unreadable is removed on the way."""
        home = self._folder / key.digest
        try:
            label = _Label.model_validate_json((home / LABEL_FILE).read_bytes())
            content = (home / ENGINE_FILE).read_bytes()
        except (OSError, ValidationError):
            self._discard(home)
            return None
        if label.key != asdict(key) or hashlib.sha256(content).hexdigest() != label.sha256:
            self._discard(home)
            return None
        # On a disk that takes no writes the order of eviction does not matter.
        with contextlib.suppress(OSError):
            os.utime(home / LABEL_FILE)
        return content

    def store(self, key: EngineKey, build: Callable[[Path], None]) -> bytes | None:
        """Let `build` write an engine, keep it and return it; None when it is larger than the whole cache may be.

        The least recently used engines make room. When `build` raises, nothing is kept.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        unfinished = self._folder / f"{_UNFINISHED}{secrets.token_hex(8)}"
        unfinished.mkdir()
        try:
            build(unfinished / ENGINE_FILE)
            content = (unfinished / ENGINE_FILE).read_bytes()
            label = _Label(key=asdict(key), sha256=hashlib.sha256(content).hexdigest())
            (unfinished / LABEL_FILE).write_text(label.model_dump_json(indent=1) + "\n", encoding="utf-8")
            size = _size(unfinished)
            if size > self._max_bytes:
                return None
            self._make_room(size, key)
            self._discard(self._folder / key.digest)
            unfinished.rename(self._folder / key.digest)
        finally:
            self._discard(unfinished)
        return content

    def discard(self, key: EngineKey) -> None:
        """Remove an engine that its provider did not take."""
        self._discard(self._folder / key.digest)

    def discard_unfinished(self) -> None:
        """Remove what a power cut left half made; called before anything is built."""
        for path in self._folder.glob(f"{_UNFINISHED}*"):
            self._discard(path)

    def total_bytes(self) -> int:
        """Return the size of all engines."""
        return sum(_size(home) for home in self._homes())

    def _make_room(self, wanted: int, key: EngineKey) -> None:
        """Remove engines, the least recently used first, until `wanted` more bytes fit."""
        others = [home for home in self._homes() if home.name != key.digest]
        total = sum(_size(home) for home in others)
        for home in sorted(others, key=_last_used):
            if total + wanted <= self._max_bytes:
                return
            total -= _size(home)
            self._discard(home)

    def _homes(self) -> list[Path]:
        found = self._folder.iterdir() if self._folder.is_dir() else ()
        return [home for home in found if home.is_dir() and not home.name.startswith(_UNFINISHED)]

    def _discard(self, home: Path) -> None:
        shutil.rmtree(home, ignore_errors=True)


def _size(home: Path) -> int:
    return sum(path.stat().st_size for path in home.iterdir())


def _last_used(home: Path) -> float:
    label = home / LABEL_FILE
    # What has no label is of no use to anybody and goes first.
    return label.stat().st_mtime if label.is_file() else 0.0
