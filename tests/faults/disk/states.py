"""Every state that a power cut could leave on a disk, rebuilt from what a program did to its files.

Pure but for `lay_out`. The disk modelled here keeps what was synced and, of everything else, any part: each write
whole, not at all, or only some of its sectors, in any order; of each folder's entries any number of the oldest.
A file's new entry is durable only once its folder was synced.
"""

import hashlib
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Final

from tests.faults.disk.trace import Acknowledged, Entry, Recording, Sync, SyncFolder, Truncate, Write

_SECTOR: Final = 512


class Fate(StrEnum):
    """What becomes of writes that were not synced."""

    KEPT = "kept"
    DROPPED = "dropped"
    RANDOM = "random"


@dataclass
class _Disk:
    """What is durable, and what is pending."""

    contents: dict[int, bytearray]
    names: dict[str, int]
    pending: dict[int, list[Write | Truncate]] = field(default_factory=dict)
    entries: dict[str, list[Entry]] = field(default_factory=dict)

    def take(self, item: Write | Truncate | Sync | Entry | SyncFolder) -> None:
        match item:
            case Write() | Truncate():
                self.pending.setdefault(item.file, []).append(item)
            case Entry():
                self.entries.setdefault(item.folder, []).append(item)
            case Sync():
                for change in self.pending.pop(item.file, []):
                    _apply(self.contents.setdefault(item.file, bytearray()), change)
            case SyncFolder():
                for entry in self.entries.pop(item.folder, []):
                    _rename(self.names, entry)


@dataclass(frozen=True)
class State:
    """One disk after a cut, and what had been acknowledged by then."""

    cut: int
    fate: Fate
    files: dict[str, bytes]
    acknowledged: tuple[str, ...]

    def digest(self) -> str:
        """Return the same text for the same files and the same acknowledgements."""
        whole = hashlib.sha256(repr(self.acknowledged).encode())
        for name, content in sorted(self.files.items()):
            whole.update(name.encode() + hashlib.sha256(content).digest())
        return whole.hexdigest()


def states(recording: Recording, chance: random.Random, random_each: int = 1) -> Iterator[State]:
    """Yield each different state, for a cut after every operation.

    Args:
        recording: what was done.
        chance: decides what is kept of unsynced writes.
        random_each: how many random states each cut gives, beside all kept and all dropped.
    """
    disk = _Disk({number: bytearray(data) for number, data in recording.contents.items()}, dict(recording.before))
    acknowledged: list[str] = []
    seen: set[str] = set()
    fates = [Fate.KEPT, Fate.DROPPED, *([Fate.RANDOM] * random_each)]
    for cut, item in enumerate(recording.operations):
        if isinstance(item, Acknowledged):
            acknowledged.append(item.what)
        else:
            disk.take(item)
        for fate in fates:
            state = State(cut, fate, _after(disk, fate, chance), tuple(acknowledged))
            digest = state.digest()
            if digest not in seen:
                seen.add(digest)
                yield state


def lay_out(state: State, recorded_in: Path, folder: Path) -> None:
    """Write a state's files below `folder`, as they lay below `recorded_in`."""
    for name, content in state.files.items():
        path = folder / Path(name).relative_to(recorded_in)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        path.chmod(0o600)


def _after(disk: _Disk, fate: Fate, chance: random.Random) -> dict[str, bytes]:
    names = dict(disk.names)
    for entries in disk.entries.values():
        for entry in entries[: _how_many(len(entries), fate, chance)]:
            _rename(names, entry)
    return {name: bytes(_content(disk, file, fate, chance)) for name, file in names.items()}


def _how_many(count: int, fate: Fate, chance: random.Random) -> int:
    return {Fate.KEPT: count, Fate.DROPPED: 0, Fate.RANDOM: chance.randint(0, count)}[fate]


def _content(disk: _Disk, file: int, fate: Fate, chance: random.Random) -> bytearray:
    content = disk.contents.get(file, bytearray())
    pending = disk.pending.get(file, [])
    if not pending or fate is Fate.DROPPED:
        return content
    content = bytearray(content)
    for change in pending:
        if fate is Fate.KEPT:
            _apply(content, change)
        elif isinstance(change, Truncate):
            if chance.random() < 0.5:
                _apply(content, change)
        else:
            _tear(content, change, chance)
    return content


def _tear(content: bytearray, change: Write, chance: random.Random) -> None:
    """Write all, none, or some sectors of a write."""
    luck = chance.random()
    if luck < 0.4:
        _apply(content, change)
    elif luck > 0.7:
        for start in range(0, len(change.data), _SECTOR):
            if chance.random() < 0.5:
                sector = change.data[start : start + _SECTOR]
                _apply(content, Write(change.file, change.offset + start, sector))


def _apply(content: bytearray, change: Write | Truncate) -> None:
    end = change.size if isinstance(change, Truncate) else change.offset + len(change.data)
    if len(content) < end:
        content.extend(bytes(end - len(content)))
    if isinstance(change, Truncate):
        del content[end:]
    else:
        content[change.offset : end] = change.data


def _rename(names: dict[str, int], entry: Entry) -> None:
    for name, file in entry.changes:
        if file is None:
            names.pop(name, None)
        else:
            names[name] = file
