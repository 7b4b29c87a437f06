"""What a program did to its files, in order, as strace saw it.

Paths are followed to the file they name, so that a write is known by its file whatever the file is called later.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tests.faults.disk.folders import quick_folder
from tests.faults.disk.forked import traced
from tests.support.cores import Cores

_CALLS = (
    "pwrite64,write,fsync,fdatasync,ftruncate,rename,renameat,renameat2,link,linkat,"
    "unlink,unlinkat,mkdir,mkdirat,rmdir,openat"
)
_LINE = re.compile(r"^(?P<pid>\d+)\s+(?P<rest>.*)$", re.DOTALL)
_CALL = re.compile(r"^(?P<name>\w+)\((?P<arguments>.*)\)\s+=\s+(?P<result>-?\d+)", re.DOTALL)
_HEX = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')
_DESCRIPTOR = re.compile(r"^(\d+)<((?:\\x[0-9a-f]{2})*)>")
ACKNOWLEDGED = b"acknowledged "


@dataclass(frozen=True, slots=True)
class Write:
    """Bytes written into a file."""

    file: int
    offset: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Truncate:
    """A file cut or extended to a size."""

    file: int
    size: int


@dataclass(frozen=True, slots=True)
class Sync:
    """A file's data made durable."""

    file: int


@dataclass(frozen=True, slots=True)
class Entry:
    """A folder's entries changed: each name now leads to a file, or to none."""

    folder: str
    changes: tuple[tuple[str, int | None], ...]


@dataclass(frozen=True, slots=True)
class SyncFolder:
    """A folder's entries made durable."""

    folder: str


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """The program told its user that something is saved."""

    what: str


Operation = Write | Truncate | Sync | Entry | SyncFolder | Acknowledged


@dataclass(frozen=True, slots=True)
class Recording:
    """A run: the files before it by name, and what was done to them since."""

    before: dict[str, int]
    contents: dict[int, bytes]
    operations: tuple[Operation, ...]


def acknowledged_in(said: bytes) -> tuple[str, ...]:
    """Return what a program had acknowledged, by what it said."""
    return tuple(line.decode() for line in re.findall(ACKNOWLEDGED + rb"(.*)", said))


def events_in(said: bytes) -> int:
    """Return how many events a program had acknowledged."""
    return sum(line.startswith("seq ") for line in acknowledged_in(said))


def record(cores: Cores, folder: Path, work: Callable[[Path], None]) -> Recording:
    """Let a program do its work in `folder`, in a process of its own, and return what it did there."""
    return next(cores.each(partial(_record, work), [folder], "recording"))


def _record(work: Callable[[Path], None], folder: Path) -> Recording:
    before, contents = _snapshot(folder)
    with quick_folder() as parent:
        output = parent / "trace"
        options = ["-y", "-xx", "-s", "8388608", "-e", f"trace={_CALLS}", "-o", str(output)]
        run = traced(lambda: work(folder), options)
        if run.returncode != 0:
            raise AssertionError(f"the program failed: {run.stderr.decode()[-2000:]}")
        follower = _Follower(folder, dict(before), {number: len(data) for number, data in contents.items()})
        operations = [item for call in _calls(output) for item in follower.follow(*call)]
    return Recording(before, contents, tuple(operations))


def _snapshot(folder: Path) -> tuple[dict[str, int], dict[int, bytes]]:
    names = {str(path): number for number, path in enumerate(sorted(folder.rglob("*"))) if path.is_file()}
    return names, {number: Path(name).read_bytes() for name, number in names.items()}


def _calls(output: Path) -> Iterator[tuple[str, str, int]]:
    """Return each finished call: name, arguments, result."""
    begun: dict[str, str] = {}
    for line in output.read_text(encoding="latin-1").splitlines():
        matched = _LINE.match(line)
        if matched is None:
            continue
        pid, rest = matched["pid"], matched["rest"]
        if rest.endswith("<unfinished ...>"):
            begun[pid] = rest.removesuffix("<unfinished ...>").rstrip()
            continue
        if rest.startswith("<... "):
            rest = begun.pop(pid, "") + rest.partition("resumed>")[2]
        call = _CALL.match(rest)
        if call is not None and int(call["result"]) >= 0:
            yield call["name"], call["arguments"], int(call["result"])


class _Follower:
    """Turns calls into operations on the files of one folder."""

    def __init__(self, folder: Path, names: dict[str, int], sizes: dict[int, int]) -> None:
        self._folder = str(folder)
        self._names = names
        self._next = max(names.values(), default=-1) + 1
        self._offsets: dict[tuple[str, str], int] = {}
        self._sizes = sizes

    def follow(self, name: str, arguments: str, result: int) -> Iterator[Operation]:
        strings = [_bytes(text) for text in _HEX.findall(arguments)]
        if name == "openat":
            yield from self._opened(strings[0].decode(), arguments, result)
        elif name.startswith(("rename", "link", "unlink")):
            yield from self._entries(name, [text.decode() for text in strings])
        elif descriptor := _DESCRIPTOR.match(arguments):
            yield from self._on_file(name, _bytes(descriptor[2]).decode(), arguments, strings, result)

    def _opened(self, path: str, arguments: str, result: int) -> Iterator[Operation]:
        if not self._is_ours(path) or not ("O_CREAT" in arguments or "O_TRUNC" in arguments):
            return
        file = self._names.get(path, self._next)
        self._offsets[path, str(result)] = self._sizes.get(file, 0) if "O_APPEND" in arguments else 0
        if path not in self._names:
            self._names[path] = self._next
            self._next += 1
            yield self._entry((path, self._names[path]))
        elif "O_TRUNC" in arguments:
            yield Truncate(self._names[path], 0)

    def _entries(self, name: str, paths: list[str]) -> Iterator[Operation]:
        if not self._is_ours(paths[0]):
            return
        if name.startswith("link"):
            self._names[paths[1]] = self._names[paths[0]]
            yield self._entry((paths[1], self._names[paths[0]]))
            return
        file = self._names.pop(paths[0], None)
        if name.startswith("unlink"):
            yield self._entry((paths[0], None))
        elif file is not None:
            self._names[paths[1]] = file
            yield self._entry((paths[0], None), (paths[1], file))

    def _is_ours(self, path: str) -> bool:
        """Tell whether a path is the program's work; SQLite's shared memory is no file that a cut would leave."""
        return path.startswith(self._folder) and not path.endswith("-shm")

    def _entry(self, *changes: tuple[str, int | None]) -> Entry:
        return Entry(str(Path(changes[0][0]).parent), changes)

    def _on_file(self, name: str, path: str, arguments: str, strings: list[bytes], result: int) -> Iterator[Operation]:
        if strings and strings[0].startswith(ACKNOWLEDGED):
            yield Acknowledged(strings[0].removeprefix(ACKNOWLEDGED).decode().strip())
        if not self._is_ours(path):
            return
        if name in {"fsync", "fdatasync"} and path not in self._names:
            yield SyncFolder(path)
        elif path not in self._names:
            return
        elif name in {"fsync", "fdatasync"}:
            yield Sync(self._names[path])
        elif name == "ftruncate":
            yield Truncate(self._names[path], int(arguments.rpartition(",")[2]))
        elif name == "pwrite64":
            yield Write(self._names[path], int(arguments.rpartition(",")[2]), strings[0][:result])
        elif name == "write":
            yield self._appended(path, arguments, strings[0][:result])

    def _appended(self, path: str, arguments: str, data: bytes) -> Write:
        """Return a plain write, which goes on where the last one through this descriptor ended."""
        key = (path, arguments.partition("<")[0])
        offset, file = self._offsets.get(key, 0), self._names[path]
        self._offsets[key] = end = offset + len(data)
        self._sizes[file] = max(end, self._sizes.get(file, 0))
        return Write(file, offset, data)


def _bytes(text: str) -> bytes:
    return bytes.fromhex(text.replace("\\x", ""))
