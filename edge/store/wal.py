"""Reads a write-ahead log before SQLite does: what SQLite silently drops as torn may be damage instead.

SQLite ends a WAL at the first frame whose checksum is wrong. After a power cut that is right: only the last
transaction can be torn, for each commit is on disk before the next begins. When more than one commit follows the
wrong frame, transactions that were once durable would be lost without a word.
"""

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final

_HEADER: Final = struct.Struct(">IIIIIIII")
_FRAME: Final = struct.Struct(">IIIIII")
_MAGICS: Final = {0x377F0682: "<", 0x377F0683: ">"}


def lost_commits(path: Path) -> int:
    """Return how many transactions that were durable SQLite would drop from a WAL; 0 for none, or for no WAL."""
    if not path.exists() or path.stat().st_size <= _HEADER.size:
        return 0
    with path.open("rb") as file:
        header = file.read(_HEADER.size)
        magic, _, page, _, salt1, salt2, _, _ = _HEADER.unpack(header)
        if magic not in _MAGICS or not 512 <= page <= 65_536:
            return _commits(file, page=4096, salts=None)
        order = _MAGICS[magic]
        return _behind_break(file, header, page, (salt1, salt2), order)


def _behind_break(file: BinaryIO, header: bytes, page: int, salts: tuple[int, int], order: str) -> int:
    """Count the commits behind the first frame whose checksum is wrong; the last of them may be a torn one."""
    sums = _checksum(header[:24], (0, 0), order)
    if sums != _HEADER.unpack(header)[6:]:
        return _commits(file, page, salts)
    for frame, data in _frames(file, page):
        _, _, salt1, salt2, sum1, sum2 = _FRAME.unpack(frame)
        if (salt1, salt2) != salts:
            return 0  # left over from before the WAL was last begun anew
        sums = _checksum(data, _checksum(frame[:8], sums, order), order)
        if sums != (sum1, sum2):
            own = int(_FRAME.unpack(frame)[1] != 0)
            return max(0, own + _commits(file, page, salts) - 1)
    return 0


def _commits(file: BinaryIO, page: int, salts: tuple[int, int] | None) -> int:
    count = 0
    for frame, _ in _frames(file, page):
        _, size, salt1, salt2, _, _ = _FRAME.unpack(frame)
        salts = salts or (salt1, salt2)
        if (salt1, salt2) != salts:
            break
        count += size != 0
    return count


def _frames(file: BinaryIO, page: int) -> Iterator[tuple[bytes, bytes]]:
    while len(frame := file.read(_FRAME.size)) == _FRAME.size:
        data = file.read(page)
        if len(data) < page:
            return
        yield frame, data


def _checksum(data: bytes, sums: tuple[int, int], order: str) -> tuple[int, int]:
    first, second = sums
    words = struct.unpack(f"{order}{len(data) // 4}I", data)
    for even, odd in zip(words[::2], words[1::2], strict=True):
        first = (first + even + second) & 0xFFFFFFFF
        second = (second + odd + first) & 0xFFFFFFFF
    return first, second
